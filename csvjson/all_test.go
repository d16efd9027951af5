package csvjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// collect drains a loop, errors as their text.
func collect[T any](seq func(func(T, error) bool)) (values []T, errs []string) {
	for v, err := range seq {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		values = append(values, v)
	}
	return values, errs
}

type money struct{ text string }

func (m *money) UnmarshalJSON(text []byte) error {
	if strings.Contains(string(text), "bad") {
		return errors.New("no money")
	}
	m.text = string(text)
	return nil
}

func TestAllFieldTypes(t *testing.T) {
	type inner struct {
		Publisher string
		Pages     *int
	}
	type book struct {
		Title   string  `json:"title,omitempty"`
		Author  string  `csv:"Author(s)" json:"author"`
		Price   float64 `json:"-"`
		Copies  uint8
		Sold    int64
		Digital bool
		Rating  *float32
		ISBN    any
		Weight  any
		Blob    []byte
		Raw     json.RawMessage
		Cost    money
		Fee     *money
		Added   time.Time
		Big     *big.Float
		inner
		Note   string `csv:"-"`
		secret string
	}
	_ = book{}.secret
	const text = "Title,Author(s),PRICE,copies,Sold,digital,rating,isbn,weight,blob,raw,cost,fee,added,big,publisher,pages,note,secret\n" +
		"A,\"B \"\"C\"\"\",1.5,255,71.0,true,4.5,00123,1.50,xyz,q,$5,7,2024-01-02T03:04:05Z,0.1,P,12,n,s\n" +
		",,,,,,,,,,,,,,,,,,\n"
	opts := Options{Columns: []Column{{Name: "weight", Type: Number}, {Name: "fee", Type: Number}}}
	got, errs := collect(All[book](opts, texts(text)...))
	if errs != nil {
		t.Fatal(errs)
	}
	rating, pages := float32(4.5), 12
	tenth, _ := new(big.Float).SetString("0.1")
	want := []book{
		{
			Title: "A", Author: `B "C"`, Price: 0, Copies: 255, Sold: 71, Digital: true, Rating: &rating,
			ISBN: "00123", Weight: json.Number("1.50"), Blob: []byte("xyz"), Raw: json.RawMessage(`"q"`),
			Cost: money{`"$5"`}, Fee: &money{"7"}, Added: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Big: tenth,
			inner: inner{Publisher: "P", Pages: &pages},
		},
		{Raw: json.RawMessage("null"), Cost: money{"null"}},
	}
	compare := cmp.Options{cmp.AllowUnexported(book{}, inner{}, money{}),
		cmp.Comparer(func(a, b *big.Float) bool { return fmt.Sprint(a) == fmt.Sprint(b) })}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
}

func TestAllRowErrors(t *testing.T) {
	type row struct {
		Name   string
		Small  int8
		Flag   bool
		Float  float32
		Amount money
	}
	const text = "name,small,flag,float,amount\n" +
		"a,1,0,1,x\n" +
		"b,128,0,1,x\n" +
		"b,1.5,0,1,x\n" +
		"b,one,0,1,x\n" +
		"b,1,maybe,1,x\n" +
		"b,1,1,NaN,x\n" +
		"b,1,1,1e39,x\n" +
		"b,1,1,0x1p3,x\n" +
		"b,1,1,1,bad\n" +
		"b,1,1\n" +
		"c, 2 ,TRUE,2e1,y\n" +
		"d,1.2E+02,f,.5,z\n"
	var report Report
	reports := 0
	opts := Options{OnReport: func(r Report) { report = r; reports++ }}
	got, errs := collect(All[row](opts, texts(text)...))
	want := []row{{"a", 1, false, 1, money{`"x"`}}, {"c", 2, true, 20, money{`"y"`}}, {"d", 120, false, 0.5, money{`"z"`}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(money{})); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	wantErrs := []string{
		"csvjson: a.csv: line 3, column 3: row 2: small: not a number that fits int8",
		"csvjson: a.csv: line 4, column 3: row 3: small: not a number without a fraction",
		"csvjson: a.csv: line 5, column 3: row 4: small: not a number",
		"csvjson: a.csv: line 6, column 5: row 5: flag: neither true nor false",
		"csvjson: a.csv: line 7, column 7: row 6: float: not a number",
		"csvjson: a.csv: line 8, column 7: row 7: float: not a number that fits float32",
		"csvjson: a.csv: line 9, column 7: row 8: float: not a number",
		"csvjson: a.csv: line 10, column 9: row 9: amount: no money",
		"csvjson: a.csv: line 11, column 6: row 10: wrong number of fields: the row has 3, the header 5",
	}
	if diff := cmp.Diff(wantErrs, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if reports != 1 || report.Rows != 3 || report.Bad != 9 {
		t.Errorf("%d reports, the last with %d rows and %d bad ones; want 1 with 3 and 9", reports, report.Rows, report.Bad)
	}
}

func TestAllJoinsSources(t *testing.T) {
	type book struct {
		Title  string
		Author string `csv:"Author(s)"`
		Genre  string
	}
	opts := Options{Columns: []Column{{Name: "Author(s)", Aliases: []string{"author"}}}}
	sources := texts("Title,Author(s)\nA,B\n", "genre,author,title\nC,D,E\n")
	got, errs := collect(All[*book](opts, sources...))
	if errs != nil {
		t.Fatal(errs)
	}
	if diff := cmp.Diff([]*book{{"A", "B", ""}, {"E", "D", "C"}}, got); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
}

func TestAllEndsWithStructuralErrors(t *testing.T) {
	type book struct{ Title string }
	tests := []struct {
		name, text string
		rows       int
		err        error
	}{
		{"unterminated quote", "Title\nA\n\"B\n", 1, ErrUnterminated},
		{"no field matches", "name,cost\nA,1\nB,2\n", 0, ErrNoMatch},
		{"two headers for a field", "title,TITLE\nA,B\nC,D\n", 0, ErrDuplicateColumn},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rows, ends := 0, 0
			for _, err := range All[book](Options{}, texts(test.text)...) {
				if err == nil {
					rows++
					continue
				}
				ends++
				if _, ok := errors.AsType[*SourceError](err); !ok || !errors.Is(err, test.err) {
					t.Errorf("error %v (%[1]T), want a SourceError of %v", err, test.err)
				}
			}
			if rows != test.rows || ends != 1 {
				t.Errorf("%d rows and %d errors, want %d and 1", rows, ends, test.rows)
			}
		})
	}
}

func TestAllPrefersTheExactHeader(t *testing.T) {
	type row struct{ Price string }
	for _, text := range []string{"price,Price\n1,2\n", "Price,price\n2,1\n"} {
		got, errs := collect(All[row](Options{}, texts(text)...))
		if diff := cmp.Diff([]row{{"2"}}, got); diff != "" || errs != nil {
			t.Errorf("%q: errors %q, rows (-want +got):\n%s", text, errs, diff)
		}
	}
}

// textOrNumber takes text and JSON, and tells them apart.
type textOrNumber struct{ got string }

func (v *textOrNumber) UnmarshalText(text []byte) error {
	v.got = "text " + string(text)
	return nil
}

func (v *textOrNumber) UnmarshalJSON(text []byte) error {
	v.got = "JSON " + string(text)
	return nil
}

func TestAllTypesThatTakeTextAndJSON(t *testing.T) {
	type row struct{ A, B, C textOrNumber }
	opts := Options{Columns: []Column{{Name: "b", Type: Number}}}
	got, errs := collect(All[row](opts, texts("a,b,c\n129.900,129.900,\n")...))
	want := []row{{textOrNumber{"text 129.900"}, textOrNumber{"JSON 129.900"}, textOrNumber{"JSON null"}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(textOrNumber{})); diff != "" || errs != nil {
		t.Errorf("errors %q, rows (-want +got):\n%s", errs, diff)
	}
}

func TestAllRefusesTypes(t *testing.T) {
	if _, errs := collect(All[int](Options{}, texts("a\n1\n")...)); len(errs) != 1 {
		t.Errorf("int: errors %q, want one", errs)
	}
	type odd struct{ Ch chan int }
	_, errs := collect(All[odd](Options{}, texts("ch\n1\n")...))
	if diff := cmp.Diff([]string{"csvjson: field Ch of csvjson.odd: a field of type chan int cannot hold a column"}, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestAllMaps(t *testing.T) {
	const text = "a,n\nx,1.50\n,\n"
	number := []Column{{Name: "n", Type: Number}}
	strs, _ := collect(All[map[string]string](Options{Columns: number}, texts(text)...))
	if diff := cmp.Diff([]map[string]string{{"a": "x", "n": "1.50"}, {}}, strs); diff != "" {
		t.Errorf("map[string]string (-want +got):\n%s", diff)
	}
	for missing, last := range map[Missing]map[string]any{Null: {"a": nil, "n": nil}, Omit: {}} {
		anys, _ := collect(All[map[string]any](Options{Columns: number, Missing: missing}, texts(text)...))
		if diff := cmp.Diff([]map[string]any{{"a": "x", "n": json.Number("1.50")}, last}, anys); diff != "" {
			t.Errorf("map[string]any (-want +got):\n%s", diff)
		}
	}
}

func TestRowsAreTheCallersToKeep(t *testing.T) {
	rows, errs := collect(Rows(Options{Format: Indented}, texts("a\n1\n\n2\n3,4\n5\n")...))
	var got []string
	for _, row := range rows {
		got = append(got, string(row))
	}
	if diff := cmp.Diff([]string{`{"a":"1"}`, `{"a":"2"}`, `{"a":"5"}`}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if len(errs) != 1 {
		t.Errorf("errors %q, want one", errs)
	}
}

func TestAllStopsAtBreak(t *testing.T) {
	reports := 0
	opts := Options{OnReport: func(r Report) {
		reports++
		if r.Rows != 1 {
			t.Errorf("report has %d rows, want 1", r.Rows)
		}
	}}
	for range Rows(opts, texts("a\n1\n2\n")...) {
		break
	}
	if reports != 1 {
		t.Errorf("%d reports, want 1", reports)
	}
}

func TestAllJSONNumbers(t *testing.T) {
	type row struct {
		N json.Number
		P *json.Number
	}
	got, errs := collect(All[row](Options{}, texts("n,p\n007,+1.50\n,\nx,1\n1,NaN\n")...))
	p := json.Number("1.50")
	if diff := cmp.Diff([]row{{"7", &p}, {}}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	want := []string{"csvjson: a.csv: line 4, column 1: row 3: n: not a number", "csvjson: a.csv: line 5, column 3: row 4: p: not a number"}
	if diff := cmp.Diff(want, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestAllTags(t *testing.T) {
	type row struct {
		A string `csv:"a,omitempty"`
		B string `csv:"Last, First"`
		C string `json:"c,omitempty"`
	}
	got, errs := collect(All[row](Options{}, texts("a,\"Last, First\",c\n1,2,3\n")...))
	if diff := cmp.Diff([]row{{"1", "2", "3"}}, got); diff != "" || errs != nil {
		t.Errorf("errors %q, rows (-want +got):\n%s", errs, diff)
	}
}
