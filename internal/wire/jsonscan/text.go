package jsonscan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Text reads a string and returns what stands between its quotes, a part of the
// document, and whether there are escapes in it; [Scanner.String] and
// [Scanner.AppendText] resolve them.
func (s *Scanner) Text() (text []byte, escaped bool) {
	if s.next() != '"' {
		s.Fail()
		return nil, false
	}
	s.pos++
	start := s.pos
	for {
		s.pos += plainLen(s.doc[s.pos:])
		if s.pos >= len(s.doc) {
			break
		}
		switch c := s.doc[s.pos]; {
		case c == '"':
			s.pos++
			return s.doc[start : s.pos-1], escaped
		case c == '\\':
			escaped = true
			s.escape()
		default: // a control character
			s.Fail()
		}
	}
	s.Fail()
	return nil, false
}

// Pair reads two strings without escapes, if front stands before the first,
// middle between them and back behind the second, to the letter: an object of two
// members, as a service writes it, is read in half the time. If not, nothing is
// read. What stands around a string includes its quotes.
func (s *Scanner) Pair(front, middle, back string) (first, second []byte, ok bool) {
	rest := s.doc[s.pos:]
	if !starts(rest, front) {
		return nil, nil, false
	}
	rest = rest[len(front):]
	first, rest = cut(rest)
	if !starts(rest, middle) {
		return nil, nil, false
	}
	second, rest = cut(rest[len(middle):])
	if !starts(rest, back) {
		return nil, nil, false
	}
	s.pos = len(s.doc) - len(rest) + len(back)
	return first, second, true
}

func starts(text []byte, with string) bool {
	return len(text) >= len(with) && string(text[:len(with)]) == with
}

// cut divides text behind its plain part.
func cut(text []byte) (plain, rest []byte) {
	n := plainLen(text)
	return text[:n], text[n:]
}

// escape passes over an escape sequence.
func (s *Scanner) escape() {
	rest := s.doc[s.pos:]
	if len(rest) < 2 {
		s.Fail()
		return
	}
	switch rest[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return
	case 'u':
		if _, ok := hexRune(rest); ok {
			s.pos += 6
			return
		}
	}
	s.Fail()
}

// Base64 reads a string as [Scanner.Text] does, but much faster: it doesn't look
// at the text, only for the next quote. It is for base64, whose decoder refuses
// the backslash that would have made that quote a part of the text.
func (s *Scanner) Base64() []byte {
	if s.next() != '"' {
		s.Fail()
		return nil
	}
	start := s.pos + 1
	n := bytes.IndexByte(s.doc[start:], '"')
	if n < 0 {
		s.Fail()
		return nil
	}
	s.pos = start + n + 1
	return s.doc[start : start+n]
}

// String reads a string. Bytes of it that are not UTF-8 stay as they are, unless
// it has escapes: then each becomes U+FFFD, as encoding/json has it.
func (s *Scanner) String() string {
	text, escaped := s.Text()
	if escaped {
		return Unescape(text)
	}
	return string(text)
}

// SharedString reads a string like [Scanner.String] and, unless it has escapes,
// returns it as a part of the document, which must then never change again.
func (s *Scanner) SharedString() string {
	text, escaped := s.Text()
	if escaped {
		return Unescape(text)
	}
	return Shared(text)
}

// AppendText reads a string like [Scanner.String] and appends it to dst.
func (s *Scanner) AppendText(dst []byte) []byte {
	text, escaped := s.Text()
	if escaped {
		return appendUnescaped(dst, text)
	}
	return append(dst, text...)
}

// Unescape returns text, which [Scanner.Text] returned, with its escapes resolved.
func Unescape(text []byte) string { return Shared(appendUnescaped(nil, text)) }

// appendUnescaped appends text, in which every escape is well-formed.
func appendUnescaped(dst, text []byte) []byte {
	for len(text) > 0 {
		switch c := text[0]; {
		case c == '\\' && text[1] == 'u':
			r, n := escapedRune(text)
			dst = utf8.AppendRune(dst, r)
			text = text[n:]
		case c == '\\':
			dst = append(dst, unescaped(text[1]))
			text = text[2:]
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			text = text[1:]
		default:
			r, n := utf8.DecodeRune(text)
			dst = utf8.AppendRune(dst, r)
			text = text[n:]
		}
	}
	return dst
}

// unescaped returns the character that a backslash and c stand for.
func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// escapedRune returns the rune at the front of text that is written as \uXXXX,
// or as two of them where it is a surrogate pair, and the length of that. Half a
// pair is U+FFFD.
func escapedRune(text []byte) (rune, int) {
	r, _ := hexRune(text)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := hexRune(text[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// hexRune reads \uXXXX at the front of text.
func hexRune(text []byte) (r rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range text[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
)

// plainLen returns the length of the part of text before the first quote,
// backslash or control character. It looks at eight bytes at a time.
func plainLen(text []byte) int {
	n := 0
	// Sequence numbers: digits, and the six characters behind them.
	for len(text)-n >= 8 && binary.LittleEndian.Uint64(text[n:])&(0xf0*everyByte) == 0x30*everyByte {
		n += 8
	}
	for ; len(text)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(text[n:])
		if found := below(w, ' ') | equal(w, '"') | equal(w, '\\'); found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for ; n < len(text); n++ {
		if c := text[n]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return n
}

// below sets the high bit of the first byte of w that is less than c, and
// perhaps of bytes behind it. c is at most 0x80.
func below(w uint64, c byte) uint64 {
	return (w - everyByte*uint64(c)) & ^w & highBits
}

// equal sets the high bit of the first byte of w that is c, and perhaps of bytes
// behind it.
func equal(w uint64, c byte) uint64 {
	return below(w^everyByte*uint64(c), 1)
}
