package aggregate

// A DecimalMark says which character separates the decimals of a text.
type DecimalMark uint8

// The decimal marks.
const (
	MarkByRule DecimalMark = iota // told from the number itself, see PriceParser
	MarkPoint                     // 1,234.567
	MarkComma                     // 1.234,567
)

// arabicPoint stands for U+066B, which is a decimal point and nothing else, in
// text that the scanner has made plain.
const arabicPoint = 0x1f

// maxGroups bounds the groups of digits of a number: 48 digits in threes.
const maxGroups = 16

// A numeral is the shape of a number in a text: its groups of digits and what
// stands between them.
type numeral struct {
	groups [maxGroups]int16 // lengths; groups[0] is 0 in ".75"
	marks  [maxGroups]byte  // marks[i] stands between groups[i] and groups[i+1]
	n      int              // groups
	zero   bool             // the first digit is 0
}

// shapeOf splits a number into groups. It fails on more of them than a price
// can have.
func shapeOf(text []byte) (num numeral, ok bool) {
	num.zero = text[0] == '0'
	for i := 0; i < len(text); i++ {
		if isDigit(text[i]) {
			num.groups[num.n]++
			continue
		}
		if num.n+1 == maxGroups {
			return num, false
		}
		num.marks[num.n] = text[i]
		num.n++
		for i+1 < len(text) && text[i+1] == ' ' {
			i++ // "119. 95"
		}
	}
	num.n++
	return num, true
}

// readNumeral reads digits with any of the marks . , ' and space (and
// arabicPoint) between them, by the rules of PriceParser. It overwrites text.
func readNumeral(text []byte, negative bool, style numeralStyle) (Decimal, Reason) {
	num, ok := shapeOf(text)
	if !ok {
		return Decimal{}, ReasonLimit
	}
	wholeGroups, reason := num.wholeGroups(style)
	if reason != "" {
		return Decimal{}, reason
	}
	digits, fraction, group := text[:0], 0, 0
	afterDigit := false
	for _, c := range text {
		if isDigit(c) {
			digits = append(digits, c)
			if group >= wholeGroups {
				fraction++
			}
		} else if c != ' ' || afterDigit { // the space in "119. 95" is no mark
			group++
		}
		afterDigit = isDigit(c)
	}
	return boundedDecimal(negative, digits, -fraction)
}

// A numeralStyle is what is known of a number besides its digits.
type numeralStyle struct {
	mark     DecimalMark
	currency Currency
}

// wholeGroups returns how many groups stand before the decimals: all of them in
// a number that has none.
func (num *numeral) wholeGroups(style numeralStyle) (int, Reason) {
	if num.n == 1 {
		return 1, ""
	}
	whole := num.n - 1 // if the last mark is a decimal one
	last := num.marks[whole-1]
	decimal, reason := num.lastIsDecimal(last, style)
	if reason != "" {
		return 0, reason
	}
	if !decimal {
		whole = num.n
	}
	if num.grouped(whole, last, decimal) {
		return whole, ""
	}
	if num.dateLike() {
		return 0, ReasonDate
	}
	return 0, ReasonAmbiguous
}

// lastIsDecimal decides whether the last mark separates decimals or thousands.
func (num *numeral) lastIsDecimal(last byte, style numeralStyle) (bool, Reason) {
	switch {
	case last == ' ' || last == '\'':
		return false, ""
	case last == arabicPoint:
		return true, ""
	case style.mark == MarkPoint:
		return last == '.', ""
	case style.mark == MarkComma:
		return last == ',', ""
	}
	if num.n > 2 {
		// The same mark twice is of groups, 1.550.000; the second kind of mark
		// is of decimals, 9.990,00.
		return num.marks[0] != last, ""
	}
	switch {
	case num.groups[1] != 3, num.groups[0] == 0, num.groups[0] > 3, num.zero && num.groups[0] == 1:
		return true, "" // 12.5, .75, 1234.567, 0.125
	case num.zero:
		return false, ReasonAmbiguous // 01.500
	}
	point, unclear := decimals3(style.currency)
	if unclear || point && last == ',' {
		return false, ReasonAmbiguous
	}
	return point, ""
}

// grouped tells whether the first `whole` groups are those of a number: one
// alone, or in thousands, or in lakhs and crores (1,02,990), all with the same
// mark, which is not the decimal one.
func (num *numeral) grouped(whole int, last byte, decimal bool) bool {
	if whole == 1 {
		return true
	}
	mark := num.marks[0]
	if mark == arabicPoint || decimal && mark == last || num.zero {
		return false // nobody writes 0,123,456
	}
	thousands, lakhs := num.groups[0] <= 3, num.groups[0] <= 2 && mark == ','
	for i := 1; i < whole; i++ {
		if num.marks[i-1] != mark {
			return false
		}
		thousands = thousands && num.groups[i] == 3
		lakhs = lakhs && (num.groups[i] == 2 || i == whole-1 && num.groups[i] == 3)
	}
	lakhs = lakhs && num.groups[whole-1] == 3
	return num.groups[0] > 0 && (thousands || lakhs)
}

// dateLike tells 15.08.2017 and 2017.08.15 from other malformed numbers.
func (num *numeral) dateLike() bool {
	if num.n != 3 || num.marks[0] != '.' || num.marks[1] != '.' {
		return false
	}
	a, b, c := num.groups[0], num.groups[1], num.groups[2]
	return b <= 2 && (a <= 2 && (c == 2 || c == 4) || a == 4 && c <= 2)
}
