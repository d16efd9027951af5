package kstream

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A companion is one of several Producers that write to one shard as fast as
// they can.
type companion struct {
	begin, end time.Duration
	first      ProducerStats // before the window
	last       ProducerStats // after it
}

// writeTogether runs companions, each with a Producer of its own, and fills in
// what they had done before and after a window of time.
func writeTogether(t *testing.T, client *kinesis.Client, all []companion, from, to time.Duration) {
	t.Helper()
	began := time.Now()
	var running sync.WaitGroup
	for i := range all {
		c := &all[i]
		running.Go(func() {
			time.Sleep(c.begin)
			p, err := NewProducer(client, ProducerConfig[string]{Stream: "s", MaxBufferedRecords: 1000, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Error(err)
				return
			}
			running.Go(func() {
				time.Sleep(from - time.Since(began))
				c.first = p.Stats()
				time.Sleep(to - time.Since(began))
				c.last = p.Stats()
			})
			for n := 0; time.Since(began) < c.end; n++ {
				if err := p.Send(context.Background(), fmt.Sprintf("%d:v", n)); err != nil {
					t.Error(err)
				}
			}
			closeProducer(t, p)
		})
	}
	running.Wait()
}

// A jittery client makes round trips of 5 to 80 ms.
type jittery struct{ kinesis.HTTPClient }

func (c jittery) Do(r *http.Request) (*http.Response, error) {
	time.Sleep(2500*time.Microsecond + rand.N(37500*time.Microsecond))
	out, err := c.HTTPClient.Do(r)
	time.Sleep(2500*time.Microsecond + rand.N(37500*time.Microsecond))
	return out, err
}

// TestProducersShareAShard looks at the second of two minutes. What takes more
// repetitions is simulated, in internal/ratelimit.
func TestProducersShareAShard(t *testing.T) {
	t.Parallel()
	const from, to = time.Minute, 2 * time.Minute
	outage := []kstreamtest.Fault{{Kind: kstreamtest.Throttle, Operation: "PutRecords", Begin: 20 * time.Second, For: 5 * time.Second}}
	for _, tt := range []struct {
		name      string
		faults    []kstreamtest.Fault
		jitter    bool // else each round trip takes 30 ms
		producers int
		apart     time.Duration // their starts
		only      bool          // in a long run
	}{
		{"two", nil, false, 2, 0, false},
		{"two, round trips that vary", nil, true, 2, 0, true},
		{"two, the second later", nil, false, 2, 25 * time.Second, true},
		{"two, through an outage", outage, false, 2, 0, true},
		{"three", nil, false, 3, 0, true},
		{"five, one after the other", nil, false, 5, 8 * time.Second, true},
		{"five, round trips that vary", nil, true, 5, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.only && !long() {
				t.Skip("takes seconds: set KINESISKIT_LONG=1; two Producers run here")
			}
			runs := 1
			if long() {
				runs = 2
			}
			for range runs {
				opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: tt.faults}
				if tt.jitter {
					opts.Delay = 0
				}
				inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
					all := make([]companion, tt.producers)
					for i := range all {
						all[i].begin, all[i].end = time.Duration(i)*tt.apart, to
					}
					client := srv.Client()
					if tt.jitter {
						client = kinesis.New(client.Options(), func(o *kinesis.Options) { o.HTTPClient = jittery{o.HTTPClient} })
					}
					writeTogether(t, client, all, from, to)
					checkShares(t, all, to-from)
				})
			}
		})
	}
}

func checkShares(t *testing.T, all []companion, window time.Duration) {
	t.Helper()
	var sum, entries, throttled float64
	var each []float64
	for _, c := range all {
		delivered := float64(c.last.Delivered - c.first.Delivered)
		each = append(each, delivered/window.Seconds()/limitRecords)
		sum += delivered / window.Seconds() / limitRecords
		entries += float64(c.last.Entries - c.first.Entries)
		throttled += float64(c.last.ThrottledEntries - c.first.ThrottledEntries)
	}
	throttled /= entries
	t.Logf("shares of the limit %.3f, together %.3f; %.4f throttled", each, sum, throttled)
	// A run in fifty has one below 0.8: the simulations count those, a single
	// run tells only that nobody is starved.
	const least = 0.65
	for _, share := range each {
		if share < least*sum/float64(len(all)) {
			t.Errorf("shares %.3f, want each at least %v of an even one", each, least)
		}
	}
	if sum < 0.95 || throttled > 0.02 {
		t.Errorf("together %.3f of the limit, %.4f throttled; want 0.95 and 0.02", sum, throttled)
	}
}

// TestAProducerLeavesItsShare has one of two Producers end.
func TestAProducerLeavesItsShare(t *testing.T) {
	t.Parallel()
	const leave, grace, look = 20 * time.Second, 9 * time.Second, 5 * time.Second
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		all := []companion{{end: leave + grace + look}, {end: leave}}
		writeTogether(t, srv.Client(), all, leave+grace, leave+grace+look)
		if share := float64(all[0].last.Delivered-all[0].first.Delivered) / look.Seconds() / limitRecords; share < 0.95 {
			t.Errorf("from %v after the other had ended, the one that stayed had %.3f of the limit, want 0.95", grace, share)
		}
	})
}

// TestAProducerTakesTheRest has another program take six tenths of a shard
// without ever slowing down.
func TestAProducerTakesTheRest(t *testing.T) {
	const neighbour, settle, look = 0.6, 10 * time.Second, 10 * time.Second
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		ctx, stop := context.WithTimeout(context.Background(), settle+look)
		defer stop()
		var other sync.WaitGroup
		other.Go(func() { crowd(ctx, srv.Client(), "any", neighbour) })
		all := []companion{{end: settle + look}}
		writeTogether(t, srv.Client(), all, settle, settle+look)
		other.Wait()
		got := all[0].last
		share := float64(got.Delivered-all[0].first.Delivered) / look.Seconds() / limitRecords
		throttled := float64(got.ThrottledEntries-all[0].first.ThrottledEntries) / float64(got.Entries-all[0].first.Entries)
		t.Logf("%.3f of the limit, %.4f throttled", share, throttled)
		if share < 0.95*(1-neighbour) || throttled > 0.03 {
			t.Errorf("%.3f of the limit and %.4f throttled, want %.3f and at most 0.03", share, throttled, 1-neighbour)
		}
	})
}
