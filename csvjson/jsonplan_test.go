package csvjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// everything has a field of each kind that a jsonPlan knows, and of some that
// it leaves to encoding/json.
type everything struct {
	String    string `json:"s"`
	Title     string `json:"Author(s),omitempty"`
	TITLE     string
	Int       int8
	Uint      uint16
	Float     float32
	Double    float64
	Bool      bool
	StringPtr *string
	IntPtr    *int
	FloatPtr  *float64
	BoolPtr   *bool
	Slice     []int
	Map       map[string]any
	Any       any
	Nested    struct{ A, B string }
	NestedPtr *struct{ A int }
	PtrPtr    **int
	Bytes     []byte
	Raw       json.RawMessage
	Number    json.Number
	Time      time.Time
	TimePtr   *time.Time
	Money     money
	MoneyPtr  *money
	Ignored   string `json:"-"`
	hidden    string
}

var structTests = []struct{ name, text string }{
	{"nothing", `{}`},
	{"scalars", `{"s":"a","Int":-5,"Uint":65535,"Float":1.5,"Double":1e300,"Bool":true}`},
	{"null", `{"s":null,"Int":null,"Bool":null,"StringPtr":null,"Money":null,"MoneyPtr":null,"Slice":null,"Any":null,"Time":null,"Number":null}`},
	{"pointers", `{"StringPtr":"a","IntPtr":1,"FloatPtr":2.5,"BoolPtr":false,"NestedPtr":{"A":1},"PtrPtr":7,"TimePtr":"2024-01-02T03:04:05Z"}`},
	{"what encoding/json does", `{"Slice":[1,2],"Map":{"a":[null]},"Any":{"b":1.0},"Nested":{"A":"x","b":"y"},"Bytes":"AQI=","Raw":[1, 2],"Number":1.50}`},
	{"names in another case", `{"S":"a","author(S)":"b","STRINGPTR":"c","ıNT":1,"ſ":"long s"}`},
	{"exact before another case", `{"title":"a","TITLE":"b","Title":"c"}`},
	{"twice", `{"s":"a","s":"b","IntPtr":1,"IntPtr":null,"StringPtr":"a","StringPtr":"b"}`},
	{"twice with null", `{"s":"a","s":null,"Nested":{"A":"x"},"Nested":{"B":"y"}}`},
	{"escaped", `{"\u0073":"\"\\\/\b\f\n\r\t\u00e9\u20ac","Author(s)":"\ud83d\ude00"}`},
	{"half pairs", `{"s":"\ud83d","TITLE":"\ude00x\ud83d\u0041\ud83d\ud83d\ude00"}`},
	{"ignored and unknown", `{"Ignored":"a","hidden":"b","nope":{"s":[1,{"s":"c"}]}}`},
	{"unmarshalers", `{"Money":"5","MoneyPtr":7.5,"Time":"2024-01-02T03:04:05Z"}`},
	{"white space", " { \"s\" :\n\t\"a\" , \"Int\" : 1 } "},

	{"string for int", `{"Int":"1"}`},
	{"fraction for int", `{"Int":1.0}`},
	{"out of range", `{"Int":128}`},
	{"negative for uint", `{"Uint":-1}`},
	{"huge float", `{"Float":1e39}`},
	{"number for string", `{"s":1}`},
	{"object for string", `{"s":{}}`},
	{"array for bool", `{"Bool":[]}`},
	{"bool for number", `{"Double":true}`},
	{"text for nested", `{"Nested":{"A":1}}`},
	{"unmarshaler fails", `{"Money":"bad"}`},
	{"bad time", `{"Time":"yesterday"}`},
}

// sameAsUnmarshal compares what ReadJSON makes of one object with what
// encoding/json makes of it.
func sameAsUnmarshal(t *testing.T, text string) {
	t.Helper()
	sameMapAsUnmarshal(t, text)
	var want everything
	wantErr := json.Unmarshal([]byte(text), &want)
	got, errs := collect(ReadJSON[everything](strings.NewReader(text)))
	if (wantErr != nil) != (errs != nil) {
		t.Fatalf("error %q, that of encoding/json is %v", errs, wantErr)
	}
	if wantErr != nil {
		return
	}
	options := cmp.AllowUnexported(everything{}, money{})
	if diff := cmp.Diff([]everything{want}, got, options); diff != "" {
		t.Errorf("against encoding/json (-want +got):\n%s", diff)
	}
}

// sameMapAsUnmarshal is sameAsUnmarshal for a map.
func sameMapAsUnmarshal(t *testing.T, text string) {
	t.Helper()
	var want map[string]any
	wantErr := json.Unmarshal([]byte(text), &want)
	got, errs := collect(ReadJSON[map[string]any](strings.NewReader(text)))
	if (wantErr != nil) != (errs != nil) {
		t.Fatalf("error %q, that of encoding/json is %v", errs, wantErr)
	}
	if diff := cmp.Diff([]map[string]any{want}, got); diff != "" && wantErr == nil {
		t.Errorf("map against encoding/json (-want +got):\n%s", diff)
	}
}

func TestReadJSONStructsAsEncodingJSON(t *testing.T) {
	_ = everything{}.hidden
	for _, test := range structTests {
		t.Run(test.name, func(t *testing.T) { sameAsUnmarshal(t, test.text) })
	}
}

func FuzzReadJSONStruct(f *testing.F) {
	for _, test := range structTests {
		f.Add(test.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(text, "{") && json.Valid([]byte(text)) && utf8.ValidString(text) {
			sameAsUnmarshal(t, text)
		}
	})
}

func TestJSONPlanLeavesTypesAlone(t *testing.T) {
	type base struct{ A int }
	type embedded struct {
		base
		B int
	}
	type quoted struct {
		A int `json:",string"`
	}
	type clash struct {
		A int `json:"B"`
		B int
	}
	if got, errs := collect(ReadJSON[embedded](strings.NewReader(`{"A":1,"B":2}`))); errs != nil || got[0] != (embedded{base{1}, 2}) {
		t.Errorf("embedded: %v, %q", got, errs)
	}
	if got, errs := collect(ReadJSON[quoted](strings.NewReader(`{"A":"1"}`))); errs != nil || got[0].A != 1 {
		t.Errorf("string option: %v, %q", got, errs)
	}
	if got, errs := collect(ReadJSON[clash](strings.NewReader(`{"B":1}`))); errs != nil || got[0] != (clash{A: 1}) {
		t.Errorf("two fields of one name: %v, %q", got, errs)
	}
	if got, errs := collect(ReadJSON[*base](strings.NewReader(`{"a":1} null {"A":2}`))); errs != nil || len(got) != 3 || got[0].A != 1 || got[1] != nil || got[2].A != 2 {
		t.Errorf("pointers: %v, %q", got, errs)
	}
	if got, errs := collect(ReadJSON[money](strings.NewReader(`{"A":1}`))); errs != nil || got[0].text != `{"A":1}` {
		t.Errorf("unmarshaler: %v, %q", got, errs)
	}
}

func TestJSONPlanBoundsWhatItLearns(t *testing.T) {
	p := newJSONPlan(reflect.New(reflect.TypeFor[everything]()).Elem())
	for i := range 3 * maxLearned {
		if f := p.lookup(fmt.Appendf(nil, "unknown%d", i), false); f >= 0 {
			t.Fatalf("unknown%d is field %d", i, f)
		}
	}
	if len(p.byName) > maxLearned {
		t.Errorf("%d names learned, want at most %d", len(p.byName), maxLearned)
	}
}

func TestReadJSONNaNInStructs(t *testing.T) {
	type row struct {
		Price *float64
		Money money
		List  []*float64
		Raw   json.RawMessage
	}
	got, errs := collect(ReadJSON[row](strings.NewReader(`{"Price":NaN,"Money":Infinity,"List":[1,NaN,-Infinity],"Raw":{"a":NaN,"b":"NaN"}}`)))
	if errs != nil {
		t.Fatal(errs)
	}
	one := 1.0
	want := []row{{Money: money{"null"}, List: []*float64{&one, nil, nil}, Raw: json.RawMessage(`{"a":null,"b":"NaN"}`)}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(money{})); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestReadJSONMaps(t *testing.T) {
	got, errs := collect(ReadJSON[map[string]any](strings.NewReader(
		`[{"a":NaN,"a":{"b":[NaN,1]},"\u0061":"x"},{"Double":1e999},{"l":[1e999]},null,[1],{}]`)))
	want := []map[string]any{{"a": "x"}, nil, {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("maps (-want +got):\n%s", diff)
	}
	wantErrs := []string{
		"csvjson: line 1, column 53: row 2: Double: a JSON number does not fit float64",
		"csvjson: line 1, column 65: row 3: l: a JSON number does not fit float64",
		"csvjson: line 1, column 79: row 5: a JSON array does not fit map[string]interface {}",
	}
	if diff := cmp.Diff(wantErrs, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

// TestReadJSONCrowdedObjects: what has very many members is left to
// encoding/json, and nothing of it is lost.
func TestReadJSONCrowdedObjects(t *testing.T) {
	for _, n := range []int{maxMembers - 1, maxMembers, maxMembers + 1, 3 * maxMembers} {
		var text strings.Builder
		text.WriteString(`{"first":1`)
		for i := range n - 2 {
			fmt.Fprintf(&text, `,"%d":NaN`, i)
		}
		text.WriteString(`,"last":"x"} {"first":2}`)
		maps, errs := collect(ReadJSON[map[string]any](strings.NewReader(text.String())))
		if errs != nil || len(maps) != 2 || len(maps[0]) != n || maps[0]["last"] != "x" || maps[1]["first"] != 2.0 {
			t.Errorf("%d members: %d maps, the first of %d; errors %q", n, len(maps), len(maps[0]), errs)
		}
		type row struct {
			First int
			Last  string
		}
		rows, errs := collect(ReadJSON[row](strings.NewReader(text.String())))
		if diff := cmp.Diff([]row{{1, "x"}, {2, ""}}, rows); diff != "" || errs != nil {
			t.Errorf("%d members: errors %q, rows (-want +got):\n%s", n, errs, diff)
		}
	}
}

func TestReadJSONErrorsHoldNoText(t *testing.T) {
	_, errs := collect(ReadJSON[everything](strings.NewReader(
		`{"Int":4711} {"s":4711} {"Nested":{"A":4711}} {"Slice":[0,4711.5]} {"Map":4711} 4711`)))
	want := []string{
		"csvjson: line 1, column 8: row 1: Int: a JSON number does not fit int8",
		"csvjson: line 1, column 19: row 2: s: a JSON number does not fit string",
		"csvjson: line 1, column 35: row 3: Nested.A: a JSON number does not fit string",
		"csvjson: line 1, column 56: row 4: Slice: a JSON number does not fit int",
		"csvjson: line 1, column 75: row 5: Map: a JSON number does not fit map[string]interface {}",
		"csvjson: line 1, column 81: row 6: a JSON number does not fit csvjson.everything",
	}
	if diff := cmp.Diff(want, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}
