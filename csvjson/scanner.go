package csvjson

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// errLoneReturn is about line ends of old Macintosh programs.
var errLoneReturn = errors.New("a line ends in a carriage return alone; CSV wants a newline")

// A span is a field as bytes of the record, without its quotes.
type span struct {
	start, end int
	quotes     bool // holds quotes that unquote has to look at
}

// maxColumns is how many columns a source may have.
const maxColumns = 1 << 18

// scanner splits CSV text into records. It does not copy: a record is a view of
// the window, valid until the next call of next.
//
// pos is the offset of the field being read and resume how far its search has
// come, both from the record: when the window ends within a field, scanning goes on
// there after the next fill, so that no byte is looked at twice however small
// the reads are.
type scanner struct {
	window
	comma byte
	lazy  bool

	// maxFields bounds the memory that a line of separators takes.
	maxFields int

	pos, resume int
	quotes      bool // the field being read holds doubled quotes
	quoted      bool // the record has a quoted field, so perhaps newlines

	record []byte // without its line ending
	fields []span // of the record, the first maxFields
	count  int    // of all its fields
	size   int    // bytes of the record with its line ending
	line   int    // where the record begins, from 1
	offset int64  // bytes before start
}

func newScanner(r io.Reader, comma byte, lazy bool, maxBytes int) *scanner {
	return &scanner{window: window{r: r, maxBytes: maxBytes}, comma: comma, lazy: lazy, line: 1, maxFields: maxColumns}
}

// takeSeparator drops a first line such as "sep=;", which spreadsheets write and
// obey, and separates fields by what it names.
func (s *scanner) takeSeparator() {
	const mark = "sep="
	begins := func(head []byte) bool {
		n := min(len(head), len(mark))
		return strings.EqualFold(string(head[:n]), mark[:n])
	}
	for len(s.unread()) < len("sep=;\r\n") && begins(s.unread()) && s.readErr == nil {
		s.fill()
	}
	head := s.unread()
	if len(head) <= len(mark) || !begins(head) || !separates(head[len(mark)]) {
		return
	}
	n := lineEnd(head, len(mark)+1)
	if n == len(mark)+1 || head[n-1] != '\n' {
		return
	}
	s.comma = head[len(mark)]
	s.start += n
	s.offset += int64(n)
	s.line++
}

// next reads a record, skipping blank lines. At the end it returns io.EOF.
func (s *scanner) next() error {
	s.advance()
	s.fields, s.count = s.fields[:0], 0
	s.pos, s.resume, s.quotes, s.quoted = 0, 0, false, false
	for {
		s.skipBlankLines()
		done, err := s.scan()
		if done && s.maxBytes > 0 && len(s.record) > s.maxBytes {
			return s.errorAt(0, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLong, len(s.record), s.maxBytes))
		}
		if done || err != nil {
			return err
		}
		if s.readErr != nil {
			return s.readErr
		}
		if !s.fill() {
			return s.tooLong()
		}
	}
}

// advance drops the record read before.
func (s *scanner) advance() {
	if s.size == 0 {
		return
	}
	if s.quoted {
		s.line += bytes.Count(s.buf[s.start:s.start+s.size], []byte{'\n'})
	} else {
		s.line++
	}
	s.offset += int64(s.size)
	s.start += s.size
	s.size = 0
}

func (s *scanner) skipBlankLines() {
	if s.pos > 0 || s.resume > 1 || s.count > 0 {
		return // within a record, beyond a first byte that may be a lone \r
	}
	for {
		rest := s.unread()
		n := 0
		switch {
		case len(rest) > 0 && rest[0] == '\n':
			n = 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			n = 2
		case len(rest) == 1 && rest[0] == '\r' && s.readErr == io.EOF:
			n = 1
		default:
			return
		}
		s.start += n
		s.offset += int64(n)
		s.line++
		s.resume = 0
	}
}

// swapBuffer goes on with the given buffer if it is the larger one, and returns
// the one that is then not needed. It drops the record read before.
func (s *scanner) swapBuffer(buf []byte) []byte {
	s.advance()
	if len(buf) <= len(s.buf) {
		return buf
	}
	old := s.buf
	s.adopt(buf)
	return old
}

// What scanUnquoted and scanQuoted return instead of an offset.
const (
	wantMore   = -1 // the window ends within the field
	wantQuoted = -2 // the next field begins with a quote
)

// scan splits as much of the record as the window holds into fields, and
// reports whether that was all of it. Without an error and not done it wants
// more input, or is at the end of the input.
func (s *scanner) scan() (done bool, err error) {
	data := s.unread()
	if len(data) == 0 {
		return false, nil
	}
	for {
		var end int
		if s.pos < len(data) && data[s.pos] == '"' {
			end, err = s.scanQuoted(data)
			if err == nil && end >= 0 && end < len(data) && data[end] == s.comma {
				s.pos, s.resume, s.quotes = end+1, 0, false
				continue
			}
		} else {
			end, err = s.scanUnquoted(data)
		}
		switch {
		case err != nil || end == wantMore:
			return false, err
		case end == wantQuoted:
			continue
		}
		s.record = data[:end]
		s.size = lineEnd(data, end)
		return true, nil
	}
}

// lineEnd returns the offset behind the line ending at data[i:].
func lineEnd(data []byte, i int) int {
	if i < len(data) && data[i] == '\r' {
		i++
	}
	if i < len(data) && data[i] == '\n' {
		i++
	}
	return i
}

// scanUnquoted reads the fields from s.pos on. It returns the offset of the end
// of the line, or wantQuoted or wantMore.
func (s *scanner) scanUnquoted(data []byte) (int, error) {
	start, i := s.pos, max(s.pos, s.resume)
	for ; i < len(data); i += 8 {
		for found := findSpecial(data, i, s.comma); found != 0; found &= found - 1 {
			at := i + bits.TrailingZeros64(found)/8
			switch c := data[at]; {
			case c == s.comma:
				s.addField(span{start: start, end: at})
				start = at + 1
			case c == '\n':
				return s.endLine(data, start, at), nil
			case c == '"' && at == start:
				s.pos, s.resume = at, 0
				return wantQuoted, nil
			case c == '"' && !s.lazy:
				return 0, s.errorAt(at, fmt.Errorf("%w inside an unquoted field", ErrQuote))
			}
		}
	}
	if s.readErr == io.EOF {
		return s.endLine(data, start, len(data)), nil
	}
	s.pos, s.resume = start, len(data)
	return wantMore, nil
}

func (s *scanner) addField(field span) {
	if s.count++; s.count <= s.maxFields {
		s.fields = append(s.fields, field)
	}
}

// endLine adds the last field of a line that ends at end, and returns the
// offset of the line end, of which a carriage return is part.
func (s *scanner) endLine(data []byte, start, end int) int {
	if end > start && data[end-1] == '\r' {
		end--
	}
	s.addField(span{start: start, end: end})
	return end
}

// scanQuoted reads the field at s.pos, which begins with a quote. It returns the
// offset behind its closing quote, or wantMore.
func (s *scanner) scanQuoted(data []byte) (int, error) {
	s.quoted = true
	atEOF := s.readErr == io.EOF
	i := max(s.pos+1, s.resume)
	for {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			s.resume = len(data)
			if atEOF {
				return 0, s.errorAt(s.pos, ErrUnterminated)
			}
			return wantMore, nil
		}
		i += n
		after := data[i+1:]
		switch {
		case len(after) > 0 && after[0] == '"':
			s.quotes = true
			i += 2
			continue
		case !atEOF && (len(after) == 0 || len(after) == 1 && after[0] == '\r'):
			s.resume = i // what follows decides
			return wantMore, nil
		case endsField(after, s.comma):
			s.addField(span{start: s.pos + 1, end: i, quotes: s.quotes})
			return i + 1, nil
		case !s.lazy && after[0] == '\r':
			return 0, s.errorAt(i+1, errLoneReturn)
		case !s.lazy:
			return 0, s.errorAt(i, fmt.Errorf("%w: text follows the closing quote of a field", ErrQuote))
		}
		s.quotes = true
		i++
	}
}

// endsField reports whether a field can end before the bytes after.
func endsField(after []byte, comma byte) bool {
	if len(after) == 0 || after[0] == comma || after[0] == '\n' {
		return true
	}
	return after[0] == '\r' && (len(after) == 1 || after[1] == '\n')
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// findSpecial looks for separators, newlines and quotes in the eight bytes at
// data[i:]. It returns a word with the high bit set in each byte that holds one,
// the first byte lowest. x-lowBits borrows into the high bit of each byte that
// is zero in x; a borrow may also mark the byte above it, so the caller looks at
// the byte itself.
func findSpecial(data []byte, i int, comma byte) uint64 {
	const newlines, quotes = '\n' * lowBits, '"' * lowBits
	var word uint64
	if i+8 <= len(data) {
		word = binary.LittleEndian.Uint64(data[i:])
	} else {
		// Bytes with the high bit set are none of them, and no borrow marks them
		// either, as it would a zero beside the separator 1.
		last := [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		copy(last[:], data[i:])
		word = binary.LittleEndian.Uint64(last[:])
	}
	x, y, z := word^uint64(comma)*lowBits, word^newlines, word^quotes
	return ((x-lowBits)&^x | (y-lowBits)&^y | (z-lowBits)&^z) & highBits
}

// unquote appends the text of a field that holds doubled quotes (and, lazily,
// single ones) to dst.
func unquote(dst, field []byte) []byte {
	for {
		i := bytes.IndexByte(field, '"')
		if i < 0 {
			return append(dst, field...)
		}
		dst = append(dst, field[:i+1]...)
		field = field[i+1:]
		if len(field) > 0 && field[0] == '"' {
			field = field[1:]
		}
	}
}

// tooLong explains a record over the limit: nearly always, a quote is not closed.
func (s *scanner) tooLong() error {
	if s.pos < s.end-s.start && s.buf[s.start+s.pos] == '"' {
		return s.errorAt(s.pos, fmt.Errorf("%w: %w: no closing quote within %d bytes", ErrUnterminated, ErrTooLong, s.maxBytes))
	}
	return s.errorAt(0, fmt.Errorf("%w: over %d bytes", ErrTooLong, s.maxBytes))
}

func (s *scanner) errorAt(off int, err error) error {
	return &SourceError{Position: s.position(off), Err: err}
}

// position returns the place of the byte at off from the start of the record.
func (s *scanner) position(off int) Position {
	before := s.buf[s.start : s.start+off]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return Position{
		Line:   s.line + bytes.Count(before, []byte{'\n'}),
		Column: utf8.RuneCount(before[lineStart:]) + 1,
		Offset: s.offset + int64(off),
	}
}
