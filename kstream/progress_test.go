package kstream

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// Records are marked in random order, some of them twice and some never.
func TestProgressIsTheContiguousPrefix(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		p := progress{undone: new(atomic.Int64)}
		var waiting []uint64
		done := make(map[uint64]bool)
		first := uint64(0) // that is not done
		for range 4 * fewTickets {
			if random.IntN(3) > 0 {
				n := p.next
				waiting = append(waiting, p.hand(strconv.FormatUint(n, 10), int64(n)))
				continue
			}
			if len(waiting) == 0 {
				continue
			}
			i := random.IntN(min(len(waiting), 1<<random.IntN(12)))
			n := waiting[i]
			if random.IntN(4) > 0 {
				waiting = append(waiting[:i], waiting[i+1:]...)
			}
			p.finish(n)
			done[n] = true
			for done[first] {
				first++
			}
			want := TrimHorizon()
			if first > 0 {
				want = AfterRecord(strconv.FormatUint(first-1, 10), int64(first-1))
			}
			if !p.at.Equal(want) || p.since != int(first) || p.undone.Load() != int64(p.next)-int64(len(done)) {
				t.Fatalf("seed %d: at %s, %d done, %d undone; want %s, %d, %d", seed, p.at, p.since, p.undone.Load(), want, first, int64(p.next)-int64(len(done)))
			}
			if len(p.tickets) > 4*p.open+fewTickets {
				t.Fatalf("seed %d: %d tickets for %d records that are not done", seed, len(p.tickets), p.open)
			}
		}
	}
}

// A record that is never marked stops the checkpoint. It must not have all that
// is read after it kept in memory.
func TestAForgottenDoneKeepsNoAnswers(t *testing.T) {
	const records, size = 100_000, 200
	inLab(t, 1, kstreamtest.Options{Limits: kstreamtest.Unlimited()}, func(l *lab) {
		for i := range records {
			l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: fmt.Appendf(nil, "k:%0*d", size, i)})
		}
		c := l.consumer(ConsumerConfig[string]{Store: new(MemoryStore), ManualDone: true, PrefetchRecords: 100})
		n, grown := 0, int64(0)
		for rec, err := range c.Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			switch n++; n {
			case 1: // is forgotten
				continue
			case 200:
				grown = -inUse()
			case records:
				grown += inUse()
			}
			rec.Done()
		}
		if n != records || grown > records*size/8 {
			l.Errorf("after %d records the heap has grown by %d bytes", n, grown)
		}
	})
}
