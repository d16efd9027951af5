package b64

import "encoding/binary"

// notInAlphabet marks a character that stands for no six bits. Four lookups
// joined with OR have it set if one of them has, and no lookup else reaches so
// high.
const notInAlphabet = 1 << 31

// sextets holds, for each place of a character in its group of four, the six
// bits of the character where they belong among the 24 of the group.
var sextets = func() (t [4][256]uint32) {
	for place := range t {
		for c := range t[place] {
			t[place][c] = notInAlphabet
		}
		for v := range len(alphabet) {
			t[place][alphabet[v]] = uint32(v) << (18 - 6*place)
		}
	}
	return t
}()

// DecodedLen is the length of what src encodes, if it is well-formed.
func DecodedLen(src []byte) int {
	n := len(src) / 4 * 3
	if len(src) < 4 {
		return n
	}
	if src[len(src)-1] == pad {
		n--
		if src[len(src)-2] == pad {
			n--
		}
	}
	return n
}

// minDecodeAVX2 is the number of characters that decodeAVX2 takes in one step.
const minDecodeAVX2 = 32

// Decode writes what src encodes to dst, which must hold at least
// DecodedLen(src) bytes and not overlap src, and reports whether src is
// well-formed. If it isn't, dst holds nothing of use.
//
// It accepts what base64.StdEncoding accepts, bits left over before the padding
// included, but no line breaks.
func Decode(dst, src []byte) bool { return decode(dst, src, hasAVX2) }

func decode(dst, src []byte, avx2 bool) bool {
	if len(src)%4 != 0 {
		return false
	}
	if len(src) == 0 {
		return true
	}
	// The last group may be padded, which the assembly knows nothing about.
	if n := len(src)/4 - 1; avx2 && n >= minDecodeAVX2/4 {
		if !decodeAVX2(dst[:n*3:len(dst)], src[:n*4]) { // sliced as in encodeWide
			return false
		}
		dst, src = dst[n*3:], src[n*4:]
	}
	// 16 characters become 12 bytes; the second store begins at byte 6 and so
	// needs two bytes more than are kept.
	i, o := 0, 0
	for ; i+16 < len(src) && o+14 <= len(dst); i, o = i+16, o+12 {
		s, d := src[i:i+16:i+16], dst[o:o+14:o+14]
		v0, v1 := group(s[0], s[1], s[2], s[3]), group(s[4], s[5], s[6], s[7])
		v2, v3 := group(s[8], s[9], s[10], s[11]), group(s[12], s[13], s[14], s[15])
		if (v0|v1|v2|v3)&notInAlphabet != 0 {
			return false
		}
		binary.BigEndian.PutUint64(d[:8], uint64(v0)<<40|uint64(v1)<<16)
		binary.BigEndian.PutUint64(d[6:], uint64(v2)<<40|uint64(v3)<<16)
	}
	src, dst = src[i:], dst[o:]
	for len(src) > 4 {
		v := group(src[0], src[1], src[2], src[3])
		if v&notInAlphabet != 0 {
			return false
		}
		dst[0], dst[1], dst[2] = byte(v>>16), byte(v>>8), byte(v)
		src, dst = src[4:], dst[3:]
	}
	return decodeLast(dst, (*[4]byte)(src))
}

// decodeLast decodes the last group, which may be padded.
func decodeLast(dst []byte, src *[4]byte) bool {
	group4, n := *src, 3
	if src[3] == pad {
		group4[3], n = 'A', 2
		if src[2] == pad {
			group4[2], n = 'A', 1
		}
	}
	v := group(group4[0], group4[1], group4[2], group4[3])
	if v&notInAlphabet != 0 {
		return false
	}
	dst = dst[:n:len(dst)]
	dst[0] = byte(v >> 16)
	if n > 1 {
		dst[1] = byte(v >> 8)
	}
	if n > 2 {
		dst[2] = byte(v)
	}
	return true
}

// group returns the 24 bits of four characters.
func group(a, b, c, d byte) uint32 {
	return sextets[0][a] | sextets[1][b] | sextets[2][c] | sextets[3][d]
}
