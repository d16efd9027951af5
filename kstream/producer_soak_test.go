package kstream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestEverythingGoesWrong sends a million values in a long run, fewer else,
// while entries and calls fail before and after the write, connections break,
// calls stall, credentials expire, and the stream splits and merges. Some
// values time out. At the end the books have to balance: each value is settled
// once, what was delivered is in the stream where its receipt says, what failed
// is not, and only lost answers make duplicates.
func TestEverythingGoesWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		lost   bool // answers are
		change func(*ProducerConfig[string])
	}{
		{"plain", false, func(*ProducerConfig[string]) {}},
		{"answers lost", true, func(*ProducerConfig[string]) {}},
		{"aggregated", true, func(cfg *ProducerConfig[string]) { cfg.Aggregate = true }},
		{"ordered, compressed", true, func(cfg *ProducerConfig[string]) { cfg.Ordered, cfg.Compress = true, true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: troubles(tt.lost), Seed: 11, MaxBytes: -1}
			inBubble(t, opts, 3, func(t *testing.T, srv *kstreamtest.Server) { soak(t, srv, tt.lost, tt.change) })
		})
	}
}

func soak(t *testing.T, srv *kstreamtest.Server, lost bool, change func(*ProducerConfig[string])) {
	n := 4000
	if long() {
		n = 250_000 // in each of four ways
	}
	l := newLedger()
	p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
		cfg.OnSettled, cfg.MaxBufferedRecords, cfg.TimeToLive = l.add, min(n/10, 5000), 40*time.Second
		change(cfg)
	})
	r := rand.New(rand.NewPCG(5, 5))
	sent := make(map[string]bool, n)
	for i := range n {
		switch i {
		case n / 3:
			split(t, srv)
		case n * 2 / 3:
			merge(t, srv)
		case n * 3 / 4: // longer than a value lives
			srv.Inject(kstreamtest.Fault{Kind: kstreamtest.FailEntry, For: 50 * time.Second})
		}
		v := fmt.Sprintf("k%d:%d", r.IntN(n/20), i)
		if err := p.Send(context.Background(), v); err != nil {
			t.Fatal(err)
		}
		sent[v] = true
		if i%100 == 0 {
			checkCrowd(t, p.sender)
		}
	}
	closeProducer(t, p)
	checkCrowd(t, p.sender)

	copies := make(map[string]int, n)
	for _, m := range readMembers(t, srv) {
		copies[string(m.Data)]++
	}
	for v := range sent {
		list := l.settled[v]
		if len(list) != 1 {
			t.Fatalf("%q was settled %d times", v, len(list))
		}
		switch s := list[0]; {
		case s.Outcome == Delivered && (copies[v] == 0 || s.Receipt.SequenceNumber == ""):
			t.Fatalf("%q was delivered (%+v) but is not in the stream", v, s.Receipt)
		case s.Outcome == Failed && copies[v] > 0:
			t.Fatalf("%q failed (%v) but is in the stream", v, s.Err)
		case !lost && (s.Outcome == MaybeDelivered && copies[v] > 0 || copies[v] > 1):
			t.Fatalf("%q is in the stream %d times (%v) though no answer was lost", v, copies[v], s.Outcome)
		}
	}
	outcomes, st := l.outcomes(), p.Stats()
	t.Logf("%v; %d calls, %d failed, %d values sent again", outcomes, st.Calls, st.FailedCalls, st.Retries)
	// Where answers are lost, all that a long outage meets may have been in doubt before.
	expired := outcomes[Failed] > 0 || lost && outcomes[MaybeDelivered] > 0
	if outcomes[Delivered] < n/2 || !expired || len(l.settled) != n {
		t.Errorf("outcomes %v of %d values", outcomes, n)
	}
	if p.cfg.Ordered {
		checkOrder(t, srv)
	}
}

// checkOrder checks that the first copies of each key's values come in order.
// Some may be missing.
func checkOrder(t *testing.T, srv *kstreamtest.Server) {
	t.Helper()
	last, seen := make(map[string]int), make(map[string]bool)
	for _, m := range readMembers(t, srv) {
		if seen[string(m.Data)] {
			continue
		}
		seen[string(m.Data)] = true
		key, text, _ := strings.Cut(string(m.Data), ":")
		i, _ := strconv.Atoi(text)
		if i < last[key] {
			t.Fatalf("key %s: value %d came after %d", key, i, last[key])
		}
		last[key] = i
	}
}
