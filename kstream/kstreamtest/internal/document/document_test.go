package document

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// cborCases are from RFC 8949, appendix A, but for the last few.
var cborCases = []struct {
	hex  string
	want any
}{
	{"00", int64(0)},
	{"17", int64(23)},
	{"1818", int64(24)},
	{"1903e8", int64(1000)},
	{"1a000f4240", int64(1000000)},
	{"1b000000e8d4a51000", int64(1000000000000)},
	{"20", int64(-1)},
	{"3903e7", int64(-1000)},
	{"f90000", 0.0},
	{"f93c00", 1.0},
	{"f97bff", 65504.0},
	{"f90001", 5.960464477539063e-08},
	{"f9c400", -4.0},
	{"f97c00", math.Inf(1)},
	{"f97e00", math.NaN()},
	{"fa47c35000", 100000.0},
	{"fb3ff199999999999a", 1.1},
	{"f4", false},
	{"f5", true},
	{"f6", nil},
	{"f7", nil},
	{"c11a514b67b0", int64(1363896240)},
	{"40", []byte{}},
	{"4401020304", []byte{1, 2, 3, 4}},
	{"60", ""},
	{"6449455446", "IETF"},
	{"62c3bc", "ü"},
	{"80", []any{}},
	{"8301820203820405", []any{int64(1), []any{int64(2), int64(3)}, []any{int64(4), int64(5)}}},
	{"a0", map[string]any{}},
	{"a26161016162820203", map[string]any{"a": int64(1), "b": []any{int64(2), int64(3)}}},
	{"5f42010243030405ff", []byte{1, 2, 3, 4, 5}},
	{"7f657374726561646d696e67ff", "streaming"},
	{"9fff", []any{}},
	{"9f018202039f0405ffff", []any{int64(1), []any{int64(2), int64(3)}, []any{int64(4), int64(5)}}},
	{"bf61610161629f0203ffff", map[string]any{"a": int64(1), "b": []any{int64(2), int64(3)}}},
}

func TestParseCBOR(t *testing.T) {
	for _, c := range cborCases {
		data, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(data, CBOR)
		if err != nil {
			t.Errorf("%s: %v", c.hex, err)
		}
		if diff := cmp.Diff(c.want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.hex, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name   string
		format Format
		data   string
	}{
		{"nothing", CBOR, ""},
		{"cut integer", CBOR, "\x19\x03"},
		{"cut string", CBOR, "\x64IET"},
		{"a length beyond everything", CBOR, "\x5b\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"an array that promises more", CBOR, "\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
		{"two documents", CBOR, "\x01\x02"},
		{"a key that is no text", CBOR, "\xa1\x01\x02"},
		{"a chunk of another type", CBOR, "\x5f\x61a\xff"},
		{"no end", CBOR, "\x9f\x01"},
		{"an integer over 63 bits", CBOR, "\x1b\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"reserved length", CBOR, "\x1c"},
		{"indefinite integer", CBOR, "\x1f"},
		{"break alone", CBOR, "\xff"},
		{"too deep", CBOR, string(must(hex.DecodeString(strings.Repeat("81", maxDepth+1) + "01")))},
		{"nothing", JSON, ""},
		{"cut object", JSON, `{"a":`},
		{"two documents", JSON, `{} {}`},
		{"text after it", JSON, `{} x`},
		{"bare NaN", JSON, `{"a":NaN}`},
	}
	for _, test := range tests {
		if v, err := Parse([]byte(test.data), test.format); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: %v, %v", test.name, v, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// write writes one of everything.
func write(w *Writer) {
	w.Object()
	w.Key("Text")
	w.String("quote \" backslash \\ line\nbell \a ü 😀 bad \xff")
	w.Key("Bytes")
	w.Text([]byte("ü"))
	w.Key("Plain")
	w.Plain([]byte("49"))
	w.Key("Numbers")
	w.Array()
	for _, n := range []int64{0, 23, 24, 255, 256, 65535, 65536, 1 << 40, -1, -1000} {
		w.Int(n)
	}
	w.End()
	w.Key("Yes")
	w.Bool(true)
	w.Key("No")
	w.Bool(false)
	w.Key("Nothing")
	w.Null()
	w.Key("Time")
	w.Time(time.UnixMilli(1700000000007))
	w.Key("Blob")
	w.Blob([]byte{1, 2, 3, 255})
	w.Key("Empty")
	w.Array()
	w.Object()
	w.End()
	w.End()
	w.End()
}

func TestWriter(t *testing.T) {
	tests := []struct {
		format Format
		want   map[string]any
	}{
		{JSON, map[string]any{
			"Text": "quote \" backslash \\ line\nbell \a ü 😀 bad \ufffd", "Bytes": "ü", "Plain": "49",
			"Numbers": []any{Number("0"), Number("23"), Number("24"), Number("255"), Number("256"), Number("65535"), Number("65536"),
				Number("1099511627776"), Number("-1"), Number("-1000")},
			"Yes": true, "No": false, "Nothing": nil, "Time": Number("1700000000.007"), "Blob": "AQID/w==",
			"Empty": []any{map[string]any{}},
		}},
		{CBOR, map[string]any{
			"Text": "quote \" backslash \\ line\nbell \a ü 😀 bad \xff", "Bytes": "ü", "Plain": "49",
			"Numbers": []any{int64(0), int64(23), int64(24), int64(255), int64(256), int64(65535), int64(65536), int64(1) << 40, int64(-1), int64(-1000)},
			"Yes":     true, "No": false, "Nothing": nil, "Time": int64(1700000000007), "Blob": []byte{1, 2, 3, 255},
			"Empty": []any{map[string]any{}},
		}},
	}
	for _, test := range tests {
		w := NewWriter(test.format, []byte("before"))
		w.Grow(10)
		write(w)
		got, err := Parse(w.Bytes()[len("before"):], test.format)
		if err != nil {
			t.Errorf("format %d: %v in %q", test.format, err, w.Bytes())
		}
		if diff := cmp.Diff(any(test.want), got); diff != "" {
			t.Errorf("format %d (-want +got):\n%s", test.format, diff)
		}
	}
}

// FuzzParse checks that what is parsed can be written and parsed again.
func FuzzParse(f *testing.F) {
	for _, c := range cborCases {
		f.Add(must(hex.DecodeString(c.hex)), true)
	}
	for _, format := range []Format{JSON, CBOR} {
		w := NewWriter(format, nil)
		write(w)
		f.Add(w.Bytes(), format == CBOR)
	}
	f.Fuzz(func(t *testing.T, data []byte, cbor bool) {
		format := JSON
		if cbor {
			format = CBOR
		}
		v, err := Parse(data, format)
		if err != nil {
			if !errors.Is(err, ErrSyntax) {
				t.Errorf("%v", err)
			}
			return
		}
		if !writable(v) {
			return
		}
		w := NewWriter(format, nil)
		rewrite(w, v)
		again, err := Parse(w.Bytes(), format)
		if err != nil {
			t.Fatalf("%v in %q", err, w.Bytes())
		}
		if diff := cmp.Diff(v, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}

// writable reports whether a Writer can write the value: it has no floats, and
// takes names as they are.
func writable(v any) bool {
	switch v := v.(type) {
	case float64:
		return false
	case Number:
		_, err := v.Int64()
		return err == nil && v != "-0"
	case []any:
		for _, item := range v {
			if !writable(item) {
				return false
			}
		}
	case map[string]any:
		for name, item := range v {
			for _, c := range []byte(name) {
				if c < ' ' || c > '~' || c == '"' || c == '\\' {
					return false
				}
			}
			if !writable(item) {
				return false
			}
		}
	}
	return true
}

func rewrite(w *Writer, v any) {
	switch v := v.(type) {
	case nil:
		w.Null()
	case bool:
		w.Bool(v)
	case string:
		w.String(v)
	case []byte:
		w.Blob(v)
	case int64:
		w.Int(v)
	case Number:
		n, _ := v.Int64()
		w.Int(n)
	case []any:
		w.Array()
		for _, item := range v {
			rewrite(w, item)
		}
		w.End()
	case map[string]any:
		w.Object()
		for name, item := range v {
			w.Key(name)
			rewrite(w, item)
		}
		w.End()
	}
}
