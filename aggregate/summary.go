package aggregate

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
)

// A Summary gathers prices and tells their statistics. The zero value is ready.
//
// Every result is computed exactly and rounded to float64 once, at the end. It
// depends on the values alone: however they are spread over Summaries, and in
// whatever order those are merged, the same values give the same bits.
//
// A Summary describes one currency: that of most of its values (of equally
// many, the code first in the alphabet). Prices of another currency count as
// missing with [ReasonCurrency]. Values without a currency, which all float64s
// are, are of a currency of their own, "". [Summary.ByCurrency] gives each.
//
// Of a Summary that holds no value (Count is 0), Mean, Min, Max and Quantile
// are NaN.
//
// A Summary must not be copied after its first use, and is not safe for
// concurrent use: give each goroutine its own and merge them.
type Summary struct {
	groups  []*group // at most one a currency, in order of first appearance
	missing tally
}

// Add adds the exact binary value of f, a number without a currency. NaN and
// infinities count as missing. 0.1 as a float64 is a little more than a tenth;
// for sums of decimals use AddPrice, with [FloatPrice] where the data is
// float64.
func (s *Summary) Add(f float64) {
	if f-f != 0 { // NaN or infinite
		s.missing.add(floatReason(f), 1)
		return
	}
	s.group("").addFloat(f)
}

func floatReason(f float64) Reason {
	if math.IsNaN(f) {
		return ReasonNaN
	}
	return ReasonInfinite
}

// AddPrice adds p, or counts it as missing for its reason.
func (s *Summary) AddPrice(p Price) {
	if p.Missing() {
		s.missing.add(p.Reason(), 1)
		return
	}
	s.group(p.currency).addPrice(&p)
}

// AddMissing counts one missing value. Of more than 64 different reasons, those
// last in the alphabet are counted as [ReasonOther]; a reason is cut off after
// 64 bytes.
func (s *Summary) AddMissing(reason Reason) {
	s.missing.add(reason, 1)
}

// Merge adds all that other has seen, and leaves other as it is.
func (s *Summary) Merge(other *Summary) {
	if other == nil {
		return
	}
	if other == s {
		other = s.Clone()
	}
	s.missing.merge(&other.missing)
	for _, g := range other.groups {
		s.group(g.currency).merge(g)
	}
}

// Clone returns an independent copy.
func (s *Summary) Clone() *Summary {
	c := &Summary{}
	c.missing.merge(&s.missing)
	for _, g := range s.groups {
		c.groups = append(c.groups, g.clone())
	}
	return c
}

// group returns the group of a currency, which it makes if it is new.
func (s *Summary) group(currency Currency) *group {
	for _, g := range s.groups {
		if g.currency == currency {
			return g
		}
	}
	g := &group{currency: currency}
	s.groups = append(s.groups, g)
	return g
}

// main returns the group that the Summary describes.
func (s *Summary) main() *group {
	best := &group{}
	for _, g := range s.groups {
		if g.count > best.count || g.count == best.count && g.currency < best.currency {
			best = g
		}
	}
	return best
}

// ByCurrency yields a Summary of its own for each currency, in the order of
// their codes; "" is the values without one. They are copies, in which nothing
// is missing: what is missing has no currency.
func (s *Summary) ByCurrency() iter.Seq2[Currency, *Summary] {
	return func(yield func(Currency, *Summary) bool) {
		for _, g := range s.sortedGroups() {
			if !yield(g.currency, &Summary{groups: []*group{g.clone()}}) {
				return
			}
		}
	}
}

func (s *Summary) sortedGroups() []*group {
	return slices.SortedFunc(slices.Values(s.groups), func(a, b *group) int {
		return cmp.Compare(a.currency, b.currency)
	})
}

// Currency returns the currency that the statistics are of: "" when it is the
// values without one, and when there are none at all.
func (s *Summary) Currency() Currency { return s.main().currency }

// Count returns the number of values, all of one currency.
func (s *Summary) Count() int64 { return s.main().count }

// Missing returns the number of values that are missing, with those of another
// currency. Count and Missing add up to all that was added.
func (s *Summary) Missing() int64 { return s.missing.total() + s.foreign() }

func (s *Summary) foreign() int64 {
	n := -s.main().count
	for _, g := range s.groups {
		n += g.count
	}
	return n
}

// MissingReasons returns how many values are missing for each reason. The map
// is the caller's.
func (s *Summary) MissingReasons() map[Reason]int64 {
	reasons := make(map[Reason]int64, len(s.missing.counts)+2)
	maps.Copy(reasons, s.missing.counts)
	for reason, n := range map[Reason]int64{ReasonOther: s.missing.other, ReasonCurrency: s.foreign()} {
		if n > 0 {
			reasons[reason] += n
		}
	}
	return reasons
}

// Negative returns how many of the Count values are below zero.
func (s *Summary) Negative() int64 { return s.main().negative }

// Free returns how many of the Count values are the 0 of a word such as
// "Free!"; see [PriceParser].
func (s *Summary) Free() int64 { return s.main().free }

// From returns how many of the Count values are lower bounds ("From $109.90").
func (s *Summary) From() int64 { return s.main().from }

// Sum returns the exact sum.
func (s *Summary) Sum() Decimal {
	t := s.main().sums.total()
	return decimalFromInt(t.sum, -t.places)
}

// Mean returns the float64 nearest to the exact sum divided by Count.
func (s *Summary) Mean() float64 {
	g := s.main()
	if g.count == 0 {
		return math.NaN()
	}
	return g.sums.total().mean(g.count)
}

// Min returns the float64 nearest to the smallest value.
func (s *Summary) Min() float64 { return s.extreme((*group).smallest) }

// Max returns the float64 nearest to the largest value.
func (s *Summary) Max() float64 { return s.extreme((*group).largest) }

func (g *group) smallest() float64 { return g.min }
func (g *group) largest() float64  { return g.max }

func (s *Summary) extreme(of func(*group) float64) float64 {
	g := s.main()
	if g.count == 0 {
		return math.NaN()
	}
	return of(g)
}

// Variance returns the sample variance, which divides by Count-1, as
// spreadsheets (VAR.S), pandas and R do: the float64 nearest to the exact
// value. It is NaN when Count is below 2.
func (s *Summary) Variance() float64 { return s.variance(1, quotient) }

// StdDev returns the sample standard deviation, the float64 nearest to the root
// of the exact sample variance. It is NaN when Count is below 2.
func (s *Summary) StdDev() float64 { return s.variance(1, sqrtQuotient) }

// PopVariance returns the population variance, which divides by Count (VAR.P).
// It is NaN when Count is 0.
func (s *Summary) PopVariance() float64 { return s.variance(0, quotient) }

// PopStdDev returns the population standard deviation (STDEV.P). It is NaN when
// Count is 0.
func (s *Summary) PopStdDev() float64 { return s.variance(0, sqrtQuotient) }

func (s *Summary) variance(less int64, result func(num, den *big.Int) float64) float64 {
	g := s.main()
	if g.count <= less {
		return math.NaN()
	}
	return result(g.sums.total().variance(g.count, g.count-less))
}

// Median returns Quantile(0.5).
func (s *Summary) Median() float64 { return s.Quantile(0.5) }

// Quantile returns the value below which the share q of the values lies, from
// Quantile(0), the smallest, to Quantile(1), the largest. Between two values it
// interpolates, as spreadsheets (PERCENTILE.INC), NumPy and R (type 7) do; so
// the median of an even number of values is the middle of the two in the
// middle. It is NaN when Count is 0 or q is not between 0 and 1. q is read as
// the decimal that it shows: 0.1 is a tenth.
//
// The result is exact, rounded once, as long as no more than 16,384 different
// values are in play; of a price with more than 15 digits its nearest float64
// is. Beyond that, values are kept with fewer bits, just so few that no more
// than 16,384 differ, and QuantileError says what that may cost. The smallest
// and the largest stay exact.
//
// Each call sorts those values: a millisecond or so for 16,384 of them.
func (s *Summary) Quantile(q float64) float64 {
	g := s.main()
	switch {
	case g.count == 0 || !(0 <= q && q <= 1):
		return math.NaN()
	case q == 0:
		return g.min
	case q == 1:
		return g.max
	}
	return min(max(g.values.quantile(q, g.count), g.min), g.max)
}

// QuantileError returns the bound on the relative error of Quantile and Median:
// 0 while they are exact, then 2^-k with the largest k that memory allows.
// Values between 0.01 and 1,000,000 never need more than 2^-10 (0.1 %), whatever
// their number; values spread over all the range of a float64, 2^-3. The bound
// is of the values that Quantile interpolates between; below 2^-1022, where
// float64s thin out, it does not hold.
func (s *Summary) QuantileError() float64 { return s.main().values.relativeError() }

// String returns the statistics in one line, for logs and for a first look.
func (s Summary) String() string {
	g := s.main()
	text := strconv.FormatInt(g.count, 10) + " values"
	if g.count == 1 {
		text = "1 value"
	}
	if g.currency != "" {
		text += " in " + string(g.currency)
	}
	text += ", " + strconv.FormatInt(s.Missing(), 10) + " missing"
	if g.count == 0 {
		return text
	}
	return text + ", sum " + showFloat(s.Sum().Float64()) + ", mean " + showFloat(s.Mean()) +
		", min " + showFloat(g.min) + ", median " + showFloat(s.Median()) + ", max " + showFloat(g.max)
}

func showFloat(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
