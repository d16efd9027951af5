package ratelimit

import (
	"fmt"
	"testing"
	"time"
)

// TestSimulatedOutage looks at the three seconds that follow an outage, but for some round trips, and at how much was asked
// for in vain while it lasted.
func TestSimulatedOutage(t *testing.T) {
	const (
		begin = 20 * time.Second
		look  = 3 * time.Second
	)
	for _, producers := range []int{1, 2, 5} {
		for _, far := range append(distances, distance{"300 ms", 150 * time.Millisecond, 0}) {
			trip := 2 * (far.delay + far.jitter)
			grace := (800*time.Millisecond + 4*trip).Round(time.Second)
			for _, length := range []time.Duration{time.Second, 5 * time.Second, time.Minute} {
				t.Run(fmt.Sprintf("%d, %s, %v", producers, far.name, length), func(t *testing.T) {
					t.Parallel()
					for seed := range seeds(2, 20) {
						sc := scenario{
							producers: producers, size: 100, delay: far.delay, jitter: far.jitter, capacity: 1, seed: uint64(seed),
							begin: begin, outage: length, from: begin + length + grace, duration: begin + length + grace + look,
						}
						got := sc.run()
						if got.late.used < 0.95 {
							t.Errorf("seed %d: %.3f of the capacity used from %v after the outage, want 0.95", seed, got.late.used, grace)
						}
						// Until they have noticed and slowed down, and then minShare each.
						most := 1000*(1+2*trip.Seconds()) + float64(producers)*length.Seconds()*minShare*1100
						if got.outage > most {
							t.Errorf("seed %d: %.0f records throttled during the outage, want at most %.0f", seed, got.outage, most)
						}
					}
				})
			}
		}
	}
}

// TestSimulatedStart starts one producer on a shard whose bucket is full, and on one whose bucket is empty, in which case
// the first burst is throttled, and no more.
func TestSimulatedStart(t *testing.T) {
	const length = 10 * time.Second
	for _, drained := range []bool{false, true} {
		for _, delay := range []time.Duration{0, 15 * time.Millisecond, 50 * time.Millisecond} {
			for _, jitter := range []time.Duration{0, 40 * time.Millisecond} {
				for seed := range seeds(5, 50) {
					sc := scenario{
						producers: 1, size: 100, capacity: 1, delay: delay, jitter: jitter, drained: drained, seed: uint64(seed),
						starts: []time.Duration{0}, duration: length,
					}
					got := sc.run().whole
					most := 0.0
					if drained {
						most = 0.03
					}
					least := 0.95
					if jitter > 0 {
						least = 0.88
					}
					if got.used < least || got.throttled > most {
						t.Errorf("drained %v, %v and up to %v more, seed %d: used %.4f and throttled %.4f, want %.4f and %.4f",
							drained, delay, jitter, seed, got.used, got.throttled, least, most)
					}
				}
			}
		}
	}
}
