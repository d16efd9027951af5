package kstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"sync"
	"time"
)

// cancelGrace is how long SendAll, once its ctx has ended, waits for the
// answers of calls that carry its values.
const cancelGrace = time.Second

// A Summary says what became of the values of one SendAll.
type Summary struct {
	Delivered      int64
	Failed         int64
	MaybeDelivered int64

	// Resume is how many values from the beginning, without a gap, need not be
	// sent again: whoever goes on after an interruption, in another process
	// too, begins with the value at this index, counted from 0. They were
	// delivered, or failed for a reason of their own, such as their size or
	// TimeToLive, and are in the error, or OnSettled was told of them. The
	// value at Resume is the first that may be in the stream or not, or that
	// was given up with others: because ctx ended, the Producer was closed, or
	// the stream refused the call. Some after it may have been delivered.
	Resume int64
}

// SendAll sends every value of seq and waits until they are settled. A value
// that cannot be sent counts as failed, like those that fail later; OnSettled
// is told of all, and without it the error is a [*FailedError] with those that
// failed. They take room in the buffer meanwhile; when they fill it, SendAll
// ends with [ErrUnflushed].
//
// SendAll stops reading seq at an error that it yields, which it returns; when
// the stream refuses a value for a reason that holds for all, such as missing
// permission; and when ctx ends. In the last case values that are not under
// way fail, and those that are get a second to be answered. If seq panics, so
// does SendAll, and what it has taken is left to Flush. A nil seq is an error.
func (p *Producer[T]) SendAll(ctx context.Context, seq iter.Seq2[T, error]) (Summary, error) {
	if seq == nil {
		return Summary{}, errors.New("kstream: send all: the sequence is nil")
	}
	a := sendAll[T]{producer: p, batch: newBatch(), group: group{allEnd: true}}
	defer p.sender.leaveGroup(&a.group, &p.sent) // also when seq panics: the rest is left to Flush
	err := a.read(ctx, seq)
	p.sender.hurry()
	if waited := a.await(ctx); err == nil {
		err = waited
	}
	return a.batch.summary(), join(err, a.handBack())
}

// sendAll is one call of SendAll.
type sendAll[T any] struct {
	producer *Producer[T]
	batch    *batch
	group    group
	refused  []Settlement[T] // values that were never queued
}

func (a *sendAll[T]) read(ctx context.Context, seq iter.Seq2[T, error]) error {
	p, b := a.producer, a.batch
	for v, err := range seq {
		if err != nil {
			return fmt.Errorf("kstream: send all: value %d: %w", b.next(), err)
		}
		if err = b.stopped(); err == nil {
			err = a.send(ctx, v)
		}
		if stop := b.stopped(); stop != nil {
			err = stop // rather than that its failures fill the buffer
		}
		if err != nil {
			return fmt.Errorf("kstream: send all: stopped at value %d: %w", b.next(), err)
		}
		if len(a.refused) == p.sender.maxRecords {
			return fmt.Errorf("kstream: send all: stopped at value %d: %w", b.next(), ErrUnflushed)
		}
	}
	return b.stopped()
}

// send queues one value, or settles it if it cannot be sent. Its error is one
// that ends SendAll.
func (a *sendAll[T]) send(ctx context.Context, v T) error {
	p := a.producer
	t, err := p.ticket(v)
	if err == nil {
		t.batch, t.index, t.group = a.batch, a.batch.add(), &a.group
		if err = p.enqueue(ctx, t); err == nil {
			return nil
		}
		a.batch.undo()
		if _, large := errors.AsType[*RecordSizeError](err); !large {
			return err
		}
	}
	return a.refuse(ctx, v, err)
}

// refuse settles a value that was never queued.
func (a *sendAll[T]) refuse(ctx context.Context, v T, err error) error {
	p := a.producer
	t := p.tickets.Get().(*ticket[T])
	t.value, t.batch, t.index = v, a.batch, a.batch.add()
	t.fail(err)
	if p.cfg.OnSettled == nil {
		p.sender.countRefused(&t.parcel)
		a.refused = append(a.refused, t.settlement())
		a.batch.settle(t.index, &t.verdict)
		p.recycle(t)
		return nil
	}
	if !p.notices.add(t) {
		a.batch.undo()
		p.recycle(t)
		return p.sender.refusal(ErrClosed)
	}
	p.sender.countRefused(&t.parcel)
	a.batch.judge(&t.verdict)
	select {
	case <-t.told:
		p.recycle(t)
		return nil
	case <-ctx.Done(): // OnSettled blocks
		return p.sender.refusal(context.Cause(ctx))
	}
}

// await waits until all values are settled. If ctx ends, those that are not
// under way are withdrawn, and the others waited for a little longer.
func (a *sendAll[T]) await(ctx context.Context) error {
	all := a.batch.close()
	err := await(ctx, all)
	if err == nil {
		return nil
	}
	a.producer.sender.endGroup(&a.group, err)
	timer := time.NewTimer(cancelGrace)
	defer timer.Stop()
	select {
	case <-all:
	case <-timer.C:
	}
	return fmt.Errorf("kstream: send all: %w", err)
}

// handBack returns what failed.
func (a *sendAll[T]) handBack() error {
	err := a.producer.takeFailed(&a.group)
	if len(a.refused) == 0 {
		return err
	}
	e, ok := err.(*FailedError[T])
	if !ok {
		return &FailedError[T]{Failed: a.refused}
	}
	e.Failed = append(a.refused, e.Failed...)
	return e
}

// A batch counts the values of one SendAll.
type batch struct {
	mu       sync.Mutex // guards the following
	begun    int64
	outcomes [MaybeDelivered + 1]int64
	settled  int64  // of whose outcome OnSettled was told too
	prefix   int64  // values from the beginning that need not be sent again
	end      int64  // the first that has to be: prefix goes no further
	passed   []bool // from prefix to end, as a ring; its length is a power of two
	stop     error
	closed   bool
	all      chan struct{} // closed when closed and all are settled
}

func newBatch() *batch {
	return &batch{end: math.MaxInt64, passed: make([]bool, 1024), all: make(chan struct{})}
}

// next returns the index of the next value.
func (b *batch) next() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.begun
}

// add begins a value and returns its index.
func (b *batch) add() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := int64(len(b.passed)); b.begun < b.end && b.begun-b.prefix == n {
		larger := make([]bool, 2*n)
		for i := b.prefix; i < b.begun; i++ {
			larger[i&(2*n-1)] = b.passed[i&(n-1)]
		}
		b.passed = larger
	}
	b.begun++
	return b.begun - 1
}

// undo takes back the last add: the value was not taken.
func (b *batch) undo() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begun--
}

// settle is judge and told together.
func (b *batch) settle(index int64, v *verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(v)
	b.pass(index, v)
}

// judge counts what became of a value.
func (b *batch) judge(v *verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(v)
}

// told says that OnSettled has returned for a value that was judged.
func (b *batch) told(index int64, v *verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pass(index, v)
}

func (b *batch) count(v *verdict) {
	b.outcomes[v.outcome]++
	if b.stop == nil && holdsForAll(v.err) {
		b.stop = v.err
	}
}

func (b *batch) pass(index int64, v *verdict) {
	b.settled++
	if v.again() {
		b.end = min(b.end, index)
	}
	if index < b.end {
		b.advance(index)
	}
	b.signal()
}

// advance notes that a value before end need not be sent again.
func (b *batch) advance(index int64) {
	mask := int64(len(b.passed) - 1)
	b.passed[index&mask] = true
	for b.prefix < min(b.begun, b.end) && b.passed[b.prefix&mask] {
		b.passed[b.prefix&mask] = false
		b.prefix++
	}
}

func (b *batch) signal() {
	if b.closed && b.settled == b.begun {
		close(b.all)
	}
}

// close says that there are no more values. The channel is closed when all are
// settled.
func (b *batch) close() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.signal()
	return b.all
}

// stopped returns the first error that holds for all values.
func (b *batch) stopped() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stop
}

// summary counts values that are still under way as maybe delivered.
func (b *batch) summary() Summary {
	b.mu.Lock()
	defer b.mu.Unlock()
	delivered, failed := b.outcomes[Delivered], b.outcomes[Failed]
	return Summary{Delivered: delivered, Failed: failed, MaybeDelivered: b.begun - delivered - failed, Resume: b.prefix}
}
