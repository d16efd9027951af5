package kstream

import (
	"context"
	"fmt"
	"iter"
)

// Records reads all shards in one loop:
//
//	for rec, err := range consumer.Records(ctx) {
//		if err != nil {
//			return err // or go on: see below
//		}
//		fmt.Println(rec.Value)
//	}
//
// Every record is delivered at least once, in order within its shard, and
// those of a shard only after all of its parents', so in order for each
// partition key too. Records of different shards interleave.
//
// A [*DecodeError] and a [*GapError] are about single records; the loop goes
// on after them if its body does. Any other error is the last thing that is
// yielded. When the loop ends without one, every shard has been read to its
// end, or to what the configured Until asks for. If a shard fails, what has
// been read of the others by then is delivered before the error.
//
// When ctx ends, the loop ends with its cause, at once. Break, return and a
// panic in the body end it too. In every case no goroutine and no call of the
// Consumer is left when the loop has ended, and each loop begins anew.
//
// A body that leaves the loop is not told if the last save of the checkpoints
// fails. [Consumer.Checkpoint] tries it again, and tells.
//
// Some cases that are worth knowing:
//
//   - A panic of the Codec is a panic of the loop; the record that it was about
//     counts as unread.
//   - A shard that is closed when the loop begins is read to its end like any
//     other. With a Start of LATEST it is left out, as it gets no new records.
//   - LATEST on a stream without records waits for the first one; with Tip the
//     loop is over at once.
//   - A stream that is deleted ends the loop with ErrStreamNotFound, after what
//     had been read of it. One that is made again under its name is another
//     stream, and ends the loop likewise, within a minute: records of it that
//     came before are delivered again by the next loop, which starts anew, with
//     or without a Store.
//   - Records of the Kinesis Producer Library, and compressed ones, are taken
//     apart. A member whose hash key is not the shard's is left out, because
//     after a reshard its producer sends it again; Stats counts them.
func (c *Consumer[T]) Records(ctx context.Context) iter.Seq2[Record[T], error] {
	return func(yield func(Record[T], error) bool) {
		run, err := c.begin(ctx)
		if err != nil {
			yield(Record[T]{}, err)
			return
		}
		defer c.end(run)
		if c.records(run, yield) == leftLoop {
			return
		}
		if err := run.leave(); err != nil {
			yield(Record[T]{}, err)
		}
	}
}

// records delivers until all shards are finished or the loop is to end.
func (c *Consumer[T]) records(run *run, yield func(Record[T], error) bool) outcome {
	pages := run.mergeShards()
	d := c.delivery(run, yield)
	for run.busy() {
		select {
		case p := <-pages:
			if out := d.page(p); out != goOn {
				return run.ended(out)
			}
			run.consumed(p)
		case <-run.work.Done():
			return run.ended(cancelled)
		}
	}
	return goOn
}

// mergeShards starts the run with one channel for the pages of all shards.
func (r *run) mergeShards() <-chan *page {
	pages := make(chan *page)
	r.begin(func(s *activeShard) { s.pages, s.left = pages, r.work.Done() })
	return pages
}

// ended takes note of why a loop does not go on.
func (r *run) ended(out outcome) outcome {
	if out == cancelled {
		r.abort(context.Cause(r.work))
	}
	return out
}

// begin looks up the stream for a loop. If it succeeds, end must follow.
func (c *Consumer[T]) begin(ctx context.Context) (*run, error) {
	if !c.busy.CompareAndSwap(false, true) {
		return nil, fmt.Errorf("kstream: read %s: %w", c.cfg.stream, ErrBusy)
	}
	begun := false
	defer func() { // also if the Store panics
		if !begun {
			c.busy.Store(false)
		}
	}()
	former := c.saver.Load()
	if former != nil { // a save of its own, by Checkpoint, would be a conflict
		if err := former.take(ctx); err != nil {
			return nil, err
		}
		defer former.end()
	}
	run, err := newRun(ctx, c.client, &c.cfg, c.stats)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	if former != nil {
		former.retire()
	}
	c.saver.Store(run.saver)
	begun = true
	return run, nil
}

func (c *Consumer[T]) end(run *run) {
	run.leaving.Do(func() { run.windUp(false) }) // the loop was left
	c.busy.Store(false)
}
