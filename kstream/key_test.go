package kstream

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func TestPartitionKey(t *testing.T) {
	tests := []struct {
		name, text, want, reason string
	}{
		{"plain", "Dune", "Dune", "a legal text is its own key"},
		{"empty", "", "(empty)", "the service wants at least one character"},
		{"not UTF-8", "caf\xe9", "caf\uFFFD", "the service hashes characters, and JSON cannot carry other bytes"},
		{"256 letters", strings.Repeat("x", 256), strings.Repeat("x", 256), "the bound is inclusive"},
		{"256 letters of two bytes", strings.Repeat("é", 256), strings.Repeat("é", 256), "characters count, not bytes"},
		{"257 letters", strings.Repeat("x", 257), strings.Repeat("x", 239) + "~", "cut, and told apart by a hash"},
		{"beyond the BMP", strings.Repeat("📚", 129), strings.Repeat("📚", 119) + "~", "two UTF-16 units each, never cut in half"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := PartitionKey(tt.text)
			if strings.HasSuffix(tt.want, "~") { // the hash has a test of its own
				got = got[:len(got)-16]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("PartitionKey (-want +got), %s:\n%s", tt.reason, diff)
			}
			if err := checkKey(PartitionKey(tt.text)); err != nil {
				t.Errorf("the key is refused: %v", err)
			}
		})
	}
}

func TestPartitionKeyTellsLongTextsApart(t *testing.T) {
	long := strings.Repeat("The Complete Works, Volume ", 12)
	a, b := PartitionKey(long+"1"), PartitionKey(long+"2")
	if a == b {
		t.Errorf("texts that differ after 256 characters share the key %q", a)
	}
	if a != PartitionKey(long+"1") {
		t.Error("the same text has two keys")
	}
}

func TestCheckKey(t *testing.T) {
	for key, legal := range map[string]bool{
		"k":                        true,
		"":                         false,
		"\xff":                     false,
		strings.Repeat("é", 256):   true,
		strings.Repeat("é", 257):   false,
		strings.Repeat("📚", 128):   true,
		strings.Repeat("📚", 129):   false,
		strings.Repeat("x", 1<<20): false,
	} {
		if err := checkKey(key); (err == nil) != legal {
			t.Errorf("checkKey of %.20q (%d bytes) = %v, legal is %t", key, len(key), err, legal)
		}
	}
}

func FuzzPartitionKey(f *testing.F) {
	for _, s := range []string{"", "Dune", "\xff", strings.Repeat("📚", 129), strings.Repeat("x", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key := PartitionKey(text)
		if err := checkKey(key); err != nil {
			t.Fatal(err)
		}
		if n := len(utf16.Encode([]rune(key))); n > maxKeyLength {
			t.Fatalf("%d UTF-16 units", n)
		}
		if checkKey(text) == nil && key != text {
			t.Fatalf("a legal text became %q", key)
		}
	})
}
