package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBound(t *testing.T) {
	service := limits{records: 1000, bytes: 1 << 20, bucket: time.Second}
	tests := []struct {
		name        string
		limits      limits
		loads       []load
		full, empty time.Duration
	}{
		{"nothing", service, []load{{}}, 0, 0},
		{"within the bucket", service, []load{{records: 212, bytes: 1 << 18}}, 0, time.Second / 4},
		{"records bind", service, []load{{records: 4000, bytes: 1 << 20}}, 3 * time.Second, 4 * time.Second},
		{"bytes bind", service, []load{{records: 1000, bytes: 6 << 20}}, 5 * time.Second, 6 * time.Second},
		{"the slowest shard binds", service, []load{{records: 1500}, {bytes: 3 << 20}, {}}, 2 * time.Second, 3 * time.Second},
		{"no limits", limits{}, []load{{records: 1e9, bytes: 1e12}}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.limits.bound(tt.loads, true); got != tt.full {
				t.Errorf("full buckets: %v, want %v", got, tt.full)
			}
			if got := tt.limits.bound(tt.loads, false); got != tt.empty {
				t.Errorf("empty buckets: %v, want %v", got, tt.empty)
			}
		})
	}
}

// TestLoadsOf uses keys whose MD5 is well known: that of "a" begins with 0c,
// that of "b" with 92, that of "c" with 4a.
func TestLoadsOf(t *testing.T) {
	records := []record{
		{"a", json.RawMessage(`1`)}, {"b", json.RawMessage(`22`)}, {"c", json.RawMessage(`333`)}, {"a", json.RawMessage(`4444`)},
	}
	tests := []struct {
		shards int
		want   string
	}{
		{1, "[{4 14}]"},
		{2, "[{3 11} {1 3}]"},
		{4, "[{2 7} {1 4} {1 3} {0 0}]"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, fmt.Sprint(loadsOf(records, tt.shards))); diff != "" {
			t.Errorf("%d shards (-want +got):\n%s", tt.shards, diff)
		}
	}
}

func TestUsage(t *testing.T) {
	tests := []struct {
		size, units, rounded int64
	}{
		{0, 1, 1 << 10}, {1, 1, 1 << 10}, {1 << 10, 1, 1 << 10}, {1<<10 + 1, 1, 2 << 10},
		{25 << 10, 1, 25 << 10}, {25<<10 + 1, 2, 26 << 10}, {1 << 20, 41, 1 << 20},
	}
	for _, tt := range tests {
		var u usage
		u.add(tt.size)
		if want := (usage{units: tt.units, rounded: tt.rounded, bytes: tt.size}); u != want {
			t.Errorf("%d bytes: %+v, want %+v", tt.size, u, want)
		}
	}
}

// TestCost prices two shards or one stream for an hour, a million units, a GB
// in and out.
func TestCost(t *testing.T) {
	p := prices{shardHour: 0.015, putUnits: 0.014, streamHour: 0.04, gbIn: 0.08, gbOut: 0.04}
	u := usage{units: 1e6, rounded: gb, bytes: gb, shards: 2}
	if got, want := money(p.provisioned(u)), "0.0300 + 0.014000"; got != want {
		t.Errorf("provisioned: %s, want %s", got, want)
	}
	if got, want := money(p.onDemand(u)), "0.0400 + 0.120000"; got != want {
		t.Errorf("on demand: %s, want %s", got, want)
	}
}
