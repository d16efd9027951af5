package kstream

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestComesBackAfterAnOutage throttles everything for a while: it says nothing
// about the rate that the shards take afterwards.
func TestComesBackAfterAnOutage(t *testing.T) {
	lengths := []time.Duration{500 * time.Millisecond, 5 * time.Second}
	if long() {
		lengths = append(lengths, 30*time.Second, 5*time.Minute)
	}
	for _, length := range lengths {
		t.Run(length.String(), func(t *testing.T) {
			const begin, grace, look = time.Second, 3 * time.Second, 3 * time.Second
			opts := kstreamtest.Options{Delay: 20 * time.Millisecond, Faults: []kstreamtest.Fault{
				{Kind: kstreamtest.Throttle, Operation: "PutRecords", Begin: begin, For: length},
			}}
			inBubble(t, opts, 2, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.PartitionKey = nil })
				value := func(i int) string { return fmt.Sprint("value ", i) }
				again := time.Now().Add(begin + length + grace)
				sendUntil(t, p, again, value)
				began, before := time.Now(), srv.Counters()
				sendUntil(t, p, began.Add(look), value)
				r := rateSince(srv, before, time.Since(began), 2)
				t.Logf("%.4f of the limit; %d throttled during the outage", r.records/limitRecords, p.Stats().ThrottledEntries)
				if r.records < 0.95*limitRecords {
					t.Errorf("from %v after the outage on the shards took %.4f of their limit, want at least 0.95", grace, r.records/limitRecords)
				}
				closeProducer(t, p)
			})
		})
	}
}

// TestStartsOnADrainedBucket uploads twice in a row, each time with a Producer
// that knows nothing of the other.
func TestStartsOnADrainedBucket(t *testing.T) {
	const records, mean, shards = 8786, 1315, 2
	for _, delay := range []time.Duration{0, 30 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			inBubble(t, kstreamtest.Options{Delay: delay, MaxBytes: -1}, shards, func(t *testing.T, srv *kstreamtest.Server) {
				var before kstreamtest.Counters
				for _, drained := range []bool{false, true} {
					p := newTestProducer(t, srv, nil)
					began := time.Now()
					if _, err := p.SendAll(context.Background(), table(records, mean)); err != nil {
						t.Fatal(err)
					}
					took := time.Since(began)
					checkDrained(t, srv, before, p.Stats(), drained, took, delay)
					before = srv.Counters()
					closeProducer(t, p)
				}
			})
		})
	}
}

func checkDrained(t *testing.T, srv *kstreamtest.Server, before kstreamtest.Counters, st ProducerStats, drained bool, took, delay time.Duration) {
	t.Helper()
	var bound float64 // in seconds, with empty buckets
	for key, c := range srv.Counters().Shards {
		b := before.Shards[key]
		bound = max(bound, float64(c.RecordsIn-b.RecordsIn)/limitRecords, float64(c.BytesIn-b.BytesIn)/limitBytes)
	}
	if !drained {
		bound--
	}
	allowed := time.Duration(1.10*bound*float64(time.Second)) + 2*delay
	t.Logf("drained %v: took %v, the bound is %.3f s; %d of %d entries throttled", drained, took, bound, st.ThrottledEntries, st.Entries)
	if took > allowed {
		t.Errorf("drained %v: the upload took %v, want at most %v", drained, took, allowed)
	}
	// A first burst of a quarter of a second is sent to find out, by each shard.
	// A smaller one would slow short uploads to full buckets down.
	if st.ThrottledEntries*1000 > 40*st.Entries || !drained && st.ThrottledEntries > 0 {
		t.Errorf("drained %v: %d of %d entries were throttled", drained, st.ThrottledEntries, st.Entries)
	}
}

// TestAloneIsNotThrottled repeats what depends on chance: random keys, and the
// moments at which calls leave.
func TestAloneIsNotThrottled(t *testing.T) {
	runs, values := 15, 4_000
	if long() {
		runs, values = 100, 10_000
	}
	for _, tt := range []struct {
		name string
		key  func(string) string
	}{
		{"PartitionKey", func(v string) string { return v }},
		{"random keys", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var worst int64
			for run := range runs {
				inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
					p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.PartitionKey = tt.key })
					for i := range values {
						if err := p.Send(context.Background(), fmt.Sprintf("value %d of run %d", i, run)); err != nil {
							t.Fatal(err)
						}
					}
					closeProducer(t, p)
					st := p.Stats()
					worst = max(worst, st.ThrottledEntries)
					if st.ThrottledEntries*100 > st.Entries {
						t.Errorf("run %d: %d of %d entries were throttled", run, st.ThrottledEntries, st.Entries)
					}
				})
			}
			t.Logf("at most %d of %d entries throttled", worst, values)
		})
	}
}
