package kstream

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Batches reads as Records does, n records at a time, 1 to PrefetchRecords: for
// bodies that write them elsewhere together. A batch has fewer when wait has passed since its
// first record came, at the end, and before an error; a wait of 0 takes what is
// at hand.
//
// The records of a batch are done when the body has finished for it; with
// ManualDone, when they are marked. Errors come with a nil batch. Each batch is
// a slice of its own, and may be kept. It counts no more as read ahead, so a
// loop holds a batch in addition to PrefetchRecords.
func (c *Consumer[T]) Batches(ctx context.Context, n int, wait time.Duration) iter.Seq2[[]Record[T], error] {
	return func(yield func([]Record[T], error) bool) {
		if n < 1 || n > c.cfg.prefetchRecords {
			yield(nil, fmt.Errorf("kstream: batches of %d records: not 1 to PrefetchRecords, which is %d", n, c.cfg.prefetchRecords))
			return
		}
		run, err := c.begin(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer c.end(run)
		b := &batcher[T]{run: run, size: n, wait: wait, manual: c.cfg.manualDone, yield: yield}
		switch b.read(c.delivery(run, b.add)) {
		case leftLoop:
			return
		case cancelled: // what has been gathered will be delivered again
		default:
			if !b.flush() {
				return
			}
		}
		if err := run.leave(); err != nil {
			yield(nil, err)
		}
	}
}

// A batcher gathers what a delivery hands out.
type batcher[T any] struct {
	run    *run
	size   int
	wait   time.Duration
	manual bool
	yield  func([]Record[T], error) bool

	batch []Record[T]
	due   *time.Timer // runs while batch is not empty
}

// read delivers until all shards are finished or the loop is to end.
func (b *batcher[T]) read(d *delivery[T]) outcome {
	d.tickets = true
	pages := b.run.mergeShards()
	b.due = time.NewTimer(0)
	b.due.Stop()
	defer b.due.Stop()
	for b.run.busy() {
		select {
		case p := <-pages:
			if out := d.page(p); out != goOn {
				return b.run.ended(out)
			}
			b.run.consumed(p)
		case <-b.due.C:
			if !b.flush() {
				return leftLoop
			}
		case <-b.run.work.Done():
			return b.run.ended(cancelled)
		}
	}
	return goOn
}

// add is the body of the delivery.
func (b *batcher[T]) add(rec Record[T], err error) bool {
	if err != nil {
		return b.flush() && b.yield(nil, err)
	}
	if len(b.batch) == 0 {
		b.batch = make([]Record[T], 0, min(b.size, firstBatchRoom))
		b.due.Reset(max(b.wait, 0))
	}
	b.batch = append(b.batch, rec)
	return len(b.batch) < b.size || b.flush()
}

// firstBatchRoom is how many records a batch has room for at first: on a quiet
// stream large batches stay nearly empty.
const firstBatchRoom = 512

// flush yields what has been gathered.
func (b *batcher[T]) flush() bool {
	batch := b.batch
	if len(batch) == 0 {
		return true
	}
	b.batch = nil
	b.due.Stop()
	if !b.yield(batch, nil) {
		return false
	}
	if !b.manual {
		for i := range batch {
			batch[i].Done()
		}
	}
	return true
}
