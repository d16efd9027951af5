package jsonscan

import "unsafe"

// MaxDepth is how deeply a value may nest that [Scanner.Skip] passes over.
const MaxDepth = 64

// Scanner reads a JSON document from front to back. See [New]. It is not safe
// for concurrent use.
type Scanner struct {
	doc  []byte
	pos  int
	name []byte

	// guesses are the names that came behind a name of each length last
	// time. Objects of a list have the same members, mostly in the same
	// order, so that the guess is right and the name needn't be searched
	// for its end.
	guesses [16][]byte

	// first is set behind an opening bracket, where no comma is due.
	first bool
	// failed is set at the first surprise and never reset. From then on pos
	// is at the document's end, so that every method finds a surprise there
	// and few need to ask.
	failed bool
}

// New returns a Scanner at the start of doc, which it reads but never changes.
func New(doc []byte) Scanner { return Scanner{doc: doc} }

// Failed reports whether the document differed from what was asked for.
func (s *Scanner) Failed() bool { return s.failed }

// Fail makes the Scanner fail, for what only its caller can find wrong.
func (s *Scanner) Fail() {
	s.failed = true
	s.pos = len(s.doc)
}

// Pos returns how many bytes of the document have been read.
func (s *Scanner) Pos() int { return s.pos }

// Rest returns the part of the document that has not been read.
func (s *Scanner) Rest() []byte { return s.doc[s.pos:] }

// End fails unless only white space is left.
func (s *Scanner) End() {
	failed := s.failed
	if s.next() != 0 || s.pos < len(s.doc) {
		s.Fail()
		return
	}
	s.failed = failed
}

// Object enters an object. Then Member leads to each member in turn.
func (s *Scanner) Object() { s.open('{') }

// Array enters an array. Then Element leads to each element in turn.
func (s *Scanner) Array() { s.open('[') }

func (s *Scanner) open(bracket byte) {
	if s.next() != bracket {
		s.Fail()
		return
	}
	s.pos++
	s.first = true
}

// Member goes to the value of the next member and reports whether there is one.
// If not, the object is left. The value must be read, or skipped, before the
// next call.
func (s *Scanner) Member() bool {
	entered := s.first
	if !s.item('}') {
		return false
	}
	before := 0
	if !entered {
		before = len(s.name)
	}
	guess := &s.guesses[before&(len(s.guesses)-1)]
	if s.guessed(*guess) {
		return true
	}
	name, escaped := s.Text()
	if escaped {
		name = appendUnescaped(nil, name)
	}
	s.name = name
	if s.next() != ':' {
		s.Fail()
		return false
	}
	s.pos++
	if !escaped {
		*guess = name
	}
	return true
}

// guessed reads the name of a member if it is the guess, in quotes and with a
// colon right behind it.
func (s *Scanner) guessed(guess []byte) bool {
	n := len(guess)
	rest := s.doc[s.pos:]
	if n == 0 || len(rest) < n+3 || rest[0] != '"' || rest[n+1] != '"' || rest[n+2] != ':' ||
		string(rest[1:n+1]) != string(guess) {
		return false
	}
	s.name = guess
	s.pos += n + 3
	return true
}

// Name returns the name of the member that the last Member went to. It is a part
// of the document.
func (s *Scanner) Name() []byte { return s.name }

// Element goes to the next element and reports whether there is one. If not, the
// array is left. The element must be read, or skipped, before the next call.
func (s *Scanner) Element() bool { return s.item(']') }

// item goes past the comma to the next item, or past the closing bracket.
func (s *Scanner) item(closing byte) bool {
	c := s.next()
	first := s.first
	s.first = false
	switch {
	case c == closing:
		s.pos++
		return false
	case s.failed:
		return false
	case first:
		return true
	case c == ',':
		s.pos++
		return true
	}
	s.Fail()
	return false
}

// Null reports whether the value is null, and reads it only then.
func (s *Scanner) Null() bool {
	return s.next() == 'n' && s.literal("null")
}

// Skip passes over a value of any kind.
func (s *Scanner) Skip() { s.skip(MaxDepth) }

func (s *Scanner) skip(depth int) {
	if depth == 0 {
		s.Fail()
		return
	}
	switch s.next() {
	case '{':
		for s.Object(); s.Member(); {
			s.skip(depth - 1)
		}
	case '[':
		for s.Array(); s.Element(); {
			s.skip(depth - 1)
		}
	case '"':
		s.Text()
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.Number()
	}
}

// next returns the byte behind white space, which it skips. At the end of the
// document it fails and returns 0.
func (s *Scanner) next() byte {
	for s.pos < len(s.doc) {
		switch c := s.doc[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	s.failed = true
	return 0
}

func (s *Scanner) literal(text string) bool {
	if len(s.doc)-s.pos < len(text) || string(s.doc[s.pos:s.pos+len(text)]) != text {
		s.Fail()
		return false
	}
	s.pos += len(text)
	return true
}

// Shared returns text as a string without copying it. The caller must see to it
// that the bytes never change from then on.
func Shared(text []byte) string {
	return unsafe.String(unsafe.SliceData(text), len(text))
}
