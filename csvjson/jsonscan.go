package csvjson

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	// maxWraps is how many arrays may stand around the records: the original
	// experiment wrapped its array twice.
	maxWraps = 2
	// maxDepth bounds the nesting within a record, as encoding/json does.
	maxDepth = 10000
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
	between  expectation // what comes next in the innermost of them

	// Within a record:
	pos      int // from its start
	inString bool
	want     expectation
	open     []byte // the brackets that are open: '{' or '['
	nans     []int  // where bare NaN and Infinity tokens stand, start and end in turn

	record []byte
	row    int64
	began  bool
	line   int // of the start of the window
	column int
	offset int64
}

func newJSONScanner(r io.Reader, maxWraps int) *jsonScanner {
	w := window{r: r, maxBytes: DefaultMaxRecordBytes, buf: make([]byte, rowBuffer)}
	return &jsonScanner{window: w, maxWraps: maxWraps, line: 1, column: 1}
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
	s.open, s.nans = s.open[:0], s.nans[:0]
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
		if err := s.more(fmt.Sprintf("the text breaks off within record %d", s.row)); err != nil {
			return err
		}
	}
}

// more reads more input; at its end it says what is unfinished.
func (s *jsonScanner) more(unfinished string) error {
	switch {
	case s.readErr == io.EOF:
		return s.errorAt(len(s.unread()), fmt.Errorf("%s: %w", unfinished, io.ErrUnexpectedEOF))
	case s.readErr != nil:
		return s.errorAt(len(s.unread()), s.readErr)
	case !s.fill():
		return s.errorAt(0, fmt.Errorf("%w: over %d bytes", ErrTooLong, s.maxBytes))
	}
	return nil
}

// advance drops n bytes from the start of the window.
func (s *jsonScanner) advance(n int) {
	dropped := s.buf[s.start : s.start+n]
	s.line, s.column = s.after(dropped)
	s.offset += int64(n)
	s.start += n
}

// after returns the line and column behind text at the start of the window.
func (s *jsonScanner) after(text []byte) (line, column int) {
	i := bytes.LastIndexByte(text, '\n')
	if i < 0 {
		return s.line, s.column + utf8.RuneCount(text)
	}
	return s.line + bytes.Count(text, []byte{'\n'}), 1 + utf8.RuneCount(text[i+1:])
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
		i := spaceLen(data)
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
		if err := s.more(fmt.Sprintf("the array of records is not closed after record %d", s.row)); err != nil {
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
	case c == '[' && s.wraps < s.maxWraps:
		s.wraps++
		s.between = wantValueOrEnd
	default:
		s.between = wantCommaOrEnd
		return true, nil
	}
	return false, nil
}

// scan goes on reading the record. It reports whether the record is complete;
// if not, it wants more input, except after an error.
func (s *jsonScanner) scan(data []byte) (done bool, err error) {
	for {
		if s.inString {
			n, err := s.stringEnd(data)
			if n < 0 || err != nil {
				return false, err
			}
			s.pos, s.inString = n, false
			if s.afterToken() {
				return true, nil
			}
		}
		s.pos += spaceLen(data[s.pos:])
		if s.pos == len(data) {
			return false, nil
		}
		n, err := s.token(data)
		if n == 0 || err != nil {
			return false, err
		}
		s.pos += n
		if !s.inString && s.want == wantCommaOrEnd && len(s.open) == 0 {
			return true, nil
		}
	}
}

// afterToken moves on behind a string, and reports whether it was the record.
func (s *jsonScanner) afterToken() bool {
	if s.want == wantKey || s.want == wantKeyOrEnd {
		s.want = wantColon
		return false
	}
	s.want = wantCommaOrEnd
	return len(s.open) == 0
}

// token reads what begins at s.pos, of a string only the quote. It returns its
// length, or 0 if it may go on behind the window.
func (s *jsonScanner) token(data []byte) (int, error) {
	c := data[s.pos]
	isKey := s.want == wantKey || s.want == wantKeyOrEnd
	isValue := s.want == wantValue || s.want == wantValueOrEnd
	switch {
	case c == '"' && (isKey || isValue):
		s.inString = true
	case c == ':' && s.want == wantColon:
		s.want = wantValue
	case c == ',' && s.want == wantCommaOrEnd:
		s.want = wantValue
		if s.open[len(s.open)-1] == '{' {
			s.want = wantKey
		}
	case c == '}' && s.closes('{', wantKeyOrEnd), c == ']' && s.closes('[', wantValueOrEnd):
		s.open = s.open[:len(s.open)-1]
		s.want = wantCommaOrEnd
	case (c == '{' || c == '[') && isValue:
		if len(s.open) == maxDepth {
			return 0, s.errorAt(s.pos, fmt.Errorf("%w: nested deeper than %d", ErrSyntax, maxDepth))
		}
		s.open = append(s.open, c)
		s.want = wantKeyOrEnd
		if c == '[' {
			s.want = wantValueOrEnd
		}
	case isValue:
		return s.literal(data)
	default:
		return 0, s.syntaxError(s.pos, c, s.want)
	}
	return 1, nil
}

// closes reports whether a closing bracket for the given opening one may come.
func (s *jsonScanner) closes(bracket byte, empty expectation) bool {
	return len(s.open) > 0 && s.open[len(s.open)-1] == bracket && (s.want == wantCommaOrEnd || s.want == empty)
}

// stringEnd returns the offset behind the closing quote of the string that
// s.pos is in, or -1 if the window does not hold it yet.
func (s *jsonScanner) stringEnd(data []byte) (int, error) {
	for {
		s.pos += plainPrefix(data[s.pos:])
		rest := data[s.pos:]
		switch {
		case len(rest) == 0:
			return -1, nil
		case rest[0] == '"':
			return s.pos + 1, nil
		case rest[0] != '\\':
			return 0, s.errorAt(s.pos, fmt.Errorf("%w: control character 0x%02x in a string", ErrSyntax, rest[0]))
		}
		n := escapeLen(rest)
		if n > len(rest) {
			return -1, nil
		}
		if n == 0 {
			return 0, s.errorAt(s.pos, fmt.Errorf("%w: unknown escape in a string", ErrSyntax))
		}
		s.pos += n
	}
}

// escapeLen returns the length of the escape that text begins with, which may
// be more than there is of it, or 0 if it is not one.
func escapeLen(text []byte) int {
	if len(text) < 2 {
		return 2
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		for _, c := range text[2:min(6, len(text))] {
			if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
				return 0
			}
		}
		return 6
	}
	return 0
}

// literal reads a number, true, false or null, or a bare NaN or Infinity, which
// is no JSON but what Python writes.
func (s *jsonScanner) literal(data []byte) (int, error) {
	n := 0
	for s.pos+n < len(data) && isLiteral(data[s.pos+n]) {
		n++
	}
	if s.pos+n == len(data) && s.readErr != io.EOF {
		if n > s.maxBytes {
			return 0, s.errorAt(s.pos, ErrTooLong)
		}
		return 0, nil
	}
	text := data[s.pos : s.pos+n]
	switch string(text) {
	case "true", "false", "null":
	case "NaN", "Infinity", "-Infinity":
		s.nans = append(s.nans, s.pos, s.pos+n)
	default:
		if n == 0 {
			return 0, s.syntaxError(s.pos, data[s.pos], s.want)
		}
		if numberLen(text) != n {
			return 0, s.errorAt(s.pos, fmt.Errorf("%w: neither a value nor a number", ErrSyntax))
		}
	}
	s.want = wantCommaOrEnd
	return n, nil
}

func isLiteral(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '+' || c == '-' || c == '.'
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func spaceLen(text []byte) int {
	i := 0
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
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
	line, column := s.after(s.buf[s.start : s.start+off])
	return Position{Row: s.row, Line: line, Column: column, Offset: s.offset + int64(off)}
}
