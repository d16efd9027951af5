package kstream

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// wantExpiry sends values, each so long after the one before, with a Linger
// that keeps them queued, lets something happen, and checks that all of them
// end when their time to live does, not later.
func wantExpiry(t *testing.T, p *Producer[string], ends map[string]time.Time, values []string, apart time.Duration, then func()) {
	t.Helper()
	sent := make(map[string]time.Time)
	for _, v := range values {
		sent[v] = time.Now()
		if err := p.Send(context.Background(), v); err != nil {
			t.Fatal(err)
		}
		time.Sleep(apart)
	}
	then()
	time.Sleep(2 * expiryTTL)
	closeProducer(t, p)
	for _, v := range values {
		end, settled := ends[v]
		if took := end.Sub(sent[v]); !settled || took < expiryTTL || took > expiryTTL+100*time.Millisecond {
			t.Errorf("%s ended after %v, want %v", v, took, expiryTTL)
		}
	}
}

const expiryTTL = time.Minute

// newExpiringProducer makes a Producer that lets values linger until their
// time to live ends, and notes when that is.
func newExpiringProducer(t *testing.T, srv *kstreamtest.Server, change func(*ProducerConfig[string])) (*Producer[string], map[string]time.Time) {
	t.Helper()
	ends := make(map[string]time.Time)
	return newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
		cfg.TimeToLive, cfg.Linger = expiryTTL, time.Hour
		cfg.OnSettled = func(s Settlement[string]) { ends[s.Value] = time.Now() }
		change(cfg)
	}), ends
}

// TestTimeToLiveAfterAMerge has a merge put old values behind newer ones.
func TestTimeToLiveAfterAMerge(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
		p, ends := newExpiringProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate = true })
		keys := keysOf(2)
		var values []string
		for i := range 10 { // the queue of the lower shard is moved first
			values = append(values, fmt.Sprintf("%s:%d", keys[1-i/5], i))
		}
		wantExpiry(t, p, ends, values, 5*time.Second, func() {
			merge(t, srv)
			p.sender.mu.Lock()
			p.sender.startListing()
			p.sender.mu.Unlock()
		})
	})
}

// TestTimeToLiveInALane has a value leave its lane for the queue, behind newer
// ones of other keys.
func TestTimeToLiveInALane(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p, ends := newExpiringProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Ordered = true })
		wantExpiry(t, p, ends, []string{"a:1", "a:2", "b:1", "c:1"}, 2*time.Second, func() {})
	})
}

// TestTimeToLiveOfAValueThatWaitedForRoom counts from Send, though dispatch
// has looked for expired values meanwhile.
func TestTimeToLiveOfAValueThatWaitedForRoom(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p, ends := newExpiringProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate, cfg.MaxBufferedRecords = true, 1 })
		wantExpiry(t, p, ends, []string{"a:1"}, expiryTTL/2, func() {
			began := time.Now()
			if err := p.Send(context.Background(), "b:waits for room"); err != nil {
				t.Error(err)
			}
			time.Sleep(expiryTTL)
			synctest.Wait()
			if end := ends["b:waits for room"]; end.Sub(began) > expiryTTL+100*time.Millisecond {
				t.Errorf("the value that waited ended after %v, want %v", end.Sub(began), expiryTTL)
			}
		})
	})
}

// TestARetryDoesNotWaitForWhatLingers has a value that is to be tried again in
// a moment, and another in the same queue that lingers.
func TestARetryDoesNotWaitForWhatLingers(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p, ends := newExpiringProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.TimeToLive = 0 })
		ctx := context.Background()
		if _, err := p.Put(ctx, "first: lists the shards"); err != nil {
			t.Fatal(err)
		}
		srv.Inject(kstreamtest.Fault{Kind: kstreamtest.FailEntry, Count: 1})
		for _, v := range []string{"a:fails once", "b:lingers"} {
			if err := p.Send(ctx, v); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(v, "a") {
				go func() { _ = p.Flush(ctx) }()
				time.Sleep(time.Millisecond)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, settled := ends["a:fails once"]; !settled {
			t.Error("the value that failed once was not tried again within a minute")
		}
		closeProducer(t, p)
	})
}

// TestFlushDoesNotWaitForNewerValuesThatLinger has a value leave its lane when
// a newer one of another key, which Flush has nothing to do with, lingers.
func TestFlushDoesNotWaitForNewerValuesThatLinger(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Ordered, cfg.Linger = true, time.Hour })
		ctx := context.Background()
		for _, v := range []string{"a:1", "a:2"} {
			if err := p.Send(ctx, v); err != nil {
				t.Fatal(err)
			}
		}
		began, flushed := time.Now(), make(chan struct{})
		go func() { defer close(flushed); _ = p.Flush(ctx) }()
		time.Sleep(time.Millisecond)
		if err := p.Send(ctx, "b:lingers"); err != nil {
			t.Fatal(err)
		}
		<-flushed
		if took := time.Since(began); took > time.Second {
			t.Errorf("Flush took %v", took)
		}
		closeProducer(t, p)
	})
}

// TestWhoFollowsAValueThatWasGivenUpLeavesAtOnce has a Put wait in a lane
// behind another one, whose next try would be seconds after it is given up.
func TestWhoFollowsAValueThatWasGivenUpLeavesAtOnce(t *testing.T) {
	opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: []kstreamtest.Fault{{Kind: kstreamtest.FailEntry}}}
	inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Ordered = true })
		began := time.Now()
		first := make(chan struct{})
		go func() {
			defer close(first)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			_, _ = p.Put(ctx, "key:first")
		}()
		time.AfterFunc(19900*time.Millisecond, srv.ClearFaults)
		time.Sleep(time.Second)
		if _, err := p.Put(context.Background(), "key:second"); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 20100*time.Millisecond {
			t.Errorf("the second ended after %v, the first after 20s", took)
		}
		<-first
		closeProducer(t, p)
	})
}

// TestLongerThanAnyProcessLives asks for the longest times that there are.
func TestLongerThanAnyProcessLives(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.TimeToLive, cfg.Linger = math.MaxInt64, math.MaxInt64 })
		time.Sleep(time.Second)
		send(t, p, 10)
		time.Sleep(time.Hour)
		if n := len(srv.Records("s")); n != 0 {
			t.Errorf("%d values did not linger", n)
		}
		closeProducer(t, p)
		wantStored(t, srv, 10)
	})
}
