package aggregate

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// A Decimal is an exact decimal number in canonical form: 12.5 and 12.50 are
// the same Decimal, and == compares values. The zero value is 0.
//
// A Decimal is immutable and safe for concurrent use.
type Decimal struct {
	// The value is coefficient × 10^exp. A coefficient of at most
	// maxSmallDigits digits is in coef and wide is empty; a longer one is the
	// text in wide and coef is 0. The coefficient never ends in a zero digit,
	// and zero itself is Decimal{}: that makes the form canonical.
	coef int64
	wide string
	exp  int32
}

// maxSmallDigits is the most digits that always fit an int64.
const maxSmallDigits = 18

// newDecimal returns the number with the given decimal digits and exponent.
// The digits may have zeros at both ends.
func newDecimal(negative bool, digits []byte, exp int) Decimal {
	digits = bytes.TrimLeft(digits, "0")
	significant := bytes.TrimRight(digits, "0")
	if len(significant) == 0 {
		return Decimal{}
	}
	exp += len(digits) - len(significant)
	if len(significant) > maxSmallDigits {
		return Decimal{wide: wideText(negative, significant), exp: int32(exp)}
	}
	var coef int64
	for _, c := range significant {
		coef = coef*10 + int64(c-'0')
	}
	if negative {
		coef = -coef
	}
	return Decimal{coef: coef, exp: int32(exp)}
}

func wideText(negative bool, digits []byte) string {
	if negative {
		return "-" + string(digits)
	}
	return string(digits)
}

// decimalFromInt returns n × 10^exp.
func decimalFromInt(n *big.Int, exp int) Decimal {
	digits := n.Append(nil, 10)
	if n.Sign() < 0 {
		return newDecimal(true, digits[1:], exp)
	}
	return newDecimal(false, digits, exp)
}

// Sign returns -1, 0 or +1.
func (d Decimal) Sign() int {
	switch {
	case d.coef < 0 || strings.HasPrefix(d.wide, "-"):
		return -1
	case d.coef > 0 || d.wide != "":
		return 1
	}
	return 0
}

// Cmp compares d and e by value and returns -1, 0 or +1.
func (d Decimal) Cmp(e Decimal) int {
	if d == e {
		return 0
	}
	return d.Rat().Cmp(e.Rat())
}

// Rat returns the exact value, for further calculation.
func (d Decimal) Rat() *big.Rat {
	scale := pow10(max(int(d.exp), -int(d.exp)))
	if d.exp < 0 {
		return new(big.Rat).SetFrac(d.bigCoef(), scale)
	}
	return new(big.Rat).SetInt(scale.Mul(scale, d.bigCoef()))
}

func (d Decimal) bigCoef() *big.Int {
	if d.wide == "" {
		return big.NewInt(d.coef)
	}
	n, _ := new(big.Int).SetString(d.wide, 10)
	return n
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// Powers of ten that a float64 holds exactly, so that one multiplication or
// division of two exact numbers rounds once, correctly.
const (
	maxExactCoef = 1 << 53
	maxExactExp  = 22
)

var exactPowers = [maxExactExp + 1]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// Float64 returns the nearest float64, ties to even. It is ±Inf when d is
// beyond the largest float64, which no [Price] is but a sum may be.
func (d Decimal) Float64() float64 {
	if d.wide == "" && -maxExactCoef <= d.coef && d.coef <= maxExactCoef {
		switch {
		case d.exp == 0:
			return float64(d.coef)
		case -maxExactExp <= d.exp && d.exp < 0:
			return float64(d.coef) / exactPowers[-d.exp]
		case 0 < d.exp && d.exp <= maxExactExp:
			return float64(d.coef) * exactPowers[d.exp]
		}
	}
	return d.parsedFloat64()
}

// parsedFloat64 leaves the rounding to strconv, which rounds correctly any
// number of digits, if there is a point among the first 800: of those that
// follow in a whole number it loses count (seen in Go 1.26, where it reads
// 9007199254740993, 900 zeros, 1e-901 as 9e-102 and not as 9e15).
func (d Decimal) parsedFloat64() float64 {
	var digitsBuf, buf [32]byte
	digits := append(digitsBuf[:0], d.wide...)
	if d.wide == "" {
		digits = strconv.AppendInt(digits, d.coef, 10)
	}
	text := buf[:0]
	if digits[0] == '-' {
		text, digits = append(text, '-'), digits[1:]
	}
	text = append(text, digits[0], '.')
	text = append(text, digits[1:]...)
	text = append(text, 'e')
	text = strconv.AppendInt(text, int64(d.exp)+int64(len(digits))-1, 10)
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN() // not reached: the text is a number by construction
	}
	return f
}

// String returns all digits of d, without an exponent: "43165.65".
func (d Decimal) String() string {
	return string(d.appendPlain(nil))
}

func (d Decimal) appendPlain(dst []byte) []byte {
	var buf [maxSmallDigits + 2]byte
	digits := append(buf[:0], d.wide...)
	if d.wide == "" {
		digits = strconv.AppendInt(digits, d.coef, 10)
	}
	if digits[0] == '-' {
		dst = append(dst, '-')
		digits = digits[1:]
	}
	point := len(digits) + int(d.exp) // digits before the decimal point
	switch {
	case point <= 0:
		dst = append(dst, "0."...)
		dst = appendZeros(dst, -point)
		return append(dst, digits...)
	case point >= len(digits):
		dst = append(dst, digits...)
		return appendZeros(dst, point-len(digits))
	}
	dst = append(dst, digits[:point]...)
	dst = append(dst, '.')
	return append(dst, digits[point:]...)
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}

// Fixed returns d with exactly the given number of digits after the decimal
// point, rounded half to even: Fixed(2) of 43165.7 is "43165.70". A negative
// number of places counts as 0.
func (d Decimal) Fixed(places int) string {
	places = max(places, 0)
	units := roundHalfEven(d.Rat(), pow10(places))
	text := units.Append(nil, 10)
	sign := ""
	if units.Sign() < 0 {
		sign, text = "-", text[1:]
	}
	if places == 0 {
		return sign + string(text)
	}
	if missing := places + 1 - len(text); missing > 0 {
		text = append(appendZeros(nil, missing), text...)
	}
	point := len(text) - places
	return sign + string(text[:point]) + "." + string(text[point:])
}

// roundHalfEven returns the integer nearest to x × scale.
func roundHalfEven(x *big.Rat, scale *big.Int) *big.Int {
	num := new(big.Int).Mul(x.Num(), scale)
	quo, rem := new(big.Int).DivMod(num, x.Denom(), new(big.Int))
	switch rem.Lsh(rem, 1).Cmp(x.Denom()) {
	case 1:
		quo.Add(quo, big.NewInt(1))
	case 0:
		quo.Add(quo, big.NewInt(int64(quo.Bit(0))))
	}
	return quo
}

// MarshalJSON writes d as a JSON number with all its digits.
func (d Decimal) MarshalJSON() ([]byte, error) {
	return d.appendPlain(nil), nil
}

// UnmarshalJSON reads a JSON number, digit by digit and not through a float64.
// It takes what a [Price] takes (see Limits in the package comment); anything
// else is a [*PriceError] with the reason. null leaves d alone, as it does for
// other types of encoding/json.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	n, reason := parseNumber(data)
	if reason != "" {
		return &PriceError{Reason: reason}
	}
	*d = n
	return nil
}
