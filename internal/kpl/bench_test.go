package kpl

import (
	"crypto/md5"
	"fmt"
	"testing"
)

// The benchmarks stand beside their floor: what no implementation of the format can leave out, one copy of the data and
// its MD5. Each operation is an aggregate of about 50 KB.

func benchmarkSizes(b *testing.B, run func(b *testing.B, members []Member)) {
	for _, size := range []int{100, 200, 1200} {
		for _, keys := range []string{"distinct", "one"} {
			members := make([]Member, 50_000/(size+20))
			for i := range members {
				members[i] = Member{PartitionKey: "customer-0000", Data: make([]byte, size)}
				if keys == "distinct" {
					members[i].PartitionKey = fmt.Sprintf("customer-%04d", i)
				}
			}
			b.Run(fmt.Sprintf("size=%d/keys=%s", size, keys), func(b *testing.B) {
				b.ReportAllocs()
				run(b, members)
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(members)), "ns/member")
			})
		}
	}
}

func BenchmarkFloor(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, members []Member) {
		var buf []byte
		for b.Loop() {
			buf = buf[:0]
			for _, m := range members {
				buf = append(buf, m.Data...)
			}
			sum := md5.Sum(buf)
			buf = append(buf, sum[:]...)
		}
	})
}

func BenchmarkBuilder(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, members []Member) {
		var builder Builder
		var buf []byte
		for b.Loop() {
			builder.Reset()
			for _, m := range members {
				builder.Add(m)
			}
			buf = builder.AppendTo(buf[:0])
		}
	})
}

func BenchmarkDecoder(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, members []Member) {
		data := build(members)
		var d Decoder
		for b.Loop() {
			if aggregated, err := d.Reset(data); !aggregated || err != nil {
				b.Fatal(aggregated, err)
			}
			n := 0
			for _, m := range d.All() {
				n += len(m.Data)
			}
		}
	})
}
