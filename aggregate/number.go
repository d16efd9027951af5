package aggregate

import "math"

// Limits of a price. They keep the memory of a sum bounded whatever the input
// says: 1e999999999 is ten bytes of JSON.
const (
	maxDigits = 100  // significant digits
	minExp    = -400 // exponent of the last digit
	maxExp    = 308  // exponent of the first digit, as float64 has it
)

// parseNumber reads a number by the grammar of JSON (RFC 8259, section 6).
func parseNumber(text []byte) (Decimal, Reason) {
	var buf [maxDigits]byte
	digits := buf[:0]
	i, negative := 0, false
	if i < len(text) && text[i] == '-' {
		negative, i = true, 1
	}
	first := i
	digits, i = appendDigits(digits, text, i)
	whole := i - first
	if whole == 0 || whole > 1 && text[first] == '0' {
		return Decimal{}, ReasonWords
	}
	fraction := 0
	if i < len(text) && text[i] == '.' {
		first = i + 1
		digits, i = appendDigits(digits, text, first)
		if fraction = i - first; fraction == 0 {
			return Decimal{}, ReasonWords
		}
	}
	exp, ok := parseExponent(text[i:])
	if !ok {
		return Decimal{}, ReasonWords
	}
	return boundedDecimal(negative, digits, exp-fraction)
}

// appendDigits appends the run of digits at text[i:], without zeros that lead
// the number, and returns where the run ends.
func appendDigits(digits, text []byte, i int) ([]byte, int) {
	for ; i < len(text) && isDigit(text[i]); i++ {
		if text[i] != '0' || len(digits) > 0 {
			digits = append(digits, text[i])
		}
	}
	return digits, i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parseExponent reads "e-12" or nothing. An exponent too large to matter is
// returned as some other one that is too large.
func parseExponent(text []byte) (exp int, ok bool) {
	if len(text) == 0 {
		return 0, true
	}
	if text[0]|0x20 != 'e' {
		return 0, false
	}
	text = text[1:]
	sign := 1
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	for _, c := range text {
		if !isDigit(c) {
			return 0, false
		}
		exp = min(exp*10+int(c-'0'), 1<<30)
	}
	return sign * exp, len(text) > 0
}

// boundedDecimal is newDecimal within the limits of a price.
func boundedDecimal(negative bool, digits []byte, exp int) (Decimal, Reason) {
	significant, first := 0, 0
	for i, c := range digits {
		if c == '0' {
			continue
		}
		if significant == 0 {
			first = i
		}
		significant = i + 1
	}
	if significant == 0 {
		return Decimal{}, ""
	}
	lastExp := exp + len(digits) - significant
	firstExp := exp + len(digits) - 1 - first
	if significant-first > maxDigits || lastExp < minExp || firstExp > maxExp {
		return Decimal{}, ReasonLimit
	}
	d := newDecimal(negative, digits, exp)
	if firstExp == maxExp && math.IsInf(d.Float64(), 0) {
		return Decimal{}, ReasonLimit
	}
	return d, ""
}
