package kstream

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestLargeValuesBesideSmallOnesOfOthers has three programs write to one shard
// as fast as they can, one of them values of 900 KB, and each set to a part of
// the limits, as Rate advises.
func TestLargeValuesBesideSmallOnesOfOthers(t *testing.T) {
	t.Parallel()
	const rate = 0.3
	length := 20 * time.Second
	if long() {
		length = 3 * time.Minute
	}
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		ctx, stop := context.WithTimeout(context.Background(), length)
		defer stop()
		var writers sync.WaitGroup
		for _, size := range []int{900_000, 4000, 4000} {
			p, err := NewProducer(srv.Client(), ProducerConfig[string]{
				Stream: "s", Rate: rate, MaxBufferedBytes: 2 << 20, Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			value := strings.Repeat("x", size)
			writers.Go(func() {
				for ctx.Err() == nil {
					_ = p.Send(ctx, value)
				}
				st := p.Stats()
				took := float64(st.Bytes) / limitBytes / length.Seconds()
				if took < 0.8*rate { // some are throttled when all start at once
					t.Errorf("%d bytes: %.3f of the limit, want %v; %d entries throttled", size, took, rate, st.ThrottledEntries)
				}
				_ = p.Close(ctx)
			})
		}
		writers.Wait()
	})
}
