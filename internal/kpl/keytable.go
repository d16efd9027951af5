package kpl

import "hash/maphash"

// A keyTable numbers distinct strings in the order of their first use: the key tables of an aggregate. It is a hash table
// with open addressing that is emptied without touching its slots, so that an aggregate of a few keys costs little after
// one of many. The zero value is empty.
type keyTable struct {
	keys []string

	slots []slot // a power of two, at most half of them used
	seed  maphash.Seed
	round uint32 // of the slots in use
}

// A slot names a key. It is free unless it is of the table's current round.
type slot struct {
	round uint32
	index uint32
}

// find returns the index of key, or where add will put it: len(keys).
func (t *keyTable) find(key string) int {
	if n := len(t.keys); n == 0 || t.keys[n-1] == key { // runs of one key are common
		return max(0, n-1)
	}
	if at := t.slotOf(key); t.slots[at].round == t.round {
		return int(t.slots[at].index)
	}
	return len(t.keys)
}

// add appends a key that find did not find.
func (t *keyTable) add(key string) {
	if 2*(len(t.keys)+1) > len(t.slots) {
		t.grow()
	}
	t.slots[t.slotOf(key)] = slot{t.round, uint32(len(t.keys))}
	t.keys = append(t.keys, key)
}

// slotOf returns the slot that holds key, or the free one where it belongs.
func (t *keyTable) slotOf(key string) int {
	mask := len(t.slots) - 1
	at := int(maphash.String(t.seed, key)) & mask
	for t.slots[at].round == t.round && t.keys[t.slots[at].index] != key {
		at = (at + 1) & mask
	}
	return at
}

const firstSlots = 64

func (t *keyTable) grow() {
	if t.slots == nil {
		t.seed = maphash.MakeSeed()
	}
	t.slots = make([]slot, max(firstSlots, 2*len(t.slots)))
	t.round = 1
	for i, key := range t.keys {
		t.slots[t.slotOf(key)] = slot{t.round, uint32(i)}
	}
}

// reset empties the table and lets go of its strings.
func (t *keyTable) reset() {
	clear(t.keys)
	t.keys = t.keys[:0]
	t.round++
	if t.round == 0 { // wrapped around: slots of old rounds would come back
		clear(t.slots)
		t.round = 1
	}
}
