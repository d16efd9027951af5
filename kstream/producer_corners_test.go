package kstream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestAMispredictedAggregateMayBeInTheStream has a split put aggregates where
// some members do not belong, and then nothing succeed: they are in the stream
// all the same, for readers that do not leave them out.
func TestAMispredictedAggregateMayBeInTheStream(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		l := newLedger()
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate, cfg.OnSettled = true, l.add })
		send(t, p, 10)
		if err := p.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		split(t, srv)
		srv.Inject(kstreamtest.Fault{Kind: kstreamtest.FailEntry, Skip: 1})
		for _, v := range []string{"a:1", "b:2", "c:3", "d:4", "e:5", "f:6"} {
			if err := p.Send(context.Background(), v); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		if diff := cmp.Diff(map[Outcome]int{Delivered: 10, MaybeDelivered: 6}, l.outcomes()); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
	})
}

// TestValuesQueuedForTheOnlyShardFindTheirOwn has a stream of one shard, where
// nobody needs to know the keys' hash keys, split while aggregates are queued.
func TestValuesQueuedForTheOnlyShardFindTheirOwn(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate, cfg.Linger = true, time.Minute })
		// The first value leads the aggregate to the lower half, where those of
		// the upper half would be lost.
		first := 0
		for shardmap.OfKey(fmt.Sprint("key-", first)).Hi > math.MaxUint64/4 {
			first++
		}
		want := map[string]bool{}
		for i := range 100 {
			v := fmt.Sprintf("key-%d:value", first+i)
			if err := p.Send(context.Background(), v); err != nil {
				t.Fatal(err)
			}
			want[v] = true
		}
		split(t, srv)
		closeProducer(t, p)
		c, err := NewConsumer(srv.Client(), ConsumerConfig[string]{Stream: "s", Until: Tip()})
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range c.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			delete(want, rec.Value) // a member in another shard than its own is left out
		}
		if len(want) > 0 {
			t.Errorf("%d values were lost: %v", len(want), want)
		}
		if st := p.Stats(); st.Retries == 0 {
			t.Error("no aggregate was mispredicted: the split came too late")
		}
	})
}

// TestSendAllAfterClose has nobody left to tell OnSettled of a value that is
// refused.
func TestSendAllAfterClose(t *testing.T) {
	for _, v := range []string{":no key", "k:value"} {
		inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.OnSettled = func(Settlement[string]) {} })
			closeProducer(t, p)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			summary, err := p.SendAll(ctx, func(yield func(string, error) bool) { yield(v, nil) })
			if diff := cmp.Diff(Summary{}, summary); diff != "" || !errors.Is(err, ErrClosed) {
				t.Errorf("SendAll of %q: %v, summary (-want +got):\n%s", v, err, diff)
			}
		})
	}
}

// TestCloseEndsASendThatWaitsForTheShards closes while the first Send waits
// for a listing that is not answered.
func TestCloseEndsASendThatWaitsForTheShards(t *testing.T) {
	opts := kstreamtest.Options{Faults: []kstreamtest.Fault{{Kind: kstreamtest.Stall, Operation: "ListShards"}}}
	inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate = true })
		sent := make(chan error)
		go func() { sent <- p.Send(context.Background(), "k:v") }()
		synctest.Wait()
		closeProducer(t, p)
		if err := <-sent; !errors.Is(err, ErrClosed) {
			t.Errorf("Send: %v", err)
		}
	})
}

// TestTextThatStopsCompressing sends what compresses a hundredfold, and then
// what does not at all: what was packed for one record is too large for it.
func TestTextThatStopsCompressing(t *testing.T) {
	t.Parallel()
	for _, bound := range []int{0, 1 << 20} {
		inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}, 1, func(t *testing.T, srv *kstreamtest.Server) {
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
				cfg.Compress, cfg.AggregateBytes, cfg.MaxBufferedBytes = true, bound, 64<<20
			})
			const n, size = 400, 20_000
			noise := rand.NewChaCha8([32]byte{})
			summary, err := p.SendAll(context.Background(), func(yield func(string, error) bool) {
				for i := range 3 * n {
					v := strings.Repeat("x", size)
					if i >= 2*n {
						b := make([]byte, size)
						noise.Read(b)
						v = string(b)
					}
					if !yield("k:"+v, nil) {
						return
					}
				}
			})
			if diff := cmp.Diff(Summary{Delivered: 3 * n, Resume: 3 * n}, summary); diff != "" {
				t.Errorf("AggregateBytes %d: %v, summary (-want +got):\n%s", bound, err, diff)
			}
			closeProducer(t, p)
		})
	}
}

// TestNothingToWaitFor asks with a ctx that has ended: there is nothing that
// could end before it.
func TestNothingToWaitFor(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		for range 20 { // a choice by chance would be found out
			p := newTestProducer(t, srv, nil)
			if _, err := p.SendAll(ended, numbered(0)); err != nil {
				t.Errorf("SendAll: %v", err)
			}
			if err := p.Flush(ended); err != nil {
				t.Errorf("Flush: %v", err)
			}
			if err := p.Close(ended); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
}

// TestErrorsSayWhatFailed looks at the errors of calls that a ctx ended, and of
// a Producer that is closed.
func TestErrorsSayWhatFailed(t *testing.T) {
	inBubble(t, stalled(), 1, func(t *testing.T, srv *kstreamtest.Server) {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		p := newTestProducer(t, srv, nil)
		put := func(ctx context.Context) error { _, err := p.Put(ctx, "k:v"); return err }
		sendAll := func(ctx context.Context) error { _, err := p.SendAll(ctx, numbered(1)); return err }
		want := func(what string, err, cause error) {
			if !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "kstream: ") {
				t.Errorf("%s: %v, want %q and what failed", what, err, cause)
			}
		}
		want("Send", p.Send(ended, "k:v"), context.Canceled)
		want("Put", put(ended), context.Canceled)
		want("SendAll", sendAll(ended), context.Canceled)
		send(t, p, 1)
		want("Flush", p.Flush(ended), context.Canceled)
		closed := p.Close(ended)
		want("Close", closed, context.Canceled)
		want("Close", closed, ErrClosed) // of the value
		for line := range strings.Lines(closed.Error()) {
			if !strings.HasPrefix(line, "kstream: ") {
				t.Errorf("Close: %q does not say what failed", line)
			}
		}
		want("Send to a closed Producer", p.Send(context.Background(), "k:v"), ErrClosed)
		want("Put to it", put(context.Background()), ErrClosed)
		want("SendAll to it", sendAll(context.Background()), ErrClosed)
	})
}

// TestExplicitHashKeys are decimal, as the service wants them.
func TestExplicitHashKeys(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 4, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
			cfg.ExplicitHashKey = func(v string) string { _, h, _ := strings.Cut(v, ":"); return h }
		})
		for _, tt := range []struct {
			hash, reason string
			shard        string // "": refused
		}{
			{"0", "the first", "shardId-000000000000"},
			{shardmap.MaxHash().String(), "the last", "shardId-000000000003"},
			{"340282366920938463463374607431768211456", "2^128", ""},
			{"007", "leading zeros", ""},
			{"-1", "a sign", ""},
			{"0x10", "hexadecimal", ""},
			{"1 ", "a space", ""},
			{strings.Repeat("9", 40), "40 digits", ""},
		} {
			receipt, err := p.Put(context.Background(), "k:"+tt.hash)
			key, refused := errors.AsType[*KeyError](err)
			if refused != (tt.shard == "") || receipt.ShardID != tt.shard || refused && key.Key != tt.hash {
				t.Errorf("%s (%s): shard %q, error %v", tt.hash, tt.reason, receipt.ShardID, err)
			}
		}
		if r, err := p.Put(context.Background(), "no hash key:"); err != nil {
			t.Errorf("%+v, %v", r, err)
		}
		closeProducer(t, p)
	})
}

// panicky is a codec that panics for some values.
type panicky struct{}

func (panicky) Append(dst []byte, v string) ([]byte, error) {
	if v == "panic:" {
		panic("codec")
	}
	return append(dst, v...), nil
}

func (panicky) Decode(data []byte) (string, error) { return string(data), nil }

// TestFunctionsThatPanic have Send panic, in its caller, and nothing else.
func TestFunctionsThatPanic(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
			key := cfg.PartitionKey
			cfg.Codec = panicky{}
			cfg.PartitionKey = func(v string) string {
				if v == "no key:" {
					panic("key")
				}
				return key(v)
			}
		})
		for _, v := range []string{"a:", "panic:", "b:", "no key:", "c:"} {
			func() {
				defer func() { _ = recover() }()
				_ = p.Send(context.Background(), v)
			}()
		}
		func() {
			defer func() {
				if v := recover(); v != "source" {
					t.Errorf("SendAll of a source that panics: %v", v)
				}
			}()
			_, _ = p.SendAll(context.Background(), func(yield func(string, error) bool) {
				yield("d:", nil)
				panic("source")
			})
		}()
		closeProducer(t, p)
		if st := p.Stats(); st.Delivered != 4 || st.BufferedRecords != 0 || len(stored(srv)) != 4 {
			t.Errorf("%d values delivered, %d left, want 4 and 0", st.Delivered, st.BufferedRecords)
		}
	})
}
