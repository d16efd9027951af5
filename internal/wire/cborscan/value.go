package cborscan

import "math"

// Text reads a text string. It is a part of the document, or of a piece of it,
// unless it came in chunks. It may hold bytes that are not UTF-8.
func (s *Scanner) Text() []byte { return s.bytes(majorText) }

// Bytes reads a byte string. It is a part of the document, unless it came in
// chunks.
func (s *Scanner) Bytes() []byte { return s.bytes(majorBytes) }

// String reads a text string.
func (s *Scanner) String() string { return string(s.Text()) }

func (s *Scanner) bytes(want byte) []byte {
	if start, n := shortHead(s.doc[s.pos:], want); start > 0 {
		start += s.pos
		s.pos = start + n
		return s.doc[start:s.pos]
	}
	major, info, n := s.head()
	switch {
	case major != want:
		s.Fail()
	case info == indefinite:
		return s.chunks(want)
	default:
		return s.take(n)
	}
	return nil
}

// shortHead returns where the content of a string begins in p, and its length, if
// it has less than 64 KiB, as most have, and p all of it; else 0.
func shortHead(p []byte, want byte) (start, n int) {
	if len(p) < 3 || p[0]>>5 != want {
		return 0, 0
	}
	switch info := p[0] & 0x1f; {
	case info < 24:
		start, n = 1, int(info)
	case info == 24:
		start, n = 2, int(p[1])
	case info == 25:
		start, n = 3, int(p[1])<<8|int(p[2])
	}
	if n > len(p)-start {
		return 0, 0
	}
	return start, n
}

func (s *Scanner) take(n uint64) []byte {
	if n > math.MaxInt || !s.has(int(n)) {
		s.Fail()
		return nil
	}
	p := s.doc[s.pos : s.pos+int(n)]
	s.pos += int(n)
	return p
}

// chunks reads the parts of a string up to the stop code. They are of the same
// type, of known length, and have no tags.
func (s *Scanner) chunks(want byte) []byte {
	var all []byte
	for s.peek() != stopCode {
		major, info, n := s.anyHead()
		if major != want || info == indefinite {
			s.Fail()
			return nil
		}
		all = append(all, s.take(n)...)
	}
	s.pos++
	return all
}

// Int reads an integer that fits int64.
func (s *Scanner) Int() int64 {
	major, _, n := s.head()
	switch {
	case n > math.MaxInt64:
	case major == majorUint:
		return int64(n)
	case major == majorNegative:
		return -1 - int64(n)
	}
	s.Fail()
	return 0
}

// Bool reads true or false.
func (s *Scanner) Bool() bool {
	const no, yes = 20, 21
	major, info, _ := s.head()
	if major != majorSimple || info != no && info != yes {
		s.Fail()
	}
	return info == yes && !s.failed
}

// Skip passes over a value of any kind.
func (s *Scanner) Skip() {
	major, info, n := s.head()
	switch major {
	case majorUint, majorNegative, majorSimple:
		// Everything is in the head.
	case majorBytes, majorText:
		if info == indefinite {
			s.chunks(major)
		} else {
			s.take(n)
		}
	case majorArray:
		for s.enter(info, n); s.Element(); {
			s.Skip()
		}
	case majorMap:
		for s.enter(info, n); s.Element(); {
			s.Skip()
			s.Skip()
		}
	}
}
