package kstream

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/ratelimit"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestOvertakenEntriesAreExcused has calls in which some entries of a shard are
// throttled before others are accepted.
func TestOvertakenEntriesAreExcused(t *testing.T) {
	type entry struct {
		queue int
		size  int
		fate  fate
	}
	for _, tt := range []struct {
		name    string
		entries []entry
		slower  [2]bool
	}{
		{"nothing throttled", []entry{{0, 100, written}, {1, 100, written}}, [2]bool{}},
		{"overtaken", []entry{{0, 100, written}, {0, 100, throttled}, {0, 100, throttled}, {0, 100, written}}, [2]bool{}},
		{"the last one", []entry{{0, 100, written}, {0, 100, throttled}}, [2]bool{true}},
		{"overtaken by one of another shard", []entry{{0, 100, throttled}, {1, 100, written}}, [2]bool{true, false}},
		{"overtaken by a smaller one", []entry{{0, 101, throttled}, {0, 100, written}}, [2]bool{true}},
		{"one of two by a smaller one", []entry{{0, 100, throttled}, {0, 101, throttled}, {0, 100, written}}, [2]bool{true}},
		{"by a smaller one, then a larger", []entry{{0, 101, throttled}, {0, 100, written}, {0, 101, written}}, [2]bool{}},
		{"twice", []entry{{0, 101, throttled}, {0, 101, written}, {0, 50, throttled}, {0, 50, written}}, [2]bool{}},
		{"by one that failed otherwise", []entry{{0, 100, throttled}, {0, 100, postponed}}, [2]bool{true}},
		{"here and not there", []entry{{0, 100, throttled}, {0, 100, written}, {1, 100, written}, {1, 100, throttled}}, [2]bool{false, true}},
	} {
		now := time.Second
		var queues [2]sendQueue
		for i := range queues {
			queues[i].pace = newShardPace(time.Time{}, now, 1, 1, 1)
			queues[i].pace.answer(now, now, ratelimit.Limits{Records: 1000, Bytes: 1000}, ratelimit.Limits{}, ratelimit.Limits{})
		}
		c := &call{sent: now + time.Millisecond}
		for _, e := range tt.entries {
			c.entries = append(c.entries, callEntry{queue: &queues[e.queue], sent: e.size})
			c.answers = append(c.answers, answer{fate: e.fate})
		}
		c.teachPaces(now + 30*time.Millisecond)
		for i := range queues {
			if share := queues[i].pace.share(); (share < 1) != tt.slower[i] {
				t.Errorf("%s: shard %d is written at %v of its limit, want slower: %v", tt.name, i, share, tt.slower[i])
			}
		}
	}
}

// TestThroughputDespiteChance has some entries throttled whatever the rate.
func TestThroughputDespiteChance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		size   int
		chance float64
		least  float64 // of the limit
		only   bool    // in a long run
	}{
		{100, 0.001, 0.98, true},
		{100, 0.005, 0.96, true},
		{100, 0.01, 0.9, false},
		{4 << 10, 0.001, 0.95, true},
		{4 << 10, 0.005, 0.75, false},
		{4 << 10, 0.01, 0.4, false},
	} {
		t.Run(fmt.Sprintf("%d bytes, %v", tt.size, tt.chance), func(t *testing.T) {
			if tt.only && !long() {
				t.Skip("set KINESISKIT_LONG=1; what is harder runs here")
			}
			opts := kstreamtest.Options{
				Delay: 30 * time.Millisecond, MaxBytes: -1,
				Faults: []kstreamtest.Fault{{Kind: kstreamtest.Throttle, Operation: "PutRecords", Chance: tt.chance}},
			}
			inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.PartitionKey, cfg.MaxBufferedBytes = nil, 1<<20 })
				window := 30 * time.Second
				if long() {
					window = 2 * time.Minute
				}
				value := func(int) string { return strings.Repeat("x", tt.size) }
				sendUntil(t, p, time.Now().Add(window/3), value)
				began, before := time.Now(), srv.Counters()
				sendUntil(t, p, began.Add(window), value)
				r := rateSince(srv, before, time.Since(began), 1)
				closeProducer(t, p)
				share := max(r.records/limitRecords, r.bytes/limitBytes)
				t.Logf("%.3f of the limit", share)
				if share < tt.least {
					t.Errorf("the shard took %.3f of its limit, want at least %v", share, tt.least)
				}
			})
		})
	}
}
