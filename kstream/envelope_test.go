package kstream

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
)

// testAggregate packs values under their own text as key.
func testAggregate(values ...string) []byte {
	var b kpl.Builder
	for _, v := range values {
		b.Add(kpl.Member{PartitionKey: v[:1], Data: []byte(v)})
	}
	return b.AppendTo(nil)
}

// envelopeTools makes what a Producer and a Consumer have.
func envelopeTools(tb testing.TB) (seal func([]byte) []byte, open func([]byte) ([]byte, error)) {
	tb.Helper()
	enc, err := newCompressor()
	if err != nil {
		tb.Fatal(err)
	}
	dec, err := newDecompressor()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(dec.Close)
	seal = func(aggregate []byte) []byte { return appendEnvelope(nil, enc, aggregate) }
	open = func(data []byte) ([]byte, error) { return openEnvelope(nil, dec, data) }
	return seal, open
}

func TestEnvelope(t *testing.T) {
	seal, open := envelopeTools(t)
	for _, tt := range []struct {
		name      string
		aggregate []byte
	}{
		{"one member", testAggregate("a")},
		{"some", testAggregate("a", "b", "c")},
		{"a megabyte of text", testAggregate(strings.Repeat("all work and no play ", 50_000))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sealed := seal(tt.aggregate)
			if !isEnveloped(sealed) || isEnveloped(tt.aggregate) {
				t.Error("only the sealed record is in an envelope")
			}
			got, err := open(sealed)
			if err != nil || !bytes.Equal(got, tt.aggregate) {
				t.Errorf("open: %d bytes of %d, %v", len(got), len(tt.aggregate), err)
			}
			for cut := range min(len(sealed), 64) {
				if _, err := open(sealed[:cut]); !errors.Is(err, errEnvelope) {
					t.Fatalf("cut after %d bytes: %v", cut, err)
				}
			}
		})
	}
}

func TestEnvelopeOfOthers(t *testing.T) {
	seal, open := envelopeTools(t)
	good := seal(testAggregate("a", "b"))
	for _, tt := range []struct{ name, data, reason string }{
		{"empty", "", "a record may hold nothing"},
		{"magic only", envelopeMagic, "four bytes may be chance"},
		{"unknown version", envelopeMagic + "\x02" + string(good[5:]), "a later release's"},
		{"no aggregate", string(seal([]byte("plain text"))), "the content decides, not the magic number"},
		{"wrong length", envelopeMagic + "\x01\x05" + string(good[6:]), ""},
		{"enormous length", envelopeMagic + "\x01\xff\xff\xff\xff\x7f" + string(good[6:]), "must not be allocated"},
		{"text", envelopeMagic + "\x01 hello", ""},
		{"something behind", string(good) + "x", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := open([]byte(tt.data)); !errors.Is(err, errEnvelope) || len(got) > 0 {
				t.Errorf("open: %q, %v; %s", got, err, tt.reason)
			}
		})
	}
}

func FuzzEnvelope(f *testing.F) {
	seal, open := envelopeTools(f)
	f.Add([]byte(nil))
	f.Add(seal(testAggregate("a", "b")))
	f.Add(seal([]byte("plain text")))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := open(data)
		if (err == nil) != kpl.Aggregated(got) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	})
}
