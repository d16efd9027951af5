package ratelimit

import (
	"math"
	"testing"
	"time"
)

// full returns an Adaptive whose first burst has been accepted, so that its buckets are full at the time start.
func full(ceiling float64) *Adaptive {
	a := NewAdaptive(at(-time.Minute), shardLimits, ceiling)
	a.Answer(at(-time.Minute), at(-time.Minute), shardLimits, Limits{})
	a.Level(start)
	return a
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
		a.Answer(start, start, Limits{n, n}, Limits{})
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
		{"one record in many lowers the rate by about one a second", Limits{899, 1}, Limits{1, 1}, 0.999},
		{"bytes, where they count for more", Limits{100, 1 << 20}, Limits{1, 1<<20/20 + 1}, 0.95},
		{"nothing accepted: half in one round", Limits{}, Limits{500, 1}, 0.5},
		{"a tenth throttled: a little more than one a second each", Limits{450, 1}, Limits{50, 1}, 0.941},
		{"never by more than was throttled", Limits{5000, 1}, Limits{100, 1}, 1 - 100./5100},
	} {
		a := full(1)
		a.Answer(start, at(-time.Millisecond), tc.accepted, tc.throttled)
		if math.Abs(a.Share()-tc.want) > 0.003 {
			t.Errorf("%s: share %v, want %v", tc.name, a.Share(), tc.want)
		}
		if level := a.Level(start); level.Records > 0 || level.Bytes > 0 {
			t.Errorf("%s: the burst is kept: %v", tc.name, level)
		}
	}
}

func TestAdaptiveRounds(t *testing.T) {
	a := full(1)
	none, many := Limits{}, Limits{500, 500}
	for i := range 5 { // all sent before the first answer came
		a.Answer(at(time.Duration(i)*time.Millisecond), at(-time.Second), none, many)
		if a.Share() != 0.5 {
			t.Fatalf("answer %d of one round: share %v, want 0.5", i+1, a.Share())
		}
	}
	a.Answer(at(20*time.Millisecond), at(time.Millisecond), none, many) // sent after the cut
	if a.Share() != 0.25 {
		t.Errorf("the next round: share %v, want 0.25", a.Share())
	}
	for i := range 20 {
		now := at(time.Duration(100+10*i) * time.Millisecond)
		a.Answer(now, now.Add(-time.Millisecond), none, many)
	}
	if a.Share() != minShare {
		t.Errorf("always throttled: share %v, want %v", a.Share(), minShare)
	}
}

func TestAdaptiveRecovers(t *testing.T) {
	a := full(1)
	a.Answer(start, at(-time.Second), Limits{}, Limits{500, 500})
	before := a.Share()
	a.Level(at(time.Second))
	if gain := a.Share() - before; gain <= 0 || gain > 2*slope {
		t.Errorf("a second later the share has grown by %v, want about %v", gain, slope)
	}
	for i := range 600 {
		a.Level(at(time.Duration(i) * 100 * time.Millisecond))
	}
	if a.Share() != 1 {
		t.Errorf("a minute later: share %v, want 1", a.Share())
	}
}

func TestAdaptiveCeiling(t *testing.T) {
	const ceiling = 100
	all := func(a *Adaptive, now time.Time) {
		for a.Take(now, Limits{100, 100}) {
		}
	}
	idle, busy, throttled := full(ceiling), full(ceiling), full(ceiling)
	throttled.Answer(start, at(-time.Second), Limits{1000, 1000}, Limits{1, 1})
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
	if s := throttled.Share(); s <= 1 || s > 1.2 {
		t.Errorf("with need, throttled once: share %v after 10 s, want a little over 1", s)
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
	parent.Answer(start, at(-time.Second), Limits{}, Limits{500, 500})
	child := NewAdaptive(start, shardLimits, 1)
	child.Inherit(start, parent)
	if child.Share() != 0.5 || child.Rate() != shardLimits.times(0.5) {
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
	a.Answer(start, at(-time.Second), Limits{}, Limits{500, 500})
	share := a.Share()
	a.Take(at(-time.Hour), Limits{1, 1})
	a.Answer(at(-time.Hour), at(-2*time.Hour), Limits{1, 1}, Limits{})
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
		a.Answer(now, now, Limits{1, 100}, Limits{1, 100})
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
