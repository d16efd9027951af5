package kstream

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
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

	// lateSince is when a first attempt to begin at LATEST failed.
	lateSince time.Time

	// Of a subscription: the last record, and until when what the service said
	// to continue after is sure to be there.
	last      string
	sureUntil time.Time
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
	in := &kinesis.GetShardIteratorInput{StreamName: run.ref.name, StreamARN: run.ref.arn, ShardId: &c.shard.ID}
	c.position.request(in)
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := run.client.GetShardIterator(ctx, in, wire.Cure, noRetries)
	if err != nil {
		return err
	}
	c.iterator = out.ShardIterator
	serverTime, ok := middleware.GetServerTime(out.ResultMetadata)
	if !ok {
		serverTime = time.Now()
	}
	c.begun(serverTime)
	return nil
}

// begun takes note that the service has accepted the position, at a time on
// its own clock.
func (c *cursor) begun(serverTime time.Time) {
	switch c.position.kind {
	case latest:
		// Should the iterator expire before a first record was read, then asking
		// for LATEST again would skip what came in the meantime.
		c.position = AtTime(serverTime.Truncate(time.Second))
	case afterRecord:
		c.anchor, c.anchorSub = c.position.seq, c.position.sub
	}
}

// failed takes note of a failed attempt that began at a time. If it was one to
// begin at LATEST, what comes in until the next attempt must not be skipped. It
// reports whether the position has changed such that the error means nothing.
func (c *cursor) failed(began time.Time, err error) bool {
	switch {
	case c.position.kind == latest && c.lateSince.IsZero():
		c.lateSince = began
		c.position = AtTime(began.Truncate(time.Second))
	case c.position.kind == atTime && !c.lateSince.IsZero() && isInvalidArgument(err):
		c.position = Latest() // our clock is ahead of the service's, which takes no time in the future
		return true
	}
	return false
}

// accept moves the cursor past the records of an answer. It takes out what was
// read before, and notes in p what is missing.
func (c *cursor) accept(p *page, atTip bool) {
	p.readBefore = -1
	if c.anchor != "" && (len(p.records) > 0 || atTip || p.end != endNotYet) {
		c.checkAnchor(p)
	}
	if n := len(p.records); n > 0 {
		c.last = aws.ToString(p.records[n-1].SequenceNumber)
		c.position = AfterRecord(c.last, wholeRecord)
	}
}

// continueAfter takes note of what a subscription's event says to continue
// after. That moves on when nothing is written, while the last record grows
// older than the stream's retention.
func (c *cursor) continueAfter(seq *string, lag time.Duration) {
	if aws.ToString(seq) != "" {
		c.position = AfterSequenceNumber(*seq)
		c.sureUntil = time.Now().Add(c.shard.run.info.Retention - lag)
	}
}

// beforeSubscribe returns to the last record if, since the last event, others
// after it may have been trimmed: then the service's answer shows it.
func (c *cursor) beforeSubscribe() {
	if c.last != "" && c.position.kind == afterSequence && time.Now().After(c.sureUntil) {
		c.position = AfterRecord(c.last, wholeRecord)
	}
}

func (c *cursor) checkAnchor(p *page) {
	switch {
	case len(p.records) == 0:
		p.gap = c.gap("")
	case aws.ToString(p.records[0].SequenceNumber) != c.anchor:
		p.gap = c.gap(aws.ToString(p.records[0].SequenceNumber))
	case c.anchorSub == wholeRecord:
		p.records = p.records[1:]
	default:
		p.readBefore = c.anchorSub
	}
	c.anchor = ""
}

func (c *cursor) gap(next string) *GapError {
	after := AfterRecord(c.anchor, c.anchorSub).shown()
	return &GapError{Stream: c.shard.run.cfg.stream, ShardID: c.shard.ID, After: after, Next: next}
}

// closedShard reports whether an answer was the shard's last.
func closedShard(next *string, children []types.ChildShard) bool {
	return next == nil || *next == "" || len(children) > 0
}
