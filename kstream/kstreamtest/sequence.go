package kstreamtest

import (
	"errors"
	"math"
	"math/bits"
)

// A sequence is what a sequence number encodes. The service's numbers, version
// 2, were taken apart by the authors of kinesalite: written in hexadecimal they
// are
//
//	2 | 9 digits: creation of the shard, seconds | 1: low digit of the shard's index
//	  | 16: index in the shard | 2: zero | 9: time of the record, seconds | 8: shard's index | 2
//
// which in decimal has 56 digits, so that text sorts as numbers do.
type sequence struct {
	created int64  // when the shard was created, seconds since 1970
	shard   uint32 // the shard's index in the stream
	index   uint64 // 0 is the shard's start, lastIndex its end, 1 its first record
	seconds int64  // when the record arrived, or the shard was opened or closed
}

const (
	lastIndex      = math.MaxInt64 // in the ending sequence number of a closed shard
	sequenceDigits = 56
	maxSeconds     = 1<<36 - 1 // nine hexadecimal digits
	endOfTime      = 16_025_175_000
)

var errSequence = errors.New("kstreamtest: not a sequence number")

// words returns the 188 bits of the number, the lowest word first.
func (s sequence) words() [3]uint64 {
	created, seconds := uint64(s.created)&maxSeconds, uint64(s.seconds)&maxSeconds
	return [3]uint64{
		// 4 bits version, 32 bits shard, 28 of the 36 bits of seconds
		2 | uint64(s.shard)<<4 | seconds<<36,
		// 8 bits of seconds, 8 zero bits, 48 bits of the index
		seconds>>28 | s.index<<16,
		// 16 bits of the index, 4 of the shard, 36 of created, version
		s.index>>48 | uint64(s.shard&15)<<16 | created<<20 | 2<<56,
	}
}

// appendTo appends the number in decimal.
func (s sequence) appendTo(dst []byte) []byte {
	const chunk = 1e19 // the largest power of ten in a word
	w := s.words()
	var parts [3]uint64
	for i := range parts {
		var rest uint64
		w[2], rest = bits.Div64(0, w[2], chunk)
		w[1], rest = bits.Div64(rest, w[1], chunk)
		w[0], rest = bits.Div64(rest, w[0], chunk)
		parts[i] = rest
	}
	dst = appendDigits(dst, parts[2], sequenceDigits-38)
	dst = appendDigits(dst, parts[1], 19)
	return appendDigits(dst, parts[0], 19)
}

// appendDigits appends exactly n digits of v.
func appendDigits(dst []byte, v uint64, n int) []byte {
	const pairs = "00010203040506070809" + "10111213141516171819" + "20212223242526272829" + "30313233343536373839" +
		"40414243444546474849" + "50515253545556575859" + "60616263646566676869" + "70717273747576777879" +
		"80818283848586878889" + "90919293949596979899"
	start := len(dst)
	dst = append(dst, "0000000000000000000"[:n]...)
	digits := dst[start:]
	for n >= 2 {
		pair := v % 100 * 2
		v /= 100
		n -= 2
		digits[n], digits[n+1] = pairs[pair], pairs[pair+1]
	}
	if n == 1 {
		digits[0] = byte('0' + v%10)
	}
	return dst
}

func (s sequence) String() string {
	return string(s.appendTo(make([]byte, 0, sequenceDigits)))
}

// parseSequence reads a decimal number of the layout above. Other numbers, which
// the service might have given out in another version, are errSequence, and so is
// one whose index has more than 63 bits, or whose shard is of a time that the
// service does not take (seen there).
func parseSequence(decimal string) (sequence, error) {
	if len(decimal) != sequenceDigits {
		return sequence{}, errSequence
	}
	var w [3]uint64
	for _, c := range []byte(decimal) {
		digit := uint64(c - '0')
		if digit > 9 {
			return sequence{}, errSequence
		}
		carry := digit
		for i := range w {
			hi, lo := bits.Mul64(w[i], 10)
			sum, over := bits.Add64(lo, carry, 0)
			w[i], carry = sum, hi+over
		}
	}
	s := sequence{
		created: int64(w[2] >> 20 & maxSeconds),
		shard:   uint32(w[0] >> 4),
		index:   w[1]>>16 | w[2]<<48,
		seconds: int64(w[0]>>36 | w[1]<<28&maxSeconds),
	}
	if s.words() != w || s.index > lastIndex || s.created >= endOfTime {
		return sequence{}, errSequence // another version, or bits where zeros belong
	}
	return s, nil
}
