package csvjson

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Windows1252 returns a reader that turns text in Windows-1252 (which includes
// the printable part of ISO-8859-1) into UTF-8. It is meant for
// [Options.Decoder]. Every sequence of bytes is valid Windows-1252, so use it
// where a file is known to be that, not as a cure for damaged UTF-8. Text that
// begins with the byte order mark of UTF-8 is read as that.
func Windows1252(r io.Reader) io.Reader {
	return newTranscoder(r, func(dst, src []byte, _ bool) ([]byte, int, error) {
		for _, c := range src {
			dst = utf8.AppendRune(dst, windows1252Rune(c))
		}
		return dst, len(src), nil
	})
}

// windows1252Rune differs from ISO-8859-1, which is the beginning of Unicode,
// from 0x80 to 0x9f. Five bytes are unassigned there and stand for the control
// characters of the same number, as browsers read them
// (https://encoding.spec.whatwg.org/index-windows-1252.txt).
func windows1252Rune(c byte) rune {
	if c < 0x80 || c > 0x9f {
		return rune(c)
	}
	return [32]rune{
		'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
		0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
	}[c-0x80]
}

// UTF16 returns a reader that turns UTF-16, which spreadsheets export as
// "Unicode text", into UTF-8. It is meant for [Options.Decoder]. The byte order
// is that of the byte order mark; without one it is big-endian if the first
// character then is ASCII, else little-endian. Half a surrogate pair, or half a unit at the
// end, becomes U+FFFD. Text that begins with the byte order mark of UTF-8 is
// read as that, and text without a zero byte is refused: not even a newline of
// it could be UTF-16.
func UTF16(r io.Reader) io.Reader {
	d := &utf16Decoder{}
	return newTranscoder(r, d.decode)
}

// utf16Decoder decodes one text.
type utf16Decoder struct {
	order   binary.ByteOrder // known once two bytes are
	looked  int              // bytes that were searched for a zero
	hasZero bool             // or a byte order mark
}

// maxWithoutZero is in how many bytes at the beginning a zero has to be.
const maxWithoutZero = 64 << 10

var errNotUTF16 = errors.New("not UTF-16: it has no zero byte, so no newline; likely UTF-8")

func (d *utf16Decoder) decode(dst, src []byte, atEOF bool) ([]byte, int, error) {
	if d.order == nil && len(src) >= 2 {
		d.order, d.hasZero = byteOrder(src)
	}
	if !d.hasZero {
		d.hasZero = bytes.IndexByte(src, 0) >= 0
		d.looked += len(src)
		if !d.hasZero && d.looked > 0 && (atEOF || d.looked > maxWithoutZero) {
			return dst, 0, errNotUTF16
		}
	}
	done := 0
	for len(src)-done >= 2 {
		r, size := d.rune(src[done:], atEOF)
		if size == 0 {
			break
		}
		dst = utf8.AppendRune(dst, r)
		done += size
	}
	if atEOF && len(src)-done == 1 {
		return utf8.AppendRune(dst, utf8.RuneError), len(src), nil
	}
	return dst, done, nil
}

// rune returns the first character of src with its size, which is 0 if the
// second half of it is still to come.
func (d *utf16Decoder) rune(src []byte, atEOF bool) (r rune, size int) {
	unit := rune(d.order.Uint16(src))
	switch {
	case !utf16.IsSurrogate(unit):
		return unit, 2
	case len(src) >= 4:
		if pair := utf16.DecodeRune(unit, rune(d.order.Uint16(src[2:]))); pair != utf8.RuneError {
			return pair, 4
		}
	case !atEOF:
		return 0, 0
	}
	return utf8.RuneError, 2
}

// byteOrder returns the byte order of UTF-16 text that begins with src, and
// whether a byte order mark or a zero byte says that it is UTF-16.
func byteOrder(src []byte) (order binary.ByteOrder, certain bool) {
	switch {
	case bytes.HasPrefix(src, []byte(bomUTF16BE)), src[0] == 0 && src[1] < utf8.RuneSelf:
		return binary.BigEndian, true
	case bytes.HasPrefix(src, []byte(bomUTF16LE)):
		return binary.LittleEndian, true
	}
	return binary.LittleEndian, false
}

// decodeFunc appends src as UTF-8 to dst and returns how much of src it took.
// What it leaves it gets again with more behind it; at the end of the input it
// has to take everything.
type decodeFunc func(dst, src []byte, atEOF bool) ([]byte, int, error)

// transcoder reads from r what decode makes of it.
type transcoder struct {
	r      io.Reader
	decode decodeFunc
	begun  bool
	src    []byte // read and not decoded yet, at the start of its array
	text   []byte // decoded and not read yet
	dst    []byte // backs text
	err    error
}

func newTranscoder(r io.Reader, decode decodeFunc) *transcoder {
	return &transcoder{r: r, decode: decode, src: make([]byte, 0, 16<<10)}
}

func (t *transcoder) Read(p []byte) (int, error) {
	for len(t.text) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		n, err := t.r.Read(t.src[len(t.src):cap(t.src)])
		t.err = err
		t.src = t.src[:len(t.src)+n]
		if n == 0 && err == nil {
			return 0, nil
		}
		if t.begin() {
			t.fill()
		}
	}
	n := copy(p, t.text)
	t.text = t.text[n:]
	return n, nil
}

// begin sees to the byte order mark of UTF-8, which no decoder may touch. It
// reports whether enough was read to look for it.
func (t *transcoder) begin() bool {
	if !t.begun && (len(t.src) >= len(bomUTF8) || t.err != nil) {
		t.begun = true
		if bytes.HasPrefix(t.src, []byte(bomUTF8)) {
			t.decode = func(dst, src []byte, _ bool) ([]byte, int, error) { return append(dst, src...), len(src), nil }
		}
	}
	return t.begun
}

// fill decodes what was read.
func (t *transcoder) fill() {
	dst, taken, err := t.decode(t.dst[:0], t.src, t.err != nil)
	if err != nil {
		t.err = err
	}
	t.src = t.src[:copy(t.src, t.src[taken:])]
	t.dst, t.text = dst, dst
}
