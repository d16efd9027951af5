package csvjson

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Windows1252 returns a reader that turns text in Windows-1252 (which includes
// the printable part of ISO-8859-1) into UTF-8. It is meant for
// [Options.Decoder]. Every sequence of bytes is valid Windows-1252, so use it
// where a file is known to be that, not as a cure for damaged UTF-8.
func Windows1252(r io.Reader) io.Reader {
	return newTranscoder(r, func(dst, src []byte, _ bool) ([]byte, int) {
		for _, c := range src {
			dst = utf8.AppendRune(dst, windows1252Rune(c))
		}
		return dst, len(src)
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
// is that of the byte order mark, without one little-endian. Half a surrogate
// pair, or half a unit at the end, becomes U+FFFD.
func UTF16(r io.Reader) io.Reader {
	var order binary.ByteOrder
	return newTranscoder(r, func(dst, src []byte, atEOF bool) ([]byte, int) {
		done := 0
		for len(src)-done >= 2 {
			if order == nil {
				order = byteOrder(src)
			}
			unit := rune(order.Uint16(src[done:]))
			if !utf16.IsSurrogate(unit) {
				dst = utf8.AppendRune(dst, unit)
				done += 2
				continue
			}
			if len(src)-done < 4 && !atEOF {
				break
			}
			low := rune(0)
			if len(src)-done >= 4 {
				low = rune(order.Uint16(src[done+2:]))
			}
			pair := utf16.DecodeRune(unit, low)
			dst = utf8.AppendRune(dst, pair)
			done += 2
			if pair != utf8.RuneError {
				done += 2
			}
		}
		if atEOF && len(src)-done == 1 {
			return utf8.AppendRune(dst, utf8.RuneError), len(src)
		}
		return dst, done
	})
}

// byteOrder returns the byte order of UTF-16 text that begins with src.
func byteOrder(src []byte) binary.ByteOrder {
	if src[0] == bomUTF16BE[0] && src[1] == bomUTF16BE[1] {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// transcoder reads from r what decode makes of it: decode appends src as UTF-8
// to dst and returns how much of src it took. What it leaves it gets again with
// more behind it; at the end of the input it has to take everything.
type transcoder struct {
	r      io.Reader
	decode func(dst, src []byte, atEOF bool) ([]byte, int)
	src    []byte // read and not decoded yet, at the start of its array
	text   []byte // decoded and not read yet
	dst    []byte // backs text
	err    error
}

func newTranscoder(r io.Reader, decode func(dst, src []byte, atEOF bool) ([]byte, int)) *transcoder {
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
		var taken int
		t.dst, taken = t.decode(t.dst[:0], t.src, err != nil)
		t.src = t.src[:copy(t.src, t.src[taken:])]
		t.text = t.dst
		if n == 0 && err == nil {
			return 0, nil
		}
	}
	n := copy(p, t.text)
	t.text = t.text[n:]
	return n, nil
}
