// Package shardmap finds the shard that a record belongs to: 128-bit hash keys, the ranges of them that shards hold, and
// an immutable map from a hash key to the open shard.
//
//	m := shardmap.New(shards)
//	i, ok := m.Find(shardmap.OfKey("customer-17"))
//
// All values are safe for concurrent use.
package shardmap

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// Faults that [Map.Check] reports. A stream that is being resharded can show either for a moment, so neither makes a
// map useless: ask ListShards again.
var (
	ErrGap     = errors.New("hash keys without a shard")
	ErrOverlap = errors.New("hash keys with two shards")
)

// A Shard is one open shard.
type Shard struct {
	ID string
	Range
}

// A Map is an immutable set of open shards, sorted by the start of their ranges. The nil Map has none.
type Map struct {
	shards []Shard

	// A hash key's top bits index first. first[b] is the last shard that starts at or before the lowest hash key with the
	// top bits b, or 0 if none does: the shard of a hash key with these bits is between first[b] and first[b+1]. There are
	// at least two entries a shard, so with ranges of about equal width at most one step is left to do; with very uneven
	// ones a binary search.
	first []int32
	shift uint
	// overlaps is set when a range starts before an earlier one ends: then the shard with the latest start need not be
	// the one that holds the hash key.
	overlaps bool
}

// New makes a map of the shards, in any order. It copies them. Pass the open shards only, those without an
// EndingSequenceNumber; see [Map.Check] for whether they are a full cover.
func New(shards []Shard) *Map {
	m := &Map{shards: slices.Clone(shards)}
	slices.SortStableFunc(m.shards, func(a, b Shard) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return b.End.Compare(a.End) // the narrower one last, where Find meets it first
	})
	for i := 1; i < len(m.shards); i++ {
		m.overlaps = m.overlaps || m.shards[i-1].Overlaps(m.shards[i].Range)
	}
	m.index()
	return m
}

// index fills first.
func (m *Map) index() {
	topBits := uint(bits.Len(uint(len(m.shards)))) + 1
	m.shift = 64 - topBits
	m.first = make([]int32, 1<<topBits+1)
	at := 0
	for b := range m.first[:1<<topBits] {
		lowest := Hash{Hi: uint64(b) << m.shift}
		for at+1 < len(m.shards) && !lowest.Less(m.shards[at+1].Start) {
			at++
		}
		m.first[b] = int32(at)
	}
	m.first[1<<topBits] = int32(max(0, len(m.shards)-1))
}

// Find returns the index of the shard that holds h. It is false for a hash key in a hole. Where ranges overlap, the
// shard whose range starts last, of those that hold h, is found.
func (m *Map) Find(h Hash) (int, bool) {
	if m.Len() == 0 {
		return 0, false
	}
	bucket := h.Hi >> m.shift
	low, high := int(m.first[bucket]), int(m.first[bucket+1])
	for low < high { // the last shard in low..high that starts at or before h
		middle := (low + high + 1) / 2
		if h.Less(m.shards[middle].Start) {
			high = middle - 1
		} else {
			low = middle
		}
	}
	if m.shards[low].Contains(h) {
		return low, true
	}
	if m.overlaps {
		return m.findBefore(low, h)
	}
	return 0, false
}

// findBefore looks for h in the shards before i, one by one.
func (m *Map) findBefore(i int, h Hash) (int, bool) {
	for i--; i >= 0; i-- {
		if m.shards[i].Contains(h) {
			return i, true
		}
	}
	return 0, false
}

// Len returns the number of shards.
func (m *Map) Len() int {
	if m == nil {
		return 0
	}
	return len(m.shards)
}

// Shard returns the shard at index i, in 0..Len()-1; it panics for others.
func (m *Map) Shard(i int) Shard { return m.shards[i] }

// Covers reports whether h belongs to the shard at index i; it panics unless i is in 0..Len()-1.
func (m *Map) Covers(i int, h Hash) bool { return m.shards[i].Contains(h) }

// Check returns nil if each hash key has exactly one shard. Else its error lists every fault, as wrapped [ErrGap] and
// [ErrOverlap].
func (m *Map) Check() error {
	if m.Len() == 0 {
		return fmt.Errorf("shardmap: no shards: %w", ErrGap)
	}
	var faults []error
	covered := m.shards[0] // the shard that reaches furthest so far
	if covered.Start != (Hash{}) {
		faults = append(faults, fmt.Errorf("shardmap: before %s: %w", covered.ID, ErrGap))
	}
	for _, s := range m.shards[1:] {
		switch {
		case covered.Overlaps(s.Range):
			faults = append(faults, fmt.Errorf("shardmap: %s and %s: %w", covered.ID, s.ID, ErrOverlap))
		case !covered.Adjacent(s.Range):
			faults = append(faults, fmt.Errorf("shardmap: between %s and %s: %w", covered.ID, s.ID, ErrGap))
		}
		if covered.End.Less(s.End) {
			covered = s
		}
	}
	if covered.End != MaxHash() {
		faults = append(faults, fmt.Errorf("shardmap: after %s: %w", covered.ID, ErrGap))
	}
	return errors.Join(faults...)
}
