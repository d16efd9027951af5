package kstream

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/books"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// long tells whether tests that take minutes run too.
func long() bool { return os.Getenv("KINESISKIT_LONG") != "" }

// The limits of one shard, by the second.
const (
	limitRecords = 1000
	limitBytes   = 1 << 20
)

// A rate is what the shards took, each on average.
type rate struct{ records, bytes float64 } // a second

// throughput writes values without keys for a while, a minute in a long run,
// and returns what the shards took after the first second, in which they also
// give what their buckets hold at the start.
func throughput(t *testing.T, srv *kstreamtest.Server, shards int, change func(*ProducerConfig[string]), value func(i int) string) (rate, ProducerStats) {
	t.Helper()
	cfg := ProducerConfig[string]{Stream: "s", MaxBufferedBytes: shards << 20} // what Close has to write
	if change != nil {
		change(&cfg)
	}
	p, err := NewProducer(srv.Client(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	window := 3 * time.Second
	if shards > 8 {
		window = 500 * time.Millisecond
	}
	if long() {
		window = time.Minute
	}
	sendUntil(t, p, time.Now().Add(time.Second), value)
	began, before := time.Now(), srv.Counters()
	sendUntil(t, p, began.Add(window), value)
	r := rateSince(srv, before, time.Since(began), shards)
	st := p.Stats()
	closeProducer(t, p)
	return r, st
}

func sendUntil(t *testing.T, p *Producer[string], end time.Time, value func(i int) string) {
	t.Helper()
	for i := 0; time.Now().Before(end); i++ {
		if err := p.Send(context.Background(), value(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func rateSince(srv *kstreamtest.Server, before kstreamtest.Counters, took time.Duration, shards int) rate {
	var r rate
	for key, c := range srv.Counters().Shards {
		r.records += float64(c.RecordsIn - before.Shards[key].RecordsIn)
		r.bytes += float64(c.BytesIn - before.Shards[key].BytesIn)
	}
	each := took.Seconds() * float64(shards)
	return rate{r.records / each, r.bytes / each}
}

func TestThroughputAtTheLimits(t *testing.T) { // alone: in a long run it keeps 4 GB
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
				if shards == 64 && tt.bytes && !long() {
					t.Skip("moves 100 MiB: set KINESISKIT_LONG=1; the records of 100 bytes exercise as many shards")
				}
				opts := kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}
				inBubble(t, opts, shards, func(t *testing.T, srv *kstreamtest.Server) {
					value := strings.Repeat("x", tt.size)
					r, st := throughput(t, srv, shards, nil, func(int) string { return value })
					share := r.records / limitRecords
					if tt.bytes {
						share = r.bytes / limitBytes
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
	t.Parallel()
	opts := kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}
	inBubble(t, opts, 2, func(t *testing.T, srv *kstreamtest.Server) {
		value := strings.Repeat("x", 100)
		r, st := throughput(t, srv, 2, func(cfg *ProducerConfig[string]) { cfg.Aggregate = true },
			func(int) string { return value })
		t.Logf("%.4f of the byte limit, %d values in %d entries", r.bytes/limitBytes, st.Delivered, st.Entries)
		if r.bytes < 0.95*limitBytes {
			t.Errorf("the shards took %.4f of their byte limit, want at least 0.95", r.bytes/limitBytes)
		}
		if st.PayloadUnits != st.Entries {
			t.Errorf("%d entries are billed as %d units", st.Entries, st.PayloadUnits)
		}
	})
}

func TestThroughputOfCompressedText(t *testing.T) {
	t.Parallel()
	var csv strings.Builder
	if _, err := books.Write(io.Discard, &csv, 3000, 1); err != nil {
		t.Fatal(err)
	}
	text := csv.String()
	opts := kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}
	inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
		const size = 1300
		r, st := throughput(t, srv, 1, func(cfg *ProducerConfig[string]) { cfg.Compress = true },
			func(i int) string {
				at := i * size % (len(text) - size)
				return text[at : at+size]
			})
		ratio := float64(st.Delivered*size) / float64(st.Bytes)
		text := r.bytes * ratio / limitBytes
		t.Logf("text at %.2f of the byte limit, as %.4f of it; %d units for %d entries", text, r.bytes/limitBytes, st.PayloadUnits, st.Entries)
		if text < 2 {
			t.Errorf("text at %.2f of the byte limit, want at least 2", text)
		}
	})
}

// TestAggregatesOfUnevenSizesAreNotThrottled has aggregates turn out larger than
// what their queue was seen to hold: the values of a key, if it is ordered, wait
// in its lane, and one value to be compressed may be larger than the bound.
func TestAggregatesOfUnevenSizesAreNotThrottled(t *testing.T) {
	t.Parallel()
	letters := make([]byte, 300_000)
	for i, random := 0, rand.New(rand.NewPCG(1, 1)); i < len(letters); i++ {
		letters[i] = "abcdefgh"[random.IntN(8)]
	}
	for _, tt := range []struct {
		name   string
		value  func(i int) string
		change func(*ProducerConfig[string])
	}{
		{"ordered", func(i int) string { return fmt.Sprintf("%d:%0100d", i%200, i) }, func(cfg *ProducerConfig[string]) {
			cfg.Aggregate, cfg.Ordered = true, true
			cfg.PartitionKey = func(v string) string { key, _, _ := strings.Cut(v, ":"); return key }
		}},
		{"compressed", func(i int) string { return string(letters[i%100:]) }, func(cfg *ProducerConfig[string]) {
			cfg.Compress, cfg.MaxBufferedBytes = true, 8<<20
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}
			inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
				r, st := throughput(t, srv, 1, tt.change, tt.value)
				throttled := float64(st.ThrottledEntries) / float64(st.Entries)
				t.Logf("%.4f of the byte limit, %.4f throttled", r.bytes/limitBytes, throttled)
				if r.bytes < 0.95*limitBytes || throttled > 0.01 {
					t.Errorf("the shard took %.4f of its byte limit, want at least 0.95; %.4f of the entries were throttled, want at most 0.01",
						r.bytes/limitBytes, throttled)
				}
			})
		})
	}
}
