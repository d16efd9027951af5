package ratelimit

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// seeds returns how many times a simulation is repeated with other chances.
func seeds(few, many int) int {
	if os.Getenv("KINESISKIT_LONG") != "" {
		return many
	}
	return few
}

// A distance is how far producers are from the service. Round trips that never vary are the harder case: who calls when
// does not change by itself.
type distance struct {
	name          string
	delay, jitter time.Duration
}

var distances = []distance{
	{"exactly 30 ms", 15 * time.Millisecond, 0},
	{"5 to 80 ms", 2500 * time.Microsecond, 37500 * time.Microsecond},
}

func TestSimulation(t *testing.T) {
	for _, tc := range []struct {
		name     string
		scenario scenario
		// What must be seen: at least used and at most throttled over the whole time, and in the second half; and the
		// largest share over the smallest in the second half, 0 where one may get nothing.
		whole, half tally
		unfair      float64
	}{
		{"alone", scenario{}, tally{0.99, 0}, tally{0.999, 0}, 1},
		{"alone, 4 KB", scenario{size: 4096}, tally{0.99, 0}, tally{0.999, 0}, 1},
		{"alone, 1 MB", scenario{size: 1_000_000}, tally{0.93, 0}, tally{0.95, 0}, 1},
		{"alone, latency that varies", scenario{jitter: 100 * time.Millisecond}, tally{0.99, 0.001}, tally{0.99, 0.001}, 1},
		{"alone, a shard throttled to a tenth", scenario{capacity: 0.1}, tally{0.97, 0.06}, tally{0.99, 0.015}, 1},
		{"two, a slow network", scenario{producers: 2, delay: 500 * time.Millisecond}, tally{0.95, 0.1}, tally{0.97, 0.07}, 1.5},
		{"two, 100 KB", scenario{producers: 2, size: 100_000}, tally{0.97, 0.08}, tally{0.97, 0.08}, 0},
		{"twenty", scenario{producers: 20}, tally{0.99, 0.12}, tally{0.99, 0.03}, 2},
		{"1 of 1000 throttled by chance", scenario{noise: 0.001}, tally{0.99, 0.002}, tally{0.99, 0.002}, 1},
		{"1 of 100 throttled by chance", scenario{noise: 0.01}, tally{0.9, 0.015}, tally{0.9, 0.015}, 1},
		{"1 of 50 throttled by chance", scenario{noise: 0.02}, tally{0.4, 0.025}, tally{0.4, 0.025}, 1},
		{"1 of 1000 throttled by chance, 4 KB", scenario{size: 4096, noise: 0.001}, tally{0.95, 0.002}, tally{0.95, 0.002}, 1},
		{"1 of 100 throttled by chance, 4 KB", scenario{size: 4096, noise: 0.01}, tally{0.4, 0.015}, tally{0.4, 0.015}, 1},
		{"1 of 50 throttled by chance, 4 KB", scenario{size: 4096, noise: 0.02}, tally{0.08, 0.035}, tally{0.08, 0.035}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for seed := range seeds(2, 20) {
				sc := tc.scenario
				sc.seed, sc.from, sc.duration = uint64(seed), time.Minute, 2*time.Minute
				if sc.producers == 0 {
					sc.producers, sc.starts = 1, []time.Duration{0}
				}
				sc.size, sc.delay, sc.capacity = orElse(sc.size, 100), orElse(sc.delay, 15*time.Millisecond), orElse(sc.capacity, 1)
				got := sc.run()
				t.Logf("used and throttled: %.4f, in the second half %.4f; shares %.3f", got.whole, got.late, got.shares)
				if got.whole.used < tc.whole.used || got.whole.throttled > tc.whole.throttled {
					t.Errorf("used and throttled: %.4f, want %.4f", got.whole, tc.whole)
				}
				if got.late.used < tc.half.used || got.late.throttled > tc.half.throttled {
					t.Errorf("used and throttled in the second half: %.4f, want %.4f", got.late, tc.half)
				}
				if most, least := slices.Max(got.shares), slices.Min(got.shares); tc.unfair > 0 && most > least*tc.unfair {
					t.Errorf("shares %.3f, want none more than %v times another", got.shares, tc.unfair)
				}
			}
		})
	}
}

// orElse returns v, or d if v is zero.
func orElse[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

func TestSimulatedFairShare(t *testing.T) {
	for _, producers := range []int{2, 3, 5} {
		for _, how := range []struct {
			name   string
			change func(*scenario)
		}{
			{"together", func(s *scenario) { s.starts = make([]time.Duration, producers) }},
			{"within a second", func(*scenario) {}},
			{"one after the other", func(s *scenario) {
				for i := range producers {
					s.starts = append(s.starts, time.Duration(i)*50*time.Second/time.Duration(producers))
				}
			}},
			{"through an outage", func(s *scenario) { s.begin, s.outage = 30*time.Second, 5*time.Second }},
			{"from an outage on", func(s *scenario) { s.begin, s.outage = 500*time.Millisecond, 5*time.Second }},
		} {
			for _, far := range distances {
				t.Run(fmt.Sprintf("%d %s, %s", producers, how.name, far.name), func(t *testing.T) {
					t.Parallel()
					for _, size := range []int64{100, 4096} {
						sc := scenario{
							producers: producers, size: size, delay: far.delay, jitter: far.jitter, capacity: 1,
							from: time.Minute, duration: 2 * time.Minute,
						}
						how.change(&sc)
						checkFairShare(t, sc)
					}
				})
			}
		}
	}
}

// checkFairShare looks at the second minute.
func checkFairShare(t *testing.T, sc scenario) {
	t.Helper()
	fair := 0.7 // the least of an even share
	if sc.producers == 2 {
		fair = 0.8
	}
	n := seeds(2, 25)
	unfair, throttled, least := 0, 0.0, 1.0
	for seed := range n {
		sc.seed = uint64(seed)
		got := sc.run()
		lesser := slices.Min(got.shares) * float64(sc.producers) / got.late.used
		least = min(least, lesser)
		throttled += got.late.throttled / float64(n)
		if lesser < fair {
			unfair++
		}
		if got.late.used < 0.95 || got.late.used > 1.03 || got.late.throttled > 0.02 {
			t.Errorf("%d bytes, seed %d: %.3f of the capacity used and %.4f throttled, want 0.95 and 0.02",
				sc.size, seed, got.late.used, got.late.throttled)
		}
		if lesser < fair-0.15 {
			t.Errorf("%d bytes, seed %d: the least share is %.2f of an even one, want %v: %.3f", sc.size, seed, lesser, fair, got.shares)
		}
	}
	t.Logf("%d bytes: the least share is at least %.2f of an even one, %.4f throttled", sc.size, least, throttled)
	if unfair*20 > n {
		t.Errorf("%d bytes: in %d of %d runs the least share is below %v of an even one", sc.size, unfair, n, fair)
	}
}

// TestSimulatedFronts has a service whose entries come to one of several buckets by chance, so that most of those that are
// throttled for the rate are overtaken. The last producer begins when the others have the whole shard.
func TestSimulatedFronts(t *testing.T) {
	for _, producers := range []int{2, 3, 5} {
		for _, fronts := range []int{4, 16} {
			for _, size := range []int64{100, 4096} {
				t.Run(fmt.Sprintf("%d, %d fronts, %d bytes", producers, fronts, size), func(t *testing.T) {
					t.Parallel()
					for seed := range seeds(2, 20) {
						sc := scenario{
							producers: producers, size: size, delay: 15 * time.Millisecond, capacity: 1, fronts: fronts, seed: uint64(seed),
							starts: make([]time.Duration, producers), from: time.Minute, duration: 2 * time.Minute,
						}
						sc.starts[producers-1] = 30 * time.Second
						got := sc.run()
						least := slices.Min(got.shares) * float64(producers) / got.late.used
						t.Logf("%.3f used, %.4f throttled, the least share is %.2f of an even one", got.late.used, got.late.throttled, least)
						if got.late.used < 0.87 || got.late.throttled > 0.03 || least < 0.45 {
							t.Errorf("seed %d: %.3f used, %.4f throttled and shares %.3f, want 0.87, 0.03 and 0.45 of an even one",
								seed, got.late.used, got.late.throttled, got.shares)
						}
					}
				})
			}
		}
	}
}

func TestSimulatedLeaving(t *testing.T) {
	const leave, grace, look = time.Minute, 9 * time.Second, 10 * time.Second
	for _, producers := range []int{2, 3, 5} {
		for _, far := range distances {
			for seed := range seeds(3, 25) {
				sc := scenario{
					producers: producers, size: 100, delay: far.delay, jitter: far.jitter, capacity: 1, seed: uint64(seed),
					leave: leave, from: leave + grace, duration: leave + grace + look,
				}
				if got := sc.run(); got.late.used < 0.95 {
					t.Errorf("%d, %s, seed %d: the one that stayed has %.3f of the capacity from %v on, want 0.95",
						producers, far.name, seed, got.late.used, grace)
				}
			}
		}
	}
}

// TestSimulatedNeighbour has another program take a part of the shard without ever giving way.
func TestSimulatedNeighbour(t *testing.T) {
	for _, neighbour := range []float64{0.3, 0.6, 0.9} {
		for _, far := range distances {
			for _, size := range []int64{100, 4096} {
				for seed := range seeds(2, 20) {
					sc := scenario{
						producers: 1, size: size, delay: far.delay, jitter: far.jitter, capacity: 1, seed: uint64(seed),
						neighbour: neighbour, from: 10 * time.Second, duration: time.Minute,
					}
					got := sc.run()
					if got.late.used < 0.97 || got.late.throttled > 0.03 {
						t.Errorf("%v, %s, %d bytes, seed %d: %.3f of the capacity used and %.4f throttled, want 0.97 and 0.03",
							neighbour, far.name, size, seed, got.late.used, got.late.throttled)
					}
				}
			}
		}
	}
}

// TestSimulatedLargeRecords has one producer write large records beside others that exhaust the byte limit with records of
// 4 KB: it is starved, unless each is set to a part of the limits and they leave the shard's bucket alone.
func TestSimulatedLargeRecords(t *testing.T) {
	for _, large := range []int64{100_000, 900_000} {
		for _, producers := range []int{2, 3} {
			for seed := range seeds(2, 20) {
				sc := scenario{
					producers: producers, size: 4096, large: large, delay: 15 * time.Millisecond, capacity: 1, seed: uint64(seed),
					from: time.Minute, duration: 6 * time.Minute,
				}
				even := 1 / float64(producers)
				if got := sc.run(); got.shares[0] > 0.2*even {
					t.Errorf("%d bytes, %d producers, seed %d: shares %.3f: the first is not starved, correct what Adaptive and Rate say",
						large, producers, seed, got.shares)
				}
				sc.part = even
				if got := sc.run(); got.shares[0] < 0.98*even || got.late.throttled > 0 {
					t.Errorf("%d bytes, %d producers with even parts, seed %d: shares %.3f and %.4f throttled",
						large, producers, seed, got.shares, got.late.throttled)
				}
			}
		}
	}
}
