package kstream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A ledger counts settlements by value.
type ledger struct {
	mu      sync.Mutex // guards the following
	settled map[string][]Settlement[string]
}

func newLedger() *ledger { return &ledger{settled: make(map[string][]Settlement[string])} }

func (l *ledger) add(s Settlement[string]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled[s.Value] = append(l.settled[s.Value], s)
}

func (l *ledger) outcomes() map[Outcome]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := make(map[Outcome]int)
	for _, list := range l.settled {
		for _, s := range list {
			n[s.Outcome]++
		}
	}
	return n
}

// stalled makes a server whose PutRecords calls get no answer.
func stalled() kstreamtest.Options {
	return kstreamtest.Options{
		Delay:  30 * time.Millisecond,
		Faults: []kstreamtest.Fault{{Kind: kstreamtest.Stall, Operation: "PutRecords"}},
	}
}

// refusing makes a server that refuses all entries.
func refusing() kstreamtest.Options {
	return kstreamtest.Options{
		Delay:  30 * time.Millisecond,
		Faults: []kstreamtest.Fault{{Kind: kstreamtest.Fail, Operation: "PutRecords", Code: "AccessDeniedException"}},
	}
}

func send(t *testing.T, p *Producer[string], n int) {
	t.Helper()
	for v := range numbered(n) {
		if err := p.Send(context.Background(), v); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnSettledHearsOfEveryValueOnce(t *testing.T) {
	opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: []kstreamtest.Fault{{Kind: kstreamtest.FailEntry, Chance: 0.1}}}
	inBubble(t, opts, 2, func(t *testing.T, srv *kstreamtest.Server) {
		l := newLedger()
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.OnSettled = l.add })
		send(t, p, 2000)
		if err := p.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		at := make(map[string]string)
		for _, r := range srv.Records("s") {
			at[string(r.Data)] = r.Shard + "/" + r.SequenceNumber
		}
		for v := range numbered(2000) {
			list := l.settled[v]
			if len(list) != 1 || list[0].Outcome != Delivered || list[0].Err != nil {
				t.Fatalf("%q was settled as %+v", v, list)
			}
			if r := list[0].Receipt; r.ShardID+"/"+r.SequenceNumber != at[v] || r.Attempts < 1 || r.Latency < 30*time.Millisecond {
				t.Fatalf("%q has the receipt %+v, but is at %s", v, r, at[v])
			}
		}
		if _, err := p.Put(context.Background(), "put:"); err != nil || len(l.settled) != 2000 {
			t.Errorf("Put: %v; OnSettled was told too: %t", err, len(l.settled) != 2000)
		}
		closeProducer(t, p)
	})
}

func TestFlushAndCloseHandBackWhatFailed(t *testing.T) {
	inBubble(t, refusing(), 2, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		send(t, p, 100)
		wantFailed(t, "Flush", p.Flush(context.Background()), 100)
		if err := p.Flush(context.Background()); err != nil {
			t.Errorf("Flush again: %v, want the failures once", err)
		}
		send(t, p, 50)
		wantFailed(t, "Close", p.Close(context.Background()), 50)
		if st := p.Stats(); st.BufferedRecords != 0 || st.BufferedBytes != 0 {
			t.Errorf("%d records, %d bytes stay charged", st.BufferedRecords, st.BufferedBytes)
		}
	})
}

func wantFailed(t *testing.T, from string, err error, n int) {
	t.Helper()
	failed, ok := errors.AsType[*FailedError[string]](err)
	if !ok || len(failed.Failed) != n {
		t.Fatalf("%s: %v, want %d failed values", from, err, n)
	}
	seen := make(map[string]bool)
	for _, s := range failed.Failed {
		if s.Outcome != Failed || s.Err == nil || seen[s.Value] {
			t.Fatalf("%s: settlement %+v", from, s)
		}
		seen[s.Value] = true
	}
}

func TestFailuresFillTheBuffer(t *testing.T) {
	inBubble(t, refusing(), 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.MaxBufferedRecords = 10 })
		send(t, p, 10)
		if err := p.Send(context.Background(), "one more:"); !errors.Is(err, ErrUnflushed) { // it waits, then all fail
			t.Errorf("Send into a buffer of failed values: %v", err)
		}
		if err := p.Send(context.Background(), "one more:"); !errors.Is(err, ErrUnflushed) {
			t.Errorf("Send again: %v", err)
		}
		wantFailed(t, "Flush", p.Flush(context.Background()), 10)
		if err := p.Send(context.Background(), "one more:"); err != nil {
			t.Errorf("Send after Flush: %v", err)
		}
		wantFailed(t, "Close", p.Close(context.Background()), 1)
	})
}

func TestSendWithACancelledContext(t *testing.T) {
	inBubble(t, stalled(), 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.MaxBufferedRecords = 10 })
		gone := errors.New("caller gone")
		cancelled, cancel := context.WithCancelCause(context.Background())
		cancel(gone)
		if err := p.Send(cancelled, "v:"); !errors.Is(err, gone) {
			t.Errorf("Send: %v", err)
		}
		send(t, p, 10)
		ctx, cancelWait := context.WithTimeoutCause(context.Background(), time.Minute, gone)
		defer cancelWait()
		began := time.Now()
		if err := p.Send(ctx, "v:"); !errors.Is(err, gone) || time.Since(began) != time.Minute {
			t.Errorf("Send into a full buffer: %v after %v", err, time.Since(began))
		}
		if st := p.Stats(); st.BufferedRecords != 10 {
			t.Errorf("%d records are buffered", st.BufferedRecords)
		}
		ended, cancelClose := context.WithTimeout(context.Background(), time.Second)
		defer cancelClose()
		if err := p.Close(ended); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
	})
}

func TestPutWithADeadline(t *testing.T) {
	inBubble(t, stalled(), 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.MaxCalls = 1 })
		put := func(v string) *DeliveryError {
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			defer cancel()
			_, err := p.Put(ctx, v)
			e, _ := errors.AsType[*DeliveryError](err)
			if e == nil || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Put: %v", err)
			}
			return e
		}
		if e := put("under way:"); e.Outcome != MaybeDelivered || e.Attempts != 1 {
			t.Errorf("a value under way: %+v", e)
		}
		if e := put("queued:"); e.Outcome != Failed || e.Attempts != 0 {
			t.Errorf("a value that waits for the only call to end: %+v", e)
		}
		srv.ClearFaults()
		if _, err := p.Put(context.Background(), "next:"); err != nil {
			t.Errorf("Put when the stall is over: %v", err)
		}
		closeProducer(t, p)
		if found := stored(srv); found["queued:"] != 0 || found["next:"] != 1 {
			t.Errorf("in the stream: %v", found)
		}
	})
}

func TestCloseWithADeadline(t *testing.T) {
	inBubble(t, stalled(), 1, func(t *testing.T, srv *kstreamtest.Server) {
		l := newLedger()
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.OnSettled, cfg.MaxCalls = l.add, 1 })
		send(t, p, 1200)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		began := time.Now()
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("Close took %v", took)
		}
		n := l.outcomes()
		if n[Delivered] > 0 || n[MaybeDelivered]+n[Failed] != 1200 || n[MaybeDelivered] == 0 || n[MaybeDelivered] > maxCallRecords {
			t.Errorf("outcomes %v, want those of one call that was under way and failures", n)
		}
		for v, list := range l.settled {
			if len(list) != 1 || !errors.Is(list[0].Err, ErrClosed) {
				t.Fatalf("%q was settled as %+v", v, list)
			}
		}
		closeProducer(t, p) // again
	})
}

func TestCloseTwiceAtOnce(t *testing.T) {
	inBubble(t, stalled(), 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		send(t, p, 100)
		var first error
		done := make(chan struct{})
		go func() {
			defer close(done)
			first = p.Close(context.Background())
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		second := p.Close(ctx)
		<-done
		if !errors.Is(second, context.DeadlineExceeded) {
			t.Errorf("the Close whose ctx ended: %v", second)
		}
		handedBack := 0
		for _, err := range []error{first, second} {
			if failed, ok := errors.AsType[*FailedError[string]](err); ok {
				handedBack += len(failed.Failed)
			}
		}
		if handedBack != 100 {
			t.Errorf("both handed back %d values", handedBack)
		}
	})
}

// TestSendRacesClose has many callers send while the Producer is closed: what
// Send took is settled when Close returns, and the rest got ErrClosed.
func TestSendRacesClose(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
		l := newLedger()
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.OnSettled, cfg.MaxBufferedRecords = l.add, 100 })
		var callers sync.WaitGroup
		var mu sync.Mutex
		taken := make(map[string]bool)
		for c := range 20 {
			callers.Go(func() {
				for i := 0; ; i++ {
					v := fmt.Sprintf("%d:%d", c, i)
					err := p.Send(context.Background(), v)
					if errors.Is(err, ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					taken[v] = true
					mu.Unlock()
				}
			})
		}
		time.Sleep(2 * time.Second)
		closeProducer(t, p)
		settled := len(l.settled)
		callers.Wait()
		if len(taken) != settled || len(stored(srv)) != settled || settled < 1000 {
			t.Errorf("%d values were taken, %d settled, %d are in the stream", len(taken), settled, len(stored(srv)))
		}
	})
}

func TestACallbackThatBlocks(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		release := make(chan struct{})
		l := newLedger()
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
			cfg.MaxBufferedRecords = 100
			cfg.OnSettled = func(s Settlement[string]) {
				<-release
				l.add(s)
			}
		})
		send(t, p, 100)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := p.Send(ctx, "one more:"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Send: %v, want it to wait for room", err)
		}
		if n := len(stored(srv)); n != 100 {
			t.Errorf("%d values are in the stream: a callback must not hold up calls", n)
		}
		ctx, cancel = context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := p.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush: %v, want it to wait for the callback", err)
		}
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		close(release)
		closeProducer(t, p)
		if n := len(l.settled); n != 100 {
			t.Errorf("%d values were settled", n)
		}
	})
}

func TestACallbackThatPanics(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		l := newLedger()
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
			cfg.OnSettled = func(s Settlement[string]) {
				l.add(s)
				if s.Value == "3:value 3" {
					panic("three")
				}
			}
		})
		send(t, p, 10)
		err := p.Flush(context.Background())
		panicked, ok := errors.AsType[*PanicError](err)
		if !ok || panicked.Value != "three" || !strings.Contains(string(panicked.Stack), "TestACallbackThatPanics") {
			t.Errorf("Flush: %v", err)
		}
		send(t, p, 10)
		err = p.Close(context.Background())
		if _, ok := errors.AsType[*PanicError](err); !ok {
			t.Errorf("Close: %v", err)
		}
		if n := l.outcomes()[Delivered]; n != 20 {
			t.Errorf("%d values were settled", n)
		}
	})
}

// TestACallbackThatEndsItsGoroutine is what a test's t.FailNow does there.
func TestACallbackThatEndsItsGoroutine(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		l := newLedger()
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
			cfg.OnSettled = func(s Settlement[string]) {
				l.add(s)
				if s.Value[0] == '3' || s.Outcome == Failed {
					runtime.Goexit()
				}
			}
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		send(t, p, 10)
		if panicked, ok := errors.AsType[*PanicError](p.Flush(ctx)); !ok || panicked.Value != errGoexit {
			t.Errorf("Flush does not tell of it: %v", panicked)
		}
		summary, _ := p.SendAll(ctx, func(yield func(string, error) bool) { _ = yield(":no key", nil) && yield("a:", nil) })
		if diff := cmp.Diff(Summary{Delivered: 1, Failed: 1, Resume: 2}, summary); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		if _, ok := errors.AsType[*PanicError](p.Close(ctx)); !ok {
			t.Error("Close does not tell of the second")
		}
		if diff := cmp.Diff(map[Outcome]int{Delivered: 11, Failed: 1}, l.outcomes()); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
	})
}

func TestTimeToLive(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault kstreamtest.Fault
		want  Outcome
		calls bool
	}{
		{"throttled", kstreamtest.Fault{Kind: kstreamtest.Throttle}, Failed, true},
		{"refused", kstreamtest.Fault{Kind: kstreamtest.FailEntry}, Failed, true},
		{"lost answers", kstreamtest.Fault{Kind: kstreamtest.ResetAfter, Operation: "PutRecords"}, MaybeDelivered, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: []kstreamtest.Fault{tt.fault}}, 1, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.TimeToLive = 10 * time.Second })
				began := time.Now()
				_, err := p.Put(context.Background(), "v:")
				e, _ := errors.AsType[*DeliveryError](err)
				if e == nil || e.Outcome != tt.want || !errors.Is(err, ErrExpired) {
					t.Fatalf("Put: %v", err)
				}
				if took := time.Since(began); took < 9*time.Second || took > 11*time.Second {
					t.Errorf("it failed after %v", took)
				}
				srv.ClearFaults()
				if _, err := p.Put(context.Background(), "w:"); err != nil {
					t.Errorf("Put: %v", err)
				}
				closeProducer(t, p)
			})
		})
	}
}

func TestIllegalValues(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		for name, v := range map[string]string{
			"empty key":     ":v",
			"long key":      strings.Repeat("k", 257) + ":v",
			"invalid UTF-8": "\xff:v",
		} {
			if _, ok := errors.AsType[*KeyError](p.Send(context.Background(), v)); !ok {
				t.Errorf("%s: not refused", name)
			}
		}
		large := "k:" + strings.Repeat("x", 1<<20)
		size, ok := errors.AsType[*RecordSizeError](p.Send(context.Background(), large))
		if !ok || size.Size != 1<<20+3 || size.Limit != 1<<20 {
			t.Errorf("a value of more than 1 MiB: %+v", size)
		}
		if _, err := p.Put(context.Background(), large[:1<<20-1]); err != nil {
			t.Errorf("a value of 1 MiB with its key: %v", err)
		}
		closeProducer(t, p)
		if n := len(srv.Records("s")); n != 1 {
			t.Errorf("%d records in the stream", n)
		}
	})
}

func TestAValueThatCannotBeEncoded(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p, err := NewProducer(srv.Client(), ProducerConfig[float64]{Stream: "s"})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []float64{math.NaN(), 1} {
			_, refused := errors.AsType[*EncodeError](p.Send(context.Background(), v))
			if refused != math.IsNaN(v) {
				t.Errorf("Send of %v refused: %t", v, refused)
			}
		}
		closeProducer(t, p)
		if n := len(srv.Records("s")); n != 1 {
			t.Errorf("%d records in the stream", n)
		}
	})
}

func TestNewProducerReportsEverythingWrong(t *testing.T) {
	_, err := NewProducer(nil, ProducerConfig[string]{
		Stream: "no such name!", AggregateBytes: -1, Ordered: true, TimeToLive: -1, MaxBufferedRecords: -1, Rate: math.NaN(), CallTimeout: -1,
	})
	for line := range strings.Lines(fmt.Sprint(err)) {
		if !strings.HasPrefix(line, "kstream: new producer: ") {
			t.Errorf("it does not say what failed: %s", line)
		}
	}
	for _, field := range []string{"no such name!", "no client", "AggregateBytes", "Ordered", "TimeToLive", "MaxBufferedRecords", "Rate", "CallTimeout"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not mentioned in: %v", field, err)
		}
	}
}

// TestReceiptsOfAggregates looks each value up where its receipt says.
func TestReceiptsOfAggregates(t *testing.T) {
	for _, compress := range []bool{false, true} {
		inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
			l := newLedger()
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
				cfg.Aggregate, cfg.Compress, cfg.OnSettled = true, compress, l.add
			})
			send(t, p, 3000)
			closeProducer(t, p)
			c, err := NewConsumer(srv.Client(), ConsumerConfig[string]{Stream: "s", Until: Tip()})
			if err != nil {
				t.Fatal(err)
			}
			read := 0
			for rec, err := range c.Records(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				list := l.settled[rec.Value]
				if len(list) != 1 {
					t.Fatalf("%q was settled %d times", rec.Value, len(list))
				}
				want := Receipt{ShardID: rec.ShardID, SequenceNumber: rec.SequenceNumber, SubSequence: rec.SubSequence}
				got := list[0].Receipt
				got.Attempts, got.Latency = 0, 0
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("receipt of %q (-where it is +receipt):\n%s", rec.Value, diff)
				}
				if key, _, _ := strings.Cut(rec.Value, ":"); key != rec.PartitionKey {
					t.Fatalf("%q has the key %q", rec.Value, rec.PartitionKey)
				}
				read++
			}
			if st := p.Stats(); read != 3000 || st.Entries > 20 {
				t.Errorf("%d values read from %d records", read, st.Entries)
			}
		})
	}
}

// TestCloseSettlesWhatWaitsInALane ends, with a deadline, several values of one
// key of which the first is waiting for another try.
func TestCloseSettlesWhatWaitsInALane(t *testing.T) {
	opts := kstreamtest.Options{Faults: []kstreamtest.Fault{{Kind: kstreamtest.FailEntry}}} // at once: no call is under way in the end
	for n := range 5 {
		inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
			l := newLedger()
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Ordered, cfg.OnSettled = true, l.add })
			for i := range n + 1 {
				if err := p.Send(context.Background(), fmt.Sprintf("key:%d", i)); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Close: %v", err)
			}
			if diff := cmp.Diff(map[Outcome]int{Failed: n + 1}, l.outcomes()); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if st := p.Stats(); st.Failed != int64(n+1) {
				t.Errorf("Stats counts %d failed values, want %d", st.Failed, n+1)
			}
		})
	}
}

// TestPutsGivenUpUnderWay ends Puts while a call carries their values, and lets
// the call go on: with the race detector, it shows that they touch nothing of
// what the Producer may use for another value by then.
func TestPutsGivenUpUnderWay(t *testing.T) {
	opts := kstreamtest.Options{Faults: []kstreamtest.Fault{{Kind: kstreamtest.Stall, Operation: "PutRecords", Delay: 2 * time.Second}}}
	inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		var callers sync.WaitGroup
		for i := range 10 {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				_, err := p.Put(ctx, fmt.Sprintf("%d:v", i))
				if e, ok := errors.AsType[*DeliveryError](err); !ok || e.Outcome != MaybeDelivered || e.Attempts != 1 {
					t.Errorf("Put: %v", err)
				}
			})
		}
		time.Sleep(time.Minute) // nothing else of the Producer's is used until the call has ended
		callers.Wait()
		closeProducer(t, p)
		if st := p.Stats(); st.Delivered != 10 {
			t.Errorf("%d values delivered, want 10", st.Delivered)
		}
	})
}

// A heldSettler is the owner of a failed parcel.
type heldSettler struct {
	parcel
	fetchable bool // when the owner was told
}

func (h *heldSettler) settled() disposition { return held }
func (h *heldSettler) inGroup()             { h.fetchable = h.list == &h.group.failed }
func (h *heldSettler) done()                {}

// TestAFailureIsToldWhenItCanBeFetched: SendAll, told of its last failure before
// that was among those it fetches, left it to Flush.
func TestAFailureIsToldWhenItCanBeFetched(t *testing.T) {
	p, err := NewProducer(newPutStub().client(), ProducerConfig[string]{Stream: "s"})
	if err != nil {
		t.Fatal(err)
	}
	defer closeProducer(t, p)
	s := p.sender
	h := &heldSettler{parcel: parcel{group: new(group), queue: new(sendQueue)}}
	h.owner = h
	s.mu.Lock()
	h.epoch = s.epoch
	h.epoch.pending++
	s.records++
	s.charge(&h.parcel)
	s.mu.Unlock()
	s.conclude([]*parcel{&h.parcel})
	if !h.fetchable {
		t.Error("the owner was told before the parcel was in its group")
	}
	s.release(s.fetch(h.group))
}
