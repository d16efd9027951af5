package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// value reads any value, the way encoding/json reads it into an any.
func value(s *jsonscan.Scanner, kind byte) any {
	switch kind {
	case '{':
		object := map[string]any{}
		for s.Object(); s.Member(); {
			name := string(s.Name())
			object[name] = value(s, peek(s))
		}
		return object
	case '[':
		array := []any{}
		for s.Array(); s.Element(); {
			array = append(array, value(s, peek(s)))
		}
		return array
	case '"':
		return s.String()
	case 'n':
		if !s.Null() {
			s.Fail()
		}
		return nil
	case 't', 'f':
		s.Skip()
		return kind == 't'
	}
	return json.Number(s.Number())
}

// peek returns the first byte of the value that comes next.
func peek(s *jsonscan.Scanner) byte {
	rest := bytes.TrimLeft(s.Rest(), " \t\r\n")
	if len(rest) == 0 {
		return 0
	}
	return rest[0]
}

var documents = []string{
	`{}`, `[]`, `""`, `0`, `null`, `true`, `false`, `-0`, `1.5e-7`, `1E+2`, `-12.50`, "\t{\r\n} ",
	`{"a":[1,{"b":null},"c"],"d":{},"e":[[],[[]]]}`, `["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800","` + "\u00e9\x7f" + `"]`,
	`{"\u0061":1}`, `["\ud800\u0041","\udc00","\uD83D\uDE00"]`, "[\"\\n\xff\"]",
	`["0123456","01234567","012345678","0123456\"","01234567\"8","012345678\u0031"]`,
	// Names that come again, almost.
	`[{"a":1,"bc":2},{"a":3,"bc":4}]`, `[{"a":1},{"a" :2}]`, `[{"a":1},{"a"}]`, `[{"a":1},{"a"12}]`, `[{"a":1},{"a`, `[{"a":1},{"a"`, `[{"ab":1},{"a":2},{"ab":3}]`, `[{"ab":1},{"a\"":2}]`,
	``, ` `, `{`, `[`, `{]`, `[}`, `{"a":1,}`, `[1,]`, `[,1]`, `[1 2]`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1 "b":2}`, `[1}`, `{"a":1]`,
	`01`, `+1`, `.5`, `1.`, `1e`, `-`, `1x`, `nul`, `nulll`, `tru`, `fals`, `"`, `"\`, `"\u00`, `"\u00g0"`, `"\x"`, "\"\n\"", "\"0123456\x1f\"", `{} {}`, "{}\x00", "\xef\xbb\xbf{}",
}

func TestDocuments(t *testing.T) {
	for _, doc := range documents {
		checkDocument(t, []byte(doc))
	}
}

func FuzzDocument(f *testing.F) {
	for _, doc := range documents {
		f.Add([]byte(doc))
	}
	f.Fuzz(checkDocument)
}

// checkDocument holds a Scanner against encoding/json: what it reads, what it
// skips, and what it refuses.
func checkDocument(t *testing.T, doc []byte) {
	t.Helper()
	before := bytes.Clone(doc)
	s := jsonscan.New(doc)
	got := value(&s, peek(&s))
	s.End()

	skipped := jsonscan.New(doc)
	skipped.Skip()
	skipped.End()

	var want any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	valid := json.Valid(doc)
	if s.Failed() == valid {
		t.Errorf("reading %q: failed = %v, valid = %v", doc, s.Failed(), valid)
	}
	if skipped.Failed() == valid && nesting(doc) < jsonscan.MaxDepth {
		t.Errorf("skipping %q: failed = %v, valid = %v", doc, skipped.Failed(), valid)
	}
	if !bytes.Equal(doc, before) {
		t.Errorf("the document was changed from %q to %q", before, doc)
	}
	if !valid {
		return
	}
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, validText(got)); d != "" {
		t.Errorf("%q (-want +got):\n%s", doc, d)
	}
}

// nesting is an upper bound of how deeply doc nests.
func nesting(doc []byte) int {
	return bytes.Count(doc, []byte("[")) + bytes.Count(doc, []byte("{"))
}

// validText replaces what is no UTF-8, which encoding/json does and a Scanner
// does not where there are no escapes.
func validText(v any) any {
	switch v := v.(type) {
	case string:
		return string([]rune(v))
	case []any:
		for i := range v {
			v[i] = validText(v[i])
		}
	case map[string]any:
		valid := map[string]any{}
		for name, member := range v {
			valid[string([]rune(name))] = validText(member)
		}
		return valid
	}
	return v
}

// TestPair spoils every byte of an object, and cuts it off there: what Pair then
// reads is what encoding/json reads.
func TestPair(t *testing.T) {
	const front, middle, back = `{"Number":"`, `","Shard":"`, `"}`
	for _, doc := range []string{
		`{"Number":"49590338271490256608559692538361571095921575989136000001","Shard":"shardId-000000000000"}`,
		`{"Number":"","Shard":""}`, `{"Number":"a\u0062","Shard":"c"}`, `{"Number":"a","Shard":"\""}`,
		`{"Number": "a","Shard":"b"}`, `{"Shard":"b","Number":"a"}`, `{"Number":"a","Shard":"b","More":"c"}`,
	} {
		for i := range len(doc) + 1 {
			checkPair(t, doc[:i], front, middle, back)
			for _, c := range "\x00\x1f \"\\:,{}0z\x7f" {
				if i < len(doc) {
					checkPair(t, doc[:i]+string(c)+doc[i+1:], front, middle, back)
				}
			}
		}
	}
}

func checkPair(t *testing.T, doc, front, middle, back string) {
	t.Helper()
	s := jsonscan.New([]byte(doc))
	number, shard, ok := s.Pair(front, middle, back)
	if !ok {
		if s.Failed() || s.Pos() != 0 {
			t.Errorf("%q: failed = %v at %d, though it only looked", doc, s.Failed(), s.Pos())
		}
		return
	}
	var want struct{ Number, Shard string }
	if err := json.Unmarshal([]byte(doc[:s.Pos()]), &want); err != nil || want.Number != string(number) || want.Shard != string(shard) {
		t.Errorf("%q: read %q and %q, want %+v, %v", doc, number, shard, want, err)
	}
}

func TestSkipDepth(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for n, want := range map[int]bool{1: false, jsonscan.MaxDepth: false, jsonscan.MaxDepth + 1: true, 1_000_000: true} {
		s := jsonscan.New([]byte(nested(n)))
		s.Skip()
		if s.Failed() != want {
			t.Errorf("%d levels: failed = %v, want %v", n, s.Failed(), want)
		}
	}
}

func TestInt(t *testing.T) {
	tests := []struct {
		doc  string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"-0", 0, true}, {"7", 7, true}, {"-12", -12, true},
		{"9223372036854775807", math.MaxInt64, true}, {"-9223372036854775808", math.MinInt64, true},
		{"9223372036854775808", 0, false}, {"-9223372036854775809", 0, false},
		{"18446744073709551616", 0, false}, {"99999999999999999999", 0, false},
		{"1.0", 0, false}, {"1e2", 0, false}, {`"1"`, 0, false}, {"", 0, false}, {"-", 0, false}, {"x", 0, false},
	}
	for _, tt := range tests {
		s := jsonscan.New([]byte(tt.doc))
		if got := s.Int(); got != tt.want || s.Failed() == tt.ok {
			t.Errorf("%q: %d, failed = %v; want %d, ok = %v", tt.doc, got, s.Failed(), tt.want, tt.ok)
		}
	}
}

func TestDecimal(t *testing.T) {
	tests := []struct {
		doc      string
		mantissa int64
		exponent int
		ok       bool
	}{
		{"0", 0, 0, true}, {"1760000000.123", 1760000000123, -3, true}, {"1.760000000123E9", 1760000000123, -3, true},
		{"-5e+07", -5, 7, true}, {"2.50e-1", 250, -3, true}, {"123456789012345678", 123456789012345678, 0, true},
		{"1234567890123456789", 0, 0, false}, {"1e100", 0, 0, false}, {"1e-099", 0, 0, false}, {"1e99", 1, 99, true},
		{"", 0, 0, false}, {`"1"`, 0, 0, false}, {"1.", 0, 0, false}, {"NaN", 0, 0, false},
	}
	for _, tt := range tests {
		s := jsonscan.New([]byte(tt.doc))
		mantissa, exponent := s.Decimal()
		if mantissa != tt.mantissa || exponent != tt.exponent || s.Failed() == tt.ok {
			t.Errorf("%q: %d, %d, failed = %v; want %d, %d, ok = %v",
				tt.doc, mantissa, exponent, s.Failed(), tt.mantissa, tt.exponent, tt.ok)
		}
	}
}

func TestFailedScannerStaysFailed(t *testing.T) {
	s := jsonscan.New([]byte(`[1, 2, 3]`))
	s.Array()
	s.Fail()
	if s.Element() || s.Member() || s.Null() || s.Int() != 0 || s.String() != "" || s.Base64() != nil || s.Number() != nil {
		t.Error("a failed scanner goes on")
	}
	s.Skip()
	s.Object()
	s.Array()
	s.End()
	if !s.Failed() {
		t.Error("the scanner forgot that it had failed")
	}
}

func TestStringsThatShareTheDocument(t *testing.T) {
	doc := []byte(`["plain","esc\u0061ped","QUJD","tail"]`)
	s := jsonscan.New(doc)
	s.Array()
	var got []string
	for i := 0; s.Element(); i++ {
		switch i {
		case 2:
			got = append(got, string(s.Base64()))
		case 3:
			got = append(got, string(s.AppendText([]byte("and "))))
		default:
			got = append(got, s.SharedString())
		}
	}
	s.End()
	if d := cmp.Diff([]string{"plain", "escaped", "QUJD", "and tail"}, got); d != "" || s.Failed() {
		t.Errorf("failed = %v (-want +got):\n%s", s.Failed(), d)
	}
}
