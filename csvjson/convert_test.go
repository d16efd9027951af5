package csvjson

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// texts makes sources a.csv, b.csv, … of CSV texts.
func texts(csv ...string) []Source {
	var sources []Source
	for i, text := range csv {
		sources = append(sources, Reader(string(rune('a'+i))+".csv", strings.NewReader(text)))
	}
	return sources
}

// convertCase is what Convert makes of sources.
type convertCase struct {
	name    string
	opts    Options
	sources []string
	want    string // without the newlines of the format
}

// checkConvert runs the cases, and reads back what they give.
func checkConvert(t *testing.T, tests []convertCase) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			report, err := Convert(&out, test.opts, texts(test.sources...)...)
			if err != nil {
				t.Fatal(err)
			}
			joined := strings.NewReplacer("[\n", "[", ",\n", ",", "\n]\n", "]", "[]\n", "[]").Replace(out.String())
			if test.opts.Format == Lines {
				joined = strings.ReplaceAll(strings.TrimSuffix(out.String(), "\n"), "\n", " ")
			}
			if diff := cmp.Diff(test.want, joined); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
			var rows []map[string]any
			for row, err := range ReadJSON[map[string]any](&out) {
				if err != nil {
					t.Fatalf("reading it back: %v", err)
				}
				rows = append(rows, row)
			}
			if int64(len(rows)) != report.Rows {
				t.Errorf("%d rows read back, %d reported", len(rows), report.Rows)
			}
		})
	}
}

func TestConvertColumns(t *testing.T) {
	checkConvert(t, []convertCase{
		{
			name:    "the union of columns, in order of first appearance",
			sources: []string{"a,b\n1,2\n", "c,b,d\n3,4,5\n"},
			want:    `[{"a":"1","b":"2","c":null,"d":null},{"a":null,"b":"4","c":"3","d":"5"}]`,
		},
		{
			name: "aliases join the columns of two files",
			opts: Options{Columns: []Column{
				{Name: "Title", Aliases: []string{"title"}}, {Name: "Author(s)", Aliases: []string{"author"}}, {Name: "Price", Type: Number},
			}},
			sources: []string{"Title,Author(s),Price\nA,B,1.50\n", "author,PRICE,title,extra\nD,2,C,x\n"},
			want: `[{"Title":"A","Author(s)":"B","Price":1.50,"extra":null},` +
				`{"Title":"C","Author(s)":"D","Price":2,"extra":"x"}]`,
		},
		{
			name:    "headers that differ in case and spaces",
			opts:    Options{Columns: []Column{{Name: "book_name"}}, Format: Lines},
			sources: []string{"Book Name\nA\n", " BOOK-NAME \nB\n"},
			want:    `{"book_name":"A"} {"book_name":"B"}`,
		},
		{
			name:    "an exact header goes before one in another case",
			opts:    Options{Columns: []Column{{Name: "Price"}}, Format: Lines},
			sources: []string{"price,Price\n1,2\n"},
			want:    `{"price":"1","Price":"2"}`,
		},
		{
			name:    "an alias goes before another column's name in another case",
			opts:    Options{Columns: []Column{{Name: "cost", Aliases: []string{"price"}}, {Name: "PRICE"}}},
			sources: []string{"price\n1\n"},
			want:    `[{"cost":"1"}]`,
		},
		{
			name:    "skipped columns may share a name",
			opts:    Options{Columns: []Column{{Name: "x", Skip: true}}},
			sources: []string{"x,a,x\n1,2,3\n"},
			want:    `[{"a":"2"}]`,
		},
	})
}

func TestConvertHeaders(t *testing.T) {
	checkConvert(t, []convertCase{
		{
			name:    "the index that pandas writes",
			sources: []string{",a\n0,x\n"},
			want:    `[{"column1":"0","a":"x"}]`,
		},
		{
			name:    "the index named, the rest skipped",
			opts:    Options{Columns: []Column{{Name: "index", Aliases: []string{""}}}, OnlyDeclared: true},
			sources: []string{",a\n0,x\n"},
			want:    `[{"index":"0"}]`,
		},
		{
			name:    "short rows by choice",
			opts:    Options{ShortRows: true},
			sources: []string{"a,b,c\n1\n1,2\n"},
			want:    `[{"a":"1","b":null,"c":null},{"a":"1","b":"2","c":null}]`,
		},
		{
			name:    "columns named by the program, for sources without a header",
			opts:    Options{Header: []string{"title", "n"}, Columns: []Column{{Name: "n", Type: Number}}},
			sources: []string{"\ufeffA,1\n", "", "B,2"},
			want:    `[{"title":"A","n":1},{"title":"B","n":2}]`,
		},
		{
			name:    "byte order marks in the middle of files that were put together",
			sources: []string{"\ufeff\ufeffa,\ufeff b\n1,2\n"},
			want:    `[{"a":"1","b":"2"}]`,
		},
		{name: "a header alone", sources: []string{"a,b\n"}, want: `[]`},
		{name: "a header alone, as lines", opts: Options{Format: Lines}, sources: []string{"a,b"}, want: ``},
	})
}

func TestConvertValues(t *testing.T) {
	checkConvert(t, []convertCase{
		{
			name:    "text stays text",
			sources: []string{"isbn,title\n00123,1984\n1e5,NA\n"},
			want:    `[{"isbn":"00123","title":"1984"},{"isbn":"1e5","title":"NA"}]`,
		},
		{
			name:    "numbers keep their digits",
			opts:    Options{Columns: []Column{{Name: "n", Type: Number}}, Format: Lines},
			sources: []string{"n\n5.10\n 7 \n+5\n.5\n5.\n-.5e3\n007\n00\n-0\n1E+5\n123456789012345678901234567890.5\n"},
			want: `{"n":5.10} {"n":7} {"n":5} {"n":0.5} {"n":5} {"n":-0.5e3} {"n":7} {"n":0} {"n":-0} {"n":1E+5} ` +
				`{"n":123456789012345678901234567890.5}`,
		},
		{
			name:    "numbers that are none, kept",
			opts:    Options{Columns: []Column{{Name: "p", Type: NumberOrText}}},
			sources: []string{"p\nCDN$ 6.99\n6.99\n\"1,234.00\"\nNaN\n0x10\n1_000\n"},
			want:    `[{"p":"CDN$ 6.99"},{"p":6.99},{"p":"1,234.00"},{"p":"NaN"},{"p":"0x10"},{"p":"1_000"}]`,
		},
		{
			name:    "numbers that are none, missing",
			opts:    Options{Columns: []Column{{Name: "p", Type: NumberOrMissing}}, Missing: Omit},
			sources: []string{"p,q\nfree,1\n6.99,2\n"},
			want:    `[{"q":"1"},{"p":6.99,"q":"2"}]`,
		},
		{
			name:    "missing left out",
			opts:    Options{Missing: Omit},
			sources: []string{"a,b,c\n,2,\n,,\n1,,\n", "c\nx\n"},
			want:    `[{"b":"2"},{},{"a":"1"},{"c":"x"}]`,
		},
		{
			name:    "texts that count as missing",
			opts:    Options{Columns: []Column{{Name: "p", MissingTexts: []string{"NA"}}}, MissingTexts: []string{"NaN"}},
			sources: []string{"t,p\nNA,NA\nNaN,NaN\n"},
			want:    `[{"t":"NA","p":null},{"t":null,"p":null}]`,
		},
		{
			name: "doubled quotes in fields that are looked at",
			opts: Options{
				Columns: []Column{{Name: "p", Type: NumberOrText}}, MissingTexts: []string{`no "t"`}, TrimSpace: true,
			},
			sources: []string{"t,p\n\"no \"\"t\"\"\",\" 5\"\" \"\n\" \"\"a\"\" \",\"\"\n"},
			want:    `[{"t":null,"p":"5\""},{"t":"\"a\"","p":null}]`,
		},
	})
}

func TestConvertText(t *testing.T) {
	checkConvert(t, []convertCase{
		{
			name:    "space trimmed",
			opts:    Options{TrimSpace: true},
			sources: []string{"a,b\n\u00a0 x y\t,\"  \"\n"},
			want:    `[{"a":"x y","b":null}]`,
		},
		{
			name:    "space kept",
			sources: []string{"a\n x \n"},
			want:    `[{"a":" x "}]`,
		},
		{
			name:    "escapes: only those that JSON demands",
			sources: []string{"a\n\"\"\"\\\t\r\n\x00\x1f\x7f<>&'/\u2028é😀\"\n"},
			want:    "[{\"a\":\"\\\"\\\\\\t\\r\\n\\u0000\\u001f\x7f<>&'/\u2028é😀\"}]",
		},
		{
			name:    "a byte order mark a file, CRLF",
			sources: []string{"\ufeffa\r\n1\r\n", "\ufeff\"a\"\r\n2\r\n"},
			want:    `[{"a":"1"},{"a":"2"}]`,
		},
		{
			name:    "another separator",
			opts:    Options{Comma: ';'},
			sources: []string{"a;b\n1,5;2\n"},
			want:    `[{"a":"1,5","b":"2"}]`,
		},
		{
			name:    "a separator that the source names",
			sources: []string{"\ufeffsep=;\r\na;b\n1,5;2\n", "SEP=\t\na\tb\n1\t2\n", "sep=,\na,b\n3,4\n", "a,b\n5,6\n"},
			want:    `[{"a":"1,5","b":"2"},{"a":"1","b":"2"},{"a":"3","b":"4"},{"a":"5","b":"6"}]`,
		},
		{
			name:    "no separator named",
			opts:    Options{Format: Lines},
			sources: []string{"sep=\nx\n", "sep=ab\nx\n", "sep=é\nx\n"},
			want: `{"sep=":"x","sep=ab":null,"sep=é":null} {"sep=":null,"sep=ab":"x","sep=é":null} ` +
				`{"sep=":null,"sep=ab":null,"sep=é":"x"}`,
		},
		{
			name:    "another character set",
			opts:    Options{Decoder: Windows1252},
			sources: []string{"a\nCaf\xe9 \x80 \x81\n"},
			want:    "[{\"a\":\"Café € \u0081\"}]",
		},
		{
			name:    "UTF-16 with tabs, as spreadsheets export it",
			opts:    Options{Decoder: UTF16, Comma: '\t'},
			sources: []string{"\xff\xfea\x00\t\x00b\x00\r\x00\n\x00\xe9\x00\t\x002\x00\r\x00\n\x00"},
			want:    `[{"a":"é","b":"2"}]`,
		},
		{
			name:    "lazy quotes",
			opts:    Options{LazyQuotes: true},
			sources: []string{"a\n5\" disk\n"},
			want:    `[{"a":"5\" disk"}]`,
		},
	})
}

func TestFormats(t *testing.T) {
	const text = "a,b\n1,\n2,x\n"
	tests := []struct {
		format  Format
		missing Missing
		want    string
	}{
		{Array, Null, "[\n{\"a\":\"1\",\"b\":null},\n{\"a\":\"2\",\"b\":\"x\"}\n]\n"},
		{Indented, Null, "[\n  {\n    \"a\": \"1\",\n    \"b\": null\n  },\n  {\n    \"a\": \"2\",\n    \"b\": \"x\"\n  }\n]\n"},
		{Lines, Omit, "{\"a\":\"1\"}\n{\"a\":\"2\",\"b\":\"x\"}\n"},
	}
	for _, test := range tests {
		var out strings.Builder
		if _, err := Convert(&out, Options{Format: test.format, Missing: test.missing}, texts(text)...); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("format %d (-want +got):\n%s", test.format, diff)
		}
		if test.format != Lines && !json.Valid([]byte(out.String())) {
			t.Errorf("format %d is not JSON", test.format)
		}
	}
}

func TestIndentedEmptyRow(t *testing.T) {
	var out strings.Builder
	if _, err := Convert(&out, Options{Format: Indented, Missing: Omit}, texts("a\n\"\"\n")...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("[\n  {}\n]\n", out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestReport(t *testing.T) {
	opts := Options{Columns: []Column{
		{Name: "Title", Aliases: []string{"name"}},
		{Name: "Price", Type: NumberOrText},
		{Name: "Pages", Type: Number},
		{Name: "Absent"},
		{Name: "index", Aliases: []string{""}, Skip: true},
	}}
	report, err := Convert(io.Discard, opts,
		texts("Title,Price,Pages\nA,$1,\n,2,\n", ",name,genre\n0,B,x\n", "Title,Genre\n")...)
	if err != nil {
		t.Fatal(err)
	}
	want := Report{
		Rows: 3,
		Columns: []ColumnReport{
			{Name: "Title", Missing: 1},
			{Name: "Price", Type: NumberOrText, Missing: 1, NotNumbers: 1},
			{Name: "Pages", Type: Number, Missing: 3},
			{Name: "genre", Missing: 2},
			{Name: "Genre", Missing: 3},
		},
		Sources: []SourceReport{
			{Name: "a.csv", Rows: 2, Bytes: 28, Header: []string{"Title", "Price", "Pages"}},
			{Name: "b.csv", Rows: 1, Bytes: 18, Header: []string{"", "name", "genre"},
				Renamed: []Rename{{"name", "Title"}}, Skipped: []string{""}},
			{Name: "c.csv", Bytes: 12, Header: []string{"Title", "Genre"}},
		},
		Warnings: []string{
			"c.csv has a header but no rows",
			`column "Pages" is declared a number, but no row has one (rows: 3)`,
			`columns "genre" and "Genre" may be the same: declare one with the other as an alias`,
			`column "Absent" is declared, but no source has it`,
		},
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestReportWarnsOfTheSeparator(t *testing.T) {
	report, err := Convert(io.Discard, Options{}, texts("a;b\n1;2\n")...)
	want := []string{`a.csv has one column, "a;b" (is the separator ';'?)`}
	if diff := cmp.Diff(want, report.Warnings); diff != "" || err != nil {
		t.Errorf("error %v, warnings (-want +got):\n%s", err, diff)
	}
}

func TestSourcesAreClosed(t *testing.T) {
	for _, broken := range []bool{false, true} {
		open := map[string]bool{}
		source := func(name, text string) Source {
			return Source{Name: name, Open: func() (io.ReadCloser, error) {
				open[name] = true
				return &trackedReader{strings.NewReader(text), func() { delete(open, name) }}, nil
			}}
		}
		sources := []Source{source("a", "a\n1\n2\n"), source("b", "a\n3\n")}
		if broken {
			sources = append(sources, source("c", ""))
		}
		rows := 0
		for _, err := range Rows(Options{}, sources...) {
			if rows++; err != nil && !broken {
				t.Fatal(err)
			}
			if rows == 2 {
				break
			}
		}
		if len(open) > 0 {
			t.Errorf("broken %v: still open: %v", broken, slices.Collect(maps.Keys(open)))
		}
	}
}

type trackedReader struct {
	io.Reader
	onClose func()
}

func (r *trackedReader) Close() error {
	r.onClose()
	return nil
}

func TestSourceKinds(t *testing.T) {
	path := t.TempDir() + "/f.csv"
	if err := os.WriteFile(path, []byte("a\nfile\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{"dir/g.csv": {Data: []byte("a\nfs\n")}}
	sources := append(Files(path), FS(fsys, "dir/g.csv"), Reader("h", iotest.HalfReader(strings.NewReader("a\nreader\n"))))
	var got []string
	for row, err := range All[map[string]string](Options{}, sources...) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row["a"])
	}
	if diff := cmp.Diff([]string{"file", "fs", "reader"}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if _, err := Convert(io.Discard, Options{}, Reader("nil", nil)); err == nil {
		t.Error("a nil reader is no error")
	}
	if _, err := Convert(io.Discard, Options{}, Source{Name: "s"}); err == nil || err.Error() != "csvjson: s: Source.Open is nil" {
		t.Errorf("error %v without Open", err)
	}
}

// FuzzConvert checks that whatever Convert accepts comes out as JSON that says
// the same as encoding/csv, whether the rows are read by Convert, by All or
// back by ReadJSON.
func FuzzConvert(f *testing.F) {
	for _, test := range scanTests {
		f.Add("a,b\n"+test.text, false)
	}
	f.Add("a,\"b \"\"c\"\"\"\n5.10,\"x\\\x00\x1f\n\u2028\"\n", true)
	f.Fuzz(func(t *testing.T, text string, omit bool) {
		opts := Options{Format: Lines, OnRowError: func(*RowError) error { return nil }}
		if first, _, _ := strings.Cut(strings.ToLower(text), "\n"); strings.Contains(first, "sep=") {
			t.Skip("encoding/csv has no such lines")
		}
		if omit {
			opts.Missing = Omit
		}
		var out bytes.Buffer
		if _, err := Convert(&out, opts, texts(text)...); err != nil {
			t.Skip("refused")
		}
		for line := range strings.Lines(out.String()) {
			if !json.Valid([]byte(line)) {
				t.Fatalf("not JSON: %s", line)
			}
		}
		fromJSON, errs := collect(ReadJSON[map[string]any](&out))
		if errs != nil {
			t.Fatalf("reading back: %q", errs)
		}
		fromCSV, _ := collect(All[map[string]any](opts, texts(text)...))
		if diff := cmp.Diff(fromCSV, fromJSON); diff != "" {
			t.Errorf("from CSV against from JSON:\n%s", diff)
		}
		compareWithEncodingCSV(t, text, fromCSV)
	})
}

// compareWithEncodingCSV checks the number of good rows, and their texts.
func compareWithEncodingCSV(t *testing.T, text string, got []map[string]any) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		t.Errorf("encoding/csv refuses this: %v", err)
		return
	}
	for _, record := range records[1:] {
		if len(record) != len(records[0]) || !utf8.ValidString(strings.Join(record, ",")) {
			continue // a bad row
		}
		if len(got) == 0 {
			t.Errorf("a row is lost: %q", record)
			return
		}
		values := slices.Collect(maps.Values(got[0]))
		for _, field := range record {
			same := func(v any) bool {
				s, ok := v.(string)
				return ok && strings.ReplaceAll(s, "\r\n", "\n") == field
			}
			if field != "" && !slices.ContainsFunc(values, same) {
				t.Errorf("field %q is not among %q", field, values)
			}
		}
		got = got[1:]
	}
	if len(got) > 0 {
		t.Errorf("%d rows too many", len(got))
	}
}
