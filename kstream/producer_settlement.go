package kstream

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrClosed says that the Producer is closed. A value that is refused with
	// it, or Failed, is not in the stream: send it through another Producer.
	// One that is MaybeDelivered with it was in a call that Close's ctx, when
	// it ended, had interrupted: see there.
	ErrClosed = errors.New("producer is closed")

	// ErrExpired says that a value's TimeToLive ended before it was delivered.
	ErrExpired = errors.New("time to live ended")

	// ErrUnflushed is what Send returns when the room it needs is taken by
	// values that have failed: Flush returns them and frees it.
	ErrUnflushed = errors.New("the buffer is full of failed values: call Flush")

	// ErrOrderAuto says that Ordered was asked of a stream with AUTO record
	// distribution, in which the service keeps no order.
	ErrOrderAuto = errors.New("no order on a stream with AUTO distribution")
)

// Outcome is what became of a value.
type Outcome int

const (
	// Delivered: the stream has acknowledged the value; see its Receipt.
	Delivered Outcome = iota + 1

	// Failed: the value is not in the stream. Sending it again makes no
	// duplicate.
	Failed

	// MaybeDelivered: the answer to a call that carried the value was lost, or
	// a reshard put its aggregate where some readers ignore it, and the time
	// for another try ended. Readers find it or not; sending it again may make
	// a duplicate.
	MaybeDelivered
)

// String returns the outcome in words, such as "maybe delivered".
func (o Outcome) String() string {
	switch o {
	case Delivered:
		return "delivered"
	case Failed:
		return "failed"
	case MaybeDelivered:
		return "maybe delivered"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// A Settlement says what became of one value.
type Settlement[T any] struct {
	Value   T
	Outcome Outcome
	Receipt Receipt // if it was delivered
	Err     error   // else why not
}

// A Receipt says where in the stream a value is. Its strings share the memory
// of their call's answer, up to 30 KB: clone one that is kept for long.
type Receipt struct {
	ShardID        string
	SequenceNumber string
	SubSequence    int64         // place within an aggregated record, from 0
	Attempts       int           // calls that carried the value, at least 1
	Latency        time.Duration // from Send to the answer
}

// A DeliveryError is what Put returns for a value that the stream has not
// acknowledged. Outcome tells whether it may be there all the same.
type DeliveryError struct {
	Outcome  Outcome // Failed or MaybeDelivered
	Attempts int     // calls that carried the value
	Err      error
}

func (e *DeliveryError) Error() string {
	times := "attempts"
	if e.Attempts == 1 {
		times = "attempt"
	}
	return fmt.Sprintf("kstream: put: %v after %d %s: %v", e.Outcome, e.Attempts, times, e.Err)
}

func (e *DeliveryError) Unwrap() error { return e.Err }

// A FailedError hands back the values that were not delivered, in the order in
// which they were sent; those that SendAll could not send at all come first.
type FailedError[T any] struct {
	Failed []Settlement[T] // none of them Delivered
}

func (e *FailedError[T]) Error() string {
	if len(e.Failed) == 1 {
		return fmt.Sprintf("kstream: 1 value was not delivered: %v", e.Failed[0].Err)
	}
	return fmt.Sprintf("kstream: %d values were not delivered, the first: %v", len(e.Failed), e.Failed[0].Err)
}

// Unwrap returns the first value's error.
func (e *FailedError[T]) Unwrap() error { return e.Failed[0].Err }

// A RecordSizeError says that a value with its key is larger than a record
// may be: 1 MiB, or what the stream is set to (at most 10 MiB). It has the
// Producer look, at most every ten seconds, whether the stream is set to more by
// now: if so, the value is taken when it is sent again.
type RecordSizeError struct {
	Size, Limit int // bytes
}

func (e *RecordSizeError) Error() string {
	return fmt.Sprintf("kstream: a record of %d bytes: the stream takes at most %d", e.Size, e.Limit)
}

// An EntryError is the reason that the stream gave for not taking one record
// of a call.
type EntryError struct {
	Code    string // such as ProvisionedThroughputExceededException
	Message string
}

func (e *EntryError) Error() string {
	return fmt.Sprintf("kstream: put records: entry refused: %s: %s", e.Code, e.Message)
}

// A PanicError says that OnSettled panicked, or ended its goroutine as
// [testing.T.FailNow] does. The value counts as settled.
type PanicError struct {
	Value any    // what it panicked with, or an error that names runtime.Goexit
	Stack []byte // where
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("kstream: OnSettled panicked: %v", e.Value)
}
