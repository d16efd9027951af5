package kstream

import (
	"context"
	"sync"
)

// A budget bounds what all shards of a loop have read ahead, by records and by
// bytes. A reader takes what an answer can hold at most before it asks for it,
// and gives the rest back when the answer is there, so the bounds hold
// whatever the service sends. Who finds too little left waits; those who came
// first are served first.
type budget struct {
	mu      sync.Mutex // guards all below
	records int
	bytes   int
	waiters []*budgetWaiter
}

type budgetWaiter struct {
	hold  hold
	ready chan struct{} // closed when hold has been taken
}

// A hold is a part of the budget.
type hold struct{ records, bytes int }

func newBudget(records, bytes int) *budget { return &budget{records: records, bytes: bytes} }

// take waits for h to be free and takes it.
func (b *budget) take(ctx context.Context, h hold) error {
	b.mu.Lock()
	if len(b.waiters) == 0 && b.fits(h) {
		b.subtract(h)
		b.mu.Unlock()
		return nil
	}
	w := &budgetWaiter{h, make(chan struct{})}
	b.waiters = append(b.waiters, w)
	b.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		b.abandon(w)
		return context.Cause(ctx)
	}
}

// ample reports whether h can be had at once, and leaves as much for another.
func (b *budget) ample(h hold) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiters) == 0 && b.fits(hold{2 * h.records, 2 * h.bytes})
}

// abandon takes w out of the queue, or gives back what it was just given.
func (b *budget) abandon(w *budgetWaiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-w.ready:
		b.subtract(hold{-w.hold.records, -w.hold.bytes})
	default:
		for i := range b.waiters {
			if b.waiters[i] == w {
				b.waiters = append(b.waiters[:i], b.waiters[i+1:]...)
				break
			}
		}
	}
	b.serve()
}

// give returns h to the budget.
func (b *budget) give(h hold) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subtract(hold{-h.records, -h.bytes})
	b.serve()
}

// serve hands what is free to those who wait for it. Callers hold mu.
func (b *budget) serve() {
	n := 0
	for ; n < len(b.waiters) && b.fits(b.waiters[n].hold); n++ {
		b.subtract(b.waiters[n].hold)
		close(b.waiters[n].ready)
		b.waiters[n] = nil
	}
	b.waiters = b.waiters[n:]
}

func (b *budget) fits(h hold) bool { return h.records <= b.records && h.bytes <= b.bytes }

func (b *budget) subtract(h hold) {
	b.records -= h.records
	b.bytes -= h.bytes
}
