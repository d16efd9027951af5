package csvjson

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"unicode/utf8"
)

const (
	// maxWraps is how many arrays may stand around the records: the original
	// experiment wrapped its array twice.
	maxWraps = 2
	// maxDepth bounds the nesting within a record, as encoding/json does.
	maxDepth = 10000
	// maxMembers bounds the memory that is taken for the members of a record;
	// one with more is left to encoding/json.
	maxMembers = 4096
	// maxLiteral bounds the length of a number, since one is scanned again
	// from its start when the window ends in it.
	maxLiteral = 4096
)

// expectation is what may come next, within a record or between records.
type expectation uint8

const (
	wantValue expectation = iota
	wantValueOrEnd
	wantKey
	wantKeyOrEnd
	wantColon
	wantCommaOrEnd
)

func (e expectation) String() string {
	return [...]string{"a value", "a value or ]", "a key", "a key or }", "a colon", "a comma or the end"}[e]
}

// jsonScanner splits JSON text into records and checks their syntax, in one
// pass. A record is a view of the window, valid until the next call of next.
//
// All of its state is in fields, so that a record which the window does not
// hold yet is not scanned from its start again after the next fill.
type jsonScanner struct {
	window

	// Between records:
	wraps    int         // arrays open around the records
	maxWraps int         // how many are opened; those within belong to records
	nested   bool        // the outermost of them has begun with an array
	between  expectation // what comes next in the innermost of them

	// Within a record:
	pos      int // from its start
	inString bool
	escaped  bool // the string being read holds escapes
	token    int  // where it begins
	want     expectation
	open     []byte   // the brackets that are open: '{' or '['
	members  []member // if the record is an object, and not crowded
	crowded  bool     // it has more than maxMembers
	nan      bool     // it has a bare NaN or Infinity token

	record []byte
	row    int64
	began  bool
	offset int64 // bytes before start
	place
}

// member is a member of an object that is a record: its key without the quotes
// and its value as it is written. quotes means that there are escapes.
type member struct{ key, value span }

// place follows lines and columns without looking back at what has left the
// window. Newlines can only stand between tokens, so that counting them costs
// nothing.
type place struct {
	line         int // of the start of the window, from 1
	column       int // of the same, from 1
	newlines     int // in the white space since
	afterNewline int // behind the last of them, from the start of the window
}

func newJSONScanner(r io.Reader, maxWraps int) *jsonScanner {
	w := window{r: r, maxBytes: DefaultMaxRecordBytes, buf: make([]byte, rowBuffer)}
	return &jsonScanner{window: w, maxWraps: maxWraps, place: place{line: 1, column: 1}}
}

// next reads a record. At the end it returns io.EOF.
func (s *jsonScanner) next() error {
	s.advance(len(s.record))
	s.record = nil
	if err := s.findRecord(); err != nil {
		return err
	}
	s.row++
	s.pos, s.inString, s.want = 0, false, wantValue
	s.open, s.members = s.open[:0], s.members[:0]
	s.crowded, s.nan = false, false
	for {
		done, err := s.scan(s.unread())
		if err != nil {
			return err
		}
		if done {
			s.record = s.buf[s.start : s.start+s.pos]
			if len(s.record) > s.maxBytes {
				return s.errorAt(0, fmt.Errorf("%w: over %d bytes", ErrTooLong, s.maxBytes))
			}
			return nil
		}
		if err := s.more("the text breaks off within record"); err != nil {
			return err
		}
	}
}

// more reads more input; at its end it says what is unfinished, before the
// number of the record.
func (s *jsonScanner) more(unfinished string) error {
	switch {
	case s.readErr == io.EOF:
		return s.errorAt(len(s.unread()), fmt.Errorf("%s %d: %w", unfinished, s.row, io.ErrUnexpectedEOF))
	case s.readErr != nil:
		return s.errorAt(len(s.unread()), s.readErr)
	case !s.fill():
		return s.errorAt(0, fmt.Errorf("%w: over %d bytes", ErrTooLong, s.maxBytes))
	}
	return nil
}

// advance drops n bytes, which have been scanned, from the start of the window.
func (s *jsonScanner) advance(n int) {
	if s.newlines > 0 {
		s.line += s.newlines
		s.column = 1
	}
	s.column += runeCount(s.buf[s.start+s.afterNewline : s.start+n])
	s.newlines, s.afterNewline = 0, 0
	s.offset += int64(n)
	s.start += n
}

// runeCount returns how many characters text has: the bytes that do not
// continue one. They are counted eight at a time, since all text that is read
// passes here; a continuation byte is 10xxxxxx.
func runeCount(text []byte) int {
	n, i := len(text), 0
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		n -= bits.OnesCount64(word & ^(word << 1) & highBits)
	}
	for ; i < len(text); i++ {
		if text[i]&0xc0 == 0x80 {
			n--
		}
	}
	return n
}

// findRecord drops what stands before the next record: white space, commas and
// the brackets of the arrays around the records.
func (s *jsonScanner) findRecord() error {
	if !s.began {
		s.began = true
		n, err := s.skipMark()
		if err != nil {
			return s.errorAt(0, err)
		}
		s.offset = int64(n)
	}
	for {
		data := s.unread()
		i := s.skipSpace(data, 0)
		s.advance(i)
		if i < len(data) {
			if found, err := s.step(data[i]); found || err != nil {
				return err
			}
			s.advance(1)
			continue
		}
		if s.readErr == io.EOF && s.wraps == 0 {
			return io.EOF
		}
		if err := s.more("the array of records is not closed after record"); err != nil {
			return err
		}
	}
}

// step takes a byte between records, and reports whether it begins a record.
func (s *jsonScanner) step(c byte) (found bool, err error) {
	inArray := s.wraps > 0
	switch {
	case inArray && s.between == wantCommaOrEnd && c == ',':
		s.between = wantValue
	case inArray && s.between != wantValue && c == ']':
		s.wraps--
		s.between = wantCommaOrEnd
	case inArray && s.between == wantCommaOrEnd:
		return false, s.syntaxError(0, c, wantCommaOrEnd)
	case c == '[' && s.opens():
		s.nested = s.wraps > 0
		s.wraps++
		s.between = wantValueOrEnd
	default:
		s.between = wantCommaOrEnd
		return true, nil
	}
	return false, nil
}

// opens reports whether an array that begins here is one around records. In an
// array it is if the first element there was one, too: [[1, 2], [3]] is three
// records, [1, [2, 3]] two.
func (s *jsonScanner) opens() bool {
	return s.wraps < s.maxWraps && (s.wraps == 0 || s.nested || s.between == wantValueOrEnd)
}

func (s *jsonScanner) syntaxError(off int, c byte, want expectation) error {
	if c >= utf8.RuneSelf {
		return s.errorAt(off, fmt.Errorf("%w: text where %s should be", ErrSyntax, want))
	}
	return s.errorAt(off, fmt.Errorf("%w: %q where %s should be", ErrSyntax, c, want))
}

func (s *jsonScanner) errorAt(off int, err error) error {
	return &SourceError{Position: s.position(off), Err: err}
}

// position returns the place at off from the start of the record.
func (s *jsonScanner) position(off int) Position {
	p := Position{Row: s.row, Line: s.line, Column: s.column, Offset: s.offset + int64(off)}
	text := s.buf[s.start : s.start+off]
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		p.Line += bytes.Count(text, []byte{'\n'})
		p.Column = 1
		text = text[i+1:]
	}
	p.Column += runeCount(text)
	return p
}
