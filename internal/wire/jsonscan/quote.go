package jsonscan

import (
	"encoding/binary"
	"unicode/utf8"
)

// The escapes are those that the AWS SDK for Go writes, byte for byte, so that a
// request can be held against one of the SDK's: beyond what JSON demands, DEL is
// escaped, and the two line separators that JavaScript once took for line ends.
// Bytes that are not UTF-8 become U+FFFD.

const (
	hexDigits     = "0123456789abcdef"
	lineSeparator = '\u2028'
	paraSeparator = '\u2029'
	replacement   = "\uFFFD"
)

// QuotedLen is the length of text as a JSON string, quotes included.
func QuotedLen(text string) int {
	n := quotePlainLen(text)
	size := 2 + n
	for rest := text[n:]; len(rest) > 0; {
		r, width := utf8.DecodeRuneInString(rest)
		size += escapedLen(r, width)
		rest = rest[width:]
	}
	return size
}

// AppendString appends text as a JSON string, quotes included, to dst.
func AppendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	n := quotePlainLen(text)
	dst = append(dst, text[:n]...)
	for rest := text[n:]; len(rest) > 0; {
		r, width := utf8.DecodeRuneInString(rest)
		dst = appendEscaped(dst, r, rest[:width])
		rest = rest[width:]
	}
	return append(dst, '"')
}

func escapedLen(r rune, width int) int {
	switch {
	case r == '"' || r == '\\' || r == '\n' || r == '\r' || r == '\t':
		return len(`\n`)
	case r < ' ' || r == 0x7f || r == lineSeparator || r == paraSeparator:
		return len(`\u0000`)
	case r == utf8.RuneError && width == 1:
		return len(replacement)
	}
	return width
}

// appendEscaped appends r, which text encodes, as it is written in a string.
func appendEscaped(dst []byte, r rune, text string) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r < ' ' || r == 0x7f:
		return append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&0xf])
	case r == lineSeparator || r == paraSeparator:
		return append(dst, '\\', 'u', '2', '0', '2', hexDigits[r&0xf])
	case r == utf8.RuneError && len(text) == 1:
		return append(dst, replacement...)
	}
	return append(dst, text...)
}

// quotePlainLen returns the length of the part of text that is written as it is,
// which for most strings is all of it.
func quotePlainLen(text string) int {
	n := 0
	for ; len(text)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64([]byte(text[n : n+8]))
		if below(w, ' ')|equal(w, '"')|equal(w, '\\')|equal(w, 0x7f)|w&highBits != 0 {
			break
		}
	}
	for ; n < len(text); n++ {
		c := text[n]
		if c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			break
		}
	}
	return n
}
