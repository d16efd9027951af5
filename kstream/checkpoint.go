package kstream

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A checkpointer saves the progress of a loop's shards in a Store.
type checkpointer struct {
	store  Store
	stream StreamID
	logger *slog.Logger
	every  int // records of a shard between two saves; 0: no such bound
	failed *atomic.Int64
	undone atomic.Int64

	// turn holds a token while somebody saves: that takes as long as the Store
	// does, and only one save of a lease can be right.
	turn chan struct{}
	// kick has keepSaving save before its time.
	kick chan struct{}

	obsolete []Lease // to be deleted; of the goroutine that keeps saving, then of saveLast

	mu     sync.Mutex // guards shards
	shards map[string]*savedShard
}

// A savedShard is a shard and the lease that the Store has of it.
type savedShard struct {
	progress
	saver *checkpointer

	// Whoever has the turn may use these.
	lease Lease
	tried Lease // what an update that failed, or only its answer, would have made of it
}

// maxSaves and maxCreates are how many leases are saved and created at once.
// Nothing is read before the first ones are created.
const (
	maxSaves   = 16
	maxCreates = 64
)

// lastSaveTimeout bounds the save at the end of a loop, whose context may have
// ended.
const lastSaveTimeout = 10 * time.Second

func newCheckpointer(cfg *consumerSettings, stream StreamID, meter *consumerMeter) *checkpointer {
	return &checkpointer{
		store: cfg.store, stream: stream, logger: cfg.logger, every: cfg.checkpointRecords,
		failed: &meter.saveFailures,
		turn:   make(chan struct{}, 1),
		kick:   make(chan struct{}, 1),
		shards: make(map[string]*savedShard),
	}
}

// track returns the progress of a shard. lease is what the Store has of it.
func (c *checkpointer) track(lease Lease) *savedShard {
	s := &savedShard{progress: progress{undone: &c.undone, at: lease.Position}, saver: c, lease: lease}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shards[lease.ShardID] = s
	return s
}

// create puts a lease of a shard that is to be read for the first time into
// the Store. It is there before anything of the shard, or of its children, is
// delivered: a shard without one, but with descendants that have one, was left
// out on purpose. Failures are tried again for at most retryFor (negative: for
// ever).
func (c *checkpointer) create(ctx context.Context, shard Shard, start Position, retryFor time.Duration) (Lease, error) {
	lease := Lease{Stream: c.stream, ShardID: shard.ID, Parents: shard.Parents, Position: start, Version: 1}
	var faults backoff
	for {
		err := c.store.Create(ctx, lease)
		if errors.Is(err, ErrConflict) && faults.inRow > 0 {
			err = c.ours(ctx, lease, err)
		}
		if err == nil || errors.Is(err, ErrConflict) || errors.Is(err, ErrStoreClosed) || ctx.Err() != nil {
			return lease, err
		}
		pause, failing := faults.next(faultTransient, time.Now())
		if retryFor > 0 && failing > retryFor {
			return lease, err
		}
		if err := sleep(ctx, pause); err != nil {
			return lease, err
		}
	}
}

// createAll puts the first leases of a stream into the Store, with their positions
// as kept returns them. Until all are there, nothing is read, so that a
// loop that ends before leaves no lease with a Version above 1: that tells the
// next one that some may be missing, and what the first LATEST was.
func (c *checkpointer) createAll(ctx context.Context, nodes []*shardNode, kept func(Position) Position, retryFor time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	create := func(node *shardNode) {
		lease, err := c.create(ctx, node.shard, kept(node.start.position), retryFor)
		if err != nil {
			cancel(err)
		}
		node.start.lease = &lease
	}
	// One of LATEST goes before the others: without any, its time would be lost.
	if i := slices.IndexFunc(nodes, func(n *shardNode) bool { return n.start.position.kind == latest }); i >= 0 {
		create(nodes[i])
		nodes = slices.Delete(nodes, i, i+1)
	}
	parallel(maxCreates, nodes, func(node *shardNode) {
		if ctx.Err() == nil {
			create(node)
		}
	})
	return context.Cause(ctx)
}

// parallel calls f for each item, n at a time, and returns when all calls have.
func parallel[T any](n int, items []T, f func(T)) {
	queue := make(chan T, len(items))
	for _, item := range items {
		queue <- item
	}
	close(queue)
	var workers sync.WaitGroup
	for range min(n, len(items)) {
		workers.Go(func() {
			for item := range queue {
				f(item)
			}
		})
	}
	workers.Wait()
}

// forget deletes the leases that are of no use any more. That it can't is no
// reason to stop: saveLast will try again, and so will the next loop.
func (c *checkpointer) forget(ctx context.Context) {
	for ; len(c.obsolete) > 0; c.obsolete = c.obsolete[1:] {
		lease := c.obsolete[0]
		if err := c.store.Delete(ctx, lease); err != nil {
			c.logger.Debug("kstream: obsolete lease not deleted", "stream", c.stream.ARN, "shard", lease.ShardID, "error", err)
			return
		}
	}
}

// marked is called after a record of the shard was marked, with how many were
// since the last save. It saves when that is due.
func (c *checkpointer) marked(ctx context.Context, s *savedShard, since int) error {
	if c.every <= 0 || since < c.every {
		return nil
	}
	if c.take(ctx) != nil {
		return nil // the last save will do it
	}
	defer c.end()
	return c.tolerate(ctx, c.save(ctx, s))
}

// markDone marks the record of a ticket. It has keepSaving save when that is due,
// and doesn't wait for it.
func (s *savedShard) markDone(number uint64) {
	since := s.finish(number)
	if s.saver.every > 0 && since >= s.saver.every {
		select {
		case s.saver.kick <- struct{}{}:
		default:
		}
	}
}

// keepSaving saves all shards at intervals (negative: only when kicked), until
// ctx ends or somebody else has changed a lease.
func (c *checkpointer) keepSaving(ctx context.Context, interval time.Duration) error {
	var tick <-chan time.Time
	if interval > 0 {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-tick:
		case <-c.kick:
		case <-ctx.Done():
			return nil
		}
		if err := c.tolerate(ctx, c.saveAll(ctx)); err != nil {
			return err
		}
	}
}

// tolerate lets errors pass that the next save may make good.
func (c *checkpointer) tolerate(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, ErrConflict), errors.Is(err, ErrStoreClosed):
		return err
	case ctx.Err() != nil: // the loop has ended, and saves once more
		return nil
	}
	c.logger.Warn("kstream: checkpoint not saved, trying again later", "stream", c.stream.ARN, "error", err)
	return nil
}

// take takes the turn, which end gives back.
func (c *checkpointer) take(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *checkpointer) end() { <-c.turn }

// retire has the checkpointer save nothing more. The caller has the turn.
func (c *checkpointer) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.shards)
}

// saveAll saves all shards whose progress has changed.
func (c *checkpointer) saveAll(ctx context.Context) error {
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.end()
	c.mu.Lock()
	shards := slices.Collect(maps.Values(c.shards))
	c.mu.Unlock()

	var mu sync.Mutex // guards failed
	var failed error
	parallel(maxSaves, shards, func(s *savedShard) {
		if err := c.save(ctx, s); err != nil {
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
		}
	})
	return failed
}

// save saves one shard. The caller has the turn.
func (c *checkpointer) save(ctx context.Context, s *savedShard) error {
	position, changed := s.unsaved()
	if !changed {
		return nil
	}
	var err error
	if s.tried.Version != 0 { // whether the Store has it is unknown, so the same once more
		err = c.update(ctx, s, s.tried.Position)
	}
	if err == nil && !s.lease.Position.Equal(position) {
		err = c.update(ctx, s, position)
	}
	if err != nil {
		s.notSaved()
		c.failed.Add(1)
		return err
	}
	if position.kind == shardEnd {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.shards, s.lease.ShardID)
	}
	return nil
}

// update moves the lease.
func (c *checkpointer) update(ctx context.Context, s *savedShard, position Position) error {
	next := s.lease.clone()
	next.Position = position
	next.Version++
	err := c.store.Update(ctx, s.lease, next)
	if errors.Is(err, ErrConflict) && next.Equal(s.tried) {
		err = c.ours(ctx, next, err)
	}
	switch {
	case err == nil:
		s.lease, s.tried = next, Lease{}
	case !errors.Is(err, ErrConflict):
		s.tried = next
	}
	return err
}

// ours tells whether a conflict is one with ourselves, which is none: an earlier
// try had failed, but was made all the same, only its answer was lost. If that
// can't be told, the error is not a conflict, so that it is tried again.
func (c *checkpointer) ours(ctx context.Context, lease Lease, conflict error) error {
	leases, err := c.store.List(ctx, c.stream)
	if err == nil && !slices.ContainsFunc(leases, lease.Equal) {
		err = conflict
	}
	return err
}

// saveLast saves at the end of a loop, even if its context has ended, and
// deletes the obsolete leases that a short loop had no time for.
func (c *checkpointer) saveLast(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSaveTimeout)
	defer cancel()
	err := c.saveAll(ctx)
	c.forget(ctx)
	return err
}

// Checkpoint saves now what is done of the running loop, or of the last one: of
// records that were marked with Done since it ended. Without a Store it does
// nothing. An error that wraps ErrConflict says that another process reads the
// same shards; after any other one a later call may succeed.
func (c *Consumer[T]) Checkpoint(ctx context.Context) error {
	if saver := c.saver.Load(); saver != nil {
		return saver.saveAll(ctx)
	}
	return nil
}
