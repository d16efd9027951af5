package b64_test

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
)

func randomBytes(n int) []byte {
	rng := rand.New(rand.NewPCG(uint64(n), 64))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
}

// behind stands behind the buffers that are written to and must stay there.
var behind = strings.Repeat("#", 40)

// guarded returns a buffer of n bytes with behind in its spare capacity.
func guarded(n int) []byte {
	return append(make([]byte, n), behind...)[:n]
}

func checkBehind(t *testing.T, buf []byte) {
	t.Helper()
	if got := string(buf[len(buf):cap(buf)][:len(behind)]); got != behind {
		t.Errorf("behind the buffer of %d bytes stands %q", len(buf), got)
	}
}

func TestEveryLengthAsTheStandardLibrary(t *testing.T) {
	for n := range 401 {
		src := randomBytes(n)
		want := base64.StdEncoding.EncodeToString(src)
		if got := b64.EncodedLen(n); got != len(want) {
			t.Errorf("EncodedLen(%d) = %d, want %d", n, got, len(want))
		}
		checkEncode(t, src)
		checkDecode(t, []byte(want))
	}
}

func TestAppendEncode(t *testing.T) {
	for _, capacity := range []int{3, 5, 7, 64} {
		dst := append(make([]byte, 0, capacity), "abc"...)
		if got := string(b64.AppendEncode(dst, []byte("four"))); got != "abcZm91cg==" {
			t.Errorf("with capacity %d: %q", capacity, got)
		}
	}
}

var decodeSeeds = []string{
	"", "QQ==", "QUI=", "QUJD", "QUJDRA==", "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFy",
	"QR==",                  // bits left over
	"QQ=", "Q", "QQ", "QUI", // too short
	"====", "Q===", "=QQQ", "QQ=Q", // padding out of place
	"QQ==QQ==", "QUJDQQ==QUJD", // padding inside
	"QUJ\n", "QUJD\nQUJD\r\nQUI=", // line breaks, which only the standard library takes
	"QU-_", "QU D", "QUJ\x80", "QUJDQUJDQUJDQUJDQUJDQU!DQUJDQUJDQUJDQUJD",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/QUI=",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/QR==",
}

func TestDecodeMalformed(t *testing.T) {
	for _, s := range decodeSeeds {
		checkDecode(t, []byte(s))
	}
}

// Each of the 256 bytes, in the alphabet or not, at each place of texts that
// end before, with and behind a step of the assembly.
func TestDecodeEveryByteAtEveryPlace(t *testing.T) {
	for _, n := range []int{4, 16, 32, 36, 40, 64, 68, 72, 100, 164} {
		text := b64.AppendEncode(nil, randomBytes(n/4*3))
		for place, was := range text {
			for c := range 256 {
				text[place] = byte(c)
				checkDecode(t, text)
			}
			text[place] = was
		}
	}
}

// A buffer too short is the caller's mistake, but not one that may harm what
// stands behind it.
func TestTooShortBuffers(t *testing.T) {
	panics := func(f func()) (did bool) {
		defer func() { did = recover() != nil }()
		f()
		return false
	}
	for _, impl := range b64.Implementations() {
		for n := 1; n < 200; n++ {
			raw := randomBytes(n)
			text := b64.AppendEncode(nil, raw)
			short := guarded(len(text) - 1)
			if !panics(func() { impl.Encode(short, raw) }) {
				t.Errorf("%s: %d bytes encode into a buffer too short", impl.Name, n)
			}
			checkBehind(t, short)
			short = guarded(n - 1)
			if !panics(func() { impl.Decode(short, text) }) {
				t.Errorf("%s: %d bytes decode into a buffer too short", impl.Name, n)
			}
			checkBehind(t, short)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range decodeSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(checkDecode)
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte("the quick brown fox"))
	f.Add([]byte("the quick brown fox jumps over the lazy dog"))
	f.Fuzz(checkEncode)
}

// checkEncode holds every implementation against the standard library, in a
// buffer of exactly the size needed.
func checkEncode(t *testing.T, src []byte) {
	t.Helper()
	want := base64.StdEncoding.EncodeToString(src)
	for _, impl := range b64.Implementations() {
		got := guarded(len(want))
		impl.Encode(got, src)
		if string(got) != want {
			t.Errorf("%s: %x encodes to %q, want %q", impl.Name, src, got, want)
		}
		checkBehind(t, got)
	}
}

// checkDecode holds every implementation against the standard library, in a
// buffer of exactly the size that Decode asks for.
func checkDecode(t *testing.T, src []byte) {
	t.Helper()
	want, err := base64.StdEncoding.DecodeString(string(src))
	wantOK := err == nil && !bytes.ContainsAny(src, "\r\n")
	for _, impl := range b64.Implementations() {
		got := guarded(b64.DecodedLen(src))
		ok := impl.Decode(got, src)
		if ok != wantOK || ok && !bytes.Equal(got, want) {
			t.Errorf("%s: %q decodes to %x, %v, want %x, %v (%v)", impl.Name, src, got, ok, want, wantOK, err)
		}
		checkBehind(t, got)

		// More room than is needed makes no difference.
		roomy := make([]byte, len(got)+20)
		if ok := impl.Decode(roomy, src); ok != wantOK || ok && !bytes.Equal(roomy[:len(want)], want) {
			t.Errorf("%s: %q with more room: %x, %v, want %x, %v", impl.Name, src, roomy, ok, want, wantOK)
		}
	}
}
