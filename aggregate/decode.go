package aggregate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"
)

// ErrEncoding is wrapped by the error of [Summary.UnmarshalBinary] and
// [Summary.UnmarshalText] when the data is not the encoding of a Summary: it is
// damaged, or of a later version of this package.
var ErrEncoding = errors.New("aggregate: not the encoding of a Summary")

// maxCount bounds a decoded count so far below the 2^63 that an int64 and the
// cells hold, that merging 127 of the largest overflows nothing.
const maxCount = 1 << 56

// UnmarshalBinary sets s to what MarshalBinary wrote. It checks that the parts
// agree with each other, so that results computed from damaged data do not go
// unnoticed as a rule, and takes no more memory than a Summary does. On an
// error, which wraps [ErrEncoding], s is left alone.
func (s *Summary) UnmarshalBinary(data []byte) error {
	d := decoder{data: data}
	if d.byte() != encodingVersion {
		d.fail("version")
	}
	decoded := Summary{missing: d.tally(), groups: d.groups()}
	if len(d.data) > 0 {
		d.fail("length")
	}
	if d.err != nil {
		return d.err
	}
	*s = decoded
	return nil
}

// A decoder reads the front of data. After the first error it reads zeros.
type decoder struct {
	data []byte
	err  error
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrEncoding, what)
	}
	d.data = nil
}

func (d *decoder) check(ok bool, what string) {
	if !ok {
		d.fail(what)
	}
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.data) {
		d.fail("length")
		return make([]byte, 8) // for the fixed sizes; no other caller looks
	}
	front := d.data[:n]
	d.data = d.data[n:]
	return front
}

func (d *decoder) byte() byte { return d.take(1)[0] }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		d.fail("number")
		return 0
	}
	d.data = d.data[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.data)
	if n <= 0 {
		d.fail("number")
		return 0
	}
	d.data = d.data[n:]
	return v
}

// size reads how many things follow: not more than limit, and of at least one
// byte each, so that no count makes the decoder allocate more than the data is.
func (d *decoder) size(limit int) int {
	n := d.uvarint()
	if n > uint64(limit) || n > uint64(len(d.data)) {
		d.fail("size")
		return 0
	}
	return int(n)
}

func (d *decoder) count() int64 {
	n := d.uvarint()
	d.check(n <= maxCount, "count")
	return int64(n)
}

func (d *decoder) text(limit int) string {
	text := string(d.take(d.size(limit)))
	d.check(utf8.ValidString(text), "text")
	return text
}

func (d *decoder) float() float64 {
	f := math.Float64frombits(binary.LittleEndian.Uint64(d.take(8)))
	d.check(f-f == 0 && math.Float64bits(f) != 1<<63, "float") // finite, and not -0
	return f
}

func (d *decoder) flag() bool {
	b := d.byte()
	d.check(b <= 1, "flag")
	return b == 1
}

func (d *decoder) tally() tally {
	t := tally{other: d.count()}
	previous := ""
	for range d.size(maxReasons) {
		reason := d.text(maxReasonBytes)
		n := d.count()
		d.check(reason > previous && reason != string(ReasonOther) && n > 0, "reason")
		if d.err != nil {
			return tally{}
		}
		t.add(Reason(reason), n)
		previous = reason
	}
	d.check(t.total() <= maxCount, "count")
	return t
}

// maxCurrencies is the codes of three capitals, and none.
const maxCurrencies = 26*26*26 + 1

func (d *decoder) groups() []*group {
	var groups []*group
	for i := range d.size(maxCurrencies) {
		g := d.group()
		if d.err != nil {
			return nil
		}
		d.check(g.currency.valid() && (i == 0 || g.currency > groups[i-1].currency), "currency")
		groups = append(groups, g)
	}
	return groups
}

func (d *decoder) group() *group {
	g := &group{currency: Currency(d.text(3))}
	g.count, g.negative, g.from, g.free = d.count(), d.count(), d.count(), d.count()
	g.min, g.max = d.float(), d.float()
	d.check(g.count > 0 && g.negative <= g.count && g.from+g.free <= g.count && g.min <= g.max, "counts")
	g.sums.decimal = d.cells(g.count, minExp, maxExp)
	g.sums.binary = d.cells(g.count, 0, lastBinary)
	g.sums.wide = d.wide(g.count)
	g.values = d.distribution(g)
	if d.err == nil {
		// Of any numbers, n·Σx² is at least (Σx)².
		num, _ := g.sums.total().variance(g.count, g.count)
		d.check(num.Sign() >= 0, "sums")
	}
	return g
}

// cells reads the cells of count values, with exponents from lowest to highest.
func (d *decoder) cells(count int64, lowest, highest int) cells {
	n := d.size(highest - lowest + 1)
	cs := cells{first: int(d.varint())}
	d.check(n == 0 && cs.first == 0 || n > 0 && lowest <= cs.first && cs.first+n-1 <= highest, "exponent")
	if d.err != nil || n == 0 {
		return cells{}
	}
	cs.run = make([]cell, n)
	for i := range cs.run {
		c := &cs.run[i]
		c.sumHi, c.sumLo = d.varint(), d.uvarint()
		for j := range c.square {
			c.square[j] = d.uvarint()
		}
		// |Σ| ≤ n·2^63 and Σ² ≤ n·2^126 keep the cells from overflowing.
		d.check(-count/2-1 <= c.sumHi && c.sumHi <= count/2 && c.square[2] <= uint64(count)>>2+1, "sums")
	}
	empty := [3]uint64{}
	d.check(cs.run[0].square != empty && cs.run[n-1].square != empty, "cells")
	return cs
}

// Bytes of the wide sums: of 2^56 values below 10^(maxExp+1), in their units.
const (
	maxWideBytes   = (56 + (maxExp+1-minExp)*4) / 8
	maxSquareBytes = 2 * maxWideBytes
)

func (d *decoder) wide(count int64) *wideSums {
	if !d.flag() {
		return nil
	}
	w := new(wideSums)
	d.int(&w.sum, maxWideBytes)
	d.int(&w.square, maxSquareBytes)
	d.check(w.square.Sign() > 0, "sums")
	return w
}

func (d *decoder) int(n *big.Int, maxBytes int) {
	negative := d.flag()
	magnitude := d.take(d.size(maxBytes))
	d.check(len(magnitude) == 0 && !negative || len(magnitude) > 0 && magnitude[0] != 0, "integer")
	n.SetBytes(magnitude)
	if negative {
		n.Neg(n)
	}
}

// distribution reads that of g, and checks that it has g's values.
func (d *decoder) distribution(g *group) distribution {
	values := distribution{level: uint(d.byte()), binary: d.flag()}
	d.check(values.level <= 52, "resolution")
	var total int64
	key, lowest, highest := uint64(0), math.Inf(1), math.Inf(-1)
	for i := range d.size(maxDistinct) {
		step, n := d.uvarint(), d.count()
		d.check((step > 0 || i == 0) && key+step >= key && n > 0, "values")
		key += step
		d.check(key <= math.MaxUint64>>values.level, "values")
		value := values.value(key)
		d.check(value-value == 0 && (values.level > 0 || key != 1<<63), "values")
		if d.err != nil {
			return distribution{}
		}
		values.counts.add(key, n)
		total += n
		d.check(total <= g.count, "values") // before it can overflow
		lowest, highest = min(lowest, value), max(highest, value)
	}
	d.check(total == g.count, "values")
	d.check(lowest == values.value(values.key(g.min)) && highest == values.value(values.key(g.max)), "values")
	return values
}
