package csvjson

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func TestWindows1252(t *testing.T) {
	var all strings.Builder
	for c := range 256 {
		all.WriteByte(byte(c))
	}
	got, err := io.ReadAll(Windows1252(strings.NewReader(all.String())))
	if err != nil {
		t.Fatal(err)
	}
	runes := []rune(string(got))
	if len(runes) != 256 {
		t.Fatalf("256 bytes became %d characters", len(runes))
	}
	// Samples of https://encoding.spec.whatwg.org/index-windows-1252.txt.
	samples := map[int]rune{0: 0, 'A': 'A', 0x7f: 0x7f, 0x80: '€', 0x81: 0x81, 0x85: '…', 0x8e: 'Ž', 0x92: '’',
		0x99: '™', 0x9f: 'Ÿ', 0xa0: '\u00a0', 0xe9: 'é', 0xff: 'ÿ'}
	for c, want := range samples {
		if runes[c] != want {
			t.Errorf("byte %#x became %q, want %q", c, runes[c], want)
		}
	}
}

func TestWindows1252SmallReads(t *testing.T) {
	text := strings.Repeat("caf\xe9 \x80", 10_000)
	want := strings.Repeat("café €", 10_000)
	got, err := io.ReadAll(Windows1252(iotest.OneByteReader(strings.NewReader(text))))
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("error %v, text (-want +got):\n%.200s", err, diff)
	}
	if err := iotest.TestReader(Windows1252(strings.NewReader(text)), []byte(want)); err != nil {
		t.Error(err)
	}
}

func TestWindows1252LeavesMarkedUTF8(t *testing.T) {
	const text = "\ufeffcafé €"
	got, err := io.ReadAll(Windows1252(iotest.OneByteReader(strings.NewReader(text))))
	if string(got) != text || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWindows1252ReadErrors(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("\xe9"), iotest.ErrReader(io.ErrClosedPipe))
	got, err := io.ReadAll(Windows1252(broken))
	if string(got) != "é" || err != io.ErrClosedPipe {
		t.Errorf("got %q, %v, want what came before the error, and the error", got, err)
	}
}

func TestUTF16(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"little-endian", "\xff\xfea\x00,\x00\xe9\x00\n\x00", "\ufeffa,é\n"},
		{"big-endian", "\xfe\xff\x00a\x00\xe9", "\ufeffaé"},
		{"no mark", "a\x00b\x00", "ab"},
		{"surrogates", "\x3d\xd8\x00\xde", "😀"},
		{"half a pair", "\x3d\xd8a\x00", "\ufffda"},
		{"half a pair at the end", "a\x00\x3d\xd8", "a\ufffd"},
		{"halves in the wrong order", "\x00\xde\x3d\xd8", "\ufffd\ufffd"},
		{"half a unit", "a\x00b", "a\ufffd"},
		{"nothing", "", ""},
		{"big-endian, no mark", "\x00a\x00\xe9", "aé"},
		{"UTF-8 after all", "\xef\xbb\xbfé\n", "\ufeffé\n"},
		{"a mark, no zero byte", "\xff\xfe\xe5\x65\x2c\x67", "\ufeff日本"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
				got, err := io.ReadAll(UTF16(r))
				if diff := cmp.Diff(test.want, string(got)); diff != "" || err != nil {
					t.Errorf("error %v, text (-want +got):\n%s", err, diff)
				}
			}
		})
	}
}

// TestUTF16RefusesOtherText: of UTF-8 it would make a header without an end.
func TestUTF16RefusesOtherText(t *testing.T) {
	for _, text := range []string{"Title,Price\nA,1\n", "a", strings.Repeat("é", maxWithoutZero)} {
		for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			if _, err := io.Copy(io.Discard, UTF16(r)); err != errNotUTF16 {
				t.Errorf("%.10q: error %v, want %v", text, err, errNotUTF16)
			}
		}
	}
	const text = "Title\nA\n"
	_, err := Convert(io.Discard, Options{Decoder: UTF16}, texts(text)...)
	want := "csvjson: a.csv: line 1, column 1: not UTF-16: it has no zero byte, so no newline; likely UTF-8"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// FuzzUTF16 checks that text survives the way through UTF-16.
func FuzzUTF16(f *testing.F) {
	f.Add("a,é\n€😀", true)
	f.Fuzz(func(t *testing.T, text string, big bool) {
		var order binary.AppendByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		var encoded []byte
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			encoded = order.AppendUint16(encoded, unit)
		}
		got, err := io.ReadAll(UTF16(iotest.HalfReader(bytes.NewReader(encoded))))
		if want := "\ufeff" + strings.ToValidUTF8(string([]rune(text)), "\ufffd"); string(got) != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
}
