package md5x

import (
	"fmt"
	"testing"
)

// Partition keys of 16 and 40 bytes, aggregates of 25 KB; compare with
// benchstat -col /by.
func BenchmarkSums(b *testing.B) {
	ways := []sum{{"stdlib", sumEach}, {"md5x", Sums}}
	for _, size := range []int{16, 40, 25_000} {
		for _, count := range []int{1, 2, 4, 8, 16, 20} {
			msgs := make([][]byte, count)
			for i := range msgs {
				msgs[i] = make([]byte, size)
			}
			dst := make([][Size]byte, count)
			for _, way := range ways {
				b.Run(fmt.Sprintf("bytes=%d/messages=%d/by=%s", size, count, way.name), func(b *testing.B) {
					b.SetBytes(int64(size * count))
					b.ReportAllocs()
					for b.Loop() {
						way.sums(dst, msgs)
					}
				})
			}
		}
	}
}
