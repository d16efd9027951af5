package csvjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends text as a JSON string. Only what JSON demands is
// escaped: quotes, backslashes and control characters; < and é stay as they are.
// With doubled, text is from a quoted CSV field, where two quotes mean one.
func appendString(dst, text []byte, doubled bool) []byte {
	dst = append(dst, '"')
	for {
		n := plainPrefix(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return append(dst, '"')
		}
		c := text[n]
		dst = appendEscape(dst, c)
		text = text[n+1:]
		if doubled && c == '"' && len(text) > 0 && text[0] == '"' {
			text = text[1:]
		}
	}
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// plainPrefix returns how many bytes of text need no escape in a JSON string.
// As in findSpecial, eight bytes are looked at together; a byte below 0x20
// shows as a borrow from its high bit, unless it has that bit itself.
func plainPrefix(text []byte) int {
	const quotes, backslashes, spaces = '"' * lowBits, '\\' * lowBits, 0x20 * lowBits
	i := 0
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		x, y := word^quotes, word^backslashes
		found := ((word-spaces)&^word | (x-lowBits)&^x | (y-lowBits)&^y) & highBits
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// unescape appends the text of a JSON string, given without its quotes, to dst.
// Half a surrogate pair becomes U+FFFD, as in encoding/json.
func unescape(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:i]...)
		c := text[i+1]
		text = text[i+2:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hexRune(text)
			text = text[4:]
			if utf16.IsSurrogate(r) {
				low := unicode.ReplacementChar
				if len(text) >= 6 && text[0] == '\\' && text[1] == 'u' {
					low = hexRune(text[2:])
				}
				if r = utf16.DecodeRune(r, low); r != unicode.ReplacementChar {
					text = text[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
		default: // a quote, a backslash or a slash
			dst = append(dst, c)
		}
	}
}

// hexRune returns the number that four hexadecimal digits mean.
func hexRune(text []byte) rune {
	var r rune
	for _, c := range text[:4] {
		if !isDigit(c) {
			c = c&^0x20 - 'A' + 10 + '0'
		}
		r = r<<4 | rune(c-'0')
	}
	return r
}

// nullNaNs returns a copy of a value, of which the scanner has made sure that it
// is valid but for bare NaN, Infinity and -Infinity, with null for these.
func nullNaNs(value []byte) []byte {
	out := make([]byte, 0, len(value)+1)
	from := 0
	for i := 0; i < len(value); {
		token := 0
		switch {
		case value[i] == '"':
			i += stringLen(value[i:])
			continue
		case value[i] == 'N':
			token = len("NaN")
		case value[i] == 'I':
			token = len("Infinity")
		case value[i] == '-' && value[i+1] == 'I':
			token = len("-Infinity")
		default:
			i++
			continue
		}
		out = append(append(out, value[from:i]...), "null"...)
		i += token
		from = i
	}
	return append(out, value[from:]...)
}

// stringLen returns the length of the JSON string that text begins with.
func stringLen(text []byte) int {
	for i := 1; ; i++ {
		i += plainPrefix(text[i:])
		if text[i] == '"' {
			return i + 1
		}
		i++ // what is escaped may be a quote
	}
}
