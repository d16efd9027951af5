package kstreamtest

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// TestWriteLimits pushes as fast as it can for a minute (20 s when the tests are
// to be quick), with a hand-written
// loop that knows nothing of the limits but to send what failed again. What the
// shard took, less the bucket that was full at the start, is the limit's rate.
func TestWriteLimits(t *testing.T) {
	tests := []struct {
		name string
		size int // of a record's data and key
		want float64
		unit string
		of   func(ShardCounters) int64
	}{
		{"records", 100, shardWriteRecords, "records/s", func(c ShardCounters) int64 { return c.RecordsIn - shardWriteRecords }},
		{"bytes", 4 << 10, shardWriteBytes, "bytes/s", func(c ShardCounters) int64 { return c.BytesIn - shardWriteBytes }},
		{"bytes in records of 1 MiB", 1 << 20, shardWriteBytes, "bytes/s", func(c ShardCounters) int64 { return c.BytesIn - shardWriteBytes }},
		{"bytes in records of 10 MiB", 10 << 20, shardWriteBytes, "bytes/s", func(c ShardCounters) int64 { return c.BytesIn - 10<<20 }}, // its debt
	}
	d := 20 * time.Second
	if os.Getenv("KINESISKIT_LONG") != "" {
		d = time.Minute
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewServer(Options{})
				defer s.Close()
				s.CreateStream("books", 1)
				client := s.Client(noRetry)
				growRecords(t, client)
				push(t, client, test.size, d)
				got := float64(test.of(s.Counters().Shards[ShardKey{"books", shardID(0)}])) / d.Seconds()
				if got < test.want*0.98 || got > test.want*1.02 {
					t.Errorf("%.1f %s, want %.0f within 2 %%", got, test.unit, test.want)
				}
				t.Logf("%.1f %s of %.0f", got, test.unit, test.want)
			})
		})
	}
}

// growRecords lets the stream take records of 10 MiB.
func growRecords(t *testing.T, client *kinesis.Client) {
	_, err := client.UpdateMaxRecordSize(t.Context(), &kinesis.UpdateMaxRecordSizeInput{
		StreamARN: aws.String(streamARN("us-east-1", "123456789012", "books")), MaxRecordSizeInKiB: aws.Int32(10240),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// push sends batches of records of one size, whatever became of the one before,
// with a round trip's pause between them: about twice what the limits let through.
func push(t *testing.T, client *kinesis.Client, size int, d time.Duration) {
	key := "k"
	record := types.PutRecordsRequestEntry{Data: make([]byte, size-len(key)), PartitionKey: &key}
	in := &kinesis.PutRecordsInput{StreamName: aws.String("books")}
	for range min(100, max(1, (96<<10)/size)) {
		in.Records = append(in.Records, record)
	}
	pause := 50 * time.Millisecond
	if size >= 1<<20 {
		pause = time.Duration(size>>20) * 250 * time.Millisecond // an attempt costs real time
	}
	for start := time.Now(); time.Since(start) <= d; time.Sleep(pause) {
		if _, err := client.PutRecords(t.Context(), in, wire.PutRecords); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadLimits calls GetRecords as fast as it can.
func TestReadLimits(t *testing.T) {
	tests := []struct {
		name  string
		size  int // of the records in the shard
		calls float64
		bytes float64
	}{
		{"calls", 10, shardReadCalls, 0},
		{"bytes", 1 << 20, 0, shardReadBytes},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewServer(Options{})
				defer s.Close()
				s.CreateStream("books", 1)
				for range 60 {
					s.Put("books", Record{PartitionKey: "k", Data: make([]byte, test.size-1)})
				}
				client := s.Client(noRetry)
				start := time.Now()
				for time.Since(start) < 20*time.Second {
					it, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
						StreamName: aws.String("books"), ShardId: aws.String(shardID(0)), ShardIteratorType: "TRIM_HORIZON",
					})
					if err == nil {
						_, err = client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
					}
					if err != nil && code(err) != throughputExceeded {
						t.Fatal(err)
					}
					time.Sleep(40 * time.Millisecond)
				}
				c := s.Counters().Shards[ShardKey{"books", shardID(0)}]
				if got, want := float64(c.Reads)/20, test.calls; want > 0 && (got < want || got > want*1.3) {
					t.Errorf("%.1f calls a second, want %.0f", got, want)
				}
				if got, want := float64(c.BytesOut)/20, test.bytes; want > 0 && (got < want*0.9 || got > want*1.3) {
					t.Errorf("%.0f bytes a second, want %.0f", got, want)
				}
			})
		})
	}
}

// TestBigAnswerBlocks blocks a shard for 5 s after an answer of 10 MiB.
func TestBigAnswerBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{})
		defer s.Close()
		s.CreateStream("books", 1)
		for range 11 {
			s.Put("books", Record{PartitionKey: "k", Data: make([]byte, 1<<20-1)})
		}
		client := s.Client(noRetry)
		if err := readOne(t, client); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for code(readOne(t, client)) == throughputExceeded {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("blocked for %v, want 5s", took)
		}
	})
}

// TestControlLimits answers LimitExceededException beyond the rate of an
// operation.
func TestControlLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{})
		defer s.Close()
		client := s.Client(noRetry)
		codes := map[string]int{}
		for range 12 {
			_, err := client.DescribeStream(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("books")})
			codes[code(err)]++
		}
		if codes[resourceNotFound] != 10 || codes[limitExceeded] != 2 {
			t.Errorf("12 calls of DescribeStream at once: %v, want 10 looked at", codes)
		}
	})
}

// TestManyClients has 64 clients write and read at once, over both transports.
func TestManyClients(t *testing.T) {
	const clients, rounds, batch = 64, 2, 25
	for _, memory := range []bool{true, false} {
		t.Run(fmt.Sprintf("memory=%t", memory), func(t *testing.T) {
			s := NewServer(Options{Limits: Unlimited()})
			defer s.Close()
			s.CreateStream("books", 3)
			var all sync.WaitGroup
			for i := range clients {
				client := s.Client()
				if !memory {
					client = s.Client(loopback(s))
				}
				all.Go(func() {
					for r := range rounds {
						in := &kinesis.PutRecordsInput{StreamName: aws.String("books")}
						for n := range batch {
							in.Records = append(in.Records, types.PutRecordsRequestEntry{
								Data: []byte("data"), PartitionKey: aws.String(fmt.Sprintf("%d %d %d", i, r, n)),
							})
						}
						if _, err := client.PutRecords(t.Context(), in); err != nil {
							t.Error(err)
						}
						if err := readOne(t, client); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			if n := len(s.Records("books")); n != clients*rounds*batch {
				t.Errorf("%d records, want %d", n, clients*rounds*batch)
			}
			var in int64
			for _, c := range s.Counters().Shards {
				in += c.RecordsIn
			}
			if in != clients*rounds*batch {
				t.Errorf("%d records counted, want %d", in, clients*rounds*batch)
			}
		})
	}
}

// TestWriteLimitsInRealTime shows once, over the loopback interface, what
// TestWriteLimits asserts in fake time.
func TestWriteLimitsInRealTime(t *testing.T) {
	if os.Getenv("KINESISKIT_LONG") == "" {
		t.Skip("takes a minute: set KINESISKIT_LONG=1; TestWriteLimits asserts the same in fake time")
	}
	s := NewServer(Options{})
	defer s.Close()
	s.CreateStream("books", 2)
	var pushers sync.WaitGroup
	start := time.Now()
	for shard, size := range []int{100, 4 << 10} {
		pushers.Go(func() {
			hash := []string{"0", shardmap.MaxHash().String()}[shard]
			in := &kinesis.PutRecordsInput{StreamName: aws.String("books")}
			for range 24 {
				in.Records = append(in.Records, types.PutRecordsRequestEntry{
					Data: make([]byte, size-1), PartitionKey: aws.String("k"), ExplicitHashKey: &hash,
				})
			}
			client := s.Client(loopback(s), noRetry)
			for time.Since(start) < time.Minute {
				if _, err := client.PutRecords(t.Context(), in, wire.PutRecords); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	pushers.Wait()
	took := time.Since(start).Seconds()
	counters := s.Counters().Shards
	records := float64(counters[ShardKey{"books", shardID(0)}].RecordsIn-shardWriteRecords) / took
	bytes := float64(counters[ShardKey{"books", shardID(1)}].BytesIn-shardWriteBytes) / took
	t.Logf("in %.1f s: %.1f records/s of %d, %.0f bytes/s of %d", took, records, shardWriteRecords, bytes, shardWriteBytes)
	if records > shardWriteRecords*1.02 || bytes > shardWriteBytes*1.02 {
		t.Error("a shard took more than its limit")
	}
}
