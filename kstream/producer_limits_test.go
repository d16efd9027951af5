package kstream

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// longRun is how long a test of throughput runs in fake time.
func longRun() time.Duration {
	if os.Getenv("KINESISKIT_LONG") != "" {
		return time.Minute
	}
	return 5 * time.Second
}

// The limits of one shard, by the second.
const (
	limitRecords = 1000
	limitBytes   = 1 << 20
)

// throughput writes values without keys until the time is over, and returns
// what each shard took, on average, in records and bytes a second, after the
// initial bucket is taken off.
func throughput(t *testing.T, srv *kstreamtest.Server, shards int, change func(*ProducerConfig[string]), value func(i int) string) (records, bytes float64, st ProducerStats) {
	t.Helper()
	p, err := func() (*Producer[string], error) {
		cfg := ProducerConfig[string]{Stream: "s"}
		if change != nil {
			change(&cfg)
		}
		return NewProducer(srv.Client(), cfg)
	}()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := p.Put(ctx, "first"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	until := began.Add(longRun())
	for i := 0; time.Now().Before(until); i++ {
		if err := p.Send(ctx, value(i)); err != nil {
			t.Fatal(err)
		}
	}
	took := time.Since(began).Seconds()
	var written, volume int64
	for _, c := range srv.Counters().Shards {
		written += c.RecordsIn
		volume += c.BytesIn
	}
	st = p.Stats()
	closeProducer(t, p)
	each := took * float64(shards)
	return (float64(written) - float64(shards*limitRecords)) / each, (float64(volume) - float64(shards*limitBytes)) / each, st
}

func TestThroughputAtTheLimits(t *testing.T) {
	for _, shards := range []int{1, 2, 64} {
		for _, tt := range []struct {
			name  string
			size  int
			bytes bool
		}{
			{"bytes, records of 4 KB", 4 << 10, true},
			{"records of 100 bytes", 100, false},
		} {
			t.Run(fmt.Sprintf("%d shards/%s", shards, tt.name), func(t *testing.T) {
				opts := kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}
				inBubble(t, opts, shards, func(t *testing.T, srv *kstreamtest.Server) {
					value := strings.Repeat("x", tt.size)
					records, bytes, st := throughput(t, srv, shards, nil, func(int) string { return value })
					share := records / limitRecords
					if tt.bytes {
						share = bytes / limitBytes
					}
					throttled := float64(st.ThrottledEntries) / float64(st.Entries)
					t.Logf("%.4f of the limit, %.4f throttled, %.1f entries a call", share, throttled, float64(st.Entries)/float64(st.Calls))
					if share < 0.97 {
						t.Errorf("the shards took %.4f of their limit, want at least 0.97", share)
					}
					if throttled > 0.01 {
						t.Errorf("%.4f of the entries were throttled, want at most 0.01", throttled)
					}
				})
			})
		}
	}
}
