//go:build !purego

package b64

import "golang.org/x/sys/cpu"

// hasAVX2 is set if both the processor and the operating system know AVX2.
var hasAVX2 = cpu.X86.HasAVX2

// encodeAVX2 encodes src, whose length is a multiple of 3 and at least
// minEncodeAVX2, to dst, whose length is len(src)/3*4. It touches nothing
// outside the two.
//
//go:noescape
func encodeAVX2(dst, src []byte)

// decodeAVX2 decodes src, whose length is a multiple of 4 and at least
// minDecodeAVX2, to dst, whose length is len(src)/4*3, and reports whether all
// characters are in the alphabet, where padding isn't. It touches nothing
// outside the two.
//
//go:noescape
func decodeAVX2(dst, src []byte) (ok bool)
