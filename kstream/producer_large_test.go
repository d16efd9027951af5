package kstream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestLargeRecords writes records of more than a shard takes in a second to a
// stream that allows them, between small ones.
func TestLargeRecords(t *testing.T) {
	for _, aggregate := range []bool{false, true} {
		inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
			ctx := context.Background()
			if _, err := CreateStream(ctx, srv.Client(), "large", StreamOptions{Shards: 1, MaxRecordBytes: 10 << 20}); err != nil {
				t.Fatal(err)
			}
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Stream, cfg.Aggregate = "large", aggregate })
			for _, size := range []int{100, 3 << 20, 100, 10<<20 - 100, 1 << 20} {
				if err := p.Send(ctx, "k:"+strings.Repeat("x", size)); err != nil {
					t.Fatal(err)
				}
			}
			size, ok := errors.AsType[*RecordSizeError](p.Send(ctx, "k:"+strings.Repeat("x", 10<<20)))
			if !ok || size.Limit != 10<<20 {
				t.Errorf("a value of more than 10 MiB: %+v", size)
			}
			closeProducer(t, p)
			total := 0
			for _, r := range srv.Records("large") {
				total += len(r.Data)
			}
			if total < 14<<20 {
				t.Errorf("%d bytes are in the stream", total)
			}
		})
	}
}
