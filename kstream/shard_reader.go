package kstream

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// read reads the shard until it ends or nothing more is wanted of it. It sends
// every page but the last, which it returns. Between two calls it holds one
// page at most: it asks for the next one when the loop has taken the last.
func (s *activeShard) read(ctx context.Context) *page {
	r := shardReader{shard: s, cursor: newCursor(s)}
	if s.run.fanOutARN != "" {
		r.fanOut = new(subscription)
		defer r.fanOut.close()
	}
	next, err := r.open(ctx)
	for {
		switch {
		case err != nil:
			return &page{shard: s, end: endFailed, err: err, readBefore: -1}
		case next == nil: // just opened
		case next.end != endNotYet:
			return next
		case next.records.Len() == 0 && next.gap == nil:
			s.run.release(next)
		case !s.send(next):
			return &page{shard: s, end: endFailed, err: errStopped, readBefore: -1}
		}
		next, err = r.retry(ctx, r.attempt)
	}
}

// A shardReader reads one shard, by GetRecords or by SubscribeToShard.
type shardReader struct {
	shard  *activeShard
	cursor cursor
	faults backoff

	pace     pace
	renewals int // iterators that were turned down since one was good

	fanOut *subscription // nil: by GetRecords
}

// attempt asks for the next answer once.
func (r *shardReader) attempt(ctx context.Context) (*page, error) {
	if r.fanOut != nil {
		return r.receive(ctx)
	}
	return r.poll(ctx)
}

// connect makes the first call, which says where the reading begins.
func (r *shardReader) connect(ctx context.Context) (*page, error) {
	if r.fanOut != nil {
		return nil, r.subscribe(ctx)
	}
	return nil, r.cursor.renew(ctx)
}

// maxRenewals is how many iterators in a row may be turned down before that
// counts as a fault of the service.
const maxRenewals = 3

// open connects, and then makes sure that the Store has a lease. It returns a
// page only if there is nothing to read.
func (r *shardReader) open(ctx context.Context) (*page, error) {
	var first *page
	var err error
	if r.shard.start.vanished {
		first = r.shard.vanished(r.cursor.position, nil)
	} else {
		first, err = r.retry(ctx, r.connect)
	}
	if err == nil {
		err = r.shard.openLease(ctx, r.cursor.position)
	}
	return first, err
}

// openLease has the Store keep the shard's progress from here on.
func (s *activeShard) openLease(ctx context.Context, position Position) error {
	saver := s.run.saver
	if saver == nil {
		return nil
	}
	if s.start.lease != nil {
		s.saved = saver.track(*s.start.lease)
		return nil
	}
	lease, err := saver.create(ctx, s.Shard, position, s.run.cfg.retryFor)
	if err != nil {
		return err
	}
	s.saved = saver.track(lease)
	return nil
}

// retry makes an attempt until it succeeds or waiting won't help.
func (r *shardReader) retry(ctx context.Context, attempt func(context.Context) (*page, error)) (*page, error) {
	for {
		answer, err := attempt(ctx)
		if err == nil {
			r.faults.reset()
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		_, unknown := errors.AsType[*types.ResourceNotFoundException](err)
		if unknown {
			answer, err = r.shard.lost(ctx, r.cursor.position, err)
		}
		if err != nil && (!unknown || faultOf(err) != faultFatal) {
			err = r.recover(ctx, err)
		}
		if err != nil && r.fallBack(err) {
			continue
		}
		if answer != nil || err != nil {
			return answer, err
		}
	}
}

// recover waits for as long as the error makes it sensible, or returns it.
func (r *shardReader) recover(ctx context.Context, err error) error {
	run := r.shard.run
	kind := faultOf(err)
	switch {
	case r.cursor.iterator != nil && isInvalidArgument(err):
		kind = faultExpired
	case r.cursor.tooEarly(err):
		kind = faultTransient
	}
	if kind == faultExpired {
		r.cursor.iterator = nil
		if r.renewals++; r.renewals > maxRenewals {
			kind = faultTransient
		}
	}
	r.shard.meter.fault(kind)
	switch kind {
	case faultFatal:
		return run.errorf(r.shard.ID, "read", err)
	case faultExpired:
		run.cfg.logger.Debug("kstream: shard iterator expired", "stream", run.cfg.stream, "shard", r.shard.ID)
		return nil
	}
	pause, failing := r.faults.next(kind, time.Now())
	if run.cfg.retryFor > 0 && failing > run.cfg.retryFor {
		return run.errorf(r.shard.ID, "read", err)
	}
	run.tellFault(r.shard.ID, failing, err)
	return sleep(ctx, pause)
}

// Faults of one shard in a row are worth a line in the log when they have come
// for unsettling, and then once in warnEvery for all shards together.
const unsettling = 5 * time.Second

// tellFault logs a read that failed and is tried again.
func (r *run) tellFault(shard string, failing time.Duration, err error) {
	level, text := slog.LevelDebug, "kstream: read failed, trying again"
	last, now := r.warned.Load(), time.Now().UnixNano()
	if failing >= unsettling && now-last >= int64(warnEvery) && r.warned.CompareAndSwap(last, now) {
		level, text = slog.LevelWarn, "kstream: reads keep failing"
	}
	r.cfg.logger.Log(r.work, level, text, "stream", r.cfg.stream, "shard", shard, "for", failing, "error", err)
}

// want cuts off what the loop's Until leaves out.
func (s *activeShard) want(answer *page, lagKnown bool) {
	wanted, stop := s.run.rule.read(&answer.records, answer.lag, lagKnown)
	cut := wanted < answer.records.Len()
	answer.records = answer.records.Slice(0, wanted)
	// The end of a shard goes before: its children may hold what is wanted,
	// unless the shard itself already went beyond that.
	if stop && (cut || answer.end == endNotYet) {
		answer.end = endWanted
	}
}

// isInvalidArgument reports whether the service did not take the iterator or
// the position. An iterator is opaque, and the service has more than one way to
// turn one down that has grown too old.
func isInvalidArgument(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "InvalidArgumentException"
}
