package csvjson

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// scanAll scans text to its end or first error.
func scanAll(r io.Reader, comma byte, lazy bool, maxBytes int) (records [][]string, err error) {
	s := newScanner(r, comma, lazy, maxBytes)
	for {
		if err := s.next(); err == io.EOF {
			return records, nil
		} else if err != nil {
			return records, err
		}
		var fields []string
		for _, f := range s.fields {
			text := s.record[f.start:f.end]
			if f.quotes {
				text = unquote(nil, text)
			}
			fields = append(fields, string(text))
		}
		records = append(records, fields)
	}
}

var scanTests = []struct {
	name, text string
	lazy       bool
	want       [][]string
	err        error
	line, col  int
	reason     string
}{
	{name: "plain", text: "a,b\nc,d\n", want: [][]string{{"a", "b"}, {"c", "d"}}},
	{name: "no last newline", text: "a,b\nc,d", want: [][]string{{"a", "b"}, {"c", "d"}}},
	{name: "CRLF", text: "a,b\r\n\"c\",d\r\n", want: [][]string{{"a", "b"}, {"c", "d"}}},
	{name: "CR at the end of the input", text: "a,b\r", want: [][]string{{"a", "b"}}},
	{name: "lone CR is text", text: "a\rb,c\n", want: [][]string{{"a\rb", "c"}}},
	{name: "CR CR LF", text: "a,b\r\r\n", want: [][]string{{"a", "b\r"}}},
	{name: "empty fields", text: ",\n,,\n", want: [][]string{{"", ""}, {"", "", ""}}},
	{name: "separator last in the input", text: "a,", want: [][]string{{"a", ""}}},
	{name: "blank lines", text: "\n\r\na\n\n\r\n\nb\n\r\n\r", want: [][]string{{"a"}, {"b"}}},
	{name: "quoted", text: "\"a\",\"b,c\",\"d\ne\"", want: [][]string{{"a", "b,c", "d\ne"}}},
	{name: "quoted CRLF stays", text: "\"a\r\nb\",c\r\n", want: [][]string{{"a\r\nb", "c"}}},
	{name: "quoted nothing", text: "\"\"\n", want: [][]string{{""}}},
	{name: "doubled quotes", text: `"""a""",""""` + "\n", want: [][]string{{`"a"`, `"`}}},
	{name: "NUL", text: "a\x00b,c\n", want: [][]string{{"a\x00b", "c"}}},
	{name: "many separators in a word", text: "a,b,c,d,e,f,g,h,i,j\n", want: [][]string{strings.Split("abcdefghij", "")}},
	{name: "neighbours of the separator", text: "+-+-+-+-,-+!#!#\v\t\n", want: [][]string{{"+-+-+-+-", "-+!#!#\v\t"}},
		reason: "bytes one off what the word search looks for"},
	{name: "high bytes", text: "\xac\x8a\xa2\xac\x8a\xa2\xac\x8a,b\n", want: [][]string{{"\xac\x8a\xa2\xac\x8a\xa2\xac\x8a", "b"}},
		reason: "the same bytes with the high bit set"},

	{name: "quote in an unquoted field", text: "a,b\nc,d 5\" e\n", want: [][]string{{"a", "b"}}, err: ErrQuote, line: 2, col: 6},
	{name: "text after a quote", text: "a,\"b\"c\n", err: ErrQuote, line: 1, col: 5},
	{name: "quotes out of step", text: "a,b\n\"x\ny\",é \"\"\n1,\"2\n3,4\n", err: ErrQuote, want: [][]string{{"a", "b"}}, line: 3, col: 6},
	{name: "unterminated at the end", text: "a,b\né,\"c\nd,e\nf", err: ErrUnterminated, want: [][]string{{"a", "b"}}, line: 2, col: 3},
	{name: "a quote alone", text: `"`, err: ErrUnterminated, line: 1, col: 1},
	{name: "text after a quote, the first field empty", text: ",\"b\"c\n", err: ErrQuote, line: 1, col: 4,
		reason: "an error must not be taken for the separator that the record begins with"},
	{name: "unterminated, the first field empty", text: "a,b\n,\"c\n", err: ErrUnterminated, want: [][]string{{"a", "b"}}, line: 2, col: 2},
	{name: "unterminated with doubled quote last", text: `a,"b""`, err: ErrUnterminated, line: 1, col: 3},

	{name: "lazy quote in an unquoted field", text: "c,d 5\" e\n", lazy: true, want: [][]string{{"c", `d 5" e`}}},
	{name: "lazy quote in a quoted field", text: "\"a 5\" b\"\"\",c\n", lazy: true, want: [][]string{{`a 5" b"`, "c"}}},
	{name: "lazy but unterminated", text: "\"a 5\" b\n", lazy: true, err: ErrUnterminated, line: 1, col: 1},
}

func TestScanner(t *testing.T) {
	readers := map[string]func(io.Reader) io.Reader{
		"whole":    func(r io.Reader) io.Reader { return r },
		"bytes":    iotest.OneByteReader,
		"data+EOF": iotest.DataErrReader,
	}
	for _, test := range scanTests {
		for kind, wrap := range readers {
			t.Run(test.name+"/"+kind, func(t *testing.T) {
				got, err := scanAll(wrap(strings.NewReader(test.text)), ',', test.lazy, 1<<20)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("records (-want +got):\n%s", diff)
				}
				if !errors.Is(err, test.err) {
					t.Fatalf("error %v, want %v", err, test.err)
				}
				if e, ok := errors.AsType[*SourceError](err); ok && (e.Line != test.line || e.Column != test.col) {
					t.Errorf("error at line %d, column %d, want %d, %d: %v", e.Line, e.Column, test.line, test.col, err)
				}
			})
		}
	}
}

// TestScannerAnySeparator ends a record with each separator that Options takes,
// at each place in the words that the scanner looks at.
func TestScannerAnySeparator(t *testing.T) {
	for comma := range byte(128) {
		if comma == 0 || (Options{Comma: comma}).validate() != nil {
			continue
		}
		for n := range 10 {
			text := strings.Repeat("é", n)
			got, err := scanAll(strings.NewReader(text+string(rune(comma))), comma, false, 1<<20)
			if want := [][]string{{text, ""}}; err != nil || !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("separator %q after %d letters: %q, %v, want %q", comma, n, got, err, want)
			}
		}
	}
}

func TestScannerGrowsOverItsWindow(t *testing.T) {
	long := strings.Repeat("xy\"\"z\n", 40_000) // doubled quotes and newlines at every boundary
	text := "a,b\n" + strings.Repeat("1,2\n", 3000) + "c,\"" + long + "\"\nd,e\n"
	for _, wrap := range []func(io.Reader) io.Reader{iotest.HalfReader, iotest.OneByteReader} {
		got, err := scanAll(wrap(strings.NewReader(text)), ',', false, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		want := [][]string{{"c", strings.ReplaceAll(long, `""`, `"`)}, {"d", "e"}}
		if diff := cmp.Diff(want, got[len(got)-2:]); diff != "" {
			t.Errorf("last records (-want +got):\n%.300s", diff)
		}
	}
}

func TestScannerBoundsRecords(t *testing.T) {
	row := strings.Repeat("x", 99) + "\n"
	tests := []struct {
		name, text string
		err        error
		line       int
	}{
		{"at the limit", strings.Repeat("x", 100) + "\n", nil, 0},
		{"one over", "a\n" + strings.Repeat("x", 101) + "\n", ErrTooLong, 2},
		{"many rows", strings.Repeat(row, 1000), nil, 0},
		{"unclosed quote", row + "a,\"b\n" + strings.Repeat(row, 1000), ErrUnterminated, 2},
		{"never ends", strings.Repeat("x", 1<<20), ErrTooLong, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := scanAll(strings.NewReader(test.text), ',', false, 100)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if e, ok := errors.AsType[*SourceError](err); ok && e.Line != test.line {
				t.Errorf("error in line %d, want %d", e.Line, test.line)
			}
		})
	}
}

func TestScannerReportsReadErrors(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("a,b\nc,d\ne,"), iotest.ErrReader(io.ErrClosedPipe))
	got, err := scanAll(broken, ',', false, 1<<20)
	if want := [][]string{{"a", "b"}, {"c", "d"}}; !slices.EqualFunc(got, want, slices.Equal) || err != io.ErrClosedPipe {
		t.Errorf("got %q, %v, want %q and the reader's error", got, err, want)
	}
	_, err = scanAll(emptyReader{}, ',', false, 1<<20)
	if err != io.ErrNoProgress {
		t.Errorf("a reader that returns nothing: %v, want %v", err, io.ErrNoProgress)
	}
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

// FuzzScanner compares the scanner with encoding/csv on all that both accept,
// and reading in one piece with reading byte by byte.
func FuzzScanner(f *testing.F) {
	for _, test := range scanTests {
		f.Add(test.text, byte(','), test.lazy)
	}
	f.Fuzz(func(t *testing.T, text string, comma byte, lazy bool) {
		if err := (Options{Comma: comma}).withDefaults().validate(); err != nil || comma == 0 {
			t.Skip("not a separator")
		}
		got, err := scanAll(strings.NewReader(text), comma, lazy, 1<<20)
		bytewise, bytewiseErr := scanAll(iotest.OneByteReader(strings.NewReader(text)), comma, lazy, 1<<20)
		if diff := cmp.Diff(got, bytewise); diff != "" {
			t.Errorf("in one piece against byte by byte:\n%s", diff)
		}
		if (err == nil) != (bytewiseErr == nil) || err != nil && err.Error() != bytewiseErr.Error() {
			t.Errorf("in one piece: %v, byte by byte: %v", err, bytewiseErr)
		}
		r := csv.NewReader(strings.NewReader(text))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(comma), lazy, -1
		want, wantErr := r.ReadAll()
		if wantErr != nil {
			if err == nil {
				t.Errorf("accepted what encoding/csv refuses: %v", wantErr)
			}
			return
		}
		if err != nil {
			if !lazy || !errors.Is(err, ErrUnterminated) { // a known, documented difference
				t.Errorf("refused what encoding/csv accepts: %v", err)
			}
			return
		}
		for _, record := range got {
			for i := range record { // encoding/csv rewrites line ends within quotes
				record[i] = strings.ReplaceAll(record[i], "\r\n", "\n")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("against encoding/csv (-want +got):\n%s", diff)
		}
	})
}
