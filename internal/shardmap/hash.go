package shardmap

import (
	"cmp"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"unsafe"

	"github.com/kinesiskit/kinesiskit/internal/md5x"
)

// ErrHash is wrapped by the errors of [ParseHash].
var ErrHash = errors.New("not a decimal hash key in 0..2^128-1")

// A Hash is a hash key: an unsigned 128-bit number.
type Hash struct{ Hi, Lo uint64 }

// MaxHash returns 2^128-1, the last hash key.
func MaxHash() Hash { return Hash{^uint64(0), ^uint64(0)} }

// OfKey returns the hash key that Kinesis gives a partition key: the MD5 of its UTF-8 bytes, read as a big-endian number.
// It does not allocate.
func OfKey(partitionKey string) Hash {
	// md5.Sum only reads its argument; a conversion would copy keys longer than 32 bytes to the heap.
	sum := md5.Sum(unsafe.Slice(unsafe.StringData(partitionKey), len(partitionKey)))
	return ofSum(&sum)
}

// OfKeys sets hashes[i] to [OfKey] of partitionKeys[i], which for sixteen takes a fifth of the time. It
// panics when hashes is shorter. It does not allocate.
func OfKeys(hashes []Hash, partitionKeys []string) {
	const together = 16
	var texts [together][]byte
	var sums [together][md5x.Size]byte
	for len(partitionKeys) > 0 {
		n := min(len(partitionKeys), together)
		for i, key := range partitionKeys[:n] {
			texts[i] = unsafe.Slice(unsafe.StringData(key), len(key))
		}
		md5x.Sums(sums[:n], texts[:n])
		for i := range n {
			hashes[i] = ofSum(&sums[i])
		}
		partitionKeys, hashes = partitionKeys[n:], hashes[n:]
	}
}

func ofSum(sum *[md5.Size]byte) Hash {
	return Hash{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

const (
	maxDigits   = 39                         // of 2^128-1
	chunkDigits = 19                         // the most decimal digits that always fit a uint64
	chunk       = 10_000_000_000_000_000_000 // 10^chunkDigits
)

// ParseHash reads a hash key in the service's decimal form: 0, or up to 39 digits without a leading zero, at most
// 2^128-1. Errors wrap [ErrHash].
func ParseHash(decimal string) (Hash, error) {
	if decimal == "" || len(decimal) > maxDigits || (decimal[0] == '0' && len(decimal) > 1) {
		return Hash{}, hashError(decimal)
	}
	var h Hash
	for rest := decimal; rest != ""; {
		n := min(chunkDigits, len(rest))
		scale, value := uint64(1), uint64(0)
		for i := range n {
			digit := rest[i] - '0'
			if digit > 9 {
				return Hash{}, hashError(decimal)
			}
			value = value*10 + uint64(digit)
			scale *= 10
		}
		var ok bool
		if h, ok = h.mulAdd(scale, value); !ok {
			return Hash{}, hashError(decimal)
		}
		rest = rest[n:]
	}
	return h, nil
}

func hashError(decimal string) error {
	if len(decimal) > maxDigits+1 {
		return fmt.Errorf("shardmap: a hash key of %d characters: %w", len(decimal), ErrHash)
	}
	return fmt.Errorf("shardmap: hash key %q: %w", decimal, ErrHash)
}

// mulAdd returns h*scale + value, and whether that fits.
func (h Hash) mulAdd(scale, value uint64) (Hash, bool) {
	over, hi := bits.Mul64(h.Hi, scale)
	mid, lo := bits.Mul64(h.Lo, scale)
	hi, carryMid := bits.Add64(hi, mid, 0)
	lo, carry := bits.Add64(lo, value, 0)
	hi, carryHi := bits.Add64(hi, 0, carry)
	return Hash{hi, lo}, over|carryMid|carryHi == 0
}

// String returns h in decimal, as the service writes it.
func (h Hash) String() string {
	return string(h.AppendDecimal(make([]byte, 0, maxDigits)))
}

// AppendDecimal appends h in decimal to dst.
func (h Hash) AppendDecimal(dst []byte) []byte {
	if h.Hi == 0 {
		return strconv.AppendUint(dst, h.Lo, 10)
	}
	upper, low := h.divChunk()
	if upper.Hi == 0 {
		dst = strconv.AppendUint(dst, upper.Lo, 10)
	} else { // 2^128 is more than 10^38: a third chunk
		top, middle := upper.divChunk()
		dst = strconv.AppendUint(dst, top.Lo, 10)
		dst = appendChunk(dst, middle)
	}
	return appendChunk(dst, low)
}

// divChunk returns h / 10^19 and the remainder.
func (h Hash) divChunk() (Hash, uint64) {
	hi, rest := bits.Div64(0, h.Hi, chunk)
	lo, rest := bits.Div64(rest, h.Lo, chunk)
	return Hash{hi, lo}, rest
}

// appendChunk appends v as exactly 19 digits.
func appendChunk(dst []byte, v uint64) []byte {
	start := len(dst)
	dst = append(dst, "0000000000000000000"...)
	for i := len(dst) - 1; i >= start && v > 0; i-- {
		dst[i] = byte('0' + v%10)
		v /= 10
	}
	return dst
}

// Compare returns -1, 0 or 1, as h is less than, equal to or more than o.
func (h Hash) Compare(o Hash) int {
	if c := cmp.Compare(h.Hi, o.Hi); c != 0 {
		return c
	}
	return cmp.Compare(h.Lo, o.Lo)
}

// Less reports whether h is less than o.
func (h Hash) Less(o Hash) bool {
	_, borrow := bits.Sub64(h.Lo, o.Lo, 0)
	_, borrow = bits.Sub64(h.Hi, o.Hi, borrow)
	return borrow != 0
}

// Next returns h+1; after [MaxHash] comes 0.
func (h Hash) Next() Hash {
	lo, carry := bits.Add64(h.Lo, 1, 0)
	return Hash{h.Hi + carry, lo}
}

// Prev returns h-1; before 0 comes [MaxHash].
func (h Hash) Prev() Hash {
	lo, borrow := bits.Sub64(h.Lo, 1, 0)
	return Hash{h.Hi - borrow, lo}
}
