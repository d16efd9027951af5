package kstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestTheBooksBalance has callers of Send, Put, SendAll and Flush, whose
// contexts end, share a Producer of which everything is asked, and whose calls
// fail in every way while the stream reshards, or ignores keys; in the end Close
// gives up what is left. OnSettled calls back. Every value has to be accounted for.
//
// KINESISKIT_SEED runs one of the cases again.
func TestTheBooksBalance(t *testing.T) {
	t.Parallel()
	seeds := 4
	if long() {
		seeds = 20
	}
	first := 0
	if text := os.Getenv("KINESISKIT_SEED"); text != "" {
		first, _ = strconv.Atoi(text)
		seeds = 1
	}
	for seed := first; seed < first+seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(11, uint64(seed)))
			lost := r.IntN(2) == 0
			opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: troubles(lost), Seed: uint64(seed), MaxBytes: -1}
			inBubble(t, opts, 1+r.IntN(3), func(t *testing.T, srv *kstreamtest.Server) { keepBooks(t, srv, r, lost) })
		})
	}
}

// An account says what each caller was told of its values.
type account struct {
	*testing.T
	*Producer[string]
	ledger *ledger

	closesItself bool // OnSettled closes the Producer

	mu       sync.Mutex         // guards the following
	random   *rand.Rand         // of all callers
	told     map[string]Outcome // by Put
	taken    map[string]bool    // by Send and SendAll: OnSettled, or FailedError, tells
	refused  map[string]bool
	uncalled map[string]int // values handed back by a FailedError, and how often
}

func keepBooks(t *testing.T, srv *kstreamtest.Server, r *rand.Rand, lost bool) {
	b := &account{
		T: t, ledger: newLedger(), random: r,
		told: make(map[string]Outcome), taken: make(map[string]bool), refused: make(map[string]bool), uncalled: make(map[string]int),
	}
	silent, auto := r.IntN(3) == 0, r.IntN(4) == 0
	b.closesItself = r.IntN(4) == 0
	if auto {
		ignoreKeys(t, srv)
	}
	b.Producer = newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
		cfg.Ordered, cfg.Aggregate, cfg.Compress = r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(3) == 0
		cfg.Ordered = cfg.Ordered && !auto
		cfg.CBOR = r.IntN(2) == 0
		cfg.MaxBufferedRecords = 50 + r.IntN(500)
		if r.IntN(2) == 0 {
			cfg.TimeToLive = time.Duration(1+r.IntN(10)) * time.Second
		}
		if !silent {
			cfg.OnSettled = b.settled
		}
		t.Logf("auto %t, ordered %t, aggregate %t, compress %t, time to live %v, OnSettled %t, answers lost %t",
			auto, cfg.Ordered, cfg.Aggregate, cfg.Compress, cfg.TimeToLive, !silent, lost)
	})
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	var callers sync.WaitGroup
	for c := range 4 {
		callers.Go(func() { b.sender(ctx, c) })
		callers.Go(func() { b.putter(ctx, c) })
		callers.Go(func() { b.allSender(ctx, c) })
	}
	callers.Go(func() {
		for ctx.Err() == nil {
			b.handedBack(b.Flush(b.brief(ctx)))
			_ = sleep(ctx, b.chance(5*time.Second))
		}
	})
	for i := range 4 {
		time.Sleep(3 * time.Second)
		if auto {
			continue // the service scales it
		}
		if i%2 == 0 {
			split(t, srv)
		} else {
			merge(t, srv)
		}
	}
	if b.chance(2) == 0 {
		callers.Wait()
	} // or Close races them
	deadline, cancel := context.WithTimeout(context.Background(), b.chance(time.Second))
	defer cancel()
	b.handedBack(b.Close(deadline))
	callers.Wait()
	b.handedBack(b.Close(context.Background()))
	b.balance(srv, silent, lost, auto)
}

// ignoreKeys replaces the stream "s" by one with AUTO distribution.
func ignoreKeys(t *testing.T, srv *kstreamtest.Server) {
	t.Helper()
	if err := DeleteStream(context.Background(), srv.Client(), "s"); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateStream(context.Background(), srv.Client(), "s", StreamOptions{AutoDistribution: true}); err != nil {
		t.Fatal(err)
	}
}

// settled is OnSettled. It does what it must not do for long: wait for the Producer.
func (b *account) settled(s Settlement[string]) {
	b.ledger.add(s)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	switch again := "again:" + s.Value; b.chance(50) {
	case 0:
		if err := b.Send(ctx, again); err != nil {
			b.note(b.refused, again)
		} else {
			b.note(b.taken, again)
		}
	case 1:
		_ = b.Flush(ctx)
	case 2:
		if b.closesItself && b.Stats().Delivered > 1000 {
			_ = b.Close(ctx)
		}
	}
}

func (b *account) chance(most time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Duration(b.random.Int64N(int64(most)))
}

// brief returns a ctx that may end soon, with its caller.
func (b *account) brief(ctx context.Context) context.Context {
	ctx, cancel := context.WithTimeout(ctx, b.chance(3*time.Second))
	context.AfterFunc(ctx, cancel)
	return ctx
}

func (b *account) note(where map[string]bool, v string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	where[v] = true
}

func (b *account) sender(ctx context.Context, c int) {
	for i := 0; ctx.Err() == nil; i++ {
		v := fmt.Sprintf("k%d-%d:%d", c, i%7, i)
		if err := b.Send(b.brief(ctx), v); err != nil {
			b.note(b.refused, v)
			if errors.Is(err, ErrClosed) {
				return
			}
		} else {
			b.note(b.taken, v)
		}
		_ = sleep(ctx, b.chance(20*time.Millisecond))
	}
}

func (b *account) putter(ctx context.Context, c int) {
	for i := 0; ctx.Err() == nil; i++ {
		v := fmt.Sprintf("k%d-%d:put %d", c, i%7, i)
		receipt, err := b.Put(b.brief(ctx), v)
		delivery, delivered := errors.AsType[*DeliveryError](err)
		switch {
		case err == nil && receipt.SequenceNumber != "":
			b.mu.Lock()
			b.told[v] = Delivered
			b.mu.Unlock()
		case delivered:
			b.mu.Lock()
			b.told[v] = delivery.Outcome
			b.mu.Unlock()
		case err == nil:
			b.Errorf("Put of %q has no receipt", v)
		default:
			b.note(b.refused, v)
		}
		if errors.Is(err, ErrClosed) {
			return
		}
	}
}

// allSender goes on with what Resume says that has to be sent again, under
// another name, so that all values are different.
func (b *account) allSender(ctx context.Context, c int) {
	for round := 0; ctx.Err() == nil; round++ {
		var yielded []string
		summary, err := b.SendAll(b.brief(ctx), func(yield func(string, error) bool) {
			for i := range 100 {
				key := fmt.Sprintf("k%d-%d", c, i%7)
				if i%40 == 39 {
					key = "" // illegal
				}
				yielded = append(yielded, fmt.Sprintf("%s:all %d %d %d", key, c, round, i))
				if !yield(yielded[i], nil) {
					return
				}
			}
		})
		begun := summary.Delivered + summary.Failed + summary.MaybeDelivered
		if begun > int64(len(yielded)) || begun < int64(len(yielded))-1 || summary.Resume > begun {
			b.Errorf("%+v of %d values: %v", summary, len(yielded), err)
		}
		for i, v := range yielded {
			if int64(i) < begun {
				b.note(b.taken, v)
			} else {
				b.note(b.refused, v)
			}
		}
		b.handedBack(err)
		if errors.Is(err, ErrClosed) {
			return
		}
	}
}

// handedBack notes the values that an error carries.
func (b *account) handedBack(err error) {
	failed, ok := errors.AsType[*FailedError[string]](err)
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range failed.Failed {
		b.uncalled[s.Value]++
		b.told[s.Value] = s.Outcome
	}
}

func (b *account) balance(srv *kstreamtest.Server, silent, lost, auto bool) {
	copies := make(map[string]int)
	for _, m := range membersIn(b.T, srv, !auto) {
		copies[string(m.Data)]++
	}
	// A reshard takes aggregates where some of their members do not count.
	once := !lost && !b.cfg.Aggregate && !b.cfg.Compress
	for v := range b.taken {
		times := len(b.ledger.settled[v])
		switch {
		case silent && b.uncalled[v] > 1, !silent && (times != 1 || b.uncalled[v] > 0):
			b.Fatalf("%q was settled %d times and handed back %d times", v, times, b.uncalled[v])
		case silent && b.uncalled[v] == 0:
			b.told[v] = Delivered // there is nothing else that it can be
		case !silent:
			b.told[v] = b.ledger.settled[v][0].Outcome
		}
	}
	outcomes := make(map[Outcome]int)
	for v, outcome := range b.told {
		outcomes[outcome]++
		if outcome == Delivered && copies[v] == 0 || outcome == Failed && copies[v] > 0 || copies[v] > 1 && once {
			b.Fatalf("%q is %v, and %d times in the stream", v, outcome, copies[v])
		}
	}
	for v := range b.refused {
		if copies[v] > 0 || len(b.ledger.settled[v]) > 0 || b.uncalled[v] > 0 {
			b.Fatalf("%q was refused, and is %d times in the stream", v, copies[v])
		}
	}
	st := b.Stats()
	if st.Delivered+st.Failed+st.MaybeDelivered != int64(len(b.told)) || st.BufferedRecords != 0 || st.BufferedBytes != 0 {
		b.Errorf("%d values, but %+v", len(b.told), st)
	}
	b.Logf("%v, %d refused", outcomes, len(b.refused))
	if b.cfg.Ordered {
		b.wantOrder(srv)
	}
}

// wantOrder looks at the first copies of the values of Send, which had one
// caller for each key.
func (b *account) wantOrder(srv *kstreamtest.Server) {
	last, seen := make(map[string]int), make(map[string]bool)
	for _, m := range readMembers(b.T, srv) {
		key, text, _ := strings.Cut(string(m.Data), ":")
		i, err := strconv.Atoi(text)
		if err != nil || seen[string(m.Data)] { // of Put or SendAll
			continue
		}
		seen[string(m.Data)] = true
		if i < last[key] {
			b.Fatalf("%s: value %d came after %d", key, i, last[key])
		}
		last[key] = i
	}
}
