package csvjson

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

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

func TestWindows1252ReadErrors(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("\xe9"), iotest.ErrReader(io.ErrClosedPipe))
	got, err := io.ReadAll(Windows1252(broken))
	if string(got) != "é" || err != io.ErrClosedPipe {
		t.Errorf("got %q, %v, want what came before the error, and the error", got, err)
	}
}
