package jsonscan

import "math"

// Number reads a number and returns its text, a part of the document.
func (s *Scanner) Number() []byte {
	s.next()
	doc, start := s.doc, s.pos
	i := start
	if i < len(doc) && doc[i] == '-' {
		i++
	}
	whole := digits(doc[i:])
	ok := whole == 1 || whole > 1 && doc[i] != '0'
	i += whole
	if i < len(doc) && doc[i] == '.' {
		n := digits(doc[i+1:])
		ok = ok && n > 0
		i += 1 + n
	}
	if i < len(doc) && doc[i]|0x20 == 'e' {
		i++
		if i < len(doc) && (doc[i] == '+' || doc[i] == '-') {
			i++
		}
		n := digits(doc[i:])
		ok = ok && n > 0
		i += n
	}
	if !ok {
		s.Fail()
		return nil
	}
	s.pos = i
	return doc[start:i]
}

// digits returns how many digits text begins with.
func digits(text []byte) int {
	for i, c := range text {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(text)
}

// Int reads an integer: a number without fraction and exponent that fits int64.
func (s *Scanner) Int() int64 {
	text := s.Number()
	negative := len(text) > 0 && text[0] == '-'
	digits := text
	if negative {
		digits = text[1:]
	}
	var n uint64
	for _, c := range digits {
		// 19 digits and a few more bits: the product can't overflow
		// before the comparison sees it.
		if c < '0' || c > '9' || n > math.MaxInt64/10 {
			s.Fail()
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	switch {
	case negative && n <= -math.MinInt64:
		return -int64(n)
	case !negative && n <= math.MaxInt64:
		return int64(n)
	}
	s.Fail()
	return 0
}

// Decimal reads a number and returns it as mantissa × 10^exponent. It fails for
// a mantissa of more than 18 digits and for exponents beyond ±99.
func (s *Scanner) Decimal() (mantissa int64, exponent int) {
	text := s.Number()
	i, negative := 0, false
	if len(text) > 0 && text[0] == '-' {
		i, negative = 1, true
	}
	point := false
	digits := 0
	for ; i < len(text) && text[i]|0x20 != 'e'; i++ {
		if text[i] == '.' {
			point = true
			continue
		}
		mantissa = mantissa*10 + int64(text[i]-'0')
		if digits++; digits > 18 {
			s.Fail()
			return 0, 0
		}
		if point {
			exponent--
		}
	}
	if i < len(text) {
		e, ok := smallExponent(text[i+1:])
		if !ok {
			s.Fail()
			return 0, 0
		}
		exponent += e
	}
	if negative {
		mantissa = -mantissa
	}
	return mantissa, exponent
}

// smallExponent reads an exponent of one or two digits, which Number has
// checked.
func smallExponent(text []byte) (n int, ok bool) {
	sign := 1
	switch text[0] {
	case '-':
		sign = -1
		fallthrough
	case '+':
		text = text[1:]
	}
	if len(text) > 2 {
		return 0, false
	}
	for _, c := range text {
		n = n*10 + int(c-'0')
	}
	return sign * n, true
}
