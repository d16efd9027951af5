package wire

import "github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"

// arenaChunk is the size of the pieces that records are laid into. What a program
// keeps of one record keeps the whole piece in memory, so they should be small;
// each costs an allocation, so they should be large.
const arenaChunk = 64 << 10

// arena hands out memory for the parts of a response in pieces, so that there is
// not an allocation for each of them. Nothing is handed out twice.
type arena struct {
	free []byte
	left int // what the parts that are still to come may need in all
}

// newArena returns an arena for parts of up to size bytes in all.
func newArena(size int) arena { return arena{left: size} }

// bytes returns n bytes, without room behind them for an append.
func (a *arena) bytes(n int) []byte {
	if n == 0 {
		return []byte{}
	}
	if n > len(a.free) {
		if n > arenaChunk/4 {
			a.left -= n
			return make([]byte, n)
		}
		a.free = make([]byte, max(n, min(arenaChunk, a.left)))
		a.left -= len(a.free)
	}
	p := a.free[:n:n]
	a.free = a.free[n:]
	return p
}

// text returns text as a string.
func (a *arena) text(text []byte) string {
	p := a.bytes(len(text))
	copy(p, text)
	return jsonscan.Shared(p)
}

// texts hands out pointers to strings, for the many optional members of the
// SDK's types, from blocks of them.
type texts struct{ free []string }

const textsBlock = 256

func (t *texts) pointer(s string) *string {
	if len(t.free) == 0 {
		t.free = make([]string, textsBlock)
	}
	p := &t.free[0]
	t.free = t.free[1:]
	*p = s
	return p
}
