package kstream

import (
	"errors"
	"fmt"
	"time"
)

// A Record is one value that was read, and where it was found.
type Record[T any] struct {
	// Value is what the Codec made of Data.
	Value T

	// Data is the record's data as it was sent. It belongs to the record: it
	// may be kept and is never written to again. But it, the keys and the sequence
	// number share a buffer of up to 28 KiB with those of its neighbours, and each
	// keeps all of that alive: clone what is kept for long.
	Data []byte

	// PartitionKey is the key that the record was sent with. It is empty on a
	// stream that needs none.
	PartitionKey string

	// ExplicitHashKey is set for members of an aggregated record that were sent
	// with one. The service doesn't return it for other records.
	ExplicitHashKey string

	// ShardID names the shard that the record was read from.
	ShardID string

	// SequenceNumber is the record's place in its shard: decimal digits, and
	// later records have larger numbers. The members of an aggregated record
	// share one; SubSequence is their place in it, from 0.
	SequenceNumber string
	SubSequence    int64

	// Arrival is when the service took the record, approximately, to the
	// millisecond.
	Arrival time.Time

	// Lag is how far the answer that brought the record was behind the newest
	// record of the shard; 0: at its tip.
	Lag time.Duration

	done   *savedShard // nil: the loop marks its records, or nobody
	ticket uint64
}

// Position returns the place after this record, from which its shard can be
// read on.
func (r *Record[T]) Position() Position { return AfterRecord(r.SequenceNumber, r.SubSequence) }

// Done says that the program is through with this record: it needs not be
// delivered again. It only has an effect with ManualDone. It may be called from
// any goroutine, in any order, more than once, and does no I/O. After the loop
// has ended, [Consumer.Checkpoint] saves what it marks, until another loop of the
// Consumer begins: that delivers again what was not marked by then.
func (r *Record[T]) Done() {
	if r.done != nil {
		r.done.markDone(r.ticket)
	}
}

// ErrMalformedAggregate says that a record has the marks of an aggregated one,
// of the Kinesis Producer Library or compressed by a Producer, but breaks the
// format. The [DecodeError] that wraps it has the whole record.
var ErrMalformedAggregate = errors.New("malformed aggregated record")

// A DecodeError is yielded for a record whose data the Codec, or the reader of
// aggregated records, could not read. The loop goes on with the next record
// when its body finishes, and a checkpoint then is after this one: keep Data
// somewhere if it matters. See also OnDecodeError.
type DecodeError struct {
	Stream         string
	ShardID        string
	SequenceNumber string
	SubSequence    int64
	PartitionKey   string
	Data           []byte // as it was sent
	Err            error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("kstream: decode record %s of %s, %s: %v", recordName(e.SequenceNumber, e.SubSequence), e.Stream, e.ShardID, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// A GapError is yielded when records may have been trimmed before they were
// read: the record After, which reading was to go on from, is no longer there.
// The loop goes on with the oldest record that the shard holds. The stream's
// retention is too short for how far the Consumer was behind.
//
// There is no gap if the Consumer saw, no longer ago than the retention, that
// nothing had come after that record; a Store remembers it. Otherwise there may
// be one though nothing was lost, and it is reported once.
//
// Of a shard of which nothing was read yet, After is the time up to which it is
// known to have held nothing that was wanted. Before the shard's first answer
// there is none, unless a Store has it from a LATEST or a time at which reading was
// to begin: then nobody knows what was trimmed, and there is no gap.
//
// A retention that is made shorter while a loop runs is taken up within a minute.
// With FanOut, what is trimmed while a subscription is open, five minutes at most,
// is not noticed.
type GapError struct {
	Stream  string
	ShardID string
	After   Position // the last record that was read, or a time
	Next    string   // the sequence number of the next record; empty: not known yet
}

func (e *GapError) Error() string {
	next := ""
	if e.Next != "" {
		next = " and before " + e.Next
	}
	return fmt.Sprintf("kstream: records of %s, %s may have been trimmed unread: position %s%s", e.Stream, e.ShardID, e.After, next)
}

func recordName(seq string, sub int64) string {
	if sub == 0 {
		return seq
	}
	return fmt.Sprintf("%s/%d", seq, sub)
}
