package aggregate

import (
	"iter"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// A counter counts keys: a hash table with linear probing that does what a
// map[uint64]int64 would, in half the time. The zero value is empty.
//
// It hashes by multiplication with a random odd number and takes the high bits.
// Nobody can choose keys that collide without knowing that number; it has no
// bearing on the content.
type counter struct {
	slots      []slot // a power of two of them, at most three quarters in use
	used       int
	multiplier uint64
	shift      int // 64 - log2(len(slots))
}

// A slot with n == 0 is free.
type slot struct {
	key uint64
	n   int64
}

const minSlots = 64

// add counts key n times; n is positive.
func (c *counter) add(key uint64, n int64) {
	if 4*c.used >= 3*len(c.slots) {
		c.resize(max(minSlots, 2*len(c.slots)))
	}
	mask := uint64(len(c.slots) - 1)
	for i := key * c.multiplier >> c.shift; ; i++ {
		s := &c.slots[i&mask]
		if s.n == 0 {
			s.key = key
			c.used++
		}
		if s.key == key {
			s.n += n
			return
		}
	}
}

func (c *counter) resize(slots int) {
	old := c.slots
	*c = counter{
		slots:      make([]slot, slots),
		multiplier: rand.Uint64() | 1,
		shift:      64 - bits.Len(uint(slots-1)),
	}
	for _, s := range old {
		if s.n > 0 {
			c.add(s.key, s.n)
		}
	}
}

// all yields the keys with their counts, in no order.
func (c *counter) all() iter.Seq2[uint64, int64] {
	return func(yield func(uint64, int64) bool) {
		for _, s := range c.slots {
			if s.n > 0 && !yield(s.key, s.n) {
				return
			}
		}
	}
}

// sorted returns the slots in use in the order of their keys. It sorts the keys
// alone and looks up the counts, which is faster than sorting slots.
func (c *counter) sorted() []slot {
	keys := make([]uint64, 0, c.used)
	for key := range c.all() {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	slots := make([]slot, len(keys))
	for i, key := range keys {
		slots[i] = slot{key, c.get(key)}
	}
	return slots
}

// get returns the count of a key that is there.
func (c *counter) get(key uint64) int64 {
	mask := uint64(len(c.slots) - 1)
	i := key * c.multiplier >> c.shift
	for c.slots[i&mask].key != key {
		i++
	}
	return c.slots[i&mask].n
}
