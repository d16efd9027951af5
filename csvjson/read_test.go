package csvjson

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

var readTests = []struct {
	name, text string
	want       []string
	err        string
	is         error
}{
	{name: "array", text: `[{"a":1},{"a":[2,{}]}]`, want: []string{`{"a":1}`, `{"a":[2,{}]}`}},
	{name: "lines", text: "{\"a\":1}\n\n{\"a\":2}\r\n", want: []string{`{"a":1}`, `{"a":2}`}},
	{name: "one after the other", text: `{}{"a":1} [{"b":2}]{}`, want: []string{`{}`, `{"a":1}`, `{"b":2}`, `{}`}},
	{name: "the experiment's doubly wrapped array", text: "[[\n  {\n    \"Title\": \"A\",\n    \"Price\": NaN\n  },\n  {}\n]]",
		want: []string{"{\n    \"Title\": \"A\",\n    \"Price\": null\n  }", "{}"}},
	{name: "three arrays deep", text: `[[[1,2],[3]]]`, want: []string{`[1,2]`, `[3]`}},
	{name: "an array of arrays", text: `[[{"a":1},{"a":2}],[],[{"a":3}]]`, want: []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}},
	{name: "an array that is a record", text: `[1,[2,3],{}]`, want: []string{"1", "[2,3]", "{}"}},
	{name: "arrays one after the other", text: "[[1],[2]]\n[3,[4]]\n[[5]]", want: []string{"1", "2", "3", "[4]", "5"}},
	{name: "nothing", text: "", want: nil},
	{name: "empty", text: " \n", want: nil},
	{name: "empty arrays", text: `[] [[]] [[],[]]`, want: nil},
	{name: "byte order mark", text: "\ufeff[1]", want: []string{"1"}},
	{name: "NaN tokens", text: `[{"a":NaN,"b":"NaN","c":[Infinity,-Infinity]},NaN]`, want: []string{`{"a":null,"b":"NaN","c":[null,null]}`, `null`}},
	{name: "NaN in strings", text: `{"NaN":"NaN","a\"":"\\",  "-":[-Infinity,-1,NaN,"\"NaN,\\",NaN]}[Infinity][-1,NaN]`,
		want: []string{`{"NaN":"NaN","a\"":"\\",  "-":[null,-1,null,"\"NaN,\\",null]}`, "null", "-1", "null"}},
	{name: "scalars", text: "1 -2.5e+3\ntrue false null \"x\"", want: []string{"1", "-2.5e+3", "true", "false", "null", `"x"`}},
	{name: "escapes", text: `["\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"]`, want: []string{`"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"`}},

	{name: "breaks off in a record", text: "[{\"a\":1},\n{\"a\":\"x", want: []string{`{"a":1}`}, is: io.ErrUnexpectedEOF,
		err: "csvjson: line 2, column 8: the text breaks off within record 2: unexpected EOF"},
	{name: "breaks off behind a record", text: `[{"a":1}`, want: []string{`{"a":1}`}, is: io.ErrUnexpectedEOF,
		err: "csvjson: line 1, column 9: the array of records is not closed after record 1: unexpected EOF"},
	{name: "breaks off behind a comma", text: `[{"a":1},`, want: []string{`{"a":1}`}, is: io.ErrUnexpectedEOF,
		err: "csvjson: line 1, column 10: the array of records is not closed after record 1: unexpected EOF"},
	{name: "breaks off in an escape", text: `"\u00`, is: io.ErrUnexpectedEOF,
		err: "csvjson: line 1, column 6: the text breaks off within record 1: unexpected EOF"},
	{name: "one bracket missing", text: `[[1]`, want: []string{"1"}, is: io.ErrUnexpectedEOF,
		err: "csvjson: line 1, column 5: the array of records is not closed after record 1: unexpected EOF"},
	{name: "one bracket too many", text: `[1]]`, want: []string{"1"}, is: ErrSyntax,
		err: "csvjson: line 1, column 4: invalid JSON: ']' where a value should be"},
	{name: "no comma", text: "[{}\n é{}]", want: []string{"{}"}, is: ErrSyntax,
		err: "csvjson: line 2, column 2: invalid JSON: text where a comma or the end should be"},
	{name: "comma too many", text: `[1,]`, want: []string{"1"}, is: ErrSyntax,
		err: "csvjson: line 1, column 4: invalid JSON: ']' where a value should be"},
	{name: "comma first", text: `[,1]`, is: ErrSyntax, err: "csvjson: line 1, column 2: invalid JSON: ',' where a value should be"},
	{name: "comma in an object", text: `{"a":1,}`, is: ErrSyntax, err: "csvjson: line 1, column 8: invalid JSON: '}' where a key should be"},
	{name: "no colon", text: `{"a" 1}`, is: ErrSyntax, err: "csvjson: line 1, column 6: invalid JSON: '1' where a colon should be"},
	{name: "no key", text: `{1:1}`, is: ErrSyntax, err: "csvjson: line 1, column 2: invalid JSON: '1' where a key or } should be"},
	{name: "wrong bracket", text: `{"a":[1}`, is: ErrSyntax, err: "csvjson: line 1, column 8: invalid JSON: '}' where a comma or the end should be"},
	{name: "word", text: `[nil]`, is: ErrSyntax, err: "csvjson: line 1, column 2: invalid JSON: neither a number nor true, false or null"},
	{name: "leading zero", text: `[01]`, is: ErrSyntax, err: "csvjson: line 1, column 2: invalid JSON: neither a number nor true, false or null"},
	{name: "plus", text: `+1`, is: ErrSyntax, err: "csvjson: line 1, column 1: invalid JSON: neither a number nor true, false or null"},
	{name: "newline in a string", text: "\"a\nb\"", is: ErrSyntax, err: "csvjson: line 1, column 3: invalid JSON: control character 0x0a in a string"},
	{name: "unknown escape", text: `"\x"`, is: ErrSyntax, err: "csvjson: line 1, column 2: invalid JSON: unknown escape in a string"},
	{name: "bad hex", text: `"\u00g0"`, is: ErrSyntax, err: "csvjson: line 1, column 2: invalid JSON: unknown escape in a string"},
	{name: "not UTF-8, then more", text: "\"\xff\"\n1", want: []string{"1"}, is: ErrEncoding,
		err: "csvjson: line 1, column 2: row 1: not UTF-8 (byte 0xff); likely Windows-1252 or ISO-8859-1"},
	{name: "a CSV file", text: "Title,Price\nA,1\n", is: ErrSyntax, err: "csvjson: line 1, column 1: invalid JSON: neither a number nor true, false or null"},
	{name: "UTF-16", text: "\xff\xfe[\x00", is: ErrEncoding, err: "csvjson: line 1, column 1: not UTF-8: the byte order mark says UTF-16"},
	{name: "too deep", text: strings.Repeat("[", maxDepth+maxWraps+1), is: ErrSyntax,
		err: "csvjson: line 1, column 10003: invalid JSON: nested deeper than 10000"},
}

func readAllJSON(r io.Reader) (records []string, err error) {
	for record, e := range ReadJSON[json.RawMessage](r) {
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		records = append(records, string(record))
	}
	return records, err
}

func TestReadJSON(t *testing.T) {
	for _, test := range readTests {
		for kind, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "data+EOF": iotest.DataErrReader,
		} {
			t.Run(test.name+"/"+kind, func(t *testing.T) {
				got, err := readAllJSON(wrap(strings.NewReader(test.text)))
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("records (-want +got):\n%s", diff)
				}
				message := ""
				if err != nil {
					message = err.Error()
				}
				if diff := cmp.Diff(test.err, message); diff != "" {
					t.Errorf("error (-want +got):\n%s", diff)
				}
				if !errors.Is(err, test.is) {
					t.Errorf("error %v is not %v", err, test.is)
				}
			})
		}
	}
}

func TestReadJSONTyped(t *testing.T) {
	type book struct {
		Title string
		Price *float64
	}
	const text = `[[{"title":"A","Price":1.5},{"Title":"B","Price":NaN},{"Title":7},{"Title":"C","x":1}]]`
	got, errs := collect(ReadJSON[book](strings.NewReader(text)))
	price := 1.5
	if diff := cmp.Diff([]book{{"A", &price}, {"B", nil}, {"C", nil}}, got); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
	wantErrs := []string{"csvjson: line 1, column 64: row 3: Title: a JSON number does not fit string"}
	if diff := cmp.Diff(wantErrs, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestReadJSONSliceRecords(t *testing.T) {
	got, errs := collect(ReadJSON[[]int](strings.NewReader(`[[1,2],[],[3]]`)))
	if diff := cmp.Diff([][]int{{1, 2}, {}, {3}}, got); diff != "" || errs != nil {
		t.Errorf("records (-want +got), errors %q:\n%s", errs, diff)
	}
}

func TestReadJSONNamesTheFile(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/x.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("\n{,"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	_, err = readAllJSON(f)
	if want := f.Name() + ": line 2, column 2: "; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v does not contain %q", err, want)
	}
}

func TestReadJSONBoundsRecords(t *testing.T) {
	tests := []struct {
		name string
		in   io.Reader
		err  error
	}{
		{"at the limit", strings.NewReader(`["` + strings.Repeat("x", 998) + `"]`), nil},
		{"one over", strings.NewReader(`["` + strings.Repeat("x", 999) + `"]`), ErrTooLong},
		{"a string that never ends", io.MultiReader(strings.NewReader(`"`), digits{}), ErrTooLong},
		{"a number that never ends", digits{}, ErrSyntax},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newJSONScanner(test.in, maxWraps)
			s.maxBytes = 1000
			if err := s.next(); !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
			if len(s.buf) > 2*rowBuffer {
				t.Errorf("the window grew to %d bytes", len(s.buf))
			}
		})
	}
}

type digits struct{}

func (digits) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '1'
	}
	return len(p), nil
}

func TestReadJSONGrowsOverItsWindow(t *testing.T) {
	value := `{"a":"` + strings.Repeat(`\\\"é\u00e9`, 30_000) + `"}`
	text := "[" + strings.Repeat(`{"b":1.25},`, 20_000) + value + "]"
	for _, wrap := range []func(io.Reader) io.Reader{iotest.HalfReader, iotest.OneByteReader} {
		got, err := readAllJSON(wrap(strings.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 20_001 || got[20_000] != value {
			t.Errorf("%d records, want 20001 with the long one last", len(got))
		}
	}
}

func TestReadJSONStopsAtReadErrors(t *testing.T) {
	got, err := readAllJSON(io.MultiReader(strings.NewReader(`[1,2`), iotest.ErrReader(io.ErrClosedPipe)))
	if diff := cmp.Diff([]string{"1"}, got); diff != "" || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v, records (-want +got):\n%s", err, diff)
	}
}

// FuzzReadJSON compares ReadJSON with encoding/json: what that takes as one
// value must come out as its records, and what comes out must be valid.
func FuzzReadJSON(f *testing.F) {
	for _, test := range readTests {
		if len(test.text) < 1000 {
			f.Add(test.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readAllJSON(strings.NewReader(text))
		bytewise, bytewiseErr := readAllJSON(iotest.OneByteReader(strings.NewReader(text)))
		if diff := cmp.Diff(got, bytewise); diff != "" {
			t.Errorf("in one piece against byte by byte:\n%s", diff)
		}
		if (err == nil) != (bytewiseErr == nil) || err != nil && err.Error() != bytewiseErr.Error() {
			t.Errorf("in one piece: %v, byte by byte: %v", err, bytewiseErr)
		}
		for _, record := range got {
			if !json.Valid([]byte(record)) {
				t.Errorf("record %q is not JSON", record)
			}
		}
		var array []json.RawMessage
		if json.Unmarshal([]byte("["+text+"]"), &array) == nil && err != nil && !errors.Is(err, ErrEncoding) {
			if len(array) == 1 {
				t.Errorf("refused what encoding/json accepts: %v", err)
			}
		}
	})
}
