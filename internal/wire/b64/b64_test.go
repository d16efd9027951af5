package b64_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
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

func TestEveryLengthAsTheStandardLibrary(t *testing.T) {
	for n := range 200 {
		src := randomBytes(n)
		want := base64.StdEncoding.EncodeToString(src)

		// The bytes behind the result must stay as they were.
		dst := bytes.Repeat([]byte{'#'}, len(want)+20)
		b64.Encode(dst[:len(want)], src)
		if got := string(dst); got != want+strings.Repeat("#", 20) {
			t.Fatalf("%d bytes encode to %q, want %q", n, got, want)
		}
		if got := b64.EncodedLen(n); got != len(want) {
			t.Errorf("EncodedLen(%d) = %d, want %d", n, got, len(want))
		}
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
}

func TestDecodeMalformed(t *testing.T) {
	for _, s := range decodeSeeds {
		checkDecode(t, []byte(s))
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
	f.Fuzz(func(t *testing.T, p []byte) {
		got := string(b64.AppendEncode(nil, p))
		if want := base64.StdEncoding.EncodeToString(p); got != want {
			t.Errorf("%x encodes to %q, want %q", p, got, want)
		}
	})
}

// checkDecode holds Decode against the standard library, in a buffer of exactly
// the size that Decode asks for.
func checkDecode(t *testing.T, src []byte) {
	t.Helper()
	want, err := base64.StdEncoding.DecodeString(string(src))
	wantOK := err == nil && !bytes.ContainsAny(src, "\r\n")

	buf := bytes.Repeat([]byte{'#'}, b64.DecodedLen(src)+20)
	got := buf[:b64.DecodedLen(src)]
	ok := b64.Decode(got, src)
	if ok != wantOK || ok && !bytes.Equal(got, want) {
		t.Errorf("%q decodes to %x, %v, want %x, %v (%v)", src, got, ok, want, wantOK, err)
	}
	// More room than is needed makes no difference.
	if roomy := b64.Decode(bytes.Clone(buf), src); roomy != ok {
		t.Errorf("%q with more room: %v, want %v", src, roomy, ok)
	}
	if rest := buf[len(got):]; string(rest) != strings.Repeat("#", 20) {
		t.Errorf("decoding %q wrote %x behind its buffer", src, rest)
	}
}

func BenchmarkEncode(b *testing.B) {
	benchmark(b, func(raw, text []byte) { b64.Encode(text, raw) },
		func(raw, text []byte) { base64.StdEncoding.Encode(text, raw) })
}

func BenchmarkDecode(b *testing.B) {
	benchmark(b, func(raw, text []byte) { b64.Decode(raw, text) },
		func(raw, text []byte) { base64.StdEncoding.Decode(raw, text) })
}

func benchmark(b *testing.B, ours, std func(raw, text []byte)) {
	for _, n := range []int{200, 400, 1200} {
		raw := randomBytes(n)
		text := b64.AppendEncode(nil, raw)
		for _, impl := range []struct {
			name string
			run  func(raw, text []byte)
		}{{"kinesiskit", ours}, {"std", std}} {
			b.Run(fmt.Sprintf("bytes=%d/impl=%s", n, impl.name), func(b *testing.B) {
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					impl.run(raw, text)
				}
			})
		}
	}
}
