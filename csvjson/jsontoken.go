package csvjson

import (
	"fmt"
	"io"
)

// scan goes on reading the record. It reports whether the record is complete;
// if not, it wants more input, except after an error.
func (s *jsonScanner) scan(data []byte) (done bool, err error) {
	for {
		if s.inString {
			if ended, err := s.scanString(data); !ended || err != nil {
				return false, err
			}
			s.endString()
		} else {
			s.pos = s.skipSpace(data, s.pos)
			if s.pos == len(data) {
				return false, nil
			}
			if ended, err := s.scanToken(data); !ended || err != nil {
				return false, err
			}
		}
		if s.want == wantCommaOrEnd && len(s.open) == 0 {
			return true, nil
		}
	}
}

// skipSpace returns the offset behind the white space at data[i:].
func (s *jsonScanner) skipSpace(data []byte, i int) int {
	for ; i < len(data); i++ {
		switch data[i] {
		case ' ', '\t', '\r':
		case '\n':
			s.newlines++
			s.afterNewline = i + 1
		default:
			return i
		}
	}
	return i
}

// scanToken reads the token at s.pos, of a string only the quote. It reports
// false if the token may go on behind the window.
func (s *jsonScanner) scanToken(data []byte) (ended bool, err error) {
	c := data[s.pos]
	isKey := s.want == wantKey || s.want == wantKeyOrEnd
	isValue := s.want == wantValue || s.want == wantValueOrEnd
	if isValue {
		s.beginValue()
	}
	switch {
	case c == '"' && (isKey || isValue):
		s.inString, s.escaped, s.token = true, false, s.pos
	case c == ':' && s.want == wantColon:
		s.want = wantValue
	case c == ',' && s.want == wantCommaOrEnd:
		s.want = wantValue
		if s.open[len(s.open)-1] == '{' {
			s.want = wantKey
		}
	case c == '}' && s.closes('{', wantKeyOrEnd), c == ']' && s.closes('[', wantValueOrEnd):
		s.open = s.open[:len(s.open)-1]
		s.endValue(s.pos + 1)
	case (c == '{' || c == '[') && isValue:
		if len(s.open) == maxDepth {
			return false, s.errorAt(s.pos, fmt.Errorf("%w: nested deeper than %d", ErrSyntax, maxDepth))
		}
		s.open = append(s.open, c)
		s.want = wantKeyOrEnd
		if c == '[' {
			s.want = wantValueOrEnd
		}
	case isValue:
		return s.scanLiteral(data)
	default:
		return false, s.syntaxError(s.pos, c, s.want)
	}
	s.pos++
	return true, nil
}

// closes reports whether a closing bracket for the given opening one may come.
func (s *jsonScanner) closes(bracket byte, empty expectation) bool {
	return len(s.open) > 0 && s.open[len(s.open)-1] == bracket && (s.want == wantCommaOrEnd || s.want == empty)
}

// inMembers reports whether the token is in the record itself, an object, and
// not in one within it.
func (s *jsonScanner) inMembers() bool { return len(s.open) == 1 && s.open[0] == '{' }

func (s *jsonScanner) beginValue() {
	if s.inMembers() {
		s.members[len(s.members)-1].value.start = s.pos
	}
}

func (s *jsonScanner) endValue(end int) {
	if s.inMembers() {
		s.members[len(s.members)-1].value.end = end
	}
	s.want = wantCommaOrEnd
}

func (s *jsonScanner) addMember(key span) {
	if len(s.members) == maxMembers {
		s.members, s.crowded = s.members[:0], true
	}
	s.members = append(s.members, member{key: key})
}

// endString takes the string that ended before s.pos as a key or a value.
func (s *jsonScanner) endString() {
	s.inString = false
	if s.want == wantKey || s.want == wantKeyOrEnd {
		if s.inMembers() {
			s.addMember(span{s.token + 1, s.pos - 1, s.escaped})
		}
		s.want = wantColon
		return
	}
	if s.inMembers() {
		s.members[len(s.members)-1].value.quotes = s.escaped
	}
	s.endValue(s.pos)
}

// scanString reads the string that s.pos is in, behind its closing quote. It
// reports false if the window does not hold that yet.
func (s *jsonScanner) scanString(data []byte) (ended bool, err error) {
	for {
		s.pos += plainPrefix(data[s.pos:])
		rest := data[s.pos:]
		switch {
		case len(rest) == 0:
			return false, nil
		case rest[0] == '"':
			s.pos++
			return true, nil
		case rest[0] != '\\':
			return false, s.errorAt(s.pos, fmt.Errorf("%w: control character 0x%02x in a string", ErrSyntax, rest[0]))
		}
		n := escapeLen(rest)
		if n > len(rest) {
			return false, nil
		}
		if n == 0 {
			return false, s.errorAt(s.pos, fmt.Errorf("%w: unknown escape in a string", ErrSyntax))
		}
		s.escaped = true
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

// scanLiteral reads a number, true, false or null, or a bare NaN or Infinity,
// which is no JSON but what Python writes.
func (s *jsonScanner) scanLiteral(data []byte) (ended bool, err error) {
	end := s.pos
	for end < len(data) && isLiteral(data[end]) {
		end++
	}
	if end-s.pos > maxLiteral {
		return false, s.errorAt(s.pos, fmt.Errorf("%w: a number of more than %d digits", ErrSyntax, maxLiteral))
	}
	if end == len(data) && s.readErr != io.EOF {
		return false, nil
	}
	text := data[s.pos:end]
	switch string(text) {
	case "true", "false", "null":
	case "NaN", "Infinity", "-Infinity":
		s.nan = true
	case "":
		return false, s.syntaxError(s.pos, data[s.pos], s.want)
	default:
		if numberLen(text) != len(text) {
			return false, s.errorAt(s.pos, fmt.Errorf("%w: neither a number nor true, false or null", ErrSyntax))
		}
	}
	s.pos = end
	s.endValue(end)
	return true, nil
}

func isLiteral(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '+' || c == '-' || c == '.'
}
