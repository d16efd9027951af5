//go:build !purego

#include "textflag.h"

// MD5 of eight or sixteen messages side by side with AVX2. "Section" is a section
// of RFC 1321.
//
// A Y register has eight 32-bit lanes, and one instruction does the same to all
// of them. Lane i belongs to message i, so that one register is, say, the word A
// of eight messages:
//
//	Y0 = [ A of message 0 | A of message 1 | ... | A of message 7 ]
//
// Eight messages need one such set of registers, sixteen need two. Every step of
// MD5 needs the result of the step before. The processor has to wait for it, and
// two sets, whose steps alternate here, wait at the same time: sixteen messages
// take a third longer than eight.
//
// Operands stand as always in Go's assembly: sources, then destination; $7 is the
// number 7, 8(SI) what is in memory at address SI+8.
//
//	Y0-Y3    A, B, C, D of messages 0 to 7
//	Y4-Y7    A, B, C, D of messages 8 to 15
//	Y8, Y9   scratch of the first set
//	Y10, Y11 scratch of the second set
//	Y12      T[i], the same in all lanes
//	Y13      all bits set
//	Y8-Y15   scratch of TRANSPOSE
//
//	CX       blocks that are left
//	DX       where in each message the block begins, from the pointers in next
//	SI       next, the messages' pointers
//	DI       the block's words (see TRANSPOSE), on the stack, at a multiple of 32
//	AX       sines, the table T, in ROUNDS
//	BX       state, in ROUNDS
//	R8-R13, AX, BX   eight messages' pointers, in TRANSPOSE

// A block is sixteen 32-bit words, little-endian as the processor's are. In
// memory a message's words follow each other; a step needs the same word of
// eight messages in one register. TRANSPOSE turns a block of eight messages so
// that word k of all of them is at 32*k(DI), counted from out. It is a matrix
// transposition, in four parts of four words each.
//
// For one part, Y8 to Y11 get the words w0 to w3 of two messages each:
//
//	Y8  = [ message 0: w0 w1 w2 w3 | message 4: w0 w1 w2 w3 ]
//	Y9  = [ message 1              | message 5              ]
//	Y10 = [ message 2              | message 6              ]
//	Y11 = [ message 3              | message 7              ]
//
// The VPUNPCK instructions work on both halves alike. Interleaving single words
// (DQ) of two registers, their low (L) or high (H) pair, and then pairs of words
// (QDQ), gives w0 of messages 0 to 3 and of 4 to 7 in one register, and so on.
#define TRANSPOSE4(in, out) \
	VMOVDQU     in(R8)(DX*1), X8;            \
	VMOVDQU     in(R9)(DX*1), X9;            \
	VMOVDQU     in(R10)(DX*1), X10;          \
	VMOVDQU     in(R11)(DX*1), X11;          \
	VINSERTI128 $1, in(R12)(DX*1), Y8, Y8;   \
	VINSERTI128 $1, in(R13)(DX*1), Y9, Y9;   \
	VINSERTI128 $1, in(AX)(DX*1), Y10, Y10;  \
	VINSERTI128 $1, in(BX)(DX*1), Y11, Y11;  \
	VPUNPCKLDQ  Y9, Y8, Y12;                 \ // w0 of 0, w0 of 1, w1 of 0, w1 of 1
	VPUNPCKHDQ  Y9, Y8, Y13;                 \ // w2 of 0, w2 of 1, w3 of 0, w3 of 1
	VPUNPCKLDQ  Y11, Y10, Y14;               \ // w0 of 2, w0 of 3, w1 of 2, w1 of 3
	VPUNPCKHDQ  Y11, Y10, Y15;               \ // w2 of 2, w2 of 3, w3 of 2, w3 of 3
	VPUNPCKLQDQ Y14, Y12, Y8;                \ // w0 of 0, 1, 2, 3
	VPUNPCKHQDQ Y14, Y12, Y9;                \ // w1
	VPUNPCKLQDQ Y15, Y13, Y10;               \ // w2
	VPUNPCKHQDQ Y15, Y13, Y11;               \ // w3
	VMOVDQA     Y8, (out+32*0)(DI);          \
	VMOVDQA     Y9, (out+32*1)(DI);          \
	VMOVDQA     Y10, (out+32*2)(DI);         \
	VMOVDQA     Y11, (out+32*3)(DI)

#define TRANSPOSE(first, out) \
	MOVQ (8*(first+0))(SI), R8;   \
	MOVQ (8*(first+1))(SI), R9;   \
	MOVQ (8*(first+2))(SI), R10;  \
	MOVQ (8*(first+3))(SI), R11;  \
	MOVQ (8*(first+4))(SI), R12;  \
	MOVQ (8*(first+5))(SI), R13;  \
	MOVQ (8*(first+6))(SI), AX;   \
	MOVQ (8*(first+7))(SI), BX;   \
	TRANSPOSE4(0, out);           \
	TRANSPOSE4(16, out+128);      \
	TRANSPOSE4(32, out+256);      \
	TRANSPOSE4(48, out+384)

// F, G, H and I add the functions of section 3.4 to a. All but b is known early:
// b is the result of the step before. So they are written for few instructions
// between b and a.
//
//	F(b,c,d) = b&c | ^b&d = (c^d)&b ^ d
//	G(b,c,d) = b&d | c&^d = b&d + c&^d, since no bit is in both
//	H(b,c,d) = b ^ c ^ d
//	I(b,c,d) = c ^ (b | ^d)
//
// VPANDN c, d, t is t = c &^ d.
#define F(a, b, c, d, t, u) \
	VPXOR  c, d, t;  \
	VPAND  b, t, t;  \
	VPXOR  d, t, t;  \
	VPADDD t, a, a

#define G(a, b, c, d, t, u) \
	VPANDN c, d, u;  \
	VPAND  b, d, t;  \
	VPADDD u, a, a;  \
	VPADDD t, a, a

#define H(a, b, c, d, t, u) \
	VPXOR  c, d, t;  \
	VPXOR  b, t, t;  \
	VPADDD t, a, a

#define I(a, b, c, d, t, u) \
	VPXOR  Y13, d, t;  \
	VPOR   b, t, t;    \
	VPXOR  c, t, t;    \
	VPADDD t, a, a

// ROTATE ends a step: a = b + (a <<< s). AVX2 cannot rotate, so two shifts do it.
#define ROTATE(a, b, s, t) \
	VPSLLD $s, a, t;       \
	VPSRLD $(32-s), a, a;  \
	VPOR   t, a, a;        \
	VPADDD b, a, a

// One step of section 3.4, which the RFC writes [abcd k s i], its i counted from 0
// here: a = b + ((a + f(b,c,d) + X[k] + T[i]) <<< s). STEP16 does it for the second
// set of registers too, and takes that set's words from 512 bytes further on.
#define STEP8(f, a, b, c, d, k, s, i) \
	VPBROADCASTD (4*(i))(AX), Y12;     \
	VPADDD       (32*k)(DI), a, a;     \
	VPADDD       Y12, a, a;            \
	f(a, b, c, d, Y8, Y9);             \
	ROTATE(a, b, s, Y8)

#define STEP16(f, a, b, c, d, a2, b2, c2, d2, k, s, i) \
	VPBROADCASTD (4*(i))(AX), Y12;          \
	VPADDD       (32*k)(DI), a, a;          \
	VPADDD       (512+32*k)(DI), a2, a2;    \
	VPADDD       Y12, a, a;                 \
	VPADDD       Y12, a2, a2;               \
	f(a, b, c, d, Y8, Y9);                  \
	f(a2, b2, c2, d2, Y10, Y11);            \
	ROTATE(a, b, s, Y8);                    \
	ROTATE(a2, b2, s, Y10)

// Four steps, after which the words are back in their registers.
#define FOUR8(f, i, k0, k1, k2, k3, s0, s1, s2, s3) \
	STEP8(f, Y0, Y1, Y2, Y3, k0, s0, i);    \
	STEP8(f, Y3, Y0, Y1, Y2, k1, s1, i+1);  \
	STEP8(f, Y2, Y3, Y0, Y1, k2, s2, i+2);  \
	STEP8(f, Y1, Y2, Y3, Y0, k3, s3, i+3)

#define FOUR16(f, i, k0, k1, k2, k3, s0, s1, s2, s3) \
	STEP16(f, Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, k0, s0, i);    \
	STEP16(f, Y3, Y0, Y1, Y2, Y7, Y4, Y5, Y6, k1, s1, i+1);  \
	STEP16(f, Y2, Y3, Y0, Y1, Y6, Y7, Y4, Y5, k2, s2, i+2);  \
	STEP16(f, Y1, Y2, Y3, Y0, Y5, Y6, Y7, Y4, k3, s3, i+3)

// The four rounds of section 3.4: in each line the function, the first step's
// number, the words that four steps take, and how far they rotate.
#define ROUNDS(four) \
	four(F,  0,  0,  1,  2,  3, 7, 12, 17, 22);  \
	four(F,  4,  4,  5,  6,  7, 7, 12, 17, 22);  \
	four(F,  8,  8,  9, 10, 11, 7, 12, 17, 22);  \
	four(F, 12, 12, 13, 14, 15, 7, 12, 17, 22);  \
	four(G, 16,  1,  6, 11,  0, 5,  9, 14, 20);  \
	four(G, 20,  5, 10, 15,  4, 5,  9, 14, 20);  \
	four(G, 24,  9, 14,  3,  8, 5,  9, 14, 20);  \
	four(G, 28, 13,  2,  7, 12, 5,  9, 14, 20);  \
	four(H, 32,  5,  8, 11, 14, 4, 11, 16, 23);  \
	four(H, 36,  1,  4,  7, 10, 4, 11, 16, 23);  \
	four(H, 40, 13,  0,  3,  6, 4, 11, 16, 23);  \
	four(H, 44,  9, 12, 15,  2, 4, 11, 16, 23);  \
	four(I, 48,  0,  7, 14,  5, 6, 10, 15, 21);  \
	four(I, 52, 12,  3, 10,  1, 6, 10, 15, 21);  \
	four(I, 56,  8, 15,  6, 13, 6, 10, 15, 21);  \
	four(I, 60,  4, 11,  2,  9, 6, 10, 15, 21)

// state is [4][16]uint32: the words A of sixteen messages, then their words B, C
// and D, 64 bytes each; the second set's lanes begin at 32.
#define LOAD(set, a, b, c, d) \
	VMOVDQU (set+64*0)(BX), a;  \
	VMOVDQU (set+64*1)(BX), b;  \
	VMOVDQU (set+64*2)(BX), c;  \
	VMOVDQU (set+64*3)(BX), d

// ADD adds the state before the block to the words, which makes the new state.
#define ADD(set, a, b, c, d) \
	VPADDD  (set+64*0)(BX), a, a;  \
	VPADDD  (set+64*1)(BX), b, b;  \
	VPADDD  (set+64*2)(BX), c, c;  \
	VPADDD  (set+64*3)(BX), d, d;  \
	VMOVDQU a, (set+64*0)(BX);     \
	VMOVDQU b, (set+64*1)(BX);     \
	VMOVDQU c, (set+64*2)(BX);     \
	VMOVDQU d, (set+64*3)(BX)

// func blocks8(state *[4][width]uint32, next *[width]*byte, n int, sines *[64]uint32)
// The frame is a block's words for one set, and what aligns them.
TEXT ·blocks8(SB), NOSPLIT, $544-32
	MOVQ state+0(FP), BX
	MOVQ next+8(FP), SI
	MOVQ n+16(FP), CX
	LEAQ 31(SP), DI
	ANDQ $~31, DI
	XORQ DX, DX
	LOAD(0, Y0, Y1, Y2, Y3)

block:
	TRANSPOSE(0, 0)
	MOVQ state+0(FP), BX
	MOVQ sines+24(FP), AX
	VPCMPEQD Y13, Y13, Y13
	ROUNDS(FOUR8)
	ADD(0, Y0, Y1, Y2, Y3)
	ADDQ $64, DX
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

// func blocks16(state *[4][width]uint32, next *[width]*byte, n int, sines *[64]uint32)
// Its frame is too large for NOSPLIT: the assembler checks the stack's room first.
TEXT ·blocks16(SB), 0, $1056-32
	MOVQ state+0(FP), BX
	MOVQ next+8(FP), SI
	MOVQ n+16(FP), CX
	LEAQ 31(SP), DI
	ANDQ $~31, DI
	XORQ DX, DX
	LOAD(0, Y0, Y1, Y2, Y3)
	LOAD(32, Y4, Y5, Y6, Y7)

block:
	TRANSPOSE(0, 0)
	TRANSPOSE(8, 512)
	MOVQ state+0(FP), BX
	MOVQ sines+24(FP), AX
	VPCMPEQD Y13, Y13, Y13
	ROUNDS(FOUR16)
	ADD(0, Y0, Y1, Y2, Y3)
	ADD(32, Y4, Y5, Y6, Y7)
	ADDQ $64, DX
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET
