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
// A panic of the Codec is a panic of the loop.
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
	pages := make(chan *page)
	run.begin(func(s *activeShard) { s.pages, s.left = pages, run.work.Done() })
	d := delivery[T]{run: run, codec: c.codec, ctx: run.work, yield: yield}
	for run.busy() {
		select {
		case p := <-pages:
			switch out := d.page(p); out {
			case goOn:
				run.consumed(p)
			case cancelled:
				run.abort(context.Cause(run.work))
				return out
			default:
				return out
			}
		case <-run.work.Done():
			run.abort(context.Cause(run.work))
			return cancelled
		}
	}
	return goOn
}

// begin looks up the stream for a loop. If it succeeds, end must follow.
func (c *Consumer[T]) begin(ctx context.Context) (*run, error) {
	if !c.busy.CompareAndSwap(false, true) {
		return nil, fmt.Errorf("kstream: read %s: %w", c.cfg.stream, ErrBusy)
	}
	run, err := newRun(ctx, c.client, &c.cfg, c.stats)
	if err != nil {
		c.busy.Store(false)
		return nil, err
	}
	return run, nil
}

func (c *Consumer[T]) end(run *run) {
	_ = run.leave() // told already, unless the loop was left
	c.busy.Store(false)
}
