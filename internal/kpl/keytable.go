package kpl

// A keyTable numbers distinct strings in the order of their first use: the key tables of an aggregate. The zero value is
// empty.
type keyTable struct {
	keys  []string
	index map[string]int
}

// find returns the index of key, or where add will put it: len(keys).
func (t *keyTable) find(key string) int {
	if n := len(t.keys); n == 0 || t.keys[n-1] == key { // runs of one key are common
		return max(0, n-1)
	}
	if i, ok := t.index[key]; ok {
		return i
	}
	return len(t.keys)
}

// add appends a key that find did not find.
func (t *keyTable) add(key string) {
	if t.index == nil {
		t.index = make(map[string]int)
	}
	t.index[key] = len(t.keys)
	t.keys = append(t.keys, key)
}

// reset empties the table and lets go of its strings.
func (t *keyTable) reset() {
	clear(t.keys)
	t.keys = t.keys[:0]
	clear(t.index)
}
