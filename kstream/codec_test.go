package kstream

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type codecBook struct {
	Title string  `json:"title"`
	Price float64 `json:"price"`
}

func TestDefaultCodec(t *testing.T) {
	roundTrip(t, "bytes", []byte("\x00\xff raw"), "\x00\xff raw")
	roundTrip(t, "string", "plain <b>", "plain <b>")
	roundTrip(t, "raw JSON", json.RawMessage(`{"a": 1}`), `{"a": 1}`)
	roundTrip(t, "struct", codecBook{"R&B <3", 12.5}, `{"title":"R&B <3","price":12.5}`)
	roundTrip(t, "pointer", &codecBook{"x", 1}, `{"title":"x","price":1}`)
	roundTrip(t, "interface", any("s"), `"s"`)
}

func roundTrip[T any](t *testing.T, name string, v T, wire string) {
	t.Run(name, func(t *testing.T) {
		c := DefaultCodec[T]()
		got, err := c.Append([]byte("before "), v)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("before "+wire, string(got)); diff != "" {
			t.Errorf("Append (-want +got):\n%s", diff)
		}
		back, err := c.Decode([]byte(wire))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(v, back); diff != "" {
			t.Errorf("Decode (-want +got):\n%s", diff)
		}
	})
}

func TestJSONCodecAfterAnError(t *testing.T) {
	c := JSON[any]()
	for range 2 {
		if got, err := c.Append([]byte("kept"), math.NaN()); err == nil || string(got) != "kept" {
			t.Errorf("Append of NaN = %q, %v; want what was there, and an error", got, err)
		}
		if got, err := c.Append(nil, 1); err != nil || string(got) != "1" {
			t.Errorf("Append after an error = %q, %v", got, err)
		}
	}
	if _, err := c.Decode([]byte(`{"cut":`)); err == nil || !strings.Contains(err.Error(), "unexpected end") {
		t.Errorf("Decode of broken JSON: %v", err)
	}
}

func TestBytesCodecAliasesButCannotGrowInto(t *testing.T) {
	page := []byte("onetwo")
	v, _ := DefaultCodec[[]byte]().Decode(page[:3])
	_ = append(v, "XXX"...)
	if string(page) != "onetwo" {
		t.Errorf("appending to one record's value wrote over the next: %q", page)
	}
}
