package shardmap

import "math/bits"

// A Range is the part of the hash key space that a shard holds. Both ends belong to it.
type Range struct{ Start, End Hash }

// Whole returns the range of all hash keys.
func Whole() Range { return Range{End: MaxHash()} }

// ParseRange reads the two decimal ends of a HashKeyRange. Errors wrap [ErrHash].
func ParseRange(start, end string) (Range, error) {
	first, err := ParseHash(start)
	if err != nil {
		return Range{}, err
	}
	last, err := ParseHash(end)
	if err != nil {
		return Range{}, err
	}
	return Range{first, last}, nil
}

// Contains reports whether h is in r.
func (r Range) Contains(h Hash) bool { return !h.Less(r.Start) && !r.End.Less(h) }

// Adjacent reports whether next starts directly after r ends: two such shards can be merged.
func (r Range) Adjacent(next Range) bool {
	return r.End != MaxHash() && r.End.Next() == next.Start
}

// Overlaps reports whether a hash key is in both ranges.
func (r Range) Overlaps(o Range) bool { return !o.End.Less(r.Start) && !r.End.Less(o.Start) }

// Even splits all hash keys into n ranges as CreateStream does: each floor(2^128/n) wide, but the last, which ends at
// 2^128-1. It returns none for n < 1.
func Even(n int) []Range {
	if n < 1 {
		return nil
	}
	ranges := make([]Range, n)
	if n > 1 {
		hi, rest := bits.Div64(1, 0, uint64(n))
		lo, _ := bits.Div64(rest, 0, uint64(n))
		for i := 1; i < n; i++ {
			start := ranges[i-1].Start
			sum, carry := bits.Add64(start.Lo, lo, 0)
			ranges[i].Start = Hash{start.Hi + hi + carry, sum}
			ranges[i-1].End = ranges[i].Start.Prev()
		}
	}
	ranges[n-1].End = MaxHash()
	return ranges
}
