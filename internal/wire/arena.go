package wire

import "github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"

// arenaChunk is the size of the pieces that records are laid into. What a program
// keeps of one record keeps the whole piece in memory, so they should be small;
// each costs an allocation, so they should be large. Two of 28 KiB fill a span of
// Go's allocator; from 32 KiB on it takes longer.
const arenaChunk = 28 << 10

// arenaLeast is the size of a piece where more parts come than were foreseen.
const arenaLeast = 1 << 10

// arena hands out memory for the parts of a response in pieces, so that there is
// not an allocation for each of them. Nothing is handed out twice.
type arena struct {
	piece []byte
	used  int // of piece
	left  int // what is likely to be needed besides piece
}

// newArena returns an arena for parts of about size bytes in all.
func newArena(size int) arena { return arena{left: size} }

// bytes returns n bytes. What follows them in the piece is handed out next.
func (a *arena) bytes(n int) []byte {
	if n == 0 {
		return []byte{}
	}
	if n > len(a.piece)-a.used {
		if n > arenaChunk/4 {
			a.left -= n
			return make([]byte, n)
		}
		a.piece, a.used = make([]byte, max(n, min(arenaChunk, max(a.left, arenaLeast)))), 0
		a.left -= len(a.piece)
	}
	a.used += n
	return a.piece[a.used-n : a.used]
}

// copy returns a copy of p.
func (a *arena) copy(p []byte) []byte {
	q := a.bytes(len(p))
	copy(q, p)
	return q
}

// text returns text as a string.
func (a *arena) text(text []byte) string { return jsonscan.Shared(a.copy(text)) }
