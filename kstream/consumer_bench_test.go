//go:build unix

package kstream

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// readByHand does what a program does that calls GetRecords itself.
func readByHand(tb testing.TB, client *kinesis.Client, stub *stubTransport) int {
	stub.rewind()
	iterator, n := "#", 0
	for {
		out, err := client.GetRecords(tb.Context(), &kinesis.GetRecordsInput{ShardIterator: &iterator})
		if err != nil {
			tb.Fatal(err)
		}
		for i := range out.Records {
			if len(out.Records[i].Data) == 0 || *out.Records[i].SequenceNumber == "" {
				tb.Fatal("an empty record")
			}
			n++
		}
		if *out.MillisBehindLatest == 0 {
			return n
		}
		iterator = *out.NextShardIterator
	}
}

// perRecord reports the CPU time since before, by the records that were read:
// on a busy machine the clock says less.
func perRecord(b *testing.B, before int64, records int) {
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N*records), "cpu-ns/record")
}

// 10,000 records of 400 bytes an answer, and the same answers read by hand.
func BenchmarkRecords(b *testing.B) {
	const pages = 20
	page := stubPagePrefix(benchData(10_000, 400), 5)
	stub := newStubTransport(1, pages, page)
	b.Run("by=hand", func(b *testing.B) {
		client := stub.client()
		b.ReportAllocs()
		n, before := 0, cpuTime(b)
		for b.Loop() {
			n = readByHand(b, client, stub)
		}
		perRecord(b, before, n)
	})
	b.Run("by=Consumer", func(b *testing.B) {
		c := benchConsumer(b, stub)
		b.ReportAllocs()
		n, before := 0, cpuTime(b)
		for b.Loop() {
			n = readStub(b, c, stub)
		}
		perRecord(b, before, n)
	})
	b.Run("by=Consumer, CBOR", func(b *testing.B) {
		stub := newStubTransport(1, pages, stubCBORPagePrefix(benchData(10_000, 400), 5))
		stub.cbor = true
		c := benchConsumer(b, stub)
		c.cfg.getRecords = (*wire.GetCall).GetRecordsCBOR
		b.ReportAllocs()
		n, before := 0, cpuTime(b)
		for b.Loop() {
			n = readStub(b, c, stub)
		}
		if n != pages*10_000 {
			b.Fatalf("%d records", n)
		}
		perRecord(b, before, n)
	})
}

// The same number of records from 1, 64 and 1,024 shards, in full answers and in
// small ones. Of 1,024 each has one full answer or four small ones, and needs two
// calls, or five: one is for its iterator.
func BenchmarkRecordsByShards(b *testing.B) {
	for _, answers := range []struct{ records, count int }{{10_000, 1024}, {1000, 4096}} {
		page := stubPagePrefix(benchData(answers.records, 400), 5)
		for _, shards := range []int{1, 64, 1024} {
			b.Run(fmt.Sprintf("answer=%d/shards=%d", answers.records, shards), func(b *testing.B) {
				stub := newStubTransport(shards, answers.count/shards, page)
				c := benchConsumer(b, stub)
				n, before := 0, cpuTime(b)
				for b.Loop() {
					n = readStub(b, c, stub)
				}
				perRecord(b, before, n)
			})
		}
	}
}

// Aggregates of 100 members, beside what base64 and MD5 alone take for them.
func BenchmarkAggregatedRecords(b *testing.B) {
	const aggregates, members, pages = 100, 100, 20
	var data [][]byte
	for range aggregates {
		var builder kpl.Builder
		for i, d := range benchData(members, 400) {
			builder.Add(kpl.Member{PartitionKey: fmt.Sprintf("customer-%d", i), Data: d})
		}
		data = append(data, builder.AppendTo(nil))
	}
	encoded := make([][]byte, len(data))
	for i, d := range data {
		encoded[i] = base64.StdEncoding.AppendEncode(nil, d)
	}
	b.Run("floor", func(b *testing.B) {
		buf := make([]byte, 1<<20)
		var sum [md5.Size]byte
		before := cpuTime(b)
		for b.Loop() {
			for range pages {
				for i := range encoded {
					n, err := base64.StdEncoding.Decode(buf, encoded[i])
					if err != nil {
						b.Fatal(err)
					}
					sum = md5.Sum(buf[4 : n-16])
				}
			}
		}
		if !bytes.Equal(sum[:], data[len(data)-1][len(data[len(data)-1])-16:]) {
			b.Fatal("a wrong sum")
		}
		perRecord(b, before, pages*aggregates*members)
	})
	b.Run("by=Consumer", func(b *testing.B) {
		stub := newStubTransport(1, pages, stubPagePrefix(data, 5))
		c := benchConsumer(b, stub)
		b.ReportAllocs()
		n, before := 0, cpuTime(b)
		for b.Loop() {
			n = readStub(b, c, stub)
		}
		if n != pages*aggregates*members {
			b.Fatalf("%d records", n)
		}
		perRecord(b, before, n)
	})
}
