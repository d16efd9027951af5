//go:build !purego

// How to read this file. An instruction's last operand is its result, so
// VPADDB Y1, Y0, Y2 is Y2 = Y0 + Y1. A Y register holds 32 bytes, in two halves
// (lanes) of 16 bytes that most instructions treat apart; X3 is the lower lane
// of Y3. The letter at an instruction's end is the width of what it works on:
// B for bytes, W for words of two, D for words of four, Q of eight.
//
// The one that does most of the work is VPSHUFB idx, table, out: each byte of
// idx chooses a byte of the table in its own lane by its low four bits, or 0 if
// its top bit is set. With a fixed idx it moves bytes about, with a fixed table
// it is 16 lookups a lane.
//
// The method is that of W. Mula and D. Lemire, "Faster Base64 Encoding and
// Decoding Using AVX2 Instructions", ACM Transactions on the Web 12(3), 2018.

#include "textflag.h"

// func encodeAVX2(dst, src []byte)
//
// len(src) is a multiple of 3 and at least 24, len(dst) is len(src)/3*4.
//
//	SI, DI   where the next step reads and writes
//	R8, R9   where the last step reads and writes: 24 bytes before the end of
//	         src, 32 before the end of dst
//	R10      the end of src
//	Y0-Y3    the 32 characters of a step on their way
//	Y8-Y15   constants
TEXT ·encodeAVX2(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), R9
	MOVQ src_base+24(FP), SI
	MOVQ src_len+32(FP), R10
	LEAQ -32(DI)(R9*1), R9
	ADDQ SI, R10
	LEAQ -24(R10), R8

	VMOVDQU      encodeSpread<>(SB), Y8
	VPBROADCASTD encodeEvenMask<>(SB), Y9
	VPBROADCASTD encodeEvenShift<>(SB), Y10
	VPBROADCASTD encodeOddMask<>(SB), Y11
	VPBROADCASTD encodeOddShift<>(SB), Y12
	VPBROADCASTB encode51<>(SB), Y13
	VPBROADCASTB encode25<>(SB), Y14
	VBROADCASTI128 encodeOffsets<>(SB), Y15

encodeStep:
	// Bytes 0-15 into the lower lane, 8-23 into the upper one: the two take
	// bytes 0-11 and 12-23 of them, and nothing behind the 24 is read.
	VMOVDQU     (SI), X0
	VINSERTI128 $1, 8(SI), Y0, Y0

	// Each three bytes a, b, c become the four b, a, c, b. Read as two
	// little-endian words they hold the sextets s0 to s3 like this:
	//
	//	word 0: a7...a2 | a1 a0 b7...b4 | b3...b0    s0 in bits 15-10, s1 in 9-4
	//	word 1: b7...b4 | b3...b0 c7 c6 | c5...c0    s2 in bits 11-6, s3 in 5-0
	VPSHUFB Y8, Y0, Y0

	// Bring s0 and s2 down to bits 5-0. The words need different shifts, which
	// AVX2 has not, so they are multiplied: the upper half of a product with
	// 1<<(16-n) is a shift to the right by n. Here n is 10 and 6.
	VPAND    Y9, Y0, Y1
	VPMULHUW Y10, Y1, Y1

	// Bring s1 and s3 up to bits 13-8: the lower half of a product with 1<<n is
	// a shift to the left by n, here 4 and 8.
	VPAND   Y11, Y0, Y2
	VPMULLW Y12, Y2, Y2

	// Now each byte of Y0 is a sextet, 0-63, in the order of the text.
	VPOR Y2, Y1, Y0

	// In each of five ranges a character is its sextet plus a fixed offset. Find
	// the offset's place in the table: sextet-51, but not below 0, plus 1 if the
	// sextet is above 25 (VPCMPGTB then gives -1, which is subtracted):
	//
	//	sextet   0-25  26-51  52-61  62  63
	//	place    0     1      2-11   12  13
	VPSUBUSB Y13, Y0, Y1
	VPCMPGTB Y14, Y0, Y2
	VPSUBB   Y2, Y1, Y1
	VPSHUFB  Y1, Y15, Y1
	VPADDB   Y1, Y0, Y0
	VMOVDQU  Y0, (DI)

	ADDQ $24, SI
	ADDQ $32, DI
	CMPQ SI, R8
	JBE  encodeStep

	// Fewer than 24 bytes are left. If it isn't none, do the last 24 bytes,
	// some of them again; being a multiple of 3 from the end, they begin
	// between two groups.
	CMPQ SI, R10
	JEQ  encodeDone
	MOVQ R8, SI
	MOVQ R9, DI
	JMP  encodeStep

encodeDone:
	// Code for SSE runs slowly as long as the upper lanes are in use.
	VZEROUPPER
	RET

// The lower lane's triples begin at its bytes 0, 3, 6 and 9, the upper lane's at
// 4, 7, 10 and 13. Of each, bytes 1, 0, 2 and 1 are taken.
DATA encodeSpread<>+0(SB)/8, $"\x01\x00\x02\x01\x04\x03\x05\x04"
DATA encodeSpread<>+8(SB)/8, $"\x07\x06\x08\x07\x0a\x09\x0b\x0a"
DATA encodeSpread<>+16(SB)/8, $"\x05\x04\x06\x05\x08\x07\x09\x08"
DATA encodeSpread<>+24(SB)/8, $"\x0b\x0a\x0c\x0b\x0e\x0d\x0f\x0e"
GLOBL encodeSpread<>(SB), RODATA|NOPTR, $32

// Word 1 is the upper half of each of these.
DATA encodeEvenMask<>+0(SB)/4, $0x0fc0fc00
GLOBL encodeEvenMask<>(SB), RODATA|NOPTR, $4

DATA encodeEvenShift<>+0(SB)/4, $0x04000040
GLOBL encodeEvenShift<>(SB), RODATA|NOPTR, $4

DATA encodeOddMask<>+0(SB)/4, $0x003f03f0
GLOBL encodeOddMask<>(SB), RODATA|NOPTR, $4

DATA encodeOddShift<>+0(SB)/4, $0x01000010
GLOBL encodeOddShift<>(SB), RODATA|NOPTR, $4

DATA encode51<>+0(SB)/1, $51
GLOBL encode51<>(SB), RODATA|NOPTR, $1

DATA encode25<>+0(SB)/1, $25
GLOBL encode25<>(SB), RODATA|NOPTR, $1

// 'A'-0, 'a'-26, ten times '0'-52, '+'-62, '/'-63 and two places not in use.
DATA encodeOffsets<>+0(SB)/8, $"\x41\x47\xfc\xfc\xfc\xfc\xfc\xfc"
DATA encodeOffsets<>+8(SB)/8, $"\xfc\xfc\xfc\xfc\xed\xf0\x00\x00"
GLOBL encodeOffsets<>(SB), RODATA|NOPTR, $16

// func decodeAVX2(dst, src []byte) (ok bool)
//
// len(src) is a multiple of 4 and at least 32, len(dst) is len(src)/4*3.
//
//	SI, DI   where the next step reads and writes
//	R8, R9   where the last step reads and writes: 32 bytes before the end of
//	         src, 24 before the end of dst
//	R10      the end of src
//	Y0-Y4    the 24 bytes of a step on their way
//	Y5       not zero once a character was not in the alphabet
//	Y7-Y15   constants
TEXT ·decodeAVX2(SB), NOSPLIT, $0-49
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), R9
	MOVQ src_base+24(FP), SI
	MOVQ src_len+32(FP), R10
	LEAQ -24(DI)(R9*1), R9
	ADDQ SI, R10
	LEAQ -32(R10), R8

	VPBROADCASTB decodeNibble<>(SB), Y7
	VPBROADCASTB decodeSlash<>(SB), Y8
	VBROADCASTI128 decodeHighClass<>(SB), Y9
	VBROADCASTI128 decodeLowBars<>(SB), Y10
	VBROADCASTI128 decodeOffsets<>(SB), Y11
	VPBROADCASTD decodePairs<>(SB), Y12
	VPBROADCASTD decodeQuads<>(SB), Y13
	VBROADCASTI128 decodeReverse<>(SB), Y14
	VMOVDQU decodeJoin<>(SB), Y15
	VPXOR Y5, Y5, Y5

decodeStep:
	VMOVDQU (SI), Y0

	// Split each character into its nibbles. There is no shift of bytes: the
	// shift of words drags in bits of the next byte, which the mask removes.
	VPSRLW $4, Y0, Y1
	VPAND  Y7, Y1, Y1
	VPAND  Y7, Y0, Y2

	// A character is in the alphabet unless the class of its high nibble, one
	// bit, is among those that its low nibble bars.
	VPSHUFB Y1, Y9, Y3
	VPSHUFB Y2, Y10, Y2
	VPAND   Y3, Y2, Y2
	VPOR    Y2, Y5, Y5

	// The sextet is the character plus an offset, which the high nibble tells
	// for all but '+' and '/': they share 2. For '/' VPCMPEQB gives -1, which
	// makes it 1, a place that no character in the alphabet has.
	VPCMPEQB Y8, Y0, Y4
	VPADDB   Y4, Y1, Y1
	VPSHUFB  Y1, Y11, Y1
	VPADDB   Y1, Y0, Y0

	// Join the sextets by multiplying and adding neighbours: two bytes to a word
	// s0<<6 + s1, two words to 24 bits in a word of four bytes.
	VPMADDUBSW Y12, Y0, Y0
	VPMADDWD   Y13, Y0, Y0

	// Those are little-endian, with a zero as fourth byte: turn the three round,
	// to the lower 12 bytes of each lane, then close the gap between the lanes.
	VPSHUFB Y14, Y0, Y0
	VPERMD  Y0, Y15, Y0

	// Store 16 bytes and 8, not 32, which would reach beyond the end of dst.
	VMOVDQU      X0, (DI)
	VEXTRACTI128 $1, Y0, X1
	VMOVQ        X1, 16(DI)

	ADDQ $32, SI
	ADDQ $24, DI
	CMPQ SI, R8
	JBE  decodeStep

	// As in encodeAVX2: do the last 32 characters, some of them again.
	CMPQ SI, R10
	JEQ  decodeDone
	MOVQ R8, SI
	MOVQ R9, DI
	JMP  decodeStep

decodeDone:
	VPTEST Y5, Y5
	SETEQ  ok+48(FP)
	VZEROUPPER
	RET

DATA decodeNibble<>+0(SB)/1, $0x0f
GLOBL decodeNibble<>(SB), RODATA|NOPTR, $1

DATA decodeSlash<>+0(SB)/1, $0x2f
GLOBL decodeSlash<>(SB), RODATA|NOPTR, $1

// The classes are 0x01 for high nibble 2 (+ and /), 0x02 for 3 (the digits),
// 0x04 for 4 and 6 (letters but the last), 0x08 for 5 and 7 (the last letters),
// 0x10 for all others.
DATA decodeHighClass<>+0(SB)/8, $"\x10\x10\x01\x02\x04\x08\x04\x08"
DATA decodeHighClass<>+8(SB)/8, $"\x10\x10\x10\x10\x10\x10\x10\x10"
GLOBL decodeHighClass<>(SB), RODATA|NOPTR, $16

// Every low nibble bars 0x10. Beyond that, all but b and f bar 0x01, those above
// 9 bar 0x02, 0 bars 0x04 and those above a bar 0x08.
DATA decodeLowBars<>+0(SB)/8, $"\x15\x11\x11\x11\x11\x11\x11\x11"
DATA decodeLowBars<>+8(SB)/8, $"\x11\x11\x13\x1a\x1b\x1b\x1b\x1a"
GLOBL decodeLowBars<>(SB), RODATA|NOPTR, $16

// For '/' 63-'/', then by the high nibble: 62-'+', 52-'0', twice 0-'A', twice
// 26-'a'. The other places are not in use.
DATA decodeOffsets<>+0(SB)/8, $"\x00\x10\x13\x04\xbf\xbf\xb9\xb9"
DATA decodeOffsets<>+8(SB)/8, $"\x00\x00\x00\x00\x00\x00\x00\x00"
GLOBL decodeOffsets<>(SB), RODATA|NOPTR, $16

// 1<<6 and 1 for each two bytes.
DATA decodePairs<>+0(SB)/4, $0x01400140
GLOBL decodePairs<>(SB), RODATA|NOPTR, $4

// 1<<12 and 1 for each two words.
DATA decodeQuads<>+0(SB)/4, $0x00011000
GLOBL decodeQuads<>(SB), RODATA|NOPTR, $4

DATA decodeReverse<>+0(SB)/8, $"\x02\x01\x00\x06\x05\x04\x0a\x09"
DATA decodeReverse<>+8(SB)/8, $"\x08\x0e\x0d\x0c\x80\x80\x80\x80"
GLOBL decodeReverse<>(SB), RODATA|NOPTR, $16

// Words 0, 1, 2 of the lower lane, 0, 1, 2 of the upper one, then what is zero.
DATA decodeJoin<>+0(SB)/8, $0x0000000100000000
DATA decodeJoin<>+8(SB)/8, $0x0000000400000002
DATA decodeJoin<>+16(SB)/8, $0x0000000600000005
DATA decodeJoin<>+24(SB)/8, $0x0000000700000003
GLOBL decodeJoin<>(SB), RODATA|NOPTR, $32
