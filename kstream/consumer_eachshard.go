package kstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"
)

// EachShard calls f for every shard, with the shard's records, each call in a
// goroutine of its own: for bodies that need more than one CPU, or keep
// something for each shard. The call for a shard begins when those for all of
// its parents have returned nil, and the loop over its records keeps the
// contract of Records. EachShard returns when all calls have.
//
// When f returns nil before the end of its records, its shard is not read any
// further in this loop, and neither are the shards that descend from it. When f
// returns an error, the ctx of all calls ends, and EachShard returns the error.
// A panic in f ends the others likewise, and is then a panic of EachShard, with
// f's stack in its text. If f ends its goroutine, as t.FailNow does, that is an
// error.
//
// The records can be ranged over once.
func (c *Consumer[T]) EachShard(ctx context.Context, f func(ctx context.Context, shard Shard, records iter.Seq2[Record[T], error]) error) error {
	if f == nil {
		return fmt.Errorf("kstream: read %s: EachShard without a function", c.cfg.stream)
	}
	run, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer c.end(run)
	calls := &shardCalls[T]{consumer: c, run: run, f: f}
	run.begin(calls.start)
	calls.running.Wait()
	if calls.panicked != "" {
		panic(calls.panicked)
	}
	return run.leave()
}

// shardCalls are the calls of one EachShard.
type shardCalls[T any] struct {
	consumer *Consumer[T]
	run      *run
	f        func(context.Context, Shard, iter.Seq2[Record[T], error]) error
	running  sync.WaitGroup // it grows only in calls that run, and before the first
	once     sync.Once      // sets panicked
	panicked string
}

// start starts the call for a shard.
func (c *shardCalls[T]) start(s *activeShard) {
	left := make(chan struct{})
	s.pages, s.left = make(chan *page), left
	c.running.Go(func() {
		reading := &shardLoop[T]{calls: c, shard: s}
		err := errNoReturn
		defer func() {
			close(left)
			c.returned(reading, err)
		}()
		err = c.call(reading)
	})
}

// errNoReturn says that a call ended by runtime.Goexit, as t.FailNow does.
var errNoReturn = errors.New("kstream: an EachShard function did not return")

// call calls f, and turns a panic into an error.
func (c *shardCalls[T]) call(reading *shardLoop[T]) (err error) {
	defer func() {
		if v := recover(); v != nil {
			c.once.Do(func() {
				c.panicked = fmt.Sprintf("kstream: EachShard: %v\n\n%s", v, debug.Stack())
			})
			err = errors.New("kstream: an EachShard function panicked")
		}
	}()
	return c.f(c.run.work, reading.shard.Shard, reading.records)
}

// returned takes note of the end of a call.
func (c *shardCalls[T]) returned(reading *shardLoop[T], err error) {
	reading.shard.stop()
	if err != nil {
		c.run.abort(err)
	}
	if reading.last != nil && err == nil {
		c.run.consumed(reading.last)
	} else {
		c.run.abandoned(reading.shard)
	}
}

// A shardLoop is the loop over one shard's records.
type shardLoop[T any] struct {
	calls *shardCalls[T]
	shard *activeShard
	begun bool
	last  *page // the shard's last page, when the loop has been through it
}

func (r *shardLoop[T]) records(yield func(Record[T], error) bool) {
	if r.begun {
		return
	}
	r.begun = true
	run := r.shard.run
	d := r.calls.consumer.delivery(run, yield)
	for r.last == nil {
		select {
		case p := <-r.shard.pages:
			if !r.page(d, p) {
				return
			}
		case <-run.work.Done():
			r.cancelled(yield)
			return
		}
	}
	err := r.last.err
	if errors.Is(err, errStopped) {
		err = run.failure() // of another shard, or none: the Until's count is reached
	}
	if err != nil {
		yield(Record[T]{}, err)
	}
}

// page runs the body with a page's records, and reports whether the loop goes on.
func (r *shardLoop[T]) page(d *delivery[T], p *page) bool {
	run := r.shard.run
	through := false
	defer func() { // break, return, and a panic, which the function may recover from
		if !through {
			run.budget.give(p.hold)
		}
	}()
	switch d.page(p) {
	case goOn:
		through = true
	case enough:
		run.enough(errStopped)
		return false
	case cancelled:
		r.cancelled(d.yield)
		return false
	default:
		return false
	}
	if p.end == endNotYet {
		run.consumed(p)
	} else {
		r.last = p
	}
	return true
}

func (r *shardLoop[T]) cancelled(yield func(Record[T], error) bool) {
	cause := context.Cause(r.shard.run.work)
	r.shard.run.abort(cause)
	yield(Record[T]{}, cause)
}
