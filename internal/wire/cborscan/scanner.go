// Package cborscan reads and writes the CBOR (RFC 8949) that Kinesis speaks as
// application/x-amz-cbor-1.1: maps with the names of the JSON protocol as keys,
// byte strings where JSON has base64, and timestamps as tag 1 with an integer of
// milliseconds, where the RFC has seconds.
//
// A [Scanner] is used like that of the package jsonscan; what is said there holds
// here too. [AppendMap] and its like write.
package cborscan

import (
	"encoding/binary"
	"math"
)

// MaxDepth is how deeply a document may nest.
const MaxDepth = 32

// The major types, RFC 8949 section 3.1.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	indefinite = 31 // the length is not known; a stop code ends the item
	stopCode   = 0xff
	null       = 0xf6
	undefined  = 0xf7
	tagEpoch   = 1
)

// unknown is the number of items that are still to come before a stop code.
const unknown = -1

// Scanner reads a CBOR document from front to back. See [New] and [NewFrom]. It is
// not safe for concurrent use.
type Scanner struct {
	doc []byte
	pos int

	// more gets what follows doc; nil: nothing does. base counts the bytes
	// before doc.
	more func(rest []byte, n int) []byte
	base int

	// left holds, for each array and map that was entered, how many items
	// or pairs are still to come.
	left  [MaxDepth]int64
	depth int

	failed bool
}

// New returns a Scanner at the start of doc, which it reads but never changes.
func New(doc []byte) Scanner { return Scanner{doc: doc} }

// NewFrom returns a Scanner of a document that comes in pieces. When a piece is
// read but for a rest, and n bytes are needed, more returns the next piece, which
// begins with a copy of the rest. If that is shorter than n, the document ends
// there. What the Scanner returned of a piece stays in that.
func NewFrom(more func(rest []byte, n int) []byte) Scanner { return Scanner{more: more} }

// Failed reports whether the document differed from what was asked for.
func (s *Scanner) Failed() bool { return s.failed }

// Fail makes the Scanner fail, for what only its caller can find wrong.
func (s *Scanner) Fail() {
	s.failed = true
	s.pos = len(s.doc)
	s.depth = 0
	s.more = nil
}

// Pos returns how many bytes of the document have been read.
func (s *Scanner) Pos() int { return s.base + s.pos }

// End fails unless the document was read to its end.
func (s *Scanner) End() {
	if s.has(1) {
		s.Fail()
	}
}

// has reports whether n more bytes are at s.pos, which is then another position
// in another piece if they were not.
func (s *Scanner) has(n int) bool {
	if n <= len(s.doc)-s.pos {
		return true
	}
	if s.more == nil {
		return false
	}
	s.base += s.pos
	s.doc, s.pos = s.more(s.doc[s.pos:], n), 0
	return n <= len(s.doc)
}

// Object enters a map. Then Member leads to each of its values in turn.
func (s *Scanner) Object() { s.open(majorMap) }

// Array enters an array. Then Element leads to each element in turn.
func (s *Scanner) Array() { s.open(majorArray) }

func (s *Scanner) open(want byte) {
	major, info, n := s.head()
	if major != want {
		s.Fail()
		return
	}
	s.enter(info, n)
}

// enter enters an array or a map whose head was read.
func (s *Scanner) enter(info byte, n uint64) {
	if s.depth == MaxDepth {
		s.Fail()
		return
	}
	left := int64(unknown)
	if info != indefinite {
		// An item has at least one byte.
		if n > math.MaxInt64 || s.more == nil && n > uint64(len(s.doc)-s.pos) {
			s.Fail()
			return
		}
		left = int64(n)
	}
	s.left[s.depth] = left
	s.depth++
}

// Element goes to the next element and reports whether there is one. If not, the
// array is left. The element must be read, or skipped, before the next call.
func (s *Scanner) Element() bool {
	if s.depth == 0 {
		return false
	}
	left := &s.left[s.depth-1]
	if *left > 0 {
		*left--
		return true
	}
	if *left == unknown {
		if s.peek() != stopCode {
			return !s.failed
		}
		s.pos++
	}
	s.depth--
	return false
}

// Member goes to the next member and reports whether there is one. If not, the map
// is left. Its Name must be read, and its value read or skipped, before the next
// call.
func (s *Scanner) Member() bool { return s.Element() }

// Name reads the name of the member that the last Member went to. Once it is read,
// the Scanner is at the value.
func (s *Scanner) Name() []byte { return s.Text() }

// Null reports whether the value is null, or undefined, and reads it only then.
func (s *Scanner) Null() bool {
	if c := s.peek(); c != null && c != undefined {
		return false
	}
	s.pos++
	return true
}

// peek returns the next byte. At the end of the document it fails and returns 0.
func (s *Scanner) peek() byte {
	if s.pos >= len(s.doc) && !s.has(1) {
		s.Fail()
		return 0
	}
	return s.doc[s.pos]
}

// head reads the head of an item: its major type, the additional information and
// the argument. Before other items it passes over tags, which say nothing that
// the reader of a member doesn't know.
func (s *Scanner) head() (major, info byte, n uint64) {
	major, info, n = s.anyHead()
	for major == majorTag && !s.failed {
		major, info, n = s.anyHead()
	}
	return major, info, n
}

func (s *Scanner) anyHead() (major, info byte, n uint64) {
	if s.pos < len(s.doc) {
		if c := s.doc[s.pos]; c&0x1f < 24 {
			s.pos++
			return c >> 5, c & 0x1f, uint64(c & 0x1f)
		}
	}
	return s.longHead()
}

// longHead reads a head that is longer than one byte, or opens an item of unknown
// length.
func (s *Scanner) longHead() (major, info byte, n uint64) {
	c := s.peek()
	if s.failed {
		return majorSimple, 0, 0
	}
	s.pos++
	major, info = c>>5, c&0x1f
	switch {
	case info < 24: // at the end of a piece
		return major, info, uint64(info)
	case info == 24 && s.has(1):
		n = uint64(s.doc[s.pos])
		s.pos++
		return major, info, n
	case info == 25 && s.has(2):
		n = uint64(binary.BigEndian.Uint16(s.doc[s.pos:]))
		s.pos += 2
		return major, info, n
	case info == 26 && s.has(4):
		n = uint64(binary.BigEndian.Uint32(s.doc[s.pos:]))
		s.pos += 4
		return major, info, n
	case info == 27 && s.has(8):
		n = binary.BigEndian.Uint64(s.doc[s.pos:])
		s.pos += 8
		return major, info, n
	case info == indefinite && majorBytes <= major && major <= majorMap:
		return major, info, 0
	}
	s.Fail()
	return majorSimple, 0, 0
}
