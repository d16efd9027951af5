package aggregate

import (
	"math/big"
	"math/bits"
)

// A cell is the sum and the sum of squares of int64 coefficients that share
// one exponent. It cannot overflow: 2^63 values of at most 2^63 give a sum of
// at most 2^126, and their squares at most 2^189.
type cell struct {
	sumHi  int64
	sumLo  uint64
	square [3]uint64 // least significant word first
}

func (c *cell) add(coef int64) {
	var carry uint64
	c.sumLo, carry = bits.Add64(c.sumLo, uint64(coef), 0)
	c.sumHi += coef>>63 + int64(carry)

	magnitude := uint64(coef)
	if coef < 0 {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, magnitude)
	c.square[0], carry = bits.Add64(c.square[0], lo, 0)
	c.square[1], carry = bits.Add64(c.square[1], hi, carry)
	c.square[2] += carry
}

func (c *cell) merge(o *cell) {
	var carry uint64
	c.sumLo, carry = bits.Add64(c.sumLo, o.sumLo, 0)
	c.sumHi += o.sumHi + int64(carry)
	c.square[0], carry = bits.Add64(c.square[0], o.square[0], 0)
	c.square[1], carry = bits.Add64(c.square[1], o.square[1], carry)
	c.square[2] += o.square[2] + carry
}

func (c *cell) bigSum() *big.Int {
	n := big.NewInt(c.sumHi)
	return n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(c.sumLo))
}

func (c *cell) bigSquare() *big.Int {
	n := new(big.Int)
	for i := len(c.square) - 1; i >= 0; i-- {
		n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(c.square[i]))
	}
	return n
}

// cells are the cells of a run of neighbouring exponents, which grows at both
// ends as exponents are seen. Integer addition is associative, so the content
// does not depend on the order of additions and merges.
type cells struct {
	first int // exponent of run[0]
	run   []cell
}

func (cs *cells) add(exp int, coef int64) {
	if coef == 0 {
		return
	}
	i := exp - cs.first
	if uint(i) >= uint(len(cs.run)) {
		cs.include(exp)
		i = exp - cs.first
	}
	cs.run[i].add(coef)
}

// include grows the run to hold exp.
func (cs *cells) include(exp int) {
	if len(cs.run) == 0 {
		cs.first, cs.run = exp, make([]cell, 1)
		return
	}
	first := min(cs.first, exp)
	last := max(cs.first+len(cs.run)-1, exp)
	if last-first+1 == len(cs.run) {
		return
	}
	run := make([]cell, last-first+1)
	copy(run[cs.first-first:], cs.run)
	cs.first, cs.run = first, run
}

func (cs *cells) merge(o *cells) {
	if len(o.run) == 0 {
		return
	}
	cs.include(o.first)
	cs.include(o.first + len(o.run) - 1)
	for i := range o.run {
		cs.run[o.first-cs.first+i].merge(&o.run[i])
	}
}

// fold returns the sums of all cells in units of the first, where each exponent
// is worth base times the one before it.
func (cs *cells) fold(base int64) (sum, square *big.Int) {
	sum, square = new(big.Int), new(big.Int)
	step, stepSquare := big.NewInt(base), big.NewInt(base*base)
	for i := len(cs.run) - 1; i >= 0; i-- {
		sum.Add(sum.Mul(sum, step), cs.run[i].bigSum())
		square.Add(square.Mul(square, stepSquare), cs.run[i].bigSquare())
	}
	return sum, square
}
