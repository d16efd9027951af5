package ratelimit

import (
	"math"
	"testing"
	"time"
)

// full returns an Adaptive whose first burst has been accepted, so that its buckets are full at the time start.
func full(ceiling float64) *Adaptive {
	a := NewAdaptive(at(-time.Minute), shardLimits, ceiling)
	a.Answer(at(-time.Minute), at(-time.Minute), shardLimits, Limits{}, Limits{})
	a.Level(start)
	return a
}

// throttle has most or all of the entries of many calls throttled.
func throttle(a *Adaptive, now time.Time, accepted Limits) time.Time {
	for range 100 {
		a.Answer(now.Add(20*time.Millisecond), now, accepted, Limits{100, 10_000}, Limits{})
		now = now.Add(50 * time.Millisecond)
	}
	return now
}

func TestAdaptiveStarts(t *testing.T) {
	a := NewAdaptive(start, shardLimits, 1)
	if got, want := a.Level(start), shardLimits.times(firstBurst); got != want {
		t.Errorf("before the first answer: level %v, want %v", got, want)
	}
	if a.Share() != 1 {
		t.Errorf("share %v, want 1", a.Share())
	}
	sent := int64(0)
	for range 20 { // no time passes: only the burst is sent
		n := a.Level(start).Records
		if n > 0 && !a.Take(start, Limits{n, n}) {
			t.Fatalf("Take of the %d that are there failed", n)
		}
		a.Answer(start, start, Limits{n, n}, Limits{}, Limits{})
		sent += n
	}
	if want := int64(fullBurst * 1000); sent < want-10 || sent > want {
		t.Errorf("sent %d records at once, want %d", sent, want)
	}
}

func TestAdaptiveSendsALargeRecordAtOnce(t *testing.T) {
	a := NewAdaptive(start, shardLimits, 1)
	if !a.Take(start, Limits{1, 10 << 20}) {
		t.Error("the first record waits")
	}
	if wait := a.Wait(start, Limits{1, 1}); wait < 9*time.Second || wait > 11*time.Second {
		t.Errorf("after 10 MiB the next one waits %v, want about 10 s", wait)
	}
}

func TestAdaptiveTakesBothOrNone(t *testing.T) {
	a := full(1)
	level := a.Level(start)
	for _, n := range []Limits{{1, level.Bytes}, {level.Records, 1}} {
		b := *a
		if !b.Take(start, n) {
			t.Fatalf("Take(%v) failed with %v there", n, level)
		}
		left := b.Level(start)
		if b.Take(start, Limits{1, 1}) || b.Level(start) != left {
			t.Errorf("after %v: took (1, 1) or a part of it: %v, then %v", n, left, b.Level(start))
		}
		wait := b.Wait(start, Limits{1, 1})
		early := b
		if wait <= 0 || early.Take(start.Add(wait-1), Limits{1, 1}) || !b.Take(start.Add(wait), Limits{1, 1}) {
			t.Errorf("after %v: Wait = %v is not when Take succeeds", n, wait)
		}
		b.Return(start.Add(wait), Limits{1, 1})
		if !b.Take(start.Add(wait), Limits{1, 1}) {
			t.Errorf("after %v: what was returned cannot be taken", n)
		}
	}
}

func TestAdaptiveCut(t *testing.T) {
	for _, tc := range []struct {
		name                string
		accepted, throttled Limits
		want                float64
	}{
		{"a tenth throttled: half of steepness", Limits{18, 18}, Limits{2, 2}, 1 - 2*0.5*steepness/1000},
		{"one in many lowers the share by little", Limits{999, 999}, Limits{1, 1}, 1 - 0.005*steepness/1000},
		{"bytes, where they count for more", Limits{9, 72 << 10}, Limits{1, 8 << 10}, 1 - 8*0.5*steepness/1024},
		{"nothing accepted: maxRoundCut", Limits{}, Limits{500, 1}, 1 - maxRoundCut},
	} {
		a := full(1)
		a.Answer(start, at(-time.Millisecond), tc.accepted, tc.throttled, Limits{})
		if math.Abs(a.Share()-tc.want) > 0.0005 {
			t.Errorf("%s: share %v, want %v", tc.name, a.Share(), tc.want)
		}
		if level := a.Level(start); level.Records > 0 || level.Bytes > 0 {
			t.Errorf("%s: the burst is kept: %v", tc.name, level)
		}
	}
}

func TestAdaptiveExcuses(t *testing.T) {
	const each = maxExcuses / excusedPart // accepted records that make up for a full number of excuses
	for _, tc := range []struct {
		name      string
		before    int64 // accepted
		throttled int64
		overtaken int64
		excused   bool
	}{
		{"one of a few", 10, 1, 1, false},
		{"one of enough", 1 / excusedPart, 1, 1, true},
		{"two of enough for one", 1 / excusedPart, 2, 2, false},
		{"as many as gather", each, maxExcuses, maxExcuses, true},
		{"more than gather", 1000 * each, maxExcuses + 1, maxExcuses + 1, false},
		{"one that was not overtaken", each, 1, 0, false},
		{"one of two that was not", each, 2, 1, false},
	} {
		a := full(1)
		a.excuses = 0
		a.Answer(start, start, Limits{tc.before, tc.before}, Limits{}, Limits{})
		a.Answer(at(2*time.Millisecond), at(time.Millisecond), Limits{}, Limits{tc.throttled, 100 * tc.throttled}, Limits{tc.overtaken, 100 * tc.overtaken})
		share, level := a.Share(), a.Level(start)
		if (share == 1) != tc.excused || (level.Records > 0) != tc.excused {
			t.Errorf("%s: share %v and level %v, want it to be excused: %v", tc.name, share, level, tc.excused)
		}
	}
}

// TestAdaptiveExcusesAPart is throttled for good: only what is accepted earns excuses, and each is used once.
func TestAdaptiveExcusesAPart(t *testing.T) {
	a := full(1)
	now, cuts := start, 0
	for range 100 { // one of ten
		now = now.Add(time.Second)
		before := a.throttled
		a.Answer(now, now.Add(-time.Millisecond), Limits{9, 9}, Limits{1, 1}, Limits{1, 1})
		if a.throttled != before {
			cuts++
		}
	}
	if want := 100 - int(900*excusedPart) - maxExcuses; cuts < want-1 || cuts > want+1 {
		t.Errorf("%d of 100 were held against the share, want %d", cuts, want)
	}
}

// TestAdaptiveDoubtsTheBucketFirst starts on an empty bucket: only what is throttled later is blamed on the rate.
func TestAdaptiveDoubtsTheBucketFirst(t *testing.T) {
	a := NewAdaptive(start, shardLimits, 1)
	for i := range 3 { // all sent before the first answer came
		now := at(time.Duration(20+i) * time.Millisecond)
		sent := at(time.Duration(i) * time.Millisecond)
		a.Answer(now, sent, Limits{}, Limits{40, 40}, Limits{})
		if a.Share() != 1 || a.Level(now).Records > 0 {
			t.Fatalf("answer %d: share %v and level %v, want a share of 1 and nothing there", i+1, a.Share(), a.Level(now))
		}
	}
	a.Answer(at(60*time.Millisecond), at(40*time.Millisecond), Limits{10, 10}, Limits{10, 10}, Limits{})
	if a.Share() >= 1 {
		t.Error("what was sent later is throttled too, and the share is still 1")
	}
}

func TestAdaptiveComesBackAfterAnOutage(t *testing.T) {
	for _, tc := range []struct {
		name     string
		accepted Limits // of each throttled call
		step     Limits // what is accepted in the end
		steps    []float64
	}{
		{"small records: fourfold", Limits{}, Limits{1, 100}, []float64{0.04, 0.16, 0.65, 1, 1}},
		{"large records: by what is accepted", Limits{}, Limits{1, 1 << 18}, []float64{0.51, 1, 1}},
		{"a record in each call gets through: no outage", Limits{1, 100}, Limits{1, 100}, []float64{0.01, 0.01, 0.01}},
	} {
		a := full(1)
		now := throttle(a, start, tc.accepted)
		for i, want := range tc.steps {
			a.Answer(now.Add(20*time.Millisecond), now, tc.step, Limits{}, Limits{})
			now = now.Add(50 * time.Millisecond)
			if got := a.Share(); math.Abs(got-want) > 0.015 {
				t.Errorf("%s: share %.3f after %d answers, want %.2f", tc.name, got, i+1, want)
			}
		}
	}
}

func TestAdaptiveComesBackToItsShare(t *testing.T) {
	a := full(1)
	for a.Share() > 0.5 { // others write too
		a.Answer(a.throttled.Add(20*time.Millisecond), a.throttled.Add(time.Millisecond), Limits{10, 10}, Limits{10, 10}, Limits{})
	}
	now := a.throttled.Add(time.Second)
	a.Answer(now, now, Limits{10, 10}, Limits{}, Limits{})
	want := a.Share()
	now = throttle(a, now.Add(time.Millisecond), Limits{})
	for range 10 {
		a.Answer(now.Add(20*time.Millisecond), now, Limits{10, 10}, Limits{}, Limits{})
		now = now.Add(50 * time.Millisecond)
	}
	if got := a.Share(); math.Abs(got-want) > 0.05 {
		t.Errorf("share %.3f after the outage, want %.3f as before", got, want)
	}
}

func TestAdaptiveBoundsADebtInAnOutage(t *testing.T) {
	a := full(1)
	now := start
	for i := range 30 {
		last := now
		for !a.Take(now, Limits{1, 1 << 20}) {
			now = now.Add(7 * time.Millisecond)
		}
		if waited := now.Sub(last); waited > 5*time.Second {
			t.Fatalf("attempt %d had to wait %v", i+1, waited)
		}
		a.Answer(now.Add(time.Millisecond), now, Limits{}, Limits{1, 1 << 20}, Limits{})
	}
	if a.Share() > 0.1 {
		t.Errorf("share %v, want less", a.Share())
	}
}

func TestAdaptiveRounds(t *testing.T) {
	a := full(1)
	none, many := Limits{}, Limits{500, 500}
	for i := range 5 { // all sent before the first answer came
		a.Answer(at(time.Duration(i)*time.Millisecond), at(-time.Second), none, many, Limits{})
		if a.Share() != 1-maxRoundCut {
			t.Fatalf("answer %d of one round: share %v, want %v", i+1, a.Share(), 1-maxRoundCut)
		}
	}
	a.Answer(at(20*time.Millisecond), at(time.Millisecond), none, many, Limits{}) // sent after the cut
	if want := (1 - maxRoundCut) * (1 - maxRoundCut); math.Abs(a.Share()-want) > 1e-9 {
		t.Errorf("the next round: share %v, want %v", a.Share(), want)
	}
	for i := range 40 {
		now := at(time.Duration(100+10*i) * time.Millisecond)
		a.Answer(now, now.Add(-time.Millisecond), none, many, Limits{})
	}
	if a.Share() != minShare {
		t.Errorf("always throttled: share %v, want %v", a.Share(), minShare)
	}
}

func TestAdaptiveRecovers(t *testing.T) {
	a := full(1)
	a.Answer(start, at(-time.Second), Limits{}, Limits{500, 500}, Limits{})
	before := a.Share()
	a.Level(at(time.Second))
	if gain := a.Share() - before; gain <= 0 || gain > slope/4 {
		t.Errorf("a second later the share has grown by %v, want a part of %v", gain, slope)
	}
	for i := range 100 {
		a.Level(at(time.Duration(i) * 100 * time.Millisecond))
	}
	if a.Share() != 1 {
		t.Errorf("ten seconds later: share %v, want 1", a.Share())
	}
}

func TestAdaptiveCeiling(t *testing.T) {
	const ceiling = 100
	all := func(a *Adaptive, now time.Time) {
		for a.Take(now, Limits{100, 100}) {
		}
	}
	idle, busy, throttled := full(ceiling), full(ceiling), full(ceiling)
	throttled.Answer(start, at(-time.Second), Limits{1000, 1000}, Limits{1, 1}, Limits{})
	for i := range 100 {
		now := at(time.Duration(i) * 100 * time.Millisecond)
		idle.Take(now, Limits{1, 1})
		all(busy, now)
		all(throttled, now)
	}
	if idle.Share() != 1 {
		t.Errorf("without need: share %v, want 1", idle.Share())
	}
	if busy.Share() != ceiling {
		t.Errorf("with need, never throttled: share %v after 10 s, want %v", busy.Share(), ceiling)
	}
	if s := throttled.Share(); s <= 1.5 || s > 5 {
		t.Errorf("with need, throttled once: share %v after 10 s, want a few times the limits", s)
	}
	if got := NewAdaptive(start, Limits{-1, 0}, 0.1); got.Share() != 1 || !got.Take(start, Limits{1, 1}) {
		t.Error("limits and ceiling below 1 do not count as 1")
	}
}

func TestAdaptiveDoesNotSearchWhileIdle(t *testing.T) {
	a := full(100)
	for a.Take(start, Limits{100, 100}) { // until tokens are missing
	}
	a.Level(at(time.Hour))
	if s := a.Share(); s > 2 {
		t.Errorf("after an idle hour: share %v, want at most 2", s)
	}
}

func TestAdaptiveInherit(t *testing.T) {
	parent := full(1)
	parent.Answer(start, at(-time.Second), Limits{}, Limits{500, 500}, Limits{})
	child := NewAdaptive(start, shardLimits, 1)
	child.Inherit(start, parent)
	if child.Share() != parent.Share() || child.Rate() != parent.Rate() {
		t.Errorf("share %v and rate %v, want those of the parent, %v and %v", child.Share(), child.Rate(), parent.Share(), parent.Rate())
	}
}

func TestAdaptiveCharge(t *testing.T) {
	a := full(1)
	before := a.Level(start)
	a.Charge(start, Limits{2000, 100})
	if got, want := a.Level(start), (Limits{before.Records - 2000, before.Bytes - 100}); got != want {
		t.Errorf("level %v, want %v", got, want)
	}
}

func TestAdaptiveIgnoresAClockThatGoesBack(t *testing.T) {
	a := full(1)
	a.Answer(start, at(-time.Second), Limits{}, Limits{500, 500}, Limits{})
	share := a.Share()
	a.Take(at(-time.Hour), Limits{1, 1})
	a.Answer(at(-time.Hour), at(-2*time.Hour), Limits{1, 1}, Limits{}, Limits{})
	if a.Share() != share || a.Level(at(-time.Hour)).Records > 0 {
		t.Errorf("share %v, level %v", a.Share(), a.Level(at(-time.Hour)))
	}
}

func TestAdaptiveDoesNotAllocate(t *testing.T) {
	a := full(1)
	now := start
	if got := testing.AllocsPerRun(100, func() {
		now = now.Add(time.Millisecond)
		a.Take(now, Limits{1, 100})
		a.Answer(now, now, Limits{1, 100}, Limits{1, 100}, Limits{})
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkAdaptiveTake(b *testing.B) {
	a := full(1)
	now := start
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Microsecond)
		a.Take(now, Limits{1, 1})
	}
}
