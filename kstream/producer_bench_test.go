//go:build unix

package kstream

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
)

// reportCPU runs a benchmark's loop and reports the CPU time of the process,
// which other programs on the machine disturb less than the time on the clock.
func reportCPU(b *testing.B, loop func()) {
	b.ReportAllocs()
	before := cpuTime(b)
	loop()
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

func cpuTime(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// benchValues are the values of a benchmark and their keys.
type benchValues struct {
	keys   []string
	values [][]byte
}

func newBenchValues(size int) benchValues {
	var v benchValues
	for i := 0; len(v.values) < 4096; i++ {
		key := fmt.Sprintf("customer-%06d", i*7919%1_000_000)
		if shardmap.OfKey(key).Hi>>63 == 1 {
			continue // it belongs to the second shard, if there is one
		}
		v.keys = append(v.keys, key)
		value, _ := json.Marshal(map[string]any{"id": i, "text": strings.Repeat("lorem ipsum ", size/12+1)})
		v.values = append(v.values, value[:size])
	}
	return v
}

var benchSizes = []int{200, 400, 1200}

// BenchmarkProducer compares one value through the Producer with a loop of
// SDK calls that a careful programmer writes by hand, and with the work that
// no producer can leave out. Run it with -cpu 1.
//
// The stream has two shards, so that the Producer must know where each key
// belongs; it need not on a stream of one. With an OnSettled (told) it has to keep
// the sequence numbers, and look at the clock for each value.
func BenchmarkProducer(b *testing.B) {
	for _, size := range benchSizes {
		v := newBenchValues(size)
		b.Run(fmt.Sprintf("by=sdk-loop/size=%d", size), func(b *testing.B) { benchSDK(b, v) })
		for _, cbor := range []bool{false, true} {
			suffix := ""
			if cbor {
				suffix = "-cbor"
			}
			change := func(aggregate bool) func(*ProducerConfig[int]) {
				return func(cfg *ProducerConfig[int]) { cfg.Aggregate, cfg.CBOR = aggregate, cbor }
			}
			b.Run(fmt.Sprintf("by=producer%s/size=%d", suffix, size), func(b *testing.B) { benchProducer(b, v, true, change(false)) })
			b.Run(fmt.Sprintf("by=producer%s-one-shard/size=%d", suffix, size), func(b *testing.B) { benchProducer(b, v, false, change(false)) })
			b.Run(fmt.Sprintf("by=aggregated%s/size=%d", suffix, size), func(b *testing.B) { benchProducer(b, v, true, change(true)) })
			b.Run(fmt.Sprintf("by=aggregated%s-one-shard/size=%d", suffix, size), func(b *testing.B) { benchProducer(b, v, false, change(true)) })
		}
		told := func(aggregate bool) func(*ProducerConfig[int]) {
			return func(cfg *ProducerConfig[int]) {
				cfg.Aggregate, cfg.OnSettled = aggregate, func(s Settlement[int]) { sink ^= byte(s.Outcome) }
			}
		}
		b.Run(fmt.Sprintf("by=producer-told/size=%d", size), func(b *testing.B) { benchProducer(b, v, true, told(false)) })
		b.Run(fmt.Sprintf("by=aggregated-told/size=%d", size), func(b *testing.B) { benchProducer(b, v, true, told(true)) })
		b.Run(fmt.Sprintf("by=floor/size=%d", size), func(b *testing.B) { benchFloor(b, v, false) })
		b.Run(fmt.Sprintf("by=floor-aggregated/size=%d", size), func(b *testing.B) { benchFloor(b, v, true) })
	}
}

func benchSDK(b *testing.B, v benchValues) {
	client := newPutStub().client()
	ctx := context.Background()
	records := make([]types.PutRecordsRequestEntry, 0, maxCallRecords)
	b.SetBytes(int64(len(v.values[0])))
	i := 0
	reportCPU(b, func() {
		for b.Loop() {
			records = append(records, types.PutRecordsRequestEntry{
				Data: v.values[i%len(v.values)], PartitionKey: &v.keys[i%len(v.keys)],
			})
			i++
			if len(records) < maxCallRecords {
				continue
			}
			out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: records})
			if err != nil || aws.ToInt32(out.FailedRecordCount) > 0 {
				b.Fatal(err)
			}
			for j := range out.Records {
				if out.Records[j].ErrorCode != nil {
					b.Fatal("throttled")
				}
			}
			records = records[:0]
		}
	})
}

func benchProducer(b *testing.B, v benchValues, twoShards bool, change func(*ProducerConfig[int])) {
	stub := newPutStub()
	stub.twoShards = twoShards
	cfg := ProducerConfig[int]{
		Stream:       "s",
		PartitionKey: func(i int) string { return v.keys[i] },
		Codec:        benchCodec{v.values},
		Rate:         -1,
	}
	change(&cfg)
	p, err := NewProducer(stub.client(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	if _, err := p.Put(ctx, 0); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(v.values[0])))
	i := 0
	reportCPU(b, func() {
		for b.Loop() {
			if err := p.Send(ctx, i%len(v.values)); err != nil {
				b.Fatal(err)
			}
			i++
		}
		if err := p.Close(ctx); err != nil {
			b.Fatal(err)
		}
	})
}

// benchCodec takes the values' bytes from a table.
type benchCodec struct{ values [][]byte }

func (c benchCodec) Append(dst []byte, i int) ([]byte, error) {
	return append(dst, c.values[i]...), nil
}
func (c benchCodec) Decode([]byte) (int, error) { return 0, nil }

// benchFloor does only what has to be done: MD5 of the key for the shard, a
// copy, base64, SHA-256 of the body for the signature; for aggregates also
// their MD5.
func benchFloor(b *testing.B, v benchValues, aggregate bool) {
	var body, packed []byte
	b.SetBytes(int64(len(v.values[0])))
	i := 0
	reportCPU(b, func() {
		for b.Loop() {
			value, key := v.values[i%len(v.values)], v.keys[i%len(v.keys)]
			sum := md5.Sum([]byte(key))
			sink ^= sum[0]
			packed = append(packed, value...)
			i++
			if !aggregate {
				body = b64.AppendEncode(body, packed)
				packed = packed[:0]
			} else if len(packed) >= defaultAggregateBytes {
				sum := md5.Sum(packed)
				sink ^= sum[0]
				body = b64.AppendEncode(body, packed)
				packed = packed[:0]
			}
			if i%maxCallRecords == 0 {
				digest := sha256.Sum256(body)
				sink ^= digest[0]
				body = body[:0]
			}
		}
	})
}

var sink byte
