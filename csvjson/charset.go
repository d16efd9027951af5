package csvjson

import (
	"fmt"
	"unicode/utf8"
)

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
