package csvjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Byte order marks.
const (
	bomUTF8    = "\xef\xbb\xbf"
	bomUTF16LE = "\xff\xfe"
	bomUTF16BE = "\xfe\xff"
)

// How files begin that are no text.
const (
	beginGzip = "\x1f\x8b"
	beginZIP  = "PK\x03"
)

var (
	errGzip = errors.New("no text: it is compressed by gzip")
	errZIP  = errors.New("no text: it is a ZIP archive, as .xlsx files are")
)

const (
	// headerBuffer is the first size of a window: all CSV sources are open
	// while their headers are joined, so each begins small.
	headerBuffer = 4 << 10
	// rowBuffer is its size once rows are read.
	rowBuffer = 128 << 10
	// maxEmptyReads is how often a reader may return nothing, and no error,
	// before it counts as broken.
	maxEmptyReads = 100
)

// window is the part of an input that is in memory: the record being read and
// what has been read ahead.
//
//	buf   ┌─ done ──┬─ the record ──────┬─ not read yet ─┬─ free ─┐
//	      0        start                               end      len
type window struct {
	r          io.Reader
	maxBytes   int // of a record; 0: no limit
	buf        []byte
	start, end int
	readErr    error // sticky; io.EOF at the end
}

// fill reads more input behind what is there, moving or growing the buffer only
// when it is full. It returns false if the record has reached the limit.
func (w *window) fill() bool {
	if w.end == len(w.buf) {
		unread := w.end - w.start
		if w.maxBytes > 0 && unread > w.maxBytes {
			return false
		}
		if unread <= len(w.buf)/2 && len(w.buf) > 0 {
			w.adopt(w.buf)
		} else {
			w.adopt(make([]byte, max(headerBuffer, 2*len(w.buf))))
		}
	}
	for range maxEmptyReads {
		n, err := w.r.Read(w.buf[w.end:])
		w.end += n
		w.readErr = err
		if n > 0 || err != nil {
			return true
		}
	}
	w.readErr = io.ErrNoProgress
	return true
}

// adopt moves the record, and what is behind it, to the beginning of buf.
func (w *window) adopt(buf []byte) {
	copy(buf, w.buf[w.start:w.end])
	w.buf = buf
	w.start, w.end = 0, w.end-w.start
}

// unread returns the record being read and what is behind it.
func (w *window) unread() []byte { return w.buf[w.start:w.end] }

// skipMark drops a UTF-8 byte order mark at the beginning of the input and
// returns its length. It refuses the mark of another encoding, and files whose
// bytes would otherwise look like one.
func (w *window) skipMark() (int, error) {
	for w.end < len(bomUTF8) && w.readErr == nil {
		w.fill()
	}
	switch head := w.unread(); {
	case bytes.HasPrefix(head, []byte(bomUTF8)):
		w.start = len(bomUTF8)
		return len(bomUTF8), nil
	case bytes.HasPrefix(head, []byte(bomUTF16LE)), bytes.HasPrefix(head, []byte(bomUTF16BE)):
		return 0, fmt.Errorf("%w: the byte order mark says UTF-16", ErrEncoding)
	case bytes.HasPrefix(head, []byte(beginGzip)):
		return 0, errGzip
	case bytes.HasPrefix(head, []byte(beginZIP)):
		return 0, errZIP
	}
	return 0, nil
}
