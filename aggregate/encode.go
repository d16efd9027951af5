package aggregate

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
)

// The encoding is a version byte and then, in the order of the fields below,
// varints, floats as their 8 bytes (little endian), and texts and big integers
// behind their length. Reasons, currencies and keys are sorted, so the same
// values always give the same bytes.
const encodingVersion = 1

// AppendBinary appends the encoding of s to dst, for another process to decode
// with UnmarshalBinary and to merge. Equal Summaries have equal encodings, so
// they can be compared by it. It never fails.
//
// The size is about 100 bytes a currency, and up to 10 for each of the at most
// 16,384 different values.
func (s Summary) AppendBinary(dst []byte) ([]byte, error) {
	dst = append(dst, encodingVersion)
	dst = s.missing.append(dst)
	dst = binary.AppendUvarint(dst, uint64(len(s.groups)))
	for _, g := range s.sortedGroups() {
		dst = g.append(dst)
	}
	return dst, nil
}

// MarshalBinary returns the encoding of s; see AppendBinary.
func (s Summary) MarshalBinary() ([]byte, error) { return s.AppendBinary(nil) }

// MarshalText returns the binary encoding in base64. encoding/json uses it.
func (s Summary) MarshalText() ([]byte, error) {
	data, err := s.AppendBinary(nil)
	return base64.StdEncoding.AppendEncode(nil, data), err
}

// UnmarshalText sets s to what MarshalText wrote; see UnmarshalBinary.
func (s *Summary) UnmarshalText(text []byte) error {
	data, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("%w: base64: %w", ErrEncoding, err)
	}
	return s.UnmarshalBinary(data)
}

func (t *tally) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(t.other))
	dst = binary.AppendUvarint(dst, uint64(len(t.counts)))
	for _, reason := range slices.Sorted(maps.Keys(t.counts)) {
		dst = appendString(dst, string(reason))
		dst = binary.AppendUvarint(dst, uint64(t.counts[reason]))
	}
	return dst
}

func appendString(dst []byte, text string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

func appendFloat(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

func (g *group) append(dst []byte) []byte {
	dst = appendString(dst, string(g.currency))
	for _, n := range []int64{g.count, g.negative, g.from, g.free} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	dst = appendFloat(dst, g.min)
	dst = appendFloat(dst, g.max)
	dst = g.sums.decimal.append(dst)
	dst = g.sums.binary.append(dst)
	dst = g.sums.wide.append(dst)
	return g.values.append(dst)
}

func (cs *cells) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(cs.run)))
	dst = binary.AppendVarint(dst, int64(cs.first))
	for i := range cs.run {
		c := &cs.run[i]
		dst = binary.AppendVarint(dst, c.sumHi)
		dst = binary.AppendUvarint(dst, c.sumLo)
		for _, word := range c.square {
			dst = binary.AppendUvarint(dst, word)
		}
	}
	return dst
}

func (w *wideSums) append(dst []byte) []byte {
	if w == nil {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	dst = appendInt(dst, &w.sum)
	return appendInt(dst, &w.square)
}

func appendInt(dst []byte, n *big.Int) []byte {
	sign := byte(0)
	if n.Sign() < 0 {
		sign = 1
	}
	return appendString(append(dst, sign), string(n.Bytes()))
}

func (d *distribution) append(dst []byte) []byte {
	dst = append(dst, byte(d.level), 0)
	if d.binary {
		dst[len(dst)-1] = 1
	}
	dst = binary.AppendUvarint(dst, uint64(d.counts.used))
	previous := uint64(0)
	for _, s := range d.counts.sorted() {
		dst = binary.AppendUvarint(dst, s.key-previous)
		dst = binary.AppendUvarint(dst, uint64(s.n))
		previous = s.key
	}
	return dst
}
