package kstream

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// A cursor is a place in a shard that survives its iterators: those live five
// minutes, and then reading goes on from the last record that was read.
//
// Going on is done by asking for that record again, not for what follows it:
// that it comes first shows that nothing was trimmed in between. If another one
// comes first, there is a gap, and it is reported.
type cursor struct {
	shard    *activeShard
	position Position
	iterator *string

	// anchor is the record that must come first, since position was afterRecord
	// when the reading began there; empty: any may. anchorSub is its last member
	// that was delivered before.
	anchor    string
	anchorSub int64

	// asked says that the service was asked for the position where the loop began.
	asked bool

	// last is the last record that was read; empty: none.
	last string
	// unreadSince is a time that all records which were not read came after. Zero:
	// none is known.
	unreadSince time.Time
	// sinceTime says that the position is a time up to which the shard is known to
	// have held nothing that was not read, and that no answer has come since.
	sinceTime bool
	// quietSince is when the last record came, or the Store was told of a later
	// time at which there was no further one.
	quietSince time.Time
}

func newCursor(s *activeShard) cursor {
	c := cursor{shard: s, position: s.start.position}
	c.sinceTime = c.position.kind == atTime && s.start.resumed
	if !c.position.time.IsZero() && (c.sinceTime || c.position.kind == afterRecord) {
		c.quietSince = c.position.time.Add(s.run.rule.ahead)
		c.unreadSince = c.quietSince
	}
	return c
}

// trimMargin is how much too early, by our clock, records may be trimmed.
const trimMargin = time.Minute

// mayHaveMissed reports whether records after the last one that was read can have
// been trimmed by now.
func (c *cursor) mayHaveMissed() bool {
	return c.unreadSince.IsZero() || !time.Now().Add(trimMargin).Before(c.unreadSince.Add(c.shard.run.retention()))
}

// check drops an iterator whose next record may have been trimmed: the service
// would go on with the oldest one that there is, and not say so. One that has not
// yet come to the anchor is kept, since it takes any number of empty answers.
func (c *cursor) check() {
	if c.anchor != "" || c.sinceTime || c.unreadSince.IsZero() || !c.mayHaveMissed() {
		return
	}
	c.iterator = nil
	if c.last == "" {
		c.position, c.sinceTime = AtTime(c.unreadSince.Add(-c.shard.run.rule.ahead)), true
	}
}

// renew asks for an iterator at the position.
func (c *cursor) renew(ctx context.Context) error {
	run := c.shard.run
	select {
	case run.calls <- struct{}{}:
		defer func() { <-run.calls }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	c.fixLatest()
	in := &kinesis.GetShardIteratorInput{StreamName: run.ref.name, StreamARN: run.ref.arn, ShardId: &c.shard.ID}
	c.position.request(in)
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := run.client.GetShardIterator(ctx, in, wire.Cure, noRetries)
	if err != nil {
		return err
	}
	c.iterator = out.ShardIterator
	c.begun()
	return nil
}

// latestFor is how long LATEST passes for the moment at which a loop began.
const latestFor = time.Second

// fixLatest turns LATEST into the time at which the loop began, unless the shard
// is asked for it right then, and for the first time: what has come in since must
// not be skipped.
func (c *cursor) fixLatest() {
	run := c.shard.run
	if c.position.kind == latest && (c.asked || time.Since(run.placed) > latestFor) {
		c.position = AtTime(run.began)
	}
	c.asked = true
}

// begun takes note that the service has accepted the position.
func (c *cursor) begun() {
	switch c.position.kind {
	case latest:
		// Should the iterator expire before a first record was read, then asking
		// for LATEST again would skip what came in the meantime.
		c.position = AtTime(c.shard.run.began)
	case afterRecord:
		c.anchor, c.anchorSub, c.last = c.position.seq, c.position.sub, c.position.seq
	}
}

// maxAhead is by how much our clock may be ahead of that of the part of the service
// which answers: its parts do not all have the same.
const maxAhead = time.Minute

// tooEarly reports whether the service may have taken the time at which reading is
// to begin for one in the future.
func (c *cursor) tooEarly(err error) bool {
	return c.position.kind == atTime && isInvalidArgument(err) && time.Since(c.position.time) < maxAhead
}

// accept moves the cursor past the records of an answer. It takes out what was
// read before, and notes in p what is missing.
func (c *cursor) accept(p *page, lagKnown bool) {
	p.readBefore = -1
	if n := p.records.Len(); n > 0 {
		c.quietSince = p.records.Arrival(n - 1)
	}
	atTip := lagKnown && p.lag == 0
	if (c.anchor != "" || c.sinceTime) && (p.records.Len() > 0 || atTip || p.end != endNotYet) {
		c.checkAnchor(p)
	}
	if n := p.records.Len(); n > 0 {
		c.last = p.records.SequenceNumber(n - 1)
		c.position = AfterRecord(c.last, wholeRecord)
	}
	// Before the first record, only the tip tells that nothing is missing.
	sure := c.last != "" || atTip || !c.unreadSince.IsZero()
	if c.anchor == "" && !c.sinceTime && lagKnown && sure {
		c.unreadSince = time.Now().Add(-p.lag)
	}
	if atTip {
		c.noteQuiet(p)
	}
}

// quietNotes is the time between two notes in the Store that a shard is quiet.
const quietNotes = time.Hour

// noteQuiet has the Store remember that there was nothing after the last record
// until now, which an answer at the tip says. Should that record be trimmed by
// the time of the next loop, it still is known whether others can have been.
func (c *cursor) noteQuiet(p *page) {
	s, now := c.shard, time.Now()
	if s.saved == nil || p.gap != nil || now.Sub(c.quietSince) < quietNotes {
		return
	}
	at := now.Add(-s.run.rule.ahead) // on the service's clock
	switch {
	case p.records.Len() == 0 && s.inLoop.Load() == 0:
		s.saved.caughtUp(at)
	case p.records.Len() == 1 && p.readBefore >= 0: // members of it may not be read yet
		s.quietAt.Store(at.Unix())
	default:
		return
	}
	c.quietSince = now
}

// continueAfter takes note of what a subscription's event says to continue
// after. That moves on when nothing is written, while the last record grows
// older than the stream's retention.
func (c *cursor) continueAfter(seq *string) {
	if aws.ToString(seq) != "" {
		c.position = AfterSequenceNumber(*seq)
	}
}

// beforeSubscribe returns to the last record if, since the last event, others
// after it may have been trimmed: then the service's answer shows it.
func (c *cursor) beforeSubscribe() {
	if c.last != "" && c.position.kind == afterSequence && c.mayHaveMissed() {
		c.position = AfterRecord(c.last, wholeRecord)
	}
}

// checkAnchor looks for the record that must come first. If it is gone, so may be
// others after it, unless all of those are too young.
func (c *cursor) checkAnchor(p *page) {
	next := ""
	if p.records.Len() > 0 {
		next = p.records.SequenceNumber(0)
	}
	switch {
	case next != c.anchor || c.sinceTime:
		if c.mayHaveMissed() {
			p.gap = c.gap(next)
		}
	case c.anchorSub == wholeRecord:
		p.records = p.records.Slice(1, p.records.Len())
	default:
		p.readBefore = c.anchorSub
	}
	c.anchor, c.sinceTime = "", false
}

func (c *cursor) gap(next string) *GapError {
	after := c.position
	if !c.sinceTime {
		after = AfterRecord(c.anchor, c.anchorSub).shown()
	}
	return &GapError{Stream: c.shard.run.cfg.stream, ShardID: c.shard.ID, After: after, Next: next}
}

// closedShard reports whether an answer was the shard's last.
func closedShard(next *string, children []types.ChildShard) bool {
	return next == nil || *next == "" || len(children) > 0
}
