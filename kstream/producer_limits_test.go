package kstream

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/books"
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

func TestThroughputOfAggregates(t *testing.T) {
	opts := kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}
	inBubble(t, opts, 2, func(t *testing.T, srv *kstreamtest.Server) {
		value := strings.Repeat("x", 100)
		_, bytes, st := throughput(t, srv, 2, func(cfg *ProducerConfig[string]) { cfg.Aggregate = true },
			func(int) string { return value })
		t.Logf("%.4f of the byte limit, %d values in %d entries", bytes/limitBytes, st.Delivered, st.Entries)
		if bytes < 0.95*limitBytes {
			t.Errorf("the shards took %.4f of their byte limit, want at least 0.95", bytes/limitBytes)
		}
		if st.PayloadUnits != st.Entries {
			t.Errorf("%d entries are billed as %d units", st.Entries, st.PayloadUnits)
		}
	})
}

func TestThroughputOfCompressedText(t *testing.T) {
	var csv strings.Builder
	if _, err := books.Write(io.Discard, &csv, 3000, 1); err != nil {
		t.Fatal(err)
	}
	text := csv.String()
	opts := kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}
	inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
		const size = 1300
		_, bytes, st := throughput(t, srv, 1, func(cfg *ProducerConfig[string]) { cfg.Compress = true },
			func(i int) string {
				at := i * size % (len(text) - size)
				return text[at : at+size]
			})
		ratio := float64(st.Delivered*size) / float64(st.Bytes)
		rate := bytes * ratio / limitBytes
		t.Logf("text at %.2f of the byte limit, as %.4f of it; %d units for %d entries", rate, bytes/limitBytes, st.PayloadUnits, st.Entries)
		if rate < 2 {
			t.Errorf("text at %.2f of the byte limit, want at least 2", rate)
		}
	})
}
