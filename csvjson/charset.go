package csvjson

import (
	"fmt"
	"io"
	"unicode/utf8"
)

// windows1252 maps the bytes 0x80 to 0x9f, in which Windows-1252 differs from
// ISO-8859-1. Five of them are unassigned and stand for the control characters
// of the same number, as browsers read them (encoding.spec.whatwg.org).
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

// Windows1252 returns a reader that turns text in Windows-1252 (which includes
// the printable part of ISO-8859-1) into UTF-8. It is meant for
// [Options.Decoder]. Every sequence of bytes is valid Windows-1252, so use it
// where a file is known to be that, not as a cure for damaged UTF-8.
func Windows1252(r io.Reader) io.Reader {
	return &windows1252Reader{r: r, raw: make([]byte, 16<<10)}
}

type windows1252Reader struct {
	r    io.Reader
	raw  []byte
	text []byte // decoded, not yet read
	next []byte // backing array of text
	err  error
}

func (d *windows1252Reader) Read(p []byte) (int, error) {
	for len(d.text) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		n, err := d.r.Read(d.raw)
		d.err = err
		d.next = d.next[:0]
		for _, c := range d.raw[:n] {
			switch {
			case c < utf8.RuneSelf:
				d.next = append(d.next, c)
			case c < 0xa0:
				d.next = utf8.AppendRune(d.next, windows1252[c-0x80])
			default:
				d.next = utf8.AppendRune(d.next, rune(c))
			}
		}
		d.text = d.next
		if n == 0 && err == nil {
			return 0, nil
		}
	}
	n := copy(p, d.text)
	d.text = d.text[n:]
	return n, nil
}

// checkUTF8 reports the first byte of the record that is not UTF-8 with its
// offset from the start of the record.
func checkUTF8(record []byte) (off int, err error) {
	if utf8.Valid(record) {
		return 0, nil
	}
	for off < len(record) {
		r, size := utf8.DecodeRune(record[off:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		off += size
	}
	return off, fmt.Errorf("%w (byte 0x%02x); %s", ErrEncoding, record[off], likelyEncoding(record))
}

// likelyEncoding says what a record that is not UTF-8 probably is.
func likelyEncoding(record []byte) string {
	var multibyte, c1 bool
	for i := 0; i < len(record); {
		r, size := utf8.DecodeRune(record[i:])
		multibyte = multibyte || size > 1
		c1 = c1 || r == utf8.RuneError && size == 1 && record[i] < 0xa0
		i += size
	}
	switch {
	case multibyte:
		return "the row has other UTF-8 text, so this byte is damaged"
	case c1:
		return "likely Windows-1252"
	}
	return "likely Windows-1252 or ISO-8859-1"
}
