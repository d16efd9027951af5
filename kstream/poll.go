package kstream

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// The service's limits on reading, from the quotas page of Kinesis Data
// Streams and the API reference of GetRecords.
const (
	maxAnswerRecords = 10_000
	maxAnswerBytes   = 10 << 20
	minReadInterval  = 200 * time.Millisecond // 5 calls a second for each shard
	readBytesPerSec  = 2 << 20                // for each shard; an answer of 10 MiB blocks it for 5 s
)

// read reads the shard until it ends or nothing more is wanted of it. It sends
// every page but the last, which it returns. Between two calls it holds one
// page at most: it asks for the next one when the loop has taken the last.
func (s *activeShard) read(ctx context.Context) *page {
	p := poller{shard: s, cursor: cursor{shard: s, position: s.start.position}}
	next, err := p.open(ctx)
	for {
		switch {
		case err != nil:
			return &page{shard: s, end: endFailed, err: err, readBefore: -1}
		case next == nil: // just opened
		case next.end != endNotYet:
			return next
		case len(next.records) == 0 && next.gap == nil:
			s.run.budget.give(next.hold)
		case !s.send(next):
			return &page{shard: s, end: endFailed, err: errStopped, readBefore: -1}
		}
		next, err = p.retry(ctx, p.attempt)
	}
}

// A poller reads one shard by GetRecords.
type poller struct {
	shard  *activeShard
	cursor cursor
	faults backoff
	pace   pace

	renewals int // iterators that were turned down since one was good
}

// maxRenewals is how many iterators in a row may be turned down before that
// counts as a fault of the service.
const maxRenewals = 3

// open gets the first iterator, and then makes sure that the Store has a lease:
// one of LATEST names the time at which that was. It returns a page only if
// there is nothing to read.
func (p *poller) open(ctx context.Context) (*page, error) {
	var first *page
	var err error
	if p.shard.start.vanished {
		first = p.shard.vanished(p.cursor.position, nil)
	} else {
		first, err = p.retry(ctx, func(ctx context.Context) (*page, error) { return nil, p.cursor.renew(ctx) })
	}
	if err == nil {
		err = p.shard.openLease(ctx, p.cursor.position)
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
func (p *poller) retry(ctx context.Context, attempt func(context.Context) (*page, error)) (*page, error) {
	for {
		answer, err := attempt(ctx)
		if err == nil {
			p.faults.reset()
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
			return p.shard.lost(ctx, p.cursor.position, err)
		}
		if err := p.recover(ctx, err); err != nil {
			return nil, err
		}
	}
}

// recover waits for as long as the error makes it sensible, or returns it.
func (p *poller) recover(ctx context.Context, err error) error {
	run := p.shard.run
	kind := faultOf(err)
	if p.cursor.iterator != nil && isInvalidIterator(err) {
		kind = faultExpired
	}
	if kind == faultExpired {
		p.cursor.iterator = nil
		if p.renewals++; p.renewals > maxRenewals {
			kind = faultTransient
		}
	}
	p.shard.meter.fault(kind)
	switch kind {
	case faultFatal:
		return run.errorf(p.shard.ID, "read", err)
	case faultExpired:
		run.cfg.logger.Debug("shard iterator expired", "stream", run.cfg.stream, "shard", p.shard.ID)
		return nil
	}
	pause, failing := p.faults.next(kind, time.Now())
	if run.cfg.retryFor > 0 && failing > run.cfg.retryFor {
		return run.errorf(p.shard.ID, "read", err)
	}
	run.cfg.logger.Debug("read failed, trying again", "stream", run.cfg.stream, "shard", p.shard.ID, "pause", pause, "error", err)
	return sleep(ctx, pause)
}

// attempt makes one GetRecords call, after the pause that is due and for what
// the budget allows.
func (p *poller) attempt(ctx context.Context) (*page, error) {
	run := p.shard.run
	if p.cursor.iterator == nil {
		if err := p.cursor.renew(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.pace.wait(ctx); err != nil {
		return nil, err
	}
	most := hold{min(maxAnswerRecords, run.cfg.prefetchRecords), maxAnswerBytes}
	if err := run.budget.take(ctx, most); err != nil {
		return nil, err
	}
	callCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := run.client.GetRecords(callCtx, &kinesis.GetRecordsInput{
		ShardIterator: p.cursor.iterator,
		StreamARN:     run.ref.arn,
		Limit:         aws.Int32(int32(most.records)),
	}, wire.GetRecords, noRetries)
	if err != nil {
		run.budget.give(most)
		return nil, err
	}
	p.renewals = 0
	answer := p.accept(out)
	run.budget.give(hold{most.records - answer.hold.records, most.bytes - answer.hold.bytes})
	return answer, nil
}

// accept makes a page of an answer.
func (p *poller) accept(out *kinesis.GetRecordsOutput) *page {
	lagKnown := out.MillisBehindLatest != nil
	lag := time.Duration(aws.ToInt64(out.MillisBehindLatest)) * time.Millisecond
	bytes := recordBytes(out.Records)
	answer := &page{
		shard: p.shard, records: out.Records, lag: lag, children: out.ChildShards,
		hold: hold{len(out.Records), bytes},
	}
	if closedShard(out.NextShardIterator, out.ChildShards) {
		answer.end = endOfShard
	}
	p.cursor.iterator = out.NextShardIterator
	p.cursor.accept(answer, lagKnown && lag == 0)
	p.pace.read(time.Now(), len(out.Records), bytes, lagKnown && lag == 0, p.shard.run.cfg.idleInterval)
	p.shard.meter.answer(len(answer.records), bytes, lag)
	p.shard.want(answer, lagKnown)
	return answer
}

// want cuts off what the loop's Until leaves out.
func (s *activeShard) want(answer *page, lagKnown bool) {
	wanted, stop := s.run.rule.read(answer.records, answer.lag, lagKnown)
	cut := wanted < len(answer.records)
	answer.records = answer.records[:wanted]
	// The end of a shard goes before: its children may hold what is wanted,
	// unless the shard itself already went beyond that.
	if stop && (cut || answer.end == endNotYet) {
		answer.end = endWanted
	}
}

// isInvalidIterator reports whether the service did not take the iterator. An
// iterator is opaque, and the service has more than one way to turn one down
// that has grown too old.
func isInvalidIterator(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "InvalidArgumentException"
}

// A pace spaces the calls of one shard: within the service's limits when there
// is much to read, calmly when there is nothing. Other readers of the same
// shard show themselves by throttling, which is waited out.
type pace struct {
	due  time.Time
	idle time.Duration // the pause at the shard's tip; doubles with each empty answer
}

func (p *pace) wait(ctx context.Context) error { return sleep(ctx, time.Until(p.due)) }

// read takes note of an answer, at the time it came. The service counts from
// when it made it, which was earlier.
func (p *pace) read(now time.Time, records, bytes int, atTip bool, maxIdle time.Duration) {
	pause := max(minReadInterval, time.Duration(bytes)*time.Second/readBytesPerSec)
	if records > 0 || !atTip {
		p.idle = minReadInterval
	} else {
		p.idle = min(2*p.idle, maxIdle)
	}
	p.due = now.Add(max(pause, p.idle))
}
