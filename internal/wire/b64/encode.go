package b64

import "encoding/binary"

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

const pad = '='

// pairs holds the two characters of each 12 bits, the first one in the low byte.
var pairs = func() (t [1 << 12]uint16) {
	for i := range t {
		t[i] = uint16(alphabet[i>>6]) | uint16(alphabet[i&0x3f])<<8
	}
	return t
}()

// EncodedLen is the length of the encoding of n bytes.
func EncodedLen(n int) int { return (n + 2) / 3 * 4 }

// AppendEncode appends the encoding of src to dst and returns the result.
func AppendEncode(dst, src []byte) []byte {
	start, n := len(dst), EncodedLen(len(src))
	if cap(dst)-start < n {
		dst = append(dst, make([]byte, n)...)
	}
	dst = dst[:start+n]
	Encode(dst[start:], src)
	return dst
}

// minEncodeAVX2 is the number of bytes that encodeAVX2 takes in one step.
const minEncodeAVX2 = 24

// Encode writes the encoding of src to dst, which must hold at least
// EncodedLen(len(src)) bytes and not overlap src.
func Encode(dst, src []byte) { encode(dst, src, hasAVX2) }

func encode(dst, src []byte, avx2 bool) {
	if len(src) >= minEncodeAVX2 && avx2 {
		encodeWide(dst, src)
		return
	}
	// 12 bytes become 16 characters; the second load begins at byte 6 and so
	// needs two bytes more than are used.
	for len(src) >= 14 && len(dst) >= 16 {
		s, d := (*[14]byte)(src), (*[16]byte)(dst)
		binary.LittleEndian.PutUint64(d[:8], eightChars(binary.BigEndian.Uint64(s[:8])))
		binary.LittleEndian.PutUint64(d[8:], eightChars(binary.BigEndian.Uint64(s[6:])))
		src, dst = src[12:], dst[16:]
	}
	if len(src) >= 8 && len(dst) >= 8 {
		binary.LittleEndian.PutUint64(dst, eightChars(binary.BigEndian.Uint64(src)))
		src, dst = src[6:], dst[8:]
	}
	for len(src) >= 3 {
		v := uint32(src[0])<<16 | uint32(src[1])<<8 | uint32(src[2])
		binary.LittleEndian.PutUint32(dst, uint32(pairs[v>>12])|uint32(pairs[v&0xfff])<<16)
		src, dst = src[3:], dst[4:]
	}
	encodeLast(dst, src)
}

// encodeWide leaves to the assembly all but the bytes to be padded. That checks
// no bounds, but with three indices the slice panics if dst is too short,
// whatever its capacity.
func encodeWide(dst, src []byte) {
	n := len(src) / 3
	encodeAVX2(dst[:n*4:len(dst)], src[:n*3])
	encodeLast(dst[n*4:], src[n*3:])
}

// encodeLast encodes the one or two bytes that need padding, or none.
func encodeLast(dst, src []byte) {
	var chars uint32
	switch len(src) {
	case 1:
		v := uint32(src[0]) << 4
		chars = uint32(pairs[v]) | pad<<16 | pad<<24
	case 2:
		v := uint32(src[0])<<16 | uint32(src[1])<<8
		chars = uint32(pairs[v>>12]) | uint32(alphabet[v>>6&0x3f])<<16 | pad<<24
	default:
		return
	}
	binary.LittleEndian.PutUint32(dst, chars)
}

// eightChars encodes the upper 48 bits of v.
func eightChars(v uint64) uint64 {
	return uint64(pairs[v>>52]) |
		uint64(pairs[v>>40&0xfff])<<16 |
		uint64(pairs[v>>28&0xfff])<<32 |
		uint64(pairs[v>>16&0xfff])<<48
}
