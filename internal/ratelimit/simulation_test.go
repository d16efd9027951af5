package ratelimit

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A scenario is a number of producers that write to one shard as fast as their Adaptives let them.
type scenario struct {
	producers int
	size      int64         // bytes a record
	tick      time.Duration // between the calls of a producer
	delay     time.Duration // to the service, and back
	jitter    time.Duration // at most, on top
	capacity  float64       // of the shard, as a part of its documented limits
	stagger   time.Duration // between the starts of the producers
	leave     time.Duration // when all but the first producer end; 0: never
	duration  time.Duration
}

// A result is how it went, from the first second and in the second half.
type result struct {
	whole, half tally
	shares      []float64 // of the capacity, by producer, in the second half
}

// A tally is which part of the capacity was used, and which part of the entries throttled.
type tally struct{ used, throttled float64 }

var shardLimits = Limits{Records: 1000, Bytes: 1 << 20}

const maxEntries = 500 // in a call

func TestSimulation(t *testing.T) {
	const minute = time.Minute
	alone := scenario{
		producers: 1, size: 100, tick: 50 * time.Millisecond, delay: 15 * time.Millisecond, jitter: 5 * time.Millisecond,
		capacity: 1, duration: minute,
	}
	with := func(change func(*scenario)) scenario { s := alone; change(&s); return s }
	for _, tc := range []struct {
		name     string
		scenario scenario
		// What must be seen: at least used and at most throttled over the whole time, and in the second half; and the
		// largest share over the smallest in the second half.
		whole, half tally
		unfair      float64
	}{
		{"alone", alone, tally{0.99, 0}, tally{0.999, 0}, 1},
		{"alone, 4 KB", with(func(s *scenario) { s.size = 4096 }), tally{0.99, 0}, tally{0.999, 0}, 1},
		{"alone, few large calls", with(func(s *scenario) { s.tick = 400 * time.Millisecond }), tally{0.97, 0}, tally{0.99, 0}, 1},
		{"alone, latency that varies", with(func(s *scenario) { s.jitter = 100 * time.Millisecond }), tally{0.99, 0.001}, tally{0.99, 0.001}, 1},
		{"alone, 1 MB", with(func(s *scenario) { s.size = 1_000_000 }), tally{0.93, 0}, tally{0.95, 0}, 1},
		{"alone, a shard throttled to a tenth", with(func(s *scenario) { s.capacity = 0.1 }), tally{0.97, 0.06}, tally{0.99, 0.01}, 1},
		{"two", with(func(s *scenario) { s.producers = 2 }), tally{0.99, 0.02}, tally{0.99, 0.005}, 1.15},
		{"two, 4 KB", with(func(s *scenario) { s.producers = 2; s.size = 4096 }), tally{0.99, 0.02}, tally{0.99, 0.005}, 1.15},
		{"two, the second later", with(func(s *scenario) { s.producers = 2; s.stagger = minute / 2; s.duration = 2 * minute }),
			tally{0.99, 0.01}, tally{0.99, 0.005}, 1.15},
		{"two, a slow network", with(func(s *scenario) { s.producers = 2; s.delay = 500 * time.Millisecond }),
			tally{0.8, 0.1}, tally{0.85, 0.03}, 1.3},
		{"two, 100 KB", with(func(s *scenario) { s.producers = 2; s.size = 100_000; s.duration = 2 * minute }),
			tally{0.97, 0.03}, tally{0.97, 0.03}, 3},
		{"two, then one", with(func(s *scenario) { s.producers = 2; s.leave = minute / 2; s.duration = 2 * minute }),
			tally{0.93, 0.01}, tally{0.98, 0}, 0},
		{"five", with(func(s *scenario) { s.producers = 5 }), tally{0.99, 0.05}, tally{0.99, 0.01}, 1.3},
		{"five, 4 KB", with(func(s *scenario) { s.producers = 5; s.size = 4096 }), tally{0.99, 0.05}, tally{0.99, 0.01}, 1.4},
		{"five, one after the other", with(func(s *scenario) { s.producers = 5; s.stagger = 10 * time.Second; s.duration = 2 * minute }),
			tally{0.97, 0.03}, tally{0.99, 0.01}, 1.3},
		{"five, few large calls", with(func(s *scenario) { s.producers = 5; s.tick = 400 * time.Millisecond; s.duration = 2 * minute }),
			tally{0.97, 0.03}, tally{0.99, 0.01}, 1.3},
		{"twenty", with(func(s *scenario) { s.producers = 20; s.duration = 2 * minute }), tally{0.99, 0.07}, tally{0.99, 0.015}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := tc.scenario.run()
			t.Logf("used and throttled: %.4f, in the second half %.4f; shares %.3f", got.whole, got.half, got.shares)
			for _, part := range []struct {
				name      string
				got, want tally
			}{{"the whole time", got.whole, tc.whole}, {"the second half", got.half, tc.half}} {
				if part.got.used < part.want.used || part.got.used > 1.02 {
					t.Errorf("%s: %.4f of the capacity used, want %.4f to 1", part.name, part.got.used, part.want.used)
				}
				if part.got.throttled > part.want.throttled {
					t.Errorf("%s: %.4f of the entries throttled, want at most %.4f", part.name, part.got.throttled, part.want.throttled)
				}
			}
			if most, least := slices.Max(got.shares), slices.Min(got.shares); tc.unfair > 0 && most > least*tc.unfair {
				t.Errorf("shares %.3f, want none more than %v times another", got.shares, tc.unfair)
			}
		})
	}
}

// An event is something that happens at a moment of the simulation.
type event struct {
	at time.Duration
	do func(now time.Duration)
}

// A simulation has the events to come, the next one last.
type simulation struct {
	scenario
	random *rand.Rand
	events []event
	shard  struct{ records, bytes Bucket }

	sent, throttled, accepted struct{ whole, half float64 }
	shares                    []float64 // accepted in the second half
}

func (sc scenario) run() result {
	s := simulation{scenario: sc, random: rand.New(rand.NewPCG(1, 2)), shares: make([]float64, sc.producers)}
	limits := shardLimits.times(sc.capacity)
	s.shard.records = NewBucket(limits.Records, limits.Records)
	s.shard.bytes = NewBucket(limits.Bytes, limits.Bytes)
	for i := range sc.producers {
		begin := time.Duration(i)*sc.stagger + time.Duration(i)*sc.tick/time.Duration(sc.producers)
		adaptive := NewAdaptive(at(begin), shardLimits, 1)
		s.schedule(begin, func(now time.Duration) { s.call(now, i, adaptive) })
	}
	for len(s.events) > 0 && s.events[len(s.events)-1].at <= sc.duration {
		next := s.events[len(s.events)-1]
		s.events = s.events[:len(s.events)-1]
		next.do(next.at)
	}
	return s.result(limits)
}

func (s *simulation) result(limits Limits) result {
	perSecond := min(float64(limits.Records), float64(limits.Bytes)/float64(s.size))
	capacity := perSecond * (s.duration.Seconds() + 1) // the full bucket is a second's worth
	half := perSecond * s.duration.Seconds() / 2
	r := result{
		whole: tally{s.accepted.whole / capacity, s.throttled.whole / s.sent.whole},
		half:  tally{s.accepted.half / half, s.throttled.half / s.sent.half},
	}
	for _, share := range s.shares {
		r.shares = append(r.shares, share/half)
	}
	return r
}

func (s *simulation) schedule(at time.Duration, do func(now time.Duration)) {
	i, _ := slices.BinarySearchFunc(s.events, at, func(e event, at time.Duration) int { return cmp.Compare(at, e.at) })
	s.events = slices.Insert(s.events, i, event{at, do})
}

func (s *simulation) latency() time.Duration {
	return s.delay + time.Duration(s.random.Int64N(int64(s.jitter)+1))
}

// call sends what a producer may send, and comes back a tick later.
func (s *simulation) call(now time.Duration, producer int, adaptive *Adaptive) {
	if producer > 0 && s.leave > 0 && now > s.leave {
		return
	}
	var n int64
	for n < maxEntries && adaptive.Take(at(now), Limits{1, s.size}) {
		n++
	}
	if n > 0 {
		s.schedule(now+s.latency(), func(then time.Duration) {
			accepted := s.arrive(then, producer, n)
			s.schedule(then+s.latency(), func(back time.Duration) {
				adaptive.Answer(at(back), at(now), Limits{accepted, accepted * s.size}, Limits{n - accepted, (n - accepted) * s.size})
			})
		})
	}
	s.schedule(now+s.tick, func(then time.Duration) { s.call(then, producer, adaptive) })
}

// arrive is the shard: it returns how many of n records it accepts.
func (s *simulation) arrive(now time.Duration, producer int, n int64) (accepted int64) {
	for range n {
		if s.shard.records.Wait(at(now), 1) == 0 && s.shard.bytes.Take(at(now), s.size) {
			s.shard.records.Take(at(now), 1)
			accepted++
		}
	}
	s.sent.whole += float64(n)
	s.throttled.whole += float64(n - accepted)
	s.accepted.whole += float64(accepted)
	if now > s.duration/2 {
		s.sent.half += float64(n)
		s.throttled.half += float64(n - accepted)
		s.accepted.half += float64(accepted)
		s.shares[producer] += float64(accepted)
	}
	return accepted
}
