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

// A field is one field of a message: its value if it is a varint, where its content is if it is length-delimited. The
// tag is the number and the wire type, so that a known number with another wire type is an unknown field, as it should be.
type field struct {
	tag        uint64
	value      uint64
	start, end int
}

// readField reads the field at msg[at:] and returns where the next one starts. It is false if there is no whole, valid
// field.
func readField(msg []byte, at int) (f field, next int, ok bool) {
	if at < len(msg) && msg[at] == tagRecords { // most of an aggregate
		return readBytes(msg, at+1, tagRecords)
	}
	return readNested(msg, at, 0)
}

func readNested(msg []byte, at, depth int) (f field, next int, ok bool) {
	f.tag, at, ok = readVarint(msg, at)
	number := f.tag >> 3
	if !ok || number == 0 || number > maxFieldNumber {
		return f, at, false
	}
	switch f.tag & 7 {
	case wireVarint:
		f.value, at, ok = readVarint(msg, at)
		return f, at, ok
	case wireBytes:
		return readBytes(msg, at, f.tag)
	case wireFixed32:
		return f, at + 4, len(msg)-at >= 4
	case wireFixed64:
		return f, at + 8, len(msg)-at >= 8
	case wireStartGroup:
		next, ok := skipGroup(msg, at, number, depth+1)
		return f, next, ok
	}
	return f, at, f.tag&7 == wireEndGroup && depth > 0
}

// readBytes reads the length at msg[at:] and finds the content behind it.
func readBytes(msg []byte, at int, tag uint64) (f field, next int, ok bool) {
	size, start, ok := readVarint(msg, at)
	if !ok || size > uint64(len(msg)-start) {
		return field{}, at, false
	}
	end := start + int(size)
	return field{tag: tag, start: start, end: end}, end, true
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
		if f.tag&7 == wireEndGroup {
			return next, f.tag>>3 == number
		}
		at = next
	}
}

func readVarint(msg []byte, at int) (v uint64, next int, ok bool) {
	if at < len(msg) && msg[at] < 0x80 { // most are of one byte
		return uint64(msg[at]), at + 1, true
	}
	if at+1 < len(msg) && msg[at+1] < 0x80 { // or of two
		return uint64(msg[at]&0x7f) | uint64(msg[at+1])<<7, at + 2, true
	}
	v, n := binary.Uvarint(msg[at:])
	return v, at + n, n > 0
}

// varintLen returns the bytes that v takes as a varint.
func varintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// bytesLen returns the bytes of a whole length-delimited field with a number below 16 and n bytes of content.
func bytesLen(n int) int { return 1 + varintLen(uint64(n)) + n }
