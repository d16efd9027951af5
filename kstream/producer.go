package kstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// A Producer writes values to a stream: many at a time, each shard as fast as
// it takes them, and again what was not taken.
//
// Each value that it has taken is settled exactly once: delivered, failed, or
// maybe delivered (see [Outcome]); nothing is dropped silently. Delivery is at
// least once: a value is in the stream twice when the answer to a call was
// lost and the call repeated, or when a reshard put an aggregate where some
// readers ignore it.
//
// What passes is tried again, for as long as a value may live: throttling,
// errors of the service and of the network. So is, for a minute, a call that is
// refused for credentials that have expired or cannot be fetched; for two
// seconds if none was ever answered. Other refusals, such as a missing
// permission, fail its values at once.
//
// The MeterProvider of the client is offered the numbers of [ProducerStats]: see
// Metrics in the package comment.
//
// Its methods may be called by several goroutines at once. Close it at the
// end, or it leaks the goroutines that do its work.
type Producer[T any] struct {
	cfg     ProducerConfig[T]
	codec   Codec[T]
	sender  *sender
	tickets sync.Pool // of *ticket[T]
	sent    group     // of Send

	notices notices[T]
}

// NewProducer makes a Producer for the stream that cfg names. It does not call
// the service: the first value does, and is told if there is no such stream.
// The error lists everything that is wrong with cfg.
//
// The Producer makes its calls with client and its settings, but for retries,
// which it does itself.
func NewProducer[T any](client *kinesis.Client, cfg ProducerConfig[T]) (*Producer[T], error) {
	sc, err := cfg.sender(client)
	if err != nil {
		return nil, err
	}
	p := &Producer[T]{cfg: cfg, codec: cfg.Codec}
	if p.codec == nil {
		p.codec = DefaultCodec[T]()
	}
	p.tickets.New = func() any {
		t := &ticket[T]{producer: p, told: make(chan struct{}, 1)}
		t.owner = t
		return t
	}
	if p.sender, err = newSender(sc); err != nil {
		return nil, err
	}
	if cfg.OnSettled != nil {
		p.notices.start(p.sender, cfg.OnSettled)
	}
	return p, nil
}

// Send takes a value, to be written soon, and returns. It blocks while the
// buffer, or the part of it that is the value's shard's, is full.
//
// If Send returns an error the value was not taken: because ctx ended, which
// has no effect on values that were; the Producer is closed ([ErrClosed]); the
// value has no legal key ([*KeyError]), cannot be encoded or is too large
// ([*RecordSizeError]); failed values fill the buffer ([ErrUnflushed]); or the
// shards, which have to be known first if values are ordered, aggregated or
// larger than 1 MiB, cannot be listed ([ErrStreamNotFound], for instance).
// Without those, a stream that does not exist fails the values it was sent.
//
// What became of the value, OnSettled is told; without it, Flush and Close
// return it if it failed. Send encodes the value before it returns, so a buffer
// that v points to may be used again then; but v itself is what is handed back.
func (p *Producer[T]) Send(ctx context.Context, v T) error {
	t, err := p.ticket(v)
	if err != nil {
		return err
	}
	t.group = &p.sent
	return p.enqueue(ctx, t)
}

// Put writes a value and waits until the stream has acknowledged it. It does
// not linger for other values, but if they are Ordered it comes after those of
// its key. Only its caller is told of the outcome, not OnSettled. The error is a
// [*DeliveryError] if the value was taken: its Outcome is MaybeDelivered if ctx
// ended while the value was under way. Other errors are those of Send.
func (p *Producer[T]) Put(ctx context.Context, v T) (Receipt, error) {
	t, err := p.ticket(v)
	if err != nil {
		return Receipt{}, err
	}
	t.awaited = true
	t.hurried = true
	if err := p.enqueue(ctx, t); err != nil {
		return Receipt{}, err
	}
	select {
	case <-t.told:
	case <-ctx.Done():
		if v := p.sender.abandon(&t.parcel, context.Cause(ctx)); v != nil {
			return Receipt{}, v.deliveryError() // the ticket is the sender's to recycle
		}
		<-t.told
	}
	verdict := t.verdict
	p.recycle(t)
	if verdict.outcome != Delivered {
		return Receipt{}, verdict.deliveryError()
	}
	return verdict.receipt, nil
}

func (v *verdict) deliveryError() error {
	return &DeliveryError{Outcome: v.outcome, Attempts: v.receipt.Attempts, Err: v.err}
}

// Flush waits until every value that was sent before is settled, and OnSettled
// has returned for it. They do not linger. Without OnSettled, Flush returns
// the values that failed since the last Flush as a [*FailedError]. If ctx ends
// first, the error wraps its cause, joined with what has failed so far; the
// values that are still under way stay so.
func (p *Producer[T]) Flush(ctx context.Context) error {
	err := p.sender.flush(ctx)
	if err != nil {
		err = fmt.Errorf("kstream: flush: %w", err)
	}
	return join(err, p.takeFailed(&p.sent), p.notices.panicked())
}

// Close takes no more values, waits until those it has are settled, and ends
// the Producer's goroutines. If ctx ends first, the values that are left are
// settled at once: failed, or maybe delivered if they were under way; Close
// waits no longer than it takes to interrupt their calls, and its error wraps
// ctx's cause. OnSettled has a second to hear of them; only a callback that blocks
// can outlive Close, and is told of the rest when it returns.
//
// Like Flush, Close returns what failed. A Send that waits for room, and any
// later one, returns [ErrClosed]. Closing again waits for the same end, and
// returns nil; with a ctx that ends it also ends the first Close.
func (p *Producer[T]) Close(ctx context.Context) error {
	err := p.sender.close(ctx)
	if err != nil {
		err = fmt.Errorf("kstream: close: %w", err)
	}
	return join(err, p.notices.stop(ctx), p.takeFailed(&p.sent), p.notices.panicked())
}

// Stats returns what the Producer has done so far.
func (p *Producer[T]) Stats() ProducerStats { return p.sender.stats() }

// join is errors.Join, which hides a single error in a list of one.
func join(errs ...error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// A ticket is a value on its way, and what its settlement has to do.
type ticket[T any] struct {
	parcel
	value    T
	producer *Producer[T]
	batch    *batch // of SendAll
	index    int64  // in it
	awaited  bool   // Put waits for it
	told     chan struct{}
}

// maxSpareData is the capacity of data that a ticket keeps for its next value.
// The data of one in use is never more than twice as large as it has to be.
const maxSpareData = 4 << 10

// ticket makes a ticket for v, without queueing it.
func (p *Producer[T]) ticket(v T) (*ticket[T], error) {
	t := p.tickets.Get().(*ticket[T])
	if err := p.encode(t, v); err != nil {
		p.recycle(t)
		return nil, err
	}
	return t, nil
}

func (p *Producer[T]) encode(t *ticket[T], v T) error {
	keyLength := randomKeyLength
	if p.cfg.PartitionKey != nil {
		t.key = p.cfg.PartitionKey(v)
		if err := checkKey(t.key); err != nil {
			return err
		}
		if !p.sender.keysLater.Load() {
			t.place(shardmap.OfKey(t.key))
		}
		keyLength = len(t.key)
	}
	if p.cfg.ExplicitHashKey != nil {
		if t.hashKey = p.cfg.ExplicitHashKey(v); t.hashKey != "" {
			h, err := shardmap.ParseHash(t.hashKey)
			if err != nil {
				return &KeyError{Key: t.hashKey, Reason: "its explicit hash key is no decimal number in 0..2^128-1"}
			}
			t.place(h)
		}
	}
	data, err := p.codec.Append(t.data[:0], v)
	if err != nil {
		return &EncodeError{Err: err}
	}
	if data == nil {
		data = []byte{}
	}
	if cap(data) > 2*len(data)+maxSpareData {
		data = slices.Clone(data)
	}
	t.data = data
	t.value = v
	t.size = len(data) + keyLength
	return nil
}

func (p *Producer[T]) enqueue(ctx context.Context, t *ticket[T]) error {
	err := p.sender.enqueue(ctx, &t.parcel)
	if err != nil {
		p.recycle(t)
	}
	return err
}

// recycle keeps a ticket for another value.
func (p *Producer[T]) recycle(t *ticket[T]) {
	data := t.data
	if cap(data) > maxSpareData {
		data = nil
	}
	var zero T
	t.value, t.batch, t.awaited = zero, nil, false
	t.parcel = parcel{owner: t, data: data[:0]}
	p.tickets.Put(t)
}

// settled implements settler.
func (t *ticket[T]) settled() disposition {
	switch {
	case t.awaited:
		return finished // done tells Put
	case t.producer.cfg.OnSettled != nil:
		if t.batch != nil {
			t.batch.judge(&t.verdict)
		}
		t.producer.notices.add(t)
		return kept
	}
	if t.verdict.outcome != Delivered {
		return held
	}
	t.inGroup()
	return finished
}

// inGroup implements settler: SendAll is told when it can fetch the value.
func (t *ticket[T]) inGroup() {
	if t.batch != nil {
		t.batch.settle(t.index, &t.verdict)
	}
}

// done implements settler.
func (t *ticket[T]) done() {
	if t.awaited && !t.abandoned {
		t.told <- struct{}{}
		return
	}
	t.producer.recycle(t)
}

func (t *ticket[T]) settlement() Settlement[T] {
	return Settlement[T]{Value: t.value, Outcome: t.verdict.outcome, Receipt: t.verdict.receipt, Err: t.verdict.err}
}

// takeFailed hands back the failed values of a group, nil if there are none.
func (p *Producer[T]) takeFailed(g *group) error {
	parcels := p.sender.fetch(g)
	if len(parcels) == 0 {
		return nil
	}
	e := &FailedError[T]{Failed: make([]Settlement[T], len(parcels))}
	for i, parcel := range parcels {
		e.Failed[i] = parcel.owner.(*ticket[T]).settlement()
	}
	p.sender.release(parcels)
	return e
}

// An EncodeError says that the Codec could not encode a value.
type EncodeError struct{ Err error }

func (e *EncodeError) Error() string { return "kstream: encode value: " + e.Err.Error() }
func (e *EncodeError) Unwrap() error { return e.Err }
