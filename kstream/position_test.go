package kstream

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPositionText(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 789_000_000, time.FixedZone("", 3600))
	quiet := AfterRecord("4959", 17)
	quiet.time = at.UTC()
	tests := []struct {
		position Position
		text     string
	}{
		{Position{}, "TRIM_HORIZON"},
		{TrimHorizon(), "TRIM_HORIZON"},
		{Latest(), "LATEST"},
		{AtTime(at), "AT_TIMESTAMP 2026-02-03T03:05:06.789Z"},
		{AtSequenceNumber("0"), "AT_SEQUENCE_NUMBER 0"},
		{AfterSequenceNumber("4959"), "AFTER_SEQUENCE_NUMBER 4959"},
		{AfterRecord("4959", 0), "AFTER_SEQUENCE_NUMBER 4959 0"},
		{AfterRecord("4959", 17), "AFTER_SEQUENCE_NUMBER 4959 17"},
		{quiet, "AFTER_SEQUENCE_NUMBER 4959 17 2026-02-03T03:05:06.789Z"},
		{ShardEnd(), "SHARD_END"},
	}
	for _, tt := range tests {
		text, err := tt.position.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.text, string(text)); diff != "" {
			t.Errorf("MarshalText (-want +got):\n%s", diff)
		}
		var back Position
		if err := back.UnmarshalText(text); err != nil {
			t.Errorf("%s: %v", tt.text, err)
		}
		if !back.Equal(tt.position) {
			t.Errorf("%s came back as %s", tt.position, back)
		}
	}
}

func TestPositionTextRefused(t *testing.T) {
	tests := []struct{ reason, text string }{
		{"empty", ""},
		{"unknown kind", "NEWEST"},
		{"no sequence number", "AT_SEQUENCE_NUMBER"},
		{"letters", "AT_SEQUENCE_NUMBER 12x"},
		{"leading zero", "AFTER_SEQUENCE_NUMBER 012"},
		{"too long", "AFTER_SEQUENCE_NUMBER " + strings.Repeat("1", 130)},
		{"negative member", "AFTER_SEQUENCE_NUMBER 12 -1"},
		{"no member", "AFTER_SEQUENCE_NUMBER 12 "},
		{"more after the end", "SHARD_END 3"},
		{"more after a member", "AFTER_SEQUENCE_NUMBER 12 3 4"},
		{"more after a time", "AFTER_SEQUENCE_NUMBER 12 3 2026-02-03T03:05:06Z 4"},
		{"no time", "AT_TIMESTAMP "},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			p := Latest()
			if err := p.UnmarshalText([]byte(tt.text)); err == nil {
				t.Errorf("%q was read as %s", tt.text, p)
			}
			if !p.Equal(Latest()) {
				t.Errorf("a failed UnmarshalText changed the position to %s", p)
			}
		})
	}
}

func FuzzPositionText(f *testing.F) {
	for _, seed := range []string{"TRIM_HORIZON", "LATEST", "SHARD_END", "AT_TIMESTAMP 2026-02-03T03:05:06.789Z", "AT_SEQUENCE_NUMBER 0", "AFTER_SEQUENCE_NUMBER 12 3", "AFTER_SEQUENCE_NUMBER 12 3 2026-02-03T03:05:06Z", "AFTER_SEQUENCE_NUMBER 012"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p, back Position
		if p.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := back.UnmarshalText([]byte(p.String())); err != nil || !back.Equal(p) {
			t.Errorf("%q was read as %s, then as %s (%v)", text, p, back, err)
		}
	})
}
