// Package md5x computes the MD5 of many independent messages at once.
//
// One MD5 is a chain of 64 steps a block, each of which needs the result of the
// one before: a processor that could do four or six things at a time waits.
// Only other messages can fill the gap. On amd64 with AVX2, [Sums] runs eight or
// sixteen messages side by side, at six or nine times the throughput of
// crypto/md5; elsewhere, and with the build tag purego, it is crypto/md5 in a
// loop. A single message gains nothing: use crypto/md5 for it.
//
// Kinesis maps partition keys to shards by MD5, and an aggregated record of the
// Kinesis Producer Library ends in one. Neither is for security, and MD5 is not
// fit for it.
package md5x

import "crypto/md5"

// Size is the length of an MD5 in bytes.
const Size = md5.Size

// Sums sets dst[i] to the MD5 of msgs[i]. Messages may have any lengths; those
// of similar length gain the most, from two on. It panics when dst is shorter
// than msgs. It does not allocate, keeps nothing, and may be called from several
// goroutines.
func Sums(dst [][Size]byte, msgs [][]byte) {
	dst = dst[:len(msgs)]
	if haveLanes() && len(msgs) > 1 {
		sumLanes(dst, msgs)
		return
	}
	sumEach(dst, msgs)
}

// sumEach sums one message after the other.
func sumEach(dst [][Size]byte, msgs [][]byte) {
	for i, msg := range msgs {
		dst[i] = md5.Sum(msg)
	}
}
