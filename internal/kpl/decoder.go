package kpl

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"iter"
	"math"
	"unsafe"
)

// A Decoder reads the members of one aggregated record after the other. The zero value is ready. Used again, it does not
// allocate. It is not safe for concurrent use.
//
//	aggregated, err := d.Reset(data)
//	switch {
//	case err != nil: // the aggregate is malformed: no member can be trusted
//	case !aggregated: // data is a plain record
//	default:
//		for subSequence, m := range d.All() {
type Decoder struct {
	message []byte // valid as a whole, or nil
	members int

	// Where the fields of the key tables start in message. Four bytes an entry keep the tables smaller than the message:
	// see makeTables.
	partitionKeys    []uint32
	explicitHashKeys []uint32
}

// Aggregated reports whether data is an aggregated record: it starts with the magic number, and ends with the MD5 of
// what is between. Whether the message is valid is another question, which [Decoder.Reset] answers.
func Aggregated(data []byte) bool {
	if !promising(data) {
		return false
	}
	message, checksum := split(data)
	sum := md5.Sum(message)
	return bytes.Equal(sum[:], checksum)
}

// promising reports whether data looks like an aggregated record, but for its checksum.
func promising(data []byte) bool {
	return len(data) > overhead && string(data[:len(magic)]) == magic
}

// Reset turns to another Kinesis record. It reports whether that is an aggregated one, and if so reads all of it, so that
// [Decoder.All] cannot fail: its error wraps [ErrMalformed] and says which member is wrong and how.
//
// The Decoder and the members that it returns refer to data, which must not change while they are used. The Decoder's own
// memory is at most as large as the largest data it has read.
func (d *Decoder) Reset(data []byte) (aggregated bool, err error) {
	if aggregated = Aggregated(data); aggregated {
		err = d.ResetAggregated(data)
	} else {
		d.message, d.members = nil, 0
	}
	return aggregated, err
}

// ResetAggregated is Reset for a record that is known to be [Aggregated].
func (d *Decoder) ResetAggregated(data []byte) error {
	d.message, d.members = nil, 0
	message, _ := split(data)
	if err := d.makeTables(message); err != nil {
		return fmt.Errorf("kpl: %w: %w", ErrMalformed, err)
	}
	if err := d.read(message); err != nil {
		return fmt.Errorf("kpl: %w: %w", ErrMalformed, err)
	}
	d.message = message
	return nil
}

// Len returns the number of members: 0 unless the last Reset found a valid aggregate.
func (d *Decoder) Len() int { return d.members }

// All yields the members with their sub-sequence numbers, in order. It can be ranged over again, until the next Reset.
func (d *Decoder) All() iter.Seq2[int, Member] {
	return func(yield func(int, Member) bool) {
		index := 0
		for at := 0; at < len(d.message); {
			f, next, _ := readField(d.message, at) // valid, by Reset
			at = next
			if f.tag != tagRecords {
				continue
			}
			r, _ := readRecord(d.message[:f.end], f.start) // valid, by Reset
			if !yield(index, d.member(r)) {
				return
			}
			index++
		}
	}
}

func (d *Decoder) member(r record) Member {
	m := Member{
		PartitionKey: d.key(d.partitionKeys[r.partitionKey]),
		Data:         d.message[r.start:r.end:r.end],
	}
	if r.hashKey != none {
		m.ExplicitHashKey = d.key(d.explicitHashKeys[r.hashKey])
	}
	return m
}

// key returns the table entry whose field starts at an offset, without copying it.
func (d *Decoder) key(at uint32) string {
	f, _, _ := readField(d.message, int(at)) // valid, by Reset
	key := d.message[f.start:f.end]
	return unsafe.String(unsafe.SliceData(key), len(key))
}

// makeTables makes room for the entries of the key tables, and checks that the message consists of whole fields.
func (d *Decoder) makeTables(message []byte) error {
	if uint64(len(message)) > math.MaxUint32 { // an offset has 32 bits
		return fmt.Errorf("a message of %d bytes", len(message))
	}
	partitionKeys, hashKeys := 0, 0
	for at := 0; at < len(message); {
		f, next, ok := readField(message, at)
		switch {
		case !ok:
			return fmt.Errorf("no valid field at byte %d", at)
		case f.tag == tagPartitionKeyTable:
			partitionKeys++
		case f.tag == tagExplicitHashKeyTable:
			hashKeys++
		}
		at = next
	}
	// A member takes at least 8 bytes together with its partition key, and 12 with a hash key too. So tables this long
	// hold mostly entries that no member refers to: the message was made to exhaust memory.
	if 4*(partitionKeys+hashKeys) > len(message) {
		return fmt.Errorf("%d keys in %d bytes", partitionKeys+hashKeys, len(message))
	}
	d.partitionKeys = resize(d.partitionKeys, partitionKeys)
	d.explicitHashKeys = resize(d.explicitHashKeys, hashKeys)
	return nil
}

func resize(table []uint32, n int) []uint32 {
	if cap(table) < n {
		return make([]uint32, n)
	}
	return table[:n]
}

// read fills the key tables, and checks and counts the members. Tables and members can come in any order.
func (d *Decoder) read(message []byte) error {
	partitionKeys, hashKeys, members := 0, 0, 0
	for at := 0; at < len(message); {
		f, next, _ := readField(message, at) // valid, by makeTables
		switch {
		case f.tag == tagPartitionKeyTable:
			d.partitionKeys[partitionKeys] = uint32(at)
			partitionKeys++
		case f.tag == tagExplicitHashKeyTable:
			d.explicitHashKeys[hashKeys] = uint32(at)
			hashKeys++
		case f.tag == tagRecords:
			if err := d.check(message[:f.end], f.start); err != nil {
				return fmt.Errorf("member %d: %w", members, err)
			}
			members++
		}
		at = next
	}
	d.members = members
	return nil
}

// check returns what is wrong with the Record in message[at:].
func (d *Decoder) check(message []byte, at int) error {
	r, ok := readRecord(message, at)
	switch {
	case !ok:
		return errors.New("an invalid field")
	case r.partitionKey == none:
		return errors.New("no partition key")
	case r.start == noData:
		return errors.New("no data")
	case r.partitionKey >= uint64(len(d.partitionKeys)):
		return fmt.Errorf("partition key %d of %d", r.partitionKey, len(d.partitionKeys))
	case r.hashKey != none && r.hashKey >= uint64(len(d.explicitHashKeys)):
		return fmt.Errorf("explicit hash key %d of %d", r.hashKey, len(d.explicitHashKeys))
	}
	return nil
}

// A record is a Record message as it was read: indexes into the key tables, and where the data is. It has four words so
// that it is kept in registers.
type record struct {
	partitionKey, hashKey uint64 // none if missing
	start, end            int    // noData if missing
}

const (
	none   = math.MaxUint64
	noData = -1
)

// readRecord reads the Record in message[at:].
func readRecord(message []byte, at int) (r record, ok bool) {
	if r, ok := readUsualRecord(message, at); ok {
		return r, true
	}
	return readAnyRecord(message, at)
}

// readUsualRecord reads a Record as every known writer makes it: each field once, in the order of their numbers, and no
// other. It is several times faster than readAnyRecord.
func readUsualRecord(message []byte, at int) (record, bool) {
	if at >= len(message) || message[at] != tagPartitionKeyIndex {
		return record{}, false
	}
	partitionKey, at, ok := readVarint(message, at+1)
	if !ok || partitionKey == none || at >= len(message) {
		return record{}, false
	}
	hashKey := uint64(none)
	if message[at] == tagExplicitHashKeyIndex {
		hashKey, at, ok = readVarint(message, at+1)
		if !ok || hashKey == none || at >= len(message) {
			return record{}, false
		}
	}
	if message[at] != tagData {
		return record{}, false
	}
	size, start, ok := readVarint(message, at+1)
	if !ok || size != uint64(len(message)-start) {
		return record{}, false
	}
	return record{partitionKey, hashKey, start, len(message)}, true
}

// readAnyRecord reads every valid Record. Of a field that comes more than once the last counts, as in every protocol
// buffer.
func readAnyRecord(message []byte, at int) (record, bool) {
	r := record{none, none, noData, noData}
	for at < len(message) {
		f, next, ok := readField(message, at)
		switch {
		case !ok:
			return r, false
		case f.tag == tagPartitionKeyIndex:
			r.partitionKey = min(f.value, none-1)
		case f.tag == tagExplicitHashKeyIndex:
			r.hashKey = min(f.value, none-1)
		case f.tag == tagData:
			r.start, r.end = f.start, f.end
		}
		at = next
	}
	return r, true
}
