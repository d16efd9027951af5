package kstream

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestComesBackAfterAnOutage throttles everything for a while, or fails all
// calls: it says nothing about the rate that the shards take afterwards. The
// whole run takes hardly longer than the shards need.
func TestComesBackAfterAnOutage(t *testing.T) {
	t.Parallel()
	const (
		begin  = time.Second
		shards = 2
		values = 20_000
	)
	for _, tt := range []struct {
		kind   kstreamtest.FaultKind
		length time.Duration
		only   bool // in a long run
	}{
		{kstreamtest.Throttle, 500 * time.Millisecond, false},
		{kstreamtest.Throttle, 5 * time.Second, false},
		{kstreamtest.Throttle, time.Minute, false},
		{kstreamtest.Throttle, 10 * time.Minute, true},
		{kstreamtest.Fail, 5 * time.Second, false},
		{kstreamtest.Fail, time.Minute, false},
	} {
		t.Run(fmt.Sprint(tt.kind, " ", tt.length), func(t *testing.T) {
			if tt.only && !long() {
				t.Skip("takes long: set KINESISKIT_LONG=1; shorter outages run here")
			}
			opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: []kstreamtest.Fault{
				{Kind: tt.kind, Operation: "PutRecords", Begin: begin, For: tt.length},
			}}
			inBubble(t, opts, shards, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.PartitionKey = nil })
				began := time.Now()
				for i := range values {
					if err := p.Send(context.Background(), fmt.Sprint("value ", i)); err != nil {
						t.Fatal(err)
					}
				}
				closeProducer(t, p)
				took := time.Since(began)
				wantDelivered(t, p, values)
				// A full bucket at the start; what gathers during the outage is
				// not counted on.
				ideal := tt.length + time.Duration(values/shards-limitRecords)*time.Second/limitRecords
				st := p.Stats()
				t.Logf("took %v, ideal %v; %d entries throttled, %d of %d calls failed", took, ideal, st.ThrottledEntries, st.FailedCalls, st.Calls)
				if took > time.Duration(1.1*float64(ideal)) {
					t.Errorf("took %v, want at most 1.1 times %v", took, ideal)
				}
				if most := shards * (1000 + int64(12*tt.length.Seconds())); st.ThrottledEntries > most {
					t.Errorf("%d entries were throttled, want at most %d", st.ThrottledEntries, most)
				}
			})
		})
	}
}

func wantDelivered(t *testing.T, p *Producer[string], values int64) {
	t.Helper()
	if st := p.Stats(); st.Delivered != values || st.Failed != 0 {
		t.Errorf("%d values delivered and %d failed, want all of %d delivered", st.Delivered, st.Failed, values)
	}
}

// TestStartsOnADrainedBucket uploads twice in a row, each time with a Producer
// that knows nothing of the other.
func TestStartsOnADrainedBucket(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	runs, values := 4, 4_000
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
			for run := range runs {
				inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
					p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.PartitionKey = tt.key })
					for i := range values {
						if err := p.Send(context.Background(), fmt.Sprintf("value %d of run %d", i, run)); err != nil {
							t.Fatal(err)
						}
					}
					closeProducer(t, p)
					if st := p.Stats(); st.ThrottledEntries > 0 {
						t.Errorf("run %d: %d of %d entries were throttled", run, st.ThrottledEntries, st.Entries)
					}
				})
			}
		})
	}
}

// TestExpiresAsSoonAsItIsBack has a value under way at the moment at which the
// queues are looked through for values to expire.
func TestExpiresAsSoonAsItIsBack(t *testing.T) {
	const trip, timeToLive = 2 * time.Second, 5 * time.Second
	opts := kstreamtest.Options{Delay: trip, Faults: []kstreamtest.Fault{{Kind: kstreamtest.FailEntry}}}
	inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.TimeToLive = timeToLive })
		for range 3 {
			time.Sleep(700 * time.Millisecond)
			began := time.Now()
			_, err := p.Put(context.Background(), "key:value")
			if took := time.Since(began); !errors.Is(err, ErrExpired) || took > timeToLive+trip {
				t.Errorf("Put returned %v after %v, want %v within %v", err, took, ErrExpired, timeToLive+trip)
			}
		}
		closeProducer(t, p)
	})
}
