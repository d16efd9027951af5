package kstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

const (
	// A subscription ends after five minutes (API reference of
	// SubscribeToShard). It is renewed when it is this old, with the next event.
	subscriptionAge = 4*time.Minute + 45*time.Second

	// The service sends an event, if need be an empty one, every five seconds.
	// When none has come for so long, the connection is dead.
	eventTimeout = 30 * time.Second
)

var (
	// errSilent says that a subscription has stopped sending.
	errSilent = errors.New("no event has come for 30 s")

	// errBroken says that the connection of a subscription ended in the middle:
	// HTTP/2 has many ways to say so, and none of them is about the shard.
	errBroken = errors.New("subscription broke off")

	// errNoEvent says that a subscription came to an orderly end at once.
	errNoEvent = errors.New("subscription ended before its first event")
)

// A subscription is a shard's stream of events. The zero subscription is not
// connected.
type subscription struct {
	events *kinesis.SubscribeToShardEventStream // nil: not connected
	cancel context.CancelFunc
	began  time.Time
	used   bool // an event has come
}

// close ends the subscription and joins what reads it.
func (s *subscription) close() {
	if s.events == nil {
		return
	}
	s.cancel()
	s.events.Close()
	for range s.events.Events() { // until its reader has closed it
	}
	s.events = nil
}

// subscribe connects at the cursor's position.
func (r *shardReader) subscribe(ctx context.Context) error {
	run := r.shard.run
	select {
	case run.calls <- struct{}{}:
		defer func() { <-run.calls }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	r.cursor.beforeSubscribe()
	r.cursor.fixLatest()
	start := r.cursor.position.starting()
	// The context is the whole subscription's: a timer, not its deadline, bounds
	// the call.
	ctx, cancel := context.WithCancel(ctx)
	timeout := time.AfterFunc(callTimeout, cancel)
	out, err := run.client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: &run.fanOutARN, ShardId: &r.shard.ID, StartingPosition: &start,
	}, wire.SubscribeToShard, noRetries)
	inTime := timeout.Stop()
	if err != nil {
		cancel()
		if !inTime {
			err = fmt.Errorf("%w: %w", errSilent, err)
		}
		return err
	}
	*r.fanOut = subscription{events: out.GetStream(), cancel: cancel, began: time.Now()}
	if !inTime { // the answer came at the moment at which it was given up
		r.fanOut.close()
		return errSilent
	}
	r.cursor.begun()
	return nil
}

// receive returns the next event. It renews the subscription when that is due.
func (r *shardReader) receive(ctx context.Context) (*page, error) {
	for {
		if r.fanOut.events == nil {
			if err := r.subscribe(ctx); err != nil {
				return nil, err
			}
		}
		event, err := r.fanOut.next(ctx)
		if err != nil {
			r.fanOut.close()
			return nil, err
		}
		if event == nil || time.Since(r.fanOut.began) >= subscriptionAge {
			r.fanOut.close()
		}
		if event != nil {
			return r.acceptEvent(ctx, event)
		}
	}
}

// next waits for the next event. It returns nil at the orderly end of the
// subscription.
func (s *subscription) next(ctx context.Context) (*types.SubscribeToShardEvent, error) {
	silence := time.NewTimer(eventTimeout)
	defer silence.Stop()
	for {
		select {
		case event, open := <-s.events.Events():
			if !open {
				return nil, s.ended(s.events.Err())
			}
			if records, ok := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent); ok {
				s.used = true
				return &records.Value, nil
			}
		case <-silence.C:
			return nil, errSilent
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// ended tells the end of a connection from what the service says. An orderly end
// is no error, but for a subscription that never brought anything: to renew it
// at once, again and again, would go on for ever.
func (s *subscription) ended(err error) error {
	_, said := errors.AsType[smithy.APIError](err)
	switch {
	case err == nil && !s.used:
		return errNoEvent
	case err == nil || said:
		return err
	}
	return fmt.Errorf("%w: %w", errBroken, err)
}

// acceptEvent makes a page of an event. Unlike the answer to a call it is there
// unasked, so it is charged to the budget only now; until there is room for it,
// no further one is taken, and in the end the service is held back.
func (r *shardReader) acceptEvent(ctx context.Context, event *types.SubscribeToShardEvent) (*page, error) {
	run := r.shard.run
	records := wire.RecordsOf(event.Records)
	bytes := records.Size()
	charge := hold{min(records.Len(), run.cfg.prefetchRecords), min(bytes, run.cfg.prefetchBytes)}
	if err := run.budget.take(ctx, charge); err != nil {
		return nil, err
	}
	answer := &page{shard: r.shard, records: records, children: event.ChildShards, hold: charge}
	answer.lag = time.Duration(aws.ToInt64(event.MillisBehindLatest)) * time.Millisecond
	lagKnown := event.MillisBehindLatest != nil
	if closedShard(event.ContinuationSequenceNumber, event.ChildShards) {
		answer.end = endOfShard
	}
	r.cursor.accept(answer, lagKnown)
	r.cursor.continueAfter(event.ContinuationSequenceNumber)
	r.shard.meter.answer(answer.records.Len(), bytes, answer.lag)
	r.shard.want(answer, lagKnown)
	return answer, nil
}

// fallBack turns to polling, if the configuration wants that, when err says
// that there is nothing to be had by fan-out.
func (r *shardReader) fallBack(err error) bool {
	run := r.shard.run
	if r.fanOut == nil || !run.cfg.fanOutOrPoll || errors.Is(err, ErrStreamNotFound) {
		return false
	}
	run.cfg.logger.Warn("kstream: fan-out failed, polling instead", "stream", run.cfg.stream, "shard", r.shard.ID, "error", err)
	r.fanOut.close()
	r.fanOut = nil
	return true
}

// registerFanOut returns the ARN of the stream's registered consumer of that
// name. It registers it if need be, and waits until it is ACTIVE.
func registerFanOut(ctx context.Context, client *kinesis.Client, stream StreamInfo, name string) (string, error) {
	for wait := newPoll(); ; {
		out, err := client.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{
			StreamARN: &stream.ARN, ConsumerName: &name,
		}, wire.Cure)
		_, unknown := errors.AsType[*types.ResourceNotFoundException](err)
		switch {
		case unknown:
			err = register(ctx, client, stream, name)
		case err == nil && out.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive:
			return aws.ToString(out.ConsumerDescription.ConsumerARN), nil
		}
		if err == nil {
			err = wait.next(ctx)
		}
		if err != nil {
			return "", fmt.Errorf("kstream: register consumer %s of stream %s: %w", name, stream.Name, err)
		}
	}
}

// register registers a consumer, unless somebody else does that just now.
func register(ctx context.Context, client *kinesis.Client, stream StreamInfo, name string) error {
	_, err := client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{
		StreamARN: &stream.ARN, ConsumerName: &name,
	}, wire.Cure)
	if _, exists := errors.AsType[*types.ResourceInUseException](err); exists {
		return nil
	}
	return err
}
