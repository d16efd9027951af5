package ratelimit

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// A scenario is a number of producers that write to one shard as fast as their Adaptives let them. Each of them waits until
// its tokens of a quantum have gathered, and sends them in a call, as kstream.Producer does.
type scenario struct {
	producers int
	size      int64           // bytes a record
	large     int64           // bytes a record of the first producer, if it writes larger ones
	part      float64         // of the limits that each producer is set to use; 0: all
	delay     time.Duration   // to the service, and back
	jitter    time.Duration   // at most, on top, each way
	capacity  float64         // of the shard, as a part of its documented limits
	starts    []time.Duration // of the producers, the first ones if there are more; at a random moment of the first second
	leave     time.Duration   // when all but the first producer end; 0: never
	begin     time.Duration   // of an outage, in which everything is throttled
	outage    time.Duration   // how long it lasts
	drained   bool            // the shard's buckets are empty at the start
	fronts    int             // between which the shard's limits are divided; entries come to one of them by chance; 0: one
	noise     float64         // the part of the entries that is throttled whatever the rate
	neighbour float64         // the part of the limits that a program without mercy writes
	from      time.Duration   // what is looked at: from then on
	duration  time.Duration
	seed      uint64
}

// A result is how it went.
type result struct {
	whole, late tally     // since the start, and of what is looked at
	shares      []float64 // of the capacity, by producer, of what is looked at
	seconds     []float64 // the part of the capacity that was used in each second
	outage      float64   // records throttled while it lasted
}

// A tally is which part of the capacity was used, and which part of the producers' entries throttled.
type tally struct{ used, throttled float64 }

var shardLimits = Limits{Records: 1000, Bytes: 1 << 20}

const (
	maxEntries  = 500 // in a call
	callQuantum = 40 * time.Millisecond
)

// An event is something that happens at a moment of the simulation.
type event struct {
	at time.Duration
	do func(now time.Duration)
}

// A front is what entries find at the service.
type front struct{ records, bytes Bucket }

// A simulation has the events to come, the next one last.
type simulation struct {
	scenario
	random *rand.Rand
	events []event
	shard  []front

	sent, throttled, accepted struct{ whole, late float64 }
	inOutage                  float64
	shares, seconds           []float64 // accepted
}

// A writer is one producer of a simulation.
type writer struct {
	*simulation
	index    int
	size     int64
	adaptive *Adaptive
	gather   time.Duration // whose worth of tokens is let gather before a call
	looks    int           // how often it was to look; only the last one counts
}

func (sc scenario) run() result {
	s := &simulation{
		scenario: sc, random: rand.New(rand.NewPCG(1, sc.seed)),
		shares: make([]float64, sc.producers), seconds: make([]float64, sc.duration/time.Second+1),
	}
	limits := shardLimits.times(sc.capacity)
	part := limits.times(1 / float64(max(1, sc.fronts)))
	for range max(1, sc.fronts) {
		f := front{NewBucket(part.Records, part.Records), NewBucket(part.Bytes, part.Bytes)}
		if sc.drained {
			f.records.Clamp(at(0), 0, 0)
			f.bytes.Clamp(at(0), 0, 0)
		}
		s.shard = append(s.shard, f)
	}
	for i := range sc.producers {
		begin := time.Duration(s.random.Int64N(int64(time.Second)))
		if i < len(sc.starts) {
			begin = sc.starts[i]
		}
		w := &writer{simulation: s, index: i, size: sc.size, gather: callQuantum}
		if i == 0 && sc.large > 0 {
			w.size = sc.large
		}
		w.adaptive = NewAdaptive(at(begin), shardLimits.times(orElse(sc.part, 1)), 1)
		s.schedule(begin, func(now time.Duration) { w.look(now) })
	}
	if sc.neighbour > 0 {
		s.schedule(0, s.crowd)
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
	if s.drained {
		capacity -= perSecond
	}
	late := perSecond * (s.duration - s.from).Seconds()
	r := result{
		whole:  tally{s.accepted.whole / capacity, s.throttled.whole / s.sent.whole},
		late:   tally{s.accepted.late / late, s.throttled.late / s.sent.late},
		outage: s.inOutage,
	}
	for _, n := range s.seconds {
		r.seconds = append(r.seconds, n/perSecond)
	}
	for _, share := range s.shares {
		r.shares = append(r.shares, share/late)
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

func (s *simulation) anyGather() time.Duration {
	return callQuantum/2 + time.Duration(s.random.Int64N(int64(callQuantum)))
}

// look sends what the writer may send, if it is worth a call, and else looks again when it will be.
func (w *writer) look(now time.Duration) {
	if w.index > 0 && w.leave > 0 && now > w.leave {
		return
	}
	w.looks++
	rate := w.adaptive.Rate()
	records := max(1, int64(float64(rate.Records)*w.gather.Seconds()))
	bytes := max(w.size, int64(float64(rate.Bytes)*w.gather.Seconds()))
	wait := w.adaptive.Wait(at(now), Limits{records, bytes})
	if wait == 0 {
		w.call(now)
		wait = 1
	}
	look := w.looks
	w.schedule(now+wait, func(then time.Duration) {
		if look == w.looks {
			w.look(then)
		}
	})
}

// call makes a call.
func (w *writer) call(now time.Duration) {
	if !w.adaptive.Take(at(now), Limits{1, w.size}) { // may leave a debt
		return
	}
	level := w.adaptive.Level(at(now))
	more := max(0, min(maxEntries-1, level.Records, level.Bytes/w.size))
	w.adaptive.Charge(at(now), Limits{more, more * w.size})
	n := 1 + more
	w.schedule(now+w.latency(), func(then time.Duration) {
		accepted, overtaken := w.arrive(then, n, w.size, w.noise)
		w.count(then, n, accepted)
		w.schedule(then+w.latency(), func(back time.Duration) {
			w.adaptive.Answer(at(back), at(now), w.limits(accepted), w.limits(n-accepted), w.limits(overtaken))
			w.gather = callQuantum
			if w.adaptive.Share() < 1 {
				w.gather = w.anyGather()
			}
			w.look(back)
		})
	})
}

// crowd writes for the neighbour, which counts as capacity used.
func (s *simulation) crowd(now time.Duration) {
	gap := s.anyGather()
	n := int64(float64(shardLimits.Records)*s.neighbour*gap.Seconds() + s.random.Float64())
	size := int64(float64(shardLimits.Bytes) / float64(shardLimits.Records))
	taken, _ := s.arrive(now, n, size, 0)
	accepted := float64(taken) * min(1, float64(shardLimits.Bytes)/float64(s.size)/float64(shardLimits.Records))
	s.seconds[now/time.Second] += accepted
	s.accepted.whole += accepted
	if now >= s.from {
		s.accepted.late += accepted
	}
	s.schedule(now+gap, s.crowd)
}

// arrive is the shard: it returns how many of n records it accepts, and how many of the others come before one of those.
func (s *simulation) arrive(now time.Duration, n, size int64, noise float64) (accepted, overtaken int64) {
	if now >= s.begin && now < s.begin+s.outage {
		return 0, 0
	}
	for i := range n {
		f := &s.shard[0]
		if len(s.shard) > 1 {
			f = &s.shard[s.random.IntN(len(s.shard))]
		}
		if noise > 0 && s.random.Float64() < noise {
			continue
		}
		if f.records.Wait(at(now), 1) == 0 && f.bytes.Take(at(now), size) { // may leave a debt
			f.records.Take(at(now), 1)
			overtaken = i - accepted
			accepted++
		}
	}
	return accepted, overtaken
}

// limits returns what a number of records are.
func (w *writer) limits(records int64) Limits { return Limits{records, records * w.size} }

func (w *writer) count(now time.Duration, n, accepted int64) {
	used := float64(accepted) * float64(w.size) / float64(w.simulation.size)
	w.sent.whole += float64(n)
	w.throttled.whole += float64(n - accepted)
	w.accepted.whole += used
	w.seconds[now/time.Second] += used
	if now >= w.begin && now < w.begin+w.outage {
		w.inOutage += float64(n - accepted)
	}
	if now >= w.from {
		w.sent.late += float64(n)
		w.throttled.late += float64(n - accepted)
		w.accepted.late += used
		w.shares[w.index] += used
	}
}
