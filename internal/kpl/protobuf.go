package kpl

import (
	"encoding/binary"
	"math/bits"
)

// The wire types of protocol buffers.
const (
	wireVarint     = 0
	wireFixed64    = 1
	wireBytes      = 2
	wireStartGroup = 3
	wireEndGroup   = 4
	wireFixed32    = 5
)

const (
	maxFieldNumber = 1<<29 - 1
	maxGroupDepth  = 32 // of unknown groups, which are read only to be skipped
)

// A field is one field of a message: its value if it is a varint, where its content is if it is length-delimited.
type field struct {
	number     uint64
	wire       uint64
	value      uint64
	start, end int
}

// is reports whether f has this number and wire type. A known number with another wire type is an unknown field.
func (f field) is(number, wire uint64) bool { return f.number == number && f.wire == wire }

// readField reads the field at msg[at:] and returns where the next one starts. It is false if there is no whole, valid
// field.
func readField(msg []byte, at int) (f field, next int, ok bool) {
	return readNested(msg, at, 0)
}

func readNested(msg []byte, at, depth int) (f field, next int, ok bool) {
	tag, at, ok := readVarint(msg, at)
	if !ok {
		return f, at, false
	}
	f.number, f.wire = tag>>3, tag&7
	if f.number == 0 || f.number > maxFieldNumber {
		return f, at, false
	}
	switch f.wire {
	case wireVarint:
		f.value, at, ok = readVarint(msg, at)
		return f, at, ok
	case wireBytes:
		size, at, ok := readVarint(msg, at)
		if !ok || size > uint64(len(msg)-at) {
			return f, at, false
		}
		f.start, f.end = at, at+int(size)
		return f, f.end, true
	case wireFixed32:
		return f, at + 4, len(msg)-at >= 4
	case wireFixed64:
		return f, at + 8, len(msg)-at >= 8
	case wireStartGroup:
		next, ok := skipGroup(msg, at, f.number, depth+1)
		return f, next, ok
	}
	return f, at, f.wire == wireEndGroup && depth > 0
}

// skipGroup returns what comes after the end of the group with this number, whose fields start at msg[at:].
func skipGroup(msg []byte, at int, number uint64, depth int) (next int, ok bool) {
	if depth > maxGroupDepth {
		return at, false
	}
	for {
		f, next, ok := readNested(msg, at, depth)
		if !ok {
			return next, false
		}
		if f.wire == wireEndGroup {
			return next, f.number == number
		}
		at = next
	}
}

func readVarint(msg []byte, at int) (v uint64, next int, ok bool) {
	if at < len(msg) && msg[at] < 0x80 { // most are a single byte
		return uint64(msg[at]), at + 1, true
	}
	v, n := binary.Uvarint(msg[at:])
	return v, at + n, n > 0
}

// appendTag appends the tag of a field with a number below 16, which is a single byte.
func appendTag(dst []byte, number, wire byte) []byte { return append(dst, number<<3|wire) }

// varintLen returns the bytes that v takes as a varint.
func varintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// bytesLen returns the bytes of a whole length-delimited field with a number below 16 and n bytes of content.
func bytesLen(n int) int { return 1 + varintLen(uint64(n)) + n }
