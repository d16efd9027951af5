package aggregate

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
)

// maxDistinct bounds the different values that a Summary keeps for quantiles.
const maxDistinct = 1 << 14

// A distribution counts values by their float64 bits, at a resolution: the
// low `level` bits of every value are dropped. At level 0 it is exact. When more
// than maxDistinct values differ, the level rises to the lowest at which they
// no longer do.
//
// The level, and so the whole content, depends on the set of values only, not
// on the order of additions and merges: a part of the values never needs a
// higher level than all of them, and dropping bits in two steps is the same as
// in one. It ends at the latest at level 52, where only sign and exponent are
// left: at most 4,094 values.
type distribution struct {
	counts counter
	level  uint
	binary bool // a float64 was added, or a price with digits that one cannot hold
}

func (d *distribution) add(f float64) {
	d.addN(d.key(f+0), 1) // +0 makes -0 positive
}

func (d *distribution) key(f float64) uint64 { return math.Float64bits(f) >> d.level }

func (d *distribution) addN(key uint64, n int64) {
	d.counts.add(key, n)
	if d.counts.used > maxDistinct {
		d.raise(d.fittingLevel())
	}
}

// fittingLevel returns the lowest level at which at most maxDistinct values
// differ. Two neighbours in order become one at the level of the highest bit in
// which they differ.
func (d *distribution) fittingLevel() uint {
	var joined [65]int // joined[i]: neighbours that become one i levels up
	slots := d.counts.sorted()
	for i := 1; i < len(slots); i++ {
		joined[bits.Len64(slots[i].key^slots[i-1].key)]++
	}
	level, distinct := uint(0), len(slots)
	for distinct > maxDistinct {
		level++
		distinct -= joined[level]
	}
	return d.level + level
}

func (d *distribution) raise(level uint) {
	if level <= d.level {
		return
	}
	var counts counter
	for key, n := range d.counts.all() {
		counts.add(key>>(level-d.level), n)
	}
	d.counts, d.level = counts, level
}

func (d *distribution) merge(o *distribution) {
	d.binary = d.binary || o.binary
	d.raise(o.level)
	for key, n := range o.counts.all() {
		// addN may raise the level on the way.
		d.addN(key>>(d.level-o.level), n)
	}
}

// relativeError returns the bound on what the dropped bits can change: half of
// 2^level units in the last of 53 places.
func (d *distribution) relativeError() float64 {
	if d.level == 0 {
		return 0
	}
	return math.Ldexp(1, int(d.level)-53)
}

// value returns the middle of the values that key stands for.
func (d *distribution) value(key uint64) float64 {
	if d.level == 0 {
		return math.Float64frombits(key)
	}
	low := math.Float64frombits(key << d.level)
	high := math.Float64frombits(key<<d.level | (1<<d.level - 1))
	return low + (high-low)/2
}

// A bin is a value and how many there are of it.
type bin struct {
	value float64
	count int64
}

// bins returns the values in ascending order. Their keys in ascending order are
// the values from 0 up, and then, with the sign bit, those below 0 downwards.
func (d *distribution) bins() []bin {
	slots := d.counts.sorted()
	negative, _ := slices.BinarySearchFunc(slots, uint64(1)<<(63-d.level), func(s slot, sign uint64) int {
		return cmp.Compare(s.key, sign)
	})
	bins := make([]bin, 0, len(slots))
	for _, s := range slices.Backward(slots[negative:]) {
		bins = append(bins, bin{d.value(s.key), s.n})
	}
	for _, s := range slots[:negative] {
		bins = append(bins, bin{d.value(s.key), s.n})
	}
	return bins
}

// quantile interpolates between the two values around rank q(n-1), counted
// from 0, and rounds once at the end.
func (d *distribution) quantile(q float64, n int64) float64 {
	rank := shortestRat(q)
	rank.Mul(rank, new(big.Rat).SetInt64(n-1))
	whole := new(big.Int).Quo(rank.Num(), rank.Denom())
	share := rank.Sub(rank, new(big.Rat).SetInt(whole))

	low, high := d.neighbours(whole.Int64())
	if low == high || share.Sign() == 0 {
		return low
	}
	a, b := d.exact(low), d.exact(high)
	b.Sub(b, a)
	f, _ := a.Add(a, b.Mul(b, share)).Float64()
	return f
}

// neighbours returns the values of the given rank and of the next.
func (d *distribution) neighbours(rank int64) (low, high float64) {
	seen, bins := int64(0), d.bins()
	for i, b := range bins {
		seen += b.count
		switch {
		case rank+1 < seen:
			return b.value, b.value
		case rank < seen && i+1 < len(bins):
			return b.value, bins[i+1].value
		}
	}
	last := bins[len(bins)-1].value
	return last, last
}

// exact returns what the values behind f were: in a Summary of prices alone the
// decimal that f shows, for a price of up to 15 digits is the shortest decimal
// of its float64.
func (d *distribution) exact(f float64) *big.Rat {
	if d.binary || d.level > 0 {
		return new(big.Rat).SetFloat64(f)
	}
	return shortestRat(f)
}

// shortestRat reads f as the decimal that it shows: 0.1 is a tenth.
func shortestRat(f float64) *big.Rat {
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return r
}
