package jsonscan_test

import (
	"encoding/json"
	"testing"

	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

var quoteSeeds = []string{
	"", "a", "partition-key-000123", "01234567", "0123456\"", "01234567\\", "\"", "\\", "/", "<>&'",
	"\b\f\n\r\t\x00\x1f\x7f", "é日本😀", "\u2027\u2028\u2029\u202a", "\ufffd", "\xff", "ab\xe2\x80", "\xed\xa0\x80", "0123456789\xff0123456789é",
}

func TestQuote(t *testing.T) {
	for _, text := range quoteSeeds {
		checkQuote(t, text)
	}
}

func FuzzQuote(f *testing.F) {
	for _, text := range quoteSeeds {
		f.Add(text)
	}
	f.Fuzz(checkQuote)
}

// checkQuote has encoding/json read what AppendString wrote.
func checkQuote(t *testing.T, text string) {
	t.Helper()
	quoted := jsonscan.AppendString([]byte("x"), text)[1:]
	var got string
	if err := json.Unmarshal(quoted, &got); err != nil {
		t.Fatalf("%q is written as %s: %v", text, quoted, err)
	}
	if want := string([]rune(text)); got != want {
		t.Errorf("%q is written as %s, which is %q", text, quoted, got)
	}
	if n := jsonscan.QuotedLen(text); n != len(quoted) {
		t.Errorf("QuotedLen(%q) = %d, but %s has %d bytes", text, n, quoted, len(quoted))
	}
	s := jsonscan.New(quoted)
	if back := s.String(); back != got || s.Failed() {
		t.Errorf("%s is read back as %q", quoted, back)
	}
}
