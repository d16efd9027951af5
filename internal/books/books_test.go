package books

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestWriteIsTheSameForEver holds the promise that a seed names the same
// bytes in every release. If it fails, the generator changed: every figure
// that was measured on its books is then no longer comparable.
func TestWriteIsTheSameForEver(t *testing.T) {
	tests := []struct {
		rows int
		seed uint64
		want string
	}{
		{rows: 0, seed: 1, want: "4c88c750605266d93c92e6a2e4973fec8b19eb3ba3826e37c0818dd2b3cd4cdc"},
		{rows: 212, seed: 1, want: "32bd64dc3b77503a3523678bab3ef8dfd4cc3e07f42771bede2d74c533d4ea10"},
		{rows: 212, seed: 2, want: "9fe2ad50f88c61a88115fff1effd73d11c2e0b3f668044eb54139eacc6c99e35"},
		{rows: 8786, seed: 1, want: "c7d900f36284e0655ce2ce038c3352b59617b1a01e7a3a06a238fd5937c46e7d"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d rows seed %d", tt.rows, tt.seed), func(t *testing.T) {
			h := sha256.New()
			if _, err := Write(h, h, tt.rows, tt.seed); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%x", h.Sum(nil)); got != tt.want {
				t.Errorf("SHA-256 of both files is %s, want %s", got, tt.want)
			}
		})
	}
}

// TestWriteMess checks that the files have the shape, and every kind of mess,
// that the package promises, in the small set as in the large one.
func TestWriteMess(t *testing.T) {
	for _, rows := range []int{212, 8786} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			set := generate(t, rows)
			if diff := cmp.Diff(recount(set.records), set.truth); diff != "" {
				t.Errorf("truth (-counted in the files +returned):\n%s", diff)
			}
			missing := 100 * float64(set.truth.Missing) / float64(rows)
			if missing < 11 || missing > 19 {
				t.Errorf("%.1f %% of the prices are missing, want 11 to 19", missing)
			}
			for kind, n := range mess(set) {
				if n == 0 {
					t.Errorf("no %s", kind)
				}
			}
			checkCompression(t, set)
		})
	}
}

// checkCompression holds the size of a record and the gzip ratio of the files,
// and of the JSON made of them, to what real tables of books have. The first
// MiB stands for all: gzip looks back no further than 32 KiB.
func checkCompression(t *testing.T, set set) {
	t.Helper()
	texts := map[string][]byte{"romance file": set.romance, "book file": set.book, "JSON": set.json(t)}
	for name, text := range texts {
		if ratio := gzipRatio(t, text[:min(len(text), 1<<20)]); ratio < 2.4 || ratio > 3.0 {
			t.Errorf("gzip ratio of the %s is %.2f, want 2.4 to 3.0", name, ratio)
		}
	}
	if mean := len(texts["JSON"]) / set.truth.Rows; mean < 1250 || mean > 1450 {
		t.Errorf("a JSON record has %d bytes on average, want 1,250 to 1,450", mean)
	}
}

func TestSplit(t *testing.T) {
	tests := []struct{ rows, romance, book int }{
		{0, 0, 0}, {1, 0, 1}, {212, 112, 100}, {8786, 736, 8050}, {1_200_000, 100_000, 1_100_000},
	}
	for _, tt := range tests {
		if romance, book := Split(tt.rows); romance != tt.romance || book != tt.book {
			t.Errorf("Split(%d) = %d, %d; want %d, %d", tt.rows, romance, book, tt.romance, tt.book)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	full := errors.New("disk full")
	tests := []struct {
		name          string
		romance, book io.Writer
		rows          int
		want          string
	}{
		{"negative", io.Discard, io.Discard, -1, "books: -1 rows"},
		{"romance", failing{full}, io.Discard, 10, "books: romance file: disk full"},
		{"book", io.Discard, failing{full}, 10, "books: book file: disk full"},
	}
	for _, tt := range tests {
		_, err := Write(tt.romance, tt.book, tt.rows, 1)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: error %v, want %s", tt.name, err, tt.want)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A set is both files, read again by a reader that is not ours.
type set struct {
	romance, book []byte
	truth         Truth
	records       []map[string]string // under the romance file's names of columns
}

func generate(t *testing.T, rows int) set {
	t.Helper()
	var romance, book bytes.Buffer
	truth, err := Write(&romance, &book, rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := set{romance: romance.Bytes(), book: book.Bytes(), truth: truth}
	s.records = append(parse(t, s.romance, RomanceColumns()), parse(t, s.book, BookColumns())...)
	return s
}

func parse(t *testing.T, file []byte, columns []string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(columns, rows[0]); diff != "" {
		t.Fatalf("header (-want +got):\n%s", diff)
	}
	names := map[string]string{"title": "Title", "author": "Author(s)", "price": "Price", "description": "Description"}
	var records []map[string]string
	for _, row := range rows[1:] {
		record := map[string]string{}
		for i, column := range columns {
			if name, ok := names[column]; ok {
				column = name
			}
			if row[i] != "" {
				record[column] = row[i]
			}
		}
		records = append(records, record)
	}
	return records
}

// recount finds the truth by exact rational arithmetic.
func recount(records []map[string]string) Truth {
	truth := Truth{Rows: len(records)}
	var all []int64
	for _, record := range records {
		text, ok := record["Price"]
		if !ok {
			truth.Missing++
			continue
		}
		price, ok := new(big.Rat).SetString(text)
		if !ok || len(text)-strings.IndexByte(text, '.') != 3 {
			panic("price " + text + " has no two decimals")
		}
		price.Mul(price, big.NewRat(100, 1))
		all = append(all, price.Num().Int64())
		truth.Sum += price.Num().Int64()
	}
	truth.Priced, truth.Min, truth.Max = len(all), slices.Min(all), slices.Max(all)
	return truth
}

func mess(s set) map[string]int {
	kinds := map[string]int{
		"byte order mark": bytes.Count(s.book, []byte("\ufeff")), "CRLF": bytes.Count(s.book, []byte("\r\n")),
		"missing title": 0, "title over 256 characters": 0, "title twice": 0, "title that is a number": 0,
		"title that is NA": 0, "title with a leading zero": 0, "letter outside the BMP": 0,
		"quote in a description": 0, "newline in a description": 0, "description that is not ASCII": 0,
	}
	count := func(kind string, yes bool) {
		if yes {
			kinds[kind]++
		}
	}
	seen := map[string]bool{}
	for _, record := range s.records {
		title, text := record["Title"], record["Description"]
		count("missing title", title == "")
		count("title over 256 characters", utf8.RuneCountInString(title) > 256)
		count("title twice", title != "" && seen[title])
		count("title that is a number", title != "" && strings.Trim(title, "0123456789") == "")
		count("title that is NA", title == "NA")
		count("title with a leading zero", strings.HasPrefix(title, "0"))
		count("letter outside the BMP", strings.ContainsFunc(title, func(r rune) bool { return r > 0xffff }))
		count("quote in a description", strings.Contains(text, `"`))
		count("newline in a description", strings.Contains(text, "\n"))
		count("description that is not ASCII", strings.ContainsFunc(text, func(r rune) bool { return r > 0x7f }))
		seen[title] = true
	}
	return kinds
}

// json returns the records as compact JSON, missing values left out.
func (s set) json(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	for _, record := range s.records {
		if err := enc.Encode(record); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func gzipRatio(t *testing.T, text []byte) float64 {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return float64(len(text)) / float64(out.Len())
}
