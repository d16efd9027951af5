package document

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
)

// A Writer appends one document to a buffer. The caller nests Object, Array
// and End correctly and writes a Key before each value in an object. The zero
// Writer writes JSON.
type Writer struct {
	format Format
	buf    []byte
	comma  bool   // the next JSON key or element follows another one
	ends   []byte // the closing brackets still owed, innermost last
}

// NewWriter returns a Writer that appends to buf, which may be nil.
func NewWriter(format Format, buf []byte) *Writer {
	return &Writer{format: format, buf: buf}
}

// Bytes returns the buffer, the document at its end.
func (w *Writer) Bytes() []byte { return w.buf }

// Object opens a map.
func (w *Writer) Object() { w.open('{', '}', majorMap) }

// Array opens a list.
func (w *Writer) Array() { w.open('[', ']', majorArray) }

func (w *Writer) open(start, end byte, major byte) {
	w.separate()
	if w.format == CBOR {
		w.buf = append(w.buf, major<<5|indefinite)
		end = breakByte
	} else {
		w.buf = append(w.buf, start)
	}
	w.ends = append(w.ends, end)
	w.comma = false
}

// End closes the innermost Object or Array.
func (w *Writer) End() {
	w.buf = append(w.buf, w.ends[len(w.ends)-1])
	w.ends = w.ends[:len(w.ends)-1]
	w.comma = true
}

// Key names the next value of an object. Names are plain ASCII.
func (w *Writer) Key(name string) {
	if w.format == CBOR {
		w.head(majorText, uint64(len(name)))
		w.buf = append(w.buf, name...)
		return
	}
	w.separate()
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '"', ':')
	w.comma = false
}

// String writes text.
func (w *Writer) String(s string) {
	w.separate()
	if w.format == CBOR {
		w.head(majorText, uint64(len(s)))
		w.buf = append(w.buf, s...)
	} else {
		w.buf = appendQuoted(w.buf, s)
	}
	w.comma = true
}

// Text is String for bytes.
func (w *Writer) Text(b []byte) {
	w.separate()
	if w.format == CBOR {
		w.head(majorText, uint64(len(b)))
		w.buf = append(w.buf, b...)
	} else {
		w.buf = appendQuoted(w.buf, b)
	}
	w.comma = true
}

// Plain is Text for printable ASCII without quotes and backslashes.
func (w *Writer) Plain(b []byte) {
	w.separate()
	if w.format == CBOR {
		w.head(majorText, uint64(len(b)))
		w.buf = append(w.buf, b...)
	} else {
		w.buf = append(w.buf, '"')
		w.buf = append(w.buf, b...)
		w.buf = append(w.buf, '"')
	}
	w.comma = true
}

// Grow makes room for n more bytes.
func (w *Writer) Grow(n int) { w.buf = slices.Grow(w.buf, n) }

// Int writes an integer.
func (w *Writer) Int(n int64) {
	w.separate()
	switch {
	case w.format == JSON:
		w.buf = strconv.AppendInt(w.buf, n, 10)
	case n < 0:
		w.head(majorNegative, uint64(-1-n))
	default:
		w.head(majorUint, uint64(n))
	}
	w.comma = true
}

// Bool writes true or false.
func (w *Writer) Bool(b bool) {
	w.separate()
	switch {
	case w.format == JSON:
		w.buf = strconv.AppendBool(w.buf, b)
	case b:
		w.buf = append(w.buf, majorSimple<<5|21)
	default:
		w.buf = append(w.buf, majorSimple<<5|20)
	}
	w.comma = true
}

// Null writes null.
func (w *Writer) Null() {
	w.separate()
	if w.format == CBOR {
		w.buf = append(w.buf, majorSimple<<5|22)
	} else {
		w.buf = append(w.buf, "null"...)
	}
	w.comma = true
}

// Time writes a time to the millisecond.
func (w *Writer) Time(t time.Time) { w.Millis(t.UnixMilli()) }

// Millis writes a time given as milliseconds since 1970, not before it.
func (w *Writer) Millis(ms int64) {
	w.separate()
	if w.format == CBOR {
		w.head(majorTag, 1)
		w.head(majorUint, uint64(ms))
	} else {
		w.buf = strconv.AppendInt(w.buf, ms/1000, 10)
		w.buf = append(w.buf, '.', byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	w.comma = true
}

// Blob writes bytes.
func (w *Writer) Blob(b []byte) {
	w.separate()
	if w.format == CBOR {
		w.head(majorBytes, uint64(len(b)))
		w.buf = append(w.buf, b...)
	} else {
		w.buf = append(w.buf, '"')
		w.buf = b64.AppendEncode(w.buf, b)
		w.buf = append(w.buf, '"')
	}
	w.comma = true
}

func (w *Writer) separate() {
	if w.comma && w.format == JSON {
		w.buf = append(w.buf, ',')
	}
}

func (w *Writer) head(major byte, n uint64) {
	major <<= 5
	switch {
	case n < 24:
		w.buf = append(w.buf, major|byte(n))
	case n <= 0xff:
		w.buf = append(w.buf, major|24, byte(n))
	case n <= 0xffff:
		w.buf = binary.BigEndian.AppendUint16(append(w.buf, major|25), uint16(n))
	case n <= 0xffffffff:
		w.buf = binary.BigEndian.AppendUint32(append(w.buf, major|26), uint32(n))
	default:
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, major|27), n)
	}
}

// appendQuoted writes a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendQuoted[T string | []byte](buf []byte, s T) []byte {
	const hex = "0123456789abcdef"
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			buf = append(buf, s[start:i]...)
			switch c {
			case '"', '\\':
				buf = append(buf, '\\', c)
			case '\n':
				buf = append(buf, '\\', 'n')
			default:
				buf = append(buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
		if r == utf8.RuneError && size == 1 {
			buf = append(buf, s[start:i]...)
			buf = append(buf, "\ufffd"...)
			start = i + size
		}
		i += size
	}
	buf = append(buf, s[start:]...)
	return append(buf, '"')
}
