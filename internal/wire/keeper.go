package wire

import "github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"

// keeper keeps parts of a response whose buffer is used again for the next one.
// It copies the response in pieces, each from the part that is asked for on:
//
//	response  |names|part|names|part|names|part|names…
//	piece            |part|names|part|names|pa
//	the next one                            |part|names…
//
// so that most parts are there already when they are asked for, one behind the
// other as a scanner does. Copying the names between them as well costs less than
// a copy and its place for every part: the memory of a copy needn't be cleared
// first.
type keeper struct {
	response []byte
	piece    []byte
	start    int // of piece in response
}

// bytes returns what lasts of part, which ends at position end of the response,
// or else is the caller's own. There is no room behind it for an append.
func (k *keeper) bytes(part []byte, end int) []byte {
	n := len(part)
	if n == 0 {
		return []byte{}
	}
	start := end - n
	if &k.response[start] != &part[0] {
		return part
	}
	if end > k.start+len(k.piece) {
		k.start = start
		k.piece = append([]byte(nil), k.response[start:min(start+max(n, arenaChunk), len(k.response))]...)
	}
	return k.piece[start-k.start : end-k.start : end-k.start]
}

// text is like bytes.
func (k *keeper) text(part []byte, end int) string { return jsonscan.Shared(k.bytes(part, end)) }
