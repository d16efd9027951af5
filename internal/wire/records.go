package wire

import (
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// Records are the records of one answer, in its order. There are thousands, so they
// have no pointers, at each of which the garbage collector would look: 48 bytes say
// where in the answer's pieces the parts of a record are.
//
// What the methods return of a record may be kept for as long as one likes, though
// the Records themselves hold no longer than the [GetCall] says. Parts of
// consecutive records share pieces of 28 KiB: keeping a part keeps its piece. Data
// may be changed in place, and an append to it never reaches the next record.
type Records struct {
	list        []record
	pieces      [][]byte               // from the third on; see part
	encryptions []types.EncryptionType // each once, unless they alternate

	sdk []types.Record // instead of all that: the SDK read the answer
}

// A record of an answer.
type record struct {
	data, sequence, key part
	encryption          uint32 // its place in encryptions, from 1; 0: none
	arrived             int64  // Unix milliseconds, or noTime
}

const noTime = math.MinInt64

// A part is where a part of a record is. The first piece is nil, so that the zero
// part is what a record lacks; the second is empty.
type part struct{ piece, start, len uint32 }

// RecordsOf returns records that the SDK has read.
func RecordsOf(list []types.Record) Records { return Records{sdk: list} }

// Len returns the number of records.
func (r *Records) Len() int { return len(r.list) + len(r.sdk) }

// Slice returns the records from the one with the index from up to that with the
// index to.
func (r *Records) Slice(from, to int) Records {
	s := *r
	if r.sdk != nil {
		s.sdk = r.sdk[from:to]
	} else {
		s.list = r.list[from:to]
	}
	return s
}

// Size returns how many bytes of data and keys all records have.
func (r *Records) Size() int {
	n := 0
	for i := range r.list {
		n += int(r.list[i].data.len) + int(r.list[i].key.len)
	}
	for i := range r.sdk {
		n += len(r.sdk[i].Data) + len(orZero(r.sdk[i].PartitionKey))
	}
	return n
}

// Data returns the data of the record with the index i.
func (r *Records) Data(i int) []byte {
	if r.sdk != nil {
		return r.sdk[i].Data
	}
	return r.bytes(r.list[i].data)
}

// SequenceNumber returns that of the record with the index i; empty: it has none.
func (r *Records) SequenceNumber(i int) string {
	if r.sdk != nil {
		return orZero(r.sdk[i].SequenceNumber)
	}
	return r.text(r.list[i].sequence)
}

// PartitionKey returns that of the record with the index i; empty: it has none.
func (r *Records) PartitionKey(i int) string {
	if r.sdk != nil {
		return orZero(r.sdk[i].PartitionKey)
	}
	return r.text(r.list[i].key)
}

// Arrival returns when the record with the index i came, in UTC; zero: nobody
// knows.
func (r *Records) Arrival(i int) time.Time {
	if r.sdk != nil {
		return orZero(r.sdk[i].ApproximateArrivalTimestamp)
	}
	if r.list[i].arrived == noTime {
		return time.Time{}
	}
	return time.UnixMilli(r.list[i].arrived).UTC()
}

func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// bytes returns a part, with no room behind it for an append.
func (r *Records) bytes(p part) []byte {
	end := p.start + p.len
	return r.pieces[p.piece][p.start:end:end]
}

func (r *Records) text(p part) string { return jsonscan.Shared(r.bytes(p)) }

// List returns the records as the SDK has them, in memory of its own but for the
// parts.
func (r *Records) List() []types.Record {
	if r.sdk != nil {
		return r.sdk
	}
	list := make([]types.Record, len(r.list))
	values := make([]struct {
		sequence, key string
		arrived       time.Time
	}, len(r.list))
	for i := range r.list {
		rec, to, from := &r.list[i], &list[i], &values[i]
		to.Data = r.bytes(rec.data)
		if rec.sequence != (part{}) {
			from.sequence = r.text(rec.sequence)
			to.SequenceNumber = &from.sequence
		}
		if rec.key != (part{}) {
			from.key = r.text(rec.key)
			to.PartitionKey = &from.key
		}
		if rec.arrived != noTime {
			from.arrived = r.Arrival(i)
			to.ApproximateArrivalTimestamp = &from.arrived
		}
		if rec.encryption > 0 {
			to.EncryptionType = r.encryptions[rec.encryption-1]
		}
	}
	return list
}

// clear empties r for another answer.
func (r *Records) clear() {
	clear(r.pieces)
	clear(r.encryptions)
	*r = Records{list: r.list[:0], pieces: append(r.pieces[:0], nil, []byte{}), encryptions: r.encryptions[:0]}
}

// begin begins the list of an answer anew.
func (r *Records) begin() { r.list = r.list[:0] }

// add appends a record without parts.
func (r *Records) add() *record {
	r.list = append(r.list, record{arrived: noTime})
	return &r.list[len(r.list)-1]
}

// place returns where p is. The parts of a piece must come from front to back: the
// first makes the rest of its memory a piece.
func (r *Records) place(p []byte) part {
	if len(p) == 0 {
		return part{piece: 1}
	}
	last := len(r.pieces) - 1
	start := len(r.pieces[last]) - cap(p)
	if start < 0 || &r.pieces[last][start] != &p[0] {
		r.pieces = append(r.pieces, p[:cap(p)])
		last, start = last+1, 0
	}
	return part{uint32(last), uint32(start), uint32(len(p))}
}

// encryption returns the place of an encryption type.
func (r *Records) encryption(text []byte) uint32 {
	if n := len(r.encryptions); n == 0 || string(r.encryptions[n-1]) != string(text) {
		r.encryptions = append(r.encryptions, types.EncryptionType(text))
	}
	return uint32(len(r.encryptions))
}
