package csvjson

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// convertError is what Convert says of sources that it refuses.
type convertError struct {
	name    string
	opts    Options
	sources []string
	err     error
	message string
}

func checkConvertErrors(t *testing.T, tests []convertError) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Convert(io.Discard, test.opts, texts(test.sources...)...)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.message, err.Error()); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("%v is not %v", err, test.err)
			}
		})
	}
}

// priced demands a column of numbers.
var priced = Options{Columns: []Column{{Name: "Price", Type: Number, Required: true}}}

func TestConvertHeaderErrors(t *testing.T) {
	checkConvertErrors(t, []convertError{
		{name: "empty", sources: []string{"a\n1\n", ""}, err: ErrEmpty,
			message: "csvjson: b.csv: the source is empty: it has no header line"},
		{name: "a mark alone", sources: []string{"\ufeff"}, err: ErrEmpty,
			message: "csvjson: a.csv: the source is empty: it has no header line"},
		{name: "blank lines alone", sources: []string{"\n\r\n"}, err: ErrEmpty,
			message: "csvjson: a.csv: the source is empty: it has no header line"},
		{name: "no key column", opts: priced, sources: []string{"Price\n1\n", "title,cost\nA,1\n"}, err: ErrNoColumn,
			message: `csvjson: b.csv: line 1, column 1: a required column is missing: "Price"; the header has "title", "cost"`},
		{name: "wrong separator", opts: priced, sources: []string{"title;Price\nA;1\n"}, err: ErrNoColumn,
			message: `csvjson: a.csv: line 1, column 1: a required column is missing: "Price"; the header has "title;Price" (is the separator ';'?)`},
		{name: "no key column among many", opts: priced, sources: []string{strings.Repeat(",", 5000) + strings.Repeat("x", 5000) + "\n"}, err: ErrNoColumn,
			message: `csvjson: a.csv: line 1, column 1: a required column is missing: "Price"; the header has ` + strings.Repeat(`"", `, 250) + `"" and 4750 more`},
		{name: "no key column but one of a long name", opts: priced, sources: []string{strings.Repeat("x", 5000) + "\n"}, err: ErrNoColumn,
			message: `csvjson: a.csv: line 1, column 1: a required column is missing: "Price"; the header has "` + strings.Repeat("x", 100) + `"`},
		{name: "the same header twice", sources: []string{"a,b,a\n"}, err: ErrDuplicateColumn,
			message: `csvjson: a.csv: line 1, column 5: two columns have the same name: headers 1 ("a") and 3 ("a") both mean "a"`},
		{name: "the same name after renaming", opts: Options{Columns: []Column{{Name: "Title", Aliases: []string{"name"}}}},
			sources: []string{"Title,name\n"}, err: ErrDuplicateColumn,
			message: `csvjson: a.csv: line 1, column 7: two columns have the same name: headers 1 ("Title") and 2 ("name") both mean "Title"`},
		{name: "header in Windows-1252", sources: []string{"a,\x93b\x94\n"}, err: ErrEncoding,
			message: `csvjson: a.csv: line 1, column 3: not UTF-8 (byte 0x93); likely Windows-1252`},
		{name: "UTF-16", sources: []string{"\xff\xfea\x00\n\x00"}, err: ErrEncoding,
			message: `csvjson: a.csv: line 1, column 1: not UTF-8: the byte order mark says UTF-16`},
		{name: "compressed", sources: []string{"\x1f\x8b\x08\x00\x00\x00"},
			message: `csvjson: a.csv: line 1, column 1: no text: it is compressed by gzip`},
		{name: "a workbook", sources: []string{"PK\x03\x04\x14\x00\x06\x00,\n"},
			message: `csvjson: a.csv: line 1, column 1: no text: it is a ZIP archive, as .xlsx files are`},
		{name: "carriage returns alone", sources: []string{"a,b\r1,2\r"},
			message: `csvjson: a.csv: line 1, column 4: a line ends in a carriage return alone; CSV wants a newline`},
		{name: "carriage returns alone, quoted", sources: []string{"\"a\",\"b\"\r\"1\",\"2\"\r"},
			message: `csvjson: a.csv: line 1, column 8: a line ends in a carriage return alone; CSV wants a newline`},
		{name: "carriage returns alone, quoted in part", sources: []string{"\"a\",b\r1,\"2\"\r"},
			message: `csvjson: a.csv: line 1, column 6: a line ends in a carriage return alone; CSV wants a newline`},
		{name: "UTF-16 without a mark", sources: []string{"a\x00,\x00b\x00\n\x00"}, err: ErrEncoding,
			message: `csvjson: a.csv: line 1, column 2: not UTF-8: the header has a NUL character; likely UTF-16`},
		{name: "the same name twice in Options.Header", opts: Options{Header: []string{"a", "a"}}, sources: []string{"1,2\n"}, err: ErrDuplicateColumn,
			message: `csvjson: a.csv: line 1, column 1: two columns have the same name: headers 1 ("a") and 2 ("a") both mean "a"`},
		{name: "an empty Options.Header", opts: Options{Header: []string{}}, sources: []string{"1\n"},
			message: `csvjson: options: Header names no column`},
		{name: "nothing left", opts: Options{OnlyDeclared: true}, sources: []string{"a\n1\n"},
			message: `csvjson: no column is left: the options skip all of them`},
		{name: "no sources", message: `csvjson: no sources given`},
	})
}

// TestFieldsAreBounded: a line of separators takes no memory beyond its own.
func TestFieldsAreBounded(t *testing.T) {
	const n = 1 << 20
	text := "a,b\n" + strings.Repeat(",", n) + "\n" + strings.Repeat(`"",`, n) + "\n1,2\n"
	bad := 0
	allocated := allocated(func() {
		opts := Options{OnRowError: func(err *RowError) error {
			if bad++; !errors.Is(err, ErrFieldCount) || err.Column != 3+5*(bad-1) {
				t.Error(err)
			}
			return nil
		}}
		if report, err := Convert(io.Discard, opts, texts(text)...); err != nil || report.Rows != 1 {
			t.Errorf("%d rows, error %v", report.Rows, err)
		}
	})
	if limit := uint64(12 * n); bad != 2 || allocated > limit {
		t.Errorf("%d bad rows took %d bytes, want 2 and at most %d", bad, allocated, limit)
	}
	_, err := Convert(io.Discard, Options{}, texts(strings.Repeat("a,", n)+"a\n")...)
	want := "csvjson: a.csv: line 1, column 1: record too long: it has 1048577 columns, the limit is 262144"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestConvertRowErrors(t *testing.T) {
	checkConvertErrors(t, []convertError{
		{name: "unterminated quote", sources: []string{"a,b\n1,2\n\"x\n3,\"y\n4,5\n"}, err: ErrQuote,
			message: `csvjson: a.csv: line 4, column 3: unexpected quote: text follows the closing quote of a field`},
		{name: "unterminated quote to the end", sources: []string{"a,b\n1,2\n3,\"y\n4,5\n"}, err: ErrUnterminated,
			message: `csvjson: a.csv: line 3, column 3: a quoted field opens here and never ends`},
		{name: "too few fields", sources: []string{"a,b\n1,2\n\"3\n\"\n"}, err: ErrFieldCount,
			message: `csvjson: a.csv: line 4, column 2: row 2: wrong number of fields: the row has 1, the header 2`},
		{name: "too few fields below rows of several lines", sources: []string{"a,b\n\"1\n\n1\",\"2\r\n\"\n\n3\n"}, err: ErrFieldCount,
			message: `csvjson: a.csv: line 7, column 2: row 2: wrong number of fields: the row has 1, the header 2`},
		{name: "too many fields", sources: []string{"a,b\n1,2,3\n"}, err: ErrFieldCount,
			message: `csvjson: a.csv: line 2, column 5: row 1: wrong number of fields: the row has 3, the header 2`},
		{name: "too many fields though short rows pass", opts: Options{ShortRows: true}, sources: []string{"a,b\n1,2,3\n"}, err: ErrFieldCount,
			message: `csvjson: a.csv: line 2, column 5: row 1: wrong number of fields: the row has 3, the header 2`},
		{name: "wrong separator", sources: []string{"a;b\n1,5;2\n"}, err: ErrFieldCount,
			message: `csvjson: a.csv: line 2, column 3: row 1: wrong number of fields: the row has 2, the header 1 (is the separator ';'?)`},
		{name: "not a number", opts: priced, sources: []string{"t,Price\nA,1\né,CDN$ 6.99\n"}, err: ErrNumber,
			message: `csvjson: a.csv: line 3, column 3: row 2: Price: not a number`},
		{name: "Windows-1252", sources: []string{"a,b\n1,It\x92s\n"}, err: ErrEncoding,
			message: `csvjson: a.csv: line 2, column 5: row 1: b: not UTF-8 (byte 0x92); likely Windows-1252`},
		{name: "ISO-8859-1", sources: []string{"a,b\n1,Caf\xe9\n"}, err: ErrEncoding,
			message: `csvjson: a.csv: line 2, column 6: row 1: b: not UTF-8 (byte 0xe9); likely Windows-1252 or ISO-8859-1`},
		{name: "damaged UTF-8", sources: []string{"a,b\né,\xc3\n"}, err: ErrEncoding,
			message: `csvjson: a.csv: line 2, column 3: row 1: b: not UTF-8 (byte 0xc3); the row has other UTF-8 text, so this byte is damaged`},
	})
}

func TestOptionsReportsAllErrors(t *testing.T) {
	opts := Options{
		Comma: '"', Format: 9, Missing: -1,
		Columns: []Column{{Name: "a", Type: 7}, {Name: "b", Aliases: []string{"a", "b"}}, {}},
	}
	_, err := Convert(io.Discard, opts, texts("a\n")...)
	for _, want := range []string{"Comma", "Format 9", "Missing -1", "Type 7", `"a" means Columns[0] and Columns[1]`, "Columns[2] has no Name"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error does not mention %s: %v", want, err)
		}
	}
}

func TestConvertMissingFile(t *testing.T) {
	_, err := Convert(io.Discard, Options{}, File("no such.csv"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error %v, want %v", err, fs.ErrNotExist)
	}
	if n := strings.Count(err.Error(), "no such.csv"); n != 1 {
		t.Errorf("%q names the file %d times", err, n)
	}
}

func TestConvertLeavesBadRowsOut(t *testing.T) {
	var lines []int
	opts := Options{Format: Lines, OnRowError: func(err *RowError) error {
		lines = append(lines, err.Line)
		return nil
	}}
	var out strings.Builder
	report, err := Convert(&out, opts, texts("a,b\n1,2\n3\n4,5,6\n7,\xff\n8,9\n")...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{3, 4, 5}, lines); diff != "" {
		t.Errorf("lines of bad rows (-want +got):\n%s", diff)
	}
	if want := "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"8\",\"b\":\"9\"}\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if report.Rows != 2 || report.Bad != 3 {
		t.Errorf("report has %d rows and %d bad ones, want 2 and 3", report.Rows, report.Bad)
	}
}

func TestConvertStopsAtWhatOnRowErrorReturns(t *testing.T) {
	stop := errors.New("enough")
	_, err := Convert(io.Discard, Options{OnRowError: func(*RowError) error { return stop }}, texts("a,b\n1\n")...)
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want %v", err, stop)
	}
}

func TestConvertWriteError(t *testing.T) {
	_, err := Convert(brokenWriter{}, Options{}, texts("a\n"+strings.Repeat("x\n", 100_000))...)
	if !errors.Is(err, io.ErrShortWrite) || !strings.HasPrefix(err.Error(), "csvjson: write JSON: ") {
		t.Errorf("error %v, want the writer's", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
