package aggregate

import (
	"math"
	"math/big"
)

// sums holds the exact sum and sum of squares of decimals and float64s.
//
// A decimal coef × 10^exp goes to the cell of its exponent, a float64 to that
// of its binary one, so adding costs one 128-bit and one 192-bit addition and
// no rounding. Decimals with more digits than an int64 has are rare and go to
// big integers.
type sums struct {
	decimal cells // exponents of 10
	binary  cells // see addFloat
	wide    *wideSums
}

// wideSums is in units of 10^minExp, the last digit a price may have, and its
// squares in units of 10^(2×minExp): integers of at most 5,000 bits.
type wideSums struct {
	sum, square big.Int
}

func (s *sums) addDecimal(d Decimal) {
	if d.wide == "" {
		s.decimal.add(int(d.exp), d.coef)
		return
	}
	if s.wide == nil {
		s.wide = new(wideSums)
	}
	units := d.bigCoef()
	units.Mul(units, pow10(int(d.exp)-minExp))
	s.wide.sum.Add(&s.wide.sum, units)
	s.wide.square.Add(&s.wide.square, units.Mul(units, units))
}

// A float64 is m × 2^(e-floatBias) with m < 2^53 and e its biased exponent (1
// for subnormals). Neighbouring exponents share a cell, 2^binaryBits of them:
// the cell of x = e>>binaryBits is in units of 2^(x<<binaryBits-floatBias), and
// the coefficient m << (e mod 8) still fits an int64.
const (
	floatBias  = 1075
	binaryBits = 3
	lastBinary = 2046 >> binaryBits
)

// addFloat adds the exact binary value of a finite f.
func (s *sums) addFloat(f float64) {
	bits := math.Float64bits(f)
	exp := int(bits >> 52 & 0x7ff)
	m := int64(bits & (1<<52 - 1))
	if exp == 0 {
		exp = 1
	} else {
		m |= 1 << 52
	}
	coef := m << (exp & (1<<binaryBits - 1))
	if f < 0 {
		coef = -coef
	}
	s.binary.add(exp>>binaryBits, coef)
}

func (s *sums) merge(o *sums) {
	s.decimal.merge(&o.decimal)
	s.binary.merge(&o.binary)
	if o.wide == nil {
		return
	}
	if s.wide == nil {
		s.wide = new(wideSums)
	}
	s.wide.sum.Add(&s.wide.sum, &o.wide.sum)
	s.wide.square.Add(&s.wide.square, &o.wide.square)
}

// A total is what sums come to: the sum in units of 10^-places, the squares in
// units of 10^(-2×places).
type total struct {
	sum, square *big.Int
	places      int
}

func (s *sums) total() total {
	t := total{sum: new(big.Int), square: new(big.Int), places: s.places()}
	if len(s.decimal.run) > 0 {
		sum, square := s.decimal.fold(10)
		exp := t.places + s.decimal.first
		t.sum.Add(t.sum, scale10(sum, exp))
		t.square.Add(t.square, scale10(square, 2*exp))
	}
	if len(s.binary.run) > 0 {
		sum, square := s.binary.fold(1 << (1 << binaryBits))
		exp := binaryExp(s.binary.first)
		t.sum.Add(t.sum, scale2(sum, exp, t.places))
		t.square.Add(t.square, scale2(square, 2*exp, 2*t.places))
	}
	if s.wide != nil {
		exp := t.places + minExp
		t.sum.Add(t.sum, scale10(new(big.Int).Set(&s.wide.sum), exp))
		t.square.Add(t.square, scale10(new(big.Int).Set(&s.wide.square), 2*exp))
	}
	return t
}

// places returns how many decimals hold every cell exactly. 2^-k has k of them.
func (s *sums) places() int {
	places := 0
	if len(s.decimal.run) > 0 {
		places = max(places, -s.decimal.first)
	}
	if len(s.binary.run) > 0 {
		places = max(places, -binaryExp(s.binary.first))
	}
	if s.wide != nil {
		places = max(places, -minExp)
	}
	return places
}

func binaryExp(x int) int { return x<<binaryBits - floatBias }

// scale10 returns n × 10^exp in n's memory; exp is not negative.
func scale10(n *big.Int, exp int) *big.Int {
	if n.Sign() == 0 {
		return n
	}
	return n.Mul(n, pow10(exp))
}

// scale2 returns n × 2^exp × 10^places in n's memory, which is an integer
// because places is at least -exp: 2^exp × 10^places = 2^(exp+places) × 5^places.
func scale2(n *big.Int, exp, places int) *big.Int {
	if n.Sign() == 0 {
		return n
	}
	five := new(big.Int).Exp(big.NewInt(5), big.NewInt(int64(places)), nil)
	return n.Lsh(n.Mul(n, five), uint(exp+places))
}

// mean returns sum/n as the nearest float64.
func (t total) mean(n int64) float64 {
	return quotient(t.sum, scale10(big.NewInt(n), t.places))
}

// variance returns (n·Σx² - (Σx)²) / (n·divisor) as a fraction.
func (t total) variance(n, divisor int64) (num, den *big.Int) {
	count := big.NewInt(n)
	num = new(big.Int).Mul(count, t.square)
	num.Sub(num, new(big.Int).Mul(t.sum, t.sum))
	den = count.Mul(count, big.NewInt(divisor))
	return num, scale10(den, 2*t.places)
}

// quotient returns num/den as the nearest float64, ties to even.
func quotient(num, den *big.Int) float64 {
	f, _ := new(big.Rat).SetFrac(num, den).Float64()
	return f
}

// sqrtQuotient returns √(num/den) as the nearest float64.
//
// It takes the integer root of num/den scaled by 4^k to 128 bits or more, so
// that the root has 64 bits or more, and appends one bit that is set if
// anything was cut off. Rounding that to 53 bits is rounding the true root: the
// extra bit tells a tie from what lies just above it.
func sqrtQuotient(num, den *big.Int) float64 {
	if num.Sign() <= 0 {
		return 0
	}
	k := max(0, (130-num.BitLen()+den.BitLen())/2)
	scaled := new(big.Int).Lsh(num, uint(2*k))
	scaled, rest := scaled.QuoRem(scaled, den, new(big.Int))
	root := new(big.Int).Sqrt(scaled)
	inexact := rest.Sign() != 0 || new(big.Int).Mul(root, root).Cmp(scaled) != 0
	root.Lsh(root, 1)
	if inexact {
		root.SetBit(root, 0, 1)
	}
	f, _ := new(big.Float).SetMantExp(new(big.Float).SetInt(root), -k-1).Float64()
	return f
}
