package csvjson

import (
	"bytes"
	"strconv"
)

// numberLen returns the length of the JSON number that text begins with, or 0.
func numberLen(text []byte) int {
	i := 0
	if i < len(text) && text[i] == '-' {
		i++
	}
	switch {
	case i < len(text) && text[i] == '0':
		i++
	case i < len(text) && isDigit(text[i]):
		i += digitsLen(text[i:])
	default:
		return 0
	}
	if i+1 < len(text) && text[i] == '.' && isDigit(text[i+1]) {
		i++
		i += digitsLen(text[i:])
	}
	return i + exponentLen(text[i:])
}

// exponentLen returns the length of an exponent such as e+5 at the start of text.
func exponentLen(text []byte) int {
	if len(text) == 0 || text[0]|0x20 != 'e' {
		return 0
	}
	i := 1
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		i++
	}
	if n := digitsLen(text[i:]); n > 0 {
		return i + n
	}
	return 0
}

func digitsLen(text []byte) int {
	i := 0
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// canonicalNumber returns the JSON number that a field means, and whether it
// means one. Numbers that JSON would not take as they stand (+5, 007, .5, 5.)
// are written to scratch, which is returned with what was added; the digits
// stay as they are.
func canonicalNumber(scratch, field []byte) (number, newScratch []byte, ok bool) {
	field = bytes.TrimSpace(field)
	if n := numberLen(field); n == len(field) && n > 0 {
		return field, scratch, true
	}
	begin := len(scratch)
	if len(field) > 0 && (field[0] == '-' || field[0] == '+') {
		if field[0] == '-' {
			scratch = append(scratch, '-')
		}
		field = field[1:]
	}
	whole := field[:digitsLen(field)]
	field = field[len(whole):]
	var fraction []byte
	if len(field) > 0 && field[0] == '.' {
		fraction = field[1 : 1+digitsLen(field[1:])]
		field = field[1+len(fraction):]
	}
	if len(whole)+len(fraction) == 0 || exponentLen(field) != len(field) {
		return nil, scratch[:begin], false
	}
	for len(whole) > 1 && whole[0] == '0' {
		whole = whole[1:]
	}
	if len(whole) == 0 {
		whole = []byte("0")
	}
	scratch = append(scratch, whole...)
	if len(fraction) > 0 {
		scratch = append(append(scratch, '.'), fraction...)
	}
	scratch = append(scratch, field...)
	return scratch[begin:], scratch, true
}

const (
	// maxWhole is how many zeros wholeDigits adds at most: no integer type has
	// so many digits.
	maxWhole = 40
	// maxExponent is beyond what the digits of any record make up for.
	maxExponent = 1 << 30
)

// wholeDigits returns a JSON number without point and exponent: 71.0 is 71 and
// 1.5e3 is 1500. ok is false if it is not a whole number. What is too large for
// any integer type comes out too large, though perhaps not as large as it is.
func wholeDigits(number []byte) (digits []byte, ok bool) {
	mantissa, exponent := number, 0
	if i := bytes.IndexAny(number, "eE"); i >= 0 {
		mantissa = number[:i]
		exponent, _ = strconv.Atoi(string(number[i+1:])) // out of range: the limit of int
		exponent = min(max(exponent, -maxExponent), maxExponent)
	}
	whole, fraction, _ := bytes.Cut(mantissa, []byte{'.'})
	negative := whole[0] == '-'
	if negative {
		whole = whole[1:]
	}
	digits = bytes.TrimLeft(append(bytes.Clone(whole), fraction...), "0")
	if len(digits) == 0 {
		return []byte("0"), true
	}
	places := len(fraction) - exponent // behind the point
	for ; places > 0 && len(digits) > 1 && digits[len(digits)-1] == '0'; places-- {
		digits = digits[:len(digits)-1]
	}
	if places > 0 {
		return nil, false
	}
	digits = append(digits, bytes.Repeat([]byte("0"), min(-places, maxWhole))...)
	if negative {
		digits = append([]byte("-"), digits...)
	}
	return digits, true
}

// maxExact is how many digits shortInt and shortDecimal take: a whole number of
// so many is exact in a float64.
const maxExact = 15

// shortInt returns the whole number that text plainly is: a sign, if any, and
// at most maxExact digits. Most numbers are, and strconv takes several times as
// long for them.
func shortInt(text []byte) (n int64, ok bool) {
	digits, negative := text, false
	if len(text) > 0 && text[0] == '-' {
		digits, negative = text[1:], true
	}
	if len(digits) == 0 || len(digits) > maxExact {
		return 0, false
	}
	for _, c := range digits {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// shortDecimal returns the number that text plainly is: a sign, if any, at most
// maxExact digits, and a point between two of them. The quotient of two whole
// numbers that are exact is rounded once, so it is the nearest float64, as
// strconv.ParseFloat returns it (Clinger, "How to Read Floating Point Numbers
// Accurately", 1990).
func shortDecimal(text []byte) (f float64, ok bool) {
	digits, negative := text, false
	if len(text) > 0 && text[0] == '-' {
		digits, negative = text[1:], true
	}
	if len(digits) == 0 || len(digits) > maxExact+1 || !isDigit(digits[0]) || !isDigit(digits[len(digits)-1]) {
		return 0, false
	}
	whole, scale, inFraction := int64(0), int64(1), false
	for i, c := range digits {
		switch {
		case isDigit(c):
			whole = whole*10 + int64(c-'0')
			if inFraction {
				scale *= 10
			}
		case c == '.' && !inFraction:
			inFraction = true
		default:
			return 0, false
		}
		if i == maxExact && !inFraction {
			return 0, false
		}
	}
	f = float64(whole) / float64(scale)
	if negative {
		f = -f
	}
	return f, true
}
