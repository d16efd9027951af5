package b64_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
)

// implementations are the standard library's and this package's.
func implementations() []b64.Implementation {
	std := b64.Implementation{Name: "stdlib", Encode: base64.StdEncoding.Encode}
	std.Decode = func(dst, src []byte) bool {
		_, err := base64.StdEncoding.Decode(dst, src)
		return err == nil
	}
	return append([]b64.Implementation{std}, b64.Implementations()...)
}

func BenchmarkEncode(b *testing.B) {
	benchmark(b, func(impl b64.Implementation, raw, text []byte) { impl.Encode(text, raw) })
}

func BenchmarkDecode(b *testing.B) {
	benchmark(b, func(impl b64.Implementation, raw, text []byte) {
		if !impl.Decode(raw, text) {
			b.Fatal("not well-formed")
		}
	})
}

func benchmark(b *testing.B, run func(impl b64.Implementation, raw, text []byte)) {
	for _, n := range []int{16, 200, 400, 1200, 25000} {
		raw := randomBytes(n)
		text := b64.AppendEncode(nil, raw)
		for _, impl := range implementations() {
			b.Run(fmt.Sprintf("bytes=%d/by=%s", n, impl.Name), func(b *testing.B) {
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					run(impl, raw, text)
				}
			})
		}
	}
}
