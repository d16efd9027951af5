package cborscan

import (
	"encoding/binary"
	"unicode/utf8"
)

// AppendMap appends the head of a map of n pairs: names, which AppendText
// appends, each with its value.
func AppendMap(dst []byte, n int) []byte { return appendHead(dst, majorMap, uint64(n)) }

// AppendArray appends the head of an array of n elements.
func AppendArray(dst []byte, n int) []byte { return appendHead(dst, majorArray, uint64(n)) }

// AppendText appends a text string. Bytes of it that are not UTF-8 become U+FFFD,
// as they do in JSON.
func AppendText(dst []byte, text string) []byte {
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	dst = appendHead(dst, majorText, uint64(len(text)))
	return append(dst, text...)
}

// AppendBytes appends a byte string.
func AppendBytes(dst, p []byte) []byte {
	dst = appendHead(dst, majorBytes, uint64(len(p)))
	return append(dst, p...)
}

// AppendBool appends true or false.
func AppendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 0xf5)
	}
	return append(dst, 0xf4)
}

// AppendInt appends an integer.
func AppendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return appendHead(dst, majorNegative, uint64(-1-n))
	}
	return appendHead(dst, majorUint, uint64(n))
}

// MaxHead is the length of the longest head of an item.
const MaxHead = 9

func appendHead(dst []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= 0xff:
		return append(dst, major|24, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n <= 0xffff_ffff:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}
