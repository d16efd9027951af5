//go:build !purego

package md5x

import (
	"crypto/md5"
	"encoding/binary"

	"golang.org/x/sys/cpu"
)

const (
	width     = 16 // lanes there are
	halfWidth = 8  // lanes of one AVX2 register
	blockSize = md5.BlockSize

	lengthSize = 8 // of the message's length, behind its padding

	// The state of RFC 1321, section 3.3, before the first block.
	initA, initB, initC, initD = 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476

	// maxRun bounds the blocks of one call into assembly, which the scheduler
	// cannot interrupt: 512 take about 70 microseconds.
	maxRun = 512
)

// haveLanes reports whether sumLanes may be called: the assembly needs AVX2.
func haveLanes() bool { return cpu.X86.HasAVX2 }

// lanes sums messages side by side, one in each active lane; a lane whose
// message ends takes the next that waits. The active lanes are the first ones.
//
// It holds no pointers into itself or to a message's bytes, so that it lives on
// the stack and lets its callers' messages do so too.
type lanes struct {
	dst     [][Size]byte
	msgs    [][]byte
	waiting int // the first message that no lane has taken
	active  int
	state   [4][width]uint32 // the words A, B, C, D of RFC 1321, section 3.3, of each lane
	lane    [width]lane
}

// A lane goes through its message in two parts: the whole blocks where they
// are, then, padded, the rest in tail.
type lane struct {
	msg    int // index of the message
	padded bool
	at     int // where the next block begins, in the message or in tail
	left   int // blocks to the end of this part; never 0 between two advances
	tail   [2 * blockSize]byte
}

func sumLanes(dst [][Size]byte, msgs [][]byte) {
	if sumShort(dst, msgs) {
		return
	}
	l := lanes{dst: dst, msgs: msgs}
	for l.active < width && l.load(l.active) {
		l.active++
	}
	for l.active > 0 {
		if l.active == 1 && l.early(0) {
			i := l.lane[0].msg
			dst[i] = md5.Sum(msgs[i])
			return
		}
		l.advance()
		// Downwards: the lane that fills a gap comes from behind, and was dealt with.
		for i := l.active - 1; i >= 0; i-- {
			if l.lane[i].left == 0 {
				l.turn(i)
			}
		}
	}
}

// maxShort is the longest message that is one block when it is padded.
const maxShort = blockSize - 1 - lengthSize

// sumShort sums a set of messages that are all short, and no more than there are
// lanes, without the bookkeeping that longer ones take; else it reports false.
// Most sets of partition keys are like that.
func sumShort(dst [][Size]byte, msgs [][]byte) bool {
	if len(msgs) > width {
		return false
	}
	var blocks [width][blockSize]byte
	var next [width]*byte
	for i, msg := range msgs {
		if len(msg) > maxShort {
			return false
		}
		block := &blocks[i]
		block[copy(block[:], msg)] = 0x80
		binary.LittleEndian.PutUint64(block[blockSize-lengthSize:], uint64(len(msg))<<3)
	}
	for i := range blocks {
		next[i] = &blocks[i][0]
	}
	state := [4][width]uint32{}
	for i := range msgs {
		state[0][i], state[1][i], state[2][i], state[3][i] = initA, initB, initC, initD
	}
	if len(msgs) <= halfWidth {
		blocks8(&state, &next, 1, &sines)
	} else {
		blocks16(&state, &next, 1, &sines)
	}
	for i := range msgs {
		for w := range state {
			binary.LittleEndian.PutUint32(dst[i][4*w:], state[w][i])
		}
	}
	return true
}

// load starts the next waiting message in lane i, and reports whether there was one.
func (l *lanes) load(i int) bool {
	if l.waiting == len(l.msgs) {
		return false
	}
	ln := &l.lane[i]
	ln.msg, ln.at, ln.padded = l.waiting, 0, false
	ln.left = len(l.msgs[ln.msg]) / blockSize
	l.waiting++
	l.state[0][i], l.state[1][i], l.state[2][i], l.state[3][i] = initA, initB, initC, initD
	if ln.left == 0 {
		ln.pad(l.msgs[ln.msg])
	}
	return true
}

// early reports whether most of lane i's message is still to be read. A lane
// takes a third longer than crypto/md5 for a message that is alone, so that
// it is then worth beginning anew.
func (l *lanes) early(i int) bool {
	ln := &l.lane[i]
	return !ln.padded && ln.left > ln.at/blockSize*3
}

// advance runs all lanes to the end of the part that is shortest.
func (l *lanes) advance() {
	run := maxRun
	for i := range l.active {
		run = min(run, l.lane[i].left)
	}
	used := halfWidth
	if l.active > halfWidth {
		used = width
	}
	var next [width]*byte
	for i := range l.active {
		next[i] = l.blocks(i, run)
	}
	for i := l.active; i < used; i++ {
		next[i] = next[0] // a lane without a message reads along; its state means nothing
	}
	if used == halfWidth {
		blocks8(&l.state, &next, run, &sines)
	} else {
		blocks16(&l.state, &next, run, &sines)
	}
	for i := range l.active {
		l.lane[i].at += run * blockSize
		l.lane[i].left -= run
	}
}

// blocks returns where the next n blocks of lane i are, all of which can be
// read: the slice expression would panic otherwise.
func (l *lanes) blocks(i, n int) *byte {
	ln := &l.lane[i]
	part := l.msgs[ln.msg]
	if ln.padded {
		part = ln.tail[:]
	}
	return &part[ln.at : ln.at+n*blockSize][0]
}

// turn moves lane i on from a part that is read: to its message's tail, or to
// another message, or to the message of the last active lane.
func (l *lanes) turn(i int) {
	ln := &l.lane[i]
	if !ln.padded {
		ln.pad(l.msgs[ln.msg])
		return
	}
	sum := &l.dst[ln.msg]
	for w := range l.state {
		binary.LittleEndian.PutUint32(sum[4*w:], l.state[w][i])
	}
	if l.load(i) {
		return
	}
	l.active--
	if i == l.active {
		return
	}
	*ln = l.lane[l.active]
	for w := range l.state {
		l.state[w][i] = l.state[w][l.active]
	}
}

// pad puts what follows the whole blocks of msg in tail: the rest of the
// message, a one bit, zeros, and the length in bits (RFC 1321, sections 3.1 and
// 3.2). That makes one block, or two when the rest leaves no room for the length.
func (ln *lane) pad(msg []byte) {
	rest := msg[len(msg)&^(blockSize-1):]
	ln.padded, ln.at, ln.left = true, 0, 1
	if len(rest)+1+lengthSize > blockSize {
		ln.left = 2
	}
	tail := ln.tail[:ln.left*blockSize]
	clear(tail[copy(tail, rest):])
	tail[len(rest)] = 0x80
	binary.LittleEndian.PutUint64(tail[len(tail)-lengthSize:], uint64(len(msg))<<3)
}

// blocks8 and blocks16 take n blocks, at least one, into the state of each of
// the first eight lanes, or of all sixteen; the blocks of lane i begin at next[i].
//
//go:noescape
func blocks8(state *[4][width]uint32, next *[width]*byte, n int, sines *[64]uint32)

//go:noescape
func blocks16(state *[4][width]uint32, next *[width]*byte, n int, sines *[64]uint32)

// sines is the table T of RFC 1321, section 3.4: floor(2^32 * |sin i|) for i from
// 1 to 64, in radians.
var sines = [64]uint32{
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
}
