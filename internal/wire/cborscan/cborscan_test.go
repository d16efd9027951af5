package cborscan_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
)

// value reads a value of the kind that its first byte, behind tags, tells.
func value(s *cborscan.Scanner, doc []byte) any {
	at := s.Pos()
	for at < len(doc) && doc[at]>>5 == 6 {
		at += 1 + map[byte]int{24: 1, 25: 2, 26: 4, 27: 8}[doc[at]&0x1f]
	}
	if at >= len(doc) {
		s.Fail()
		return nil
	}
	switch c := doc[at]; c >> 5 {
	case 0, 1:
		return s.Int()
	case 2:
		return s.Bytes()
	case 3:
		return s.String()
	case 4:
		list := []any{}
		for s.Array(); s.Element(); {
			list = append(list, value(s, doc))
		}
		return list
	case 5:
		object := map[string]any{}
		for s.Object(); s.Member(); {
			name := string(s.Name())
			object[name] = value(s, doc)
		}
		return object
	default:
		switch c {
		case 0xf4, 0xf5:
			return s.Bool()
		case 0xf6, 0xf7:
			if at == s.Pos() && s.Null() {
				return nil
			}
		}
		s.Skip()
		return "simple"
	}
}

// The first ones are of RFC 8949, appendix A.
var documents = []struct {
	hex  string
	want any
}{
	{"00", int64(0)}, {"17", int64(23)}, {"1818", int64(24)}, {"1903e8", int64(1000)}, {"1a000f4240", int64(1000000)},
	{"1b000000e8d4a51000", int64(1000000000000)}, {"20", int64(-1)}, {"3863", int64(-100)}, {"3903e7", int64(-1000)},
	{"1b7fffffffffffffff", int64(math.MaxInt64)}, {"3b7fffffffffffffff", int64(math.MinInt64)},
	{"f4", false}, {"f5", true}, {"f6", nil}, {"f7", nil}, {"f93c00", "simple"}, {"fa47c35000", "simple"}, {"fb3ff199999999999a", "simple"}, {"f8ff", "simple"},
	{"c11a514b67b0", int64(1363896240)}, {"c1c21b0000019911e5d3fb", int64(0x19911e5d3fb)},
	{"40", []byte{}}, {"4401020304", []byte{1, 2, 3, 4}}, {"60", ""}, {"62c3bc", "ü"}, {"64f0908591", "\U00010151"}, {"61ff", "\xff"},
	{"80", []any{}}, {"83010203", []any{int64(1), int64(2), int64(3)}}, {"8301820203820405", []any{int64(1), []any{int64(2), int64(3)}, []any{int64(4), int64(5)}}},
	{"a0", map[string]any{}}, {"a26161016162820203", map[string]any{"a": int64(1), "b": []any{int64(2), int64(3)}}},
	{"5f42010243030405ff", []byte{1, 2, 3, 4, 5}}, {"7f657374726561646d696e67ff", "streaming"}, {"5fff", []byte(nil)},
	{"9fff", []any{}}, {"9f018202039f0405ffff", []any{int64(1), []any{int64(2), int64(3)}, []any{int64(4), int64(5)}}},
	{"bf61610161629f0203ffff", map[string]any{"a": int64(1), "b": []any{int64(2), int64(3)}}},
	{"bf6346756ef563416d7421ff", map[string]any{"Fun": true, "Amt": int64(-2)}},
}

var malformed = []string{
	"", "18", "19ff", "1a010203", "1b01020304050607", "1c", "1d", "1e", "1f", "3f", "df", "ff", "c1", "fc",
	"41", "4a0102", "5b7fffffffffffffff00", "5bffffffffffffffff00", "61", "5f", "5f4101", "5f6161ff", "5f5f4101ffff", "7f4101ff", "5fc14101ff",
	"81", "8201", "9b7fffffffffffffff", "9f", "9f01", "a1", "a16161", "bf", "bf6161ff", "bf6161", "a20102", "a1016161", "a1f66161", "bbffffffffffffffff",
	"0000", "1bffffffffffffffff", "3bffffffffffffffff", "3b8000000000000000", "1b8000000000000000",
}

func TestDocuments(t *testing.T) {
	for _, tt := range documents {
		doc := unhex(t, tt.hex)
		s := cborscan.New(doc)
		got := value(&s, doc)
		s.End()
		if d := cmp.Diff(tt.want, got); d != "" || s.Failed() {
			t.Errorf("%s: failed = %v (-want +got):\n%s", tt.hex, s.Failed(), d)
		}
		check(t, doc)
	}
	for _, text := range malformed {
		doc := unhex(t, text)
		check(t, doc)
		s := cborscan.New(doc)
		got := value(&s, doc)
		s.End()
		if !s.Failed() {
			t.Errorf("%s is read as %v", text, got)
		}
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	doc, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// check demands that what can be read can be skipped, to the same place, and that
// it comes to the same when the document comes in pieces. cmp takes twice as long
// for every level of nesting.
func check(t *testing.T, doc []byte) {
	t.Helper()
	before := bytes.Clone(doc)
	read, skipped := cborscan.New(doc), cborscan.New(doc)
	want := value(&read, doc)
	skipped.Skip()
	for _, size := range []int{1, 2, 3, 7} {
		pieces := cborscan.NewFrom(inPieces(doc, size))
		got := value(&pieces, doc)
		if pieces.Failed() != read.Failed() || !read.Failed() && (pieces.Pos() != read.Pos() || !reflect.DeepEqual(got, want)) {
			t.Errorf("%x in pieces of %d: %v to %d, failed = %v; whole %v to %d, %v",
				doc, size, got, pieces.Pos(), pieces.Failed(), want, read.Pos(), read.Failed())
		}
		pieces = cborscan.NewFrom(inPieces(doc, size))
		if pieces.Skip(); pieces.Failed() != skipped.Failed() || !skipped.Failed() && pieces.Pos() != skipped.Pos() {
			t.Errorf("%x in pieces of %d: skipped to %d, failed = %v", doc, size, pieces.Pos(), pieces.Failed())
		}
	}
	if !read.Failed() && (skipped.Failed() || skipped.Pos() != read.Pos()) {
		t.Errorf("%x: read to %d, skipped to %d, failed = %v", doc, read.Pos(), skipped.Pos(), skipped.Failed())
	}
	if !bytes.Equal(doc, before) {
		t.Errorf("the document was changed from %x to %x", before, doc)
	}
}

func FuzzScanner(f *testing.F) {
	for _, tt := range documents {
		f.Add(unhex(f, tt.hex))
	}
	for _, text := range malformed {
		f.Add(unhex(f, text))
	}
	f.Fuzz(check)
}

// inPieces returns doc in pieces of a size, or more if more is asked for.
func inPieces(doc []byte, size int) func(rest []byte, n int) []byte {
	return func(rest []byte, n int) []byte {
		take := min(len(doc), max(size, n-len(rest)))
		piece := append(bytes.Clone(rest), doc[:take]...)
		doc = doc[take:]
		return piece
	}
}

func TestDepth(t *testing.T) {
	for n, want := range map[int]bool{1: false, cborscan.MaxDepth: false, cborscan.MaxDepth + 1: true, 1_000_000: true} {
		s := cborscan.New([]byte(strings.Repeat("\x81", n) + "\x00"))
		s.Skip()
		if s.Failed() != want {
			t.Errorf("%d levels: failed = %v, want %v", n, s.Failed(), want)
		}
	}
}

func TestAppend(t *testing.T) {
	tests := []struct {
		name string
		got  []byte
		want string
	}{
		{"map", cborscan.AppendMap(nil, 2), "a2"},
		{"array of 500", cborscan.AppendArray(nil, 500), "9901f4"},
		{"text", cborscan.AppendText(nil, "ü"), "62c3bc"},
		{"text that is not UTF-8", cborscan.AppendText(nil, "a\xff\xfe"), "6761efbfbdefbfbd"},
		{"bytes", cborscan.AppendBytes(nil, []byte{1, 2}), "420102"},
		{"no bytes", cborscan.AppendBytes(nil, nil), "40"},
		{"true", cborscan.AppendBool(nil, true), "f5"},
		{"false", cborscan.AppendBool(nil, false), "f4"},
		{"23", cborscan.AppendInt(nil, 23), "17"},
		{"24", cborscan.AppendInt(nil, 24), "1818"},
		{"255", cborscan.AppendInt(nil, 255), "18ff"},
		{"256", cborscan.AppendInt(nil, 256), "190100"},
		{"65536", cborscan.AppendInt(nil, 65536), "1a00010000"},
		{"2^32", cborscan.AppendInt(nil, 1<<32), "1b0000000100000000"},
		{"-1", cborscan.AppendInt(nil, -1), "20"},
		{"min", cborscan.AppendInt(nil, math.MinInt64), "3b7fffffffffffffff"},
	}
	for _, tt := range tests {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
