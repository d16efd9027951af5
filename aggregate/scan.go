package aggregate

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// Bounds of a text that can be a price; one that is longer is words. maxText
// holds what Price.String writes: 309 digits, or 400 decimals.
const (
	maxText   = 512
	maxTokens = 24
)

type tokenKind uint8

const (
	tokenNumber tokenKind = iota // digits with marks between them
	tokenWord                    // letters, with a "$" after them ("R$")
	tokenSign                    // a currency sign
	tokenPunct                   // one ASCII character, or longDash
	tokenOther                   // anything else; makes a number unsure
)

type token struct {
	kind       tokenKind
	end        int16 // text[start:end]
	start      int16
	spaced     bool // a number with a space before its decimals: "119. 95"
	terminated bool // a number with a sign for "no cents" after it: ",-"
}

// longDash stands for the dashes that are longer than a hyphen, in text that
// the scanner has made plain. Unlike a hyphen they are no minus.
const longDash = 0x1e

// unreadable stands for what is not UTF-8. It is one byte, as such a byte is.
const unreadable = 0x1d

// A scanner makes a text plain and cuts it into tokens. It lives on the stack
// of the parser, so that reading a price allocates nothing.
type scanner struct {
	text   [maxText]byte
	n      int
	tokens [maxTokens]token
	count  int
}

// scan returns false if s has more bytes or tokens than a price.
func (sc *scanner) scan(s string) bool {
	if !sc.makePlain(s) {
		return false
	}
	for i := 0; i < sc.n; {
		if sc.text[i] == ' ' {
			i++
			continue
		}
		if sc.count == maxTokens {
			return false
		}
		t := sc.next(i)
		i = int(t.end)
		if t.kind == tokenNumber {
			i, t.terminated = sc.skipNoCents(i)
		}
		sc.tokens[sc.count] = t
		sc.count++
	}
	return true
}

// makePlain copies s with one byte each for spaces, digits, dashes, marks and
// quotes of all kinds, and without characters that do not show.
func (sc *scanner) makePlain(s string) bool {
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		i += size
		switch plain := plainRune(r); {
		case plain < 0:
		case plain == ' ' && (sc.n == 0 || sc.text[sc.n-1] == ' '):
		case sc.n+size > maxText:
			return false
		case plain < utf8.RuneSelf:
			sc.text[sc.n] = byte(plain)
			sc.n++
		default:
			sc.n += utf8.EncodeRune(sc.text[sc.n:], plain)
		}
	}
	return true
}

// plainRune maps what is written in several ways to one of them; -1 drops it.
// The result has no more bytes than r.
func plainRune(r rune) rune {
	switch {
	case ' ' < r && r < 0x7f:
		return plainQuote(r)
	case r <= ' ' || r == 0x7f || r == 0x3000 || unicode.IsSpace(r):
		return ' ' // U+3000 and other wide ones, the no-break and thin ones too
	case 0xff01 <= r && r <= 0xff5e:
		return plainQuote(r - 0xff01 + '!') // full width
	case 0x660 <= r && r <= 0x669:
		return r - 0x660 + '0'
	case 0x6f0 <= r && r <= 0x6f9:
		return r - 0x6f0 + '0'
	case unicode.Is(unicode.Cf, r):
		return -1 // direction marks, zero-width spaces, BOM
	}
	switch r {
	case utf8.RuneError: // also of a byte that is not UTF-8
		return unreadable
	case 0x66b: // Arabic decimal separator
		return arabicPoint
	case 0x66c: // Arabic thousands separator
		return '\''
	case '’', '‘', '′', 'ʼ':
		return '\''
	case '−', '‐', '‑':
		return '-'
	case '‒', '–', '—', '―':
		return longDash
	case 0xffe1:
		return '£'
	case 0xffe5:
		return '¥'
	case 0xffe6:
		return '₩'
	}
	return r
}

func plainQuote(r rune) rune {
	if r == '`' {
		return '\''
	}
	return r
}

func (sc *scanner) next(i int) token {
	c := sc.text[i]
	t := token{start: int16(i), end: int16(i + 1), kind: tokenPunct}
	switch {
	case isDigit(c) || (c == '.' || c == ',') && sc.digitAt(i+1):
		t.kind = tokenNumber
		end := sc.numberEnd(i)
		if spaced := sc.spacedDecimals(i, end); spaced > 0 {
			end, t.spaced = spaced, true
		}
		t.end = int16(end)
	case c == '$':
		t.kind = tokenSign
	case isLetter(c):
		t.kind, t.end = tokenWord, int16(sc.wordEnd(i))
	case c >= utf8.RuneSelf:
		r, size := utf8.DecodeRune(sc.text[i:sc.n])
		t.end = int16(i + size)
		switch {
		case unicode.Is(unicode.Sc, r):
			t.kind = tokenSign
		case unicode.IsLetter(r):
			t.kind, t.end = tokenWord, int16(sc.wordEnd(i))
		default:
			t.kind = tokenOther
		}
	}
	return t
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func (sc *scanner) digitAt(i int) bool { return i < sc.n && isDigit(sc.text[i]) }

// at returns the byte at i, and 0 beyond the end.
func (sc *scanner) at(i int) byte {
	if i < sc.n {
		return sc.text[i]
	}
	return 0
}

// numberEnd returns where the number at i ends: digits with single marks
// between them. A space is one only before a group of three.
func (sc *scanner) numberEnd(i int) int {
	start, spacesOnly := i, isDigit(sc.text[i])
	for i++; ; {
		for sc.digitAt(i) {
			i++
		}
		switch sc.at(i) {
		case '.', ',', '\'', arabicPoint:
			if !sc.digitAt(i + 1) {
				return i
			}
			spacesOnly = false
			i++
		case ' ':
			if !spacesOnly || sc.leadingDigits(start) > 3 || sc.leadingDigits(i+1) != 3 {
				return i
			}
			i++
		default:
			return i
		}
	}
}

func (sc *scanner) leadingDigits(i int) int {
	start := i
	for sc.digitAt(i) {
		i++
	}
	return i - start
}

// spacedDecimals returns where "119. 95" ends, given the end of "119", and 0 if
// the number is not of that kind.
func (sc *scanner) spacedDecimals(start, end int) int {
	c := sc.at(end)
	if c != '.' && c != ',' || sc.at(end+1) != ' ' || sc.leadingDigits(end+2) != 2 {
		return 0
	}
	if slices.Contains(sc.text[start:end], c) {
		return 0
	}
	return end + 4
}

// skipNoCents skips what is written in place of no cents: ",-" and ". –", and
// the "/-" of Indian prices. It returns i itself where there is none of these.
func (sc *scanner) skipNoCents(i int) (end int, found bool) {
	j := i
	switch sc.at(j) {
	case '.', ',':
		for j++; sc.at(j) == ' '; j++ {
		}
	case '/':
		j++
	default:
		return i, false
	}
	dashes := 0
	for sc.at(j) == '-' || sc.at(j) == longDash {
		dashes++
		j++
	}
	rest := j
	for sc.at(rest) == ' ' {
		rest++
	}
	if dashes == 0 || sc.digitAt(rest) {
		return i, false
	}
	return j, true
}

// wordEnd returns where the word at i ends. A "$" ends a word and belongs to
// it; so does a single dot between letters, as in "د.إ".
func (sc *scanner) wordEnd(i int) int {
	for i < sc.n {
		r, size := utf8.DecodeRune(sc.text[i:sc.n])
		switch {
		case r == '$':
			return i + 1
		case unicode.IsLetter(r) || unicode.IsMark(r):
		case r == '.' && sc.arabicLetterAt(i+1):
		default:
			return i
		}
		i += size
	}
	return i
}

func (sc *scanner) arabicLetterAt(i int) bool {
	r, _ := utf8.DecodeRune(sc.text[min(i, sc.n):sc.n])
	return unicode.Is(unicode.Arabic, r) && unicode.IsLetter(r)
}
