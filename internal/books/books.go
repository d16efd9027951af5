// Package books makes up tables of books for the examples, tests and
// benchmarks: two CSV files whose columns have different names, as scraped
// ones have, with the mess that such files bring. Some prices and titles are
// missing, some titles are longer than a partition key may be, occur twice, or
// look like numbers; descriptions hold quotes, newlines and letters of many
// scripts; one file has a byte order mark and ends its lines with CRLF.
//
// The same number of rows and the same seed give the same bytes on every
// machine and in every release, and with them comes the [Truth] about their
// prices, so that a program can check what it made of them. The text
// compresses as written prose does, between 2.4 and 3.0 times with gzip, which
// random letters and repeated paragraphs do not.
package books

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Truth is what is known about generated books: what any program that reads
// them has to find.
type Truth struct {
	Rows    int   // records in both files
	Priced  int   // records with a price
	Missing int   // records without one: Rows - Priced
	Sum     int64 // of all prices, in cents
	Min     int64 // the lowest price, in cents; 0 without prices
	Max     int64 // the highest price, in cents; 0 without prices
}

// price books one price of so many cents.
func (t *Truth) price(cents int64) {
	if t.Priced == 0 || cents < t.Min {
		t.Min = cents
	}
	t.Max = max(t.Max, cents)
	t.Priced++
	t.Sum += cents
}

// RomanceColumns returns the header of the romance file.
func RomanceColumns() []string {
	return []string{"Title", "Author(s)", "Price", "Description", "KU", "Rating", "Customers_Rated"}
}

// BookColumns returns the header of the book file, which names the same things
// differently.
func BookColumns() []string {
	return []string{"title", "author", "price", "description", "edition", "genre"}
}

// Split returns how many of rows records go to the romance file; the others go
// to the book file. A small set is divided about evenly, a large one has a
// twelfth of its records in the romance file: 212 rows are 112 + 100, and
// 8,786 rows are 736 + 8,050.
func Split(rows int) (romance, book int) {
	romance = max(min(rows*53/100, 736), rows/12)
	return romance, rows - romance
}

// Write writes rows records as two CSV files with a header each and returns
// the truth about them. It fails only if a writer does, or if rows is negative.
func Write(romance, book io.Writer, rows int, seed uint64) (Truth, error) {
	if rows < 0 {
		return Truth{}, fmt.Errorf("books: %d rows", rows)
	}
	truth := Truth{Rows: rows}
	inRomance, inBook := Split(rows)
	shelf := newShelf(seed)

	out := table{Writer: bufio.NewWriter(romance), newline: "\n"}
	out.row(RomanceColumns())
	for i := range inRomance {
		out.row(shelf.romance(i, &truth))
	}
	if err := out.Flush(); err != nil {
		return Truth{}, fmt.Errorf("books: romance file: %w", err)
	}

	out = table{Writer: bufio.NewWriter(book), newline: "\r\n"}
	out.WriteString("\ufeff")
	out.row(BookColumns())
	for i := range inBook {
		out.row(shelf.book(i, &truth))
	}
	if err := out.Flush(); err != nil {
		return Truth{}, fmt.Errorf("books: book file: %w", err)
	}
	truth.Missing = truth.Rows - truth.Priced
	return truth, nil
}

// table writes CSV. Unlike encoding/csv it leaves newlines within a field as
// they are when the records end in CRLF, as spreadsheets do. Its bufio.Writer
// keeps the first error for Flush.
type table struct {
	*bufio.Writer
	newline string
}

func (t table) row(fields []string) {
	for i, field := range fields {
		if i > 0 {
			t.WriteByte(',')
		}
		if strings.ContainsAny(field, "\",\r\n") {
			field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
		}
		t.WriteString(field)
	}
	t.WriteString(t.newline)
}

func number(n int) string { return strconv.Itoa(n) }

// cents writes a price with its two digits.
func cents(n int64) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }
