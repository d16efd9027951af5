package ratelimit

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var start = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func TestTake(t *testing.T) {
	type step struct {
		At   time.Duration
		N    int64
		OK   bool
		Left int64
	}
	for _, tc := range []struct {
		name        string
		rate, burst int64
		steps       []step
	}{
		{"starts full, one second's worth", 1000, 1000, []step{
			{0, 1000, true, 0}, {0, 1, false, 0},
			{time.Millisecond - 1, 1, false, 0}, {time.Millisecond, 1, true, 0},
		}},
		{"never more than the burst", 10, 20, []step{
			{0, 20, true, 0}, {time.Hour, 20, true, 0}, {time.Hour, 1, false, 0},
		}},
		{"more than the burst needs a full bucket and leaves a debt", 10, 10, []step{
			{0, 1, true, 9}, {0, 35, false, 9}, {100 * time.Millisecond, 35, true, -25},
			{2500*time.Millisecond + 99*time.Millisecond, 1, false, -1},
			{2600 * time.Millisecond, 1, false, 0}, {2700 * time.Millisecond, 1, true, 0},
		}},
		{"nothing is always there", 10, 10, []step{
			{0, 30, true, -20}, {0, 0, true, -20}, {0, -5, true, -20},
		}},
		{"a clock that goes back gains nothing twice", 10, 10, []step{
			{time.Second, 10, true, 0}, {0, 1, false, 0}, {time.Second, 1, false, 0}, {1100 * time.Millisecond, 1, true, 0},
		}},
		{"rates and bursts are at least 1", 0, -3, []step{
			{0, 1, true, 0}, {time.Second - 1, 1, false, 0}, {time.Second, 1, true, 0},
		}},
		{"the largest of everything", math.MaxInt64, math.MaxInt64, []step{
			{0, math.MaxInt64, true, 0}, {math.MaxInt64, MaxTokens, true, 0}, {math.MaxInt64, 1, false, 0},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := NewBucket(tc.rate, tc.burst)
			var got []step
			for _, s := range tc.steps {
				wait := b.Wait(at(s.At), s.N)
				ok := b.Take(at(s.At), s.N)
				if ok != (wait == 0) {
					t.Errorf("at %v: Take(%d) = %v, but Wait = %v", s.At, s.N, ok, wait)
				}
				got = append(got, step{s.At, s.N, ok, b.Level(at(s.At))})
			}
			if diff := cmp.Diff(tc.steps, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWaitIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		rate, burst := 1+r.Int64N(3_000_000), 1+r.Int64N(3_000_000)
		b := NewBucket(rate, burst)
		now := at(time.Duration(r.Int64N(int64(time.Hour))))
		b.Charge(now, r.Int64N(4*burst))
		n := 1 + r.Int64N(2*burst)
		wait := b.Wait(now, n)
		if wait > 0 {
			early := b
			if early.Take(now.Add(wait-1), n) {
				t.Fatalf("rate %d, burst %d: Take(%d) succeeded a nanosecond before Wait said", rate, burst, n)
			}
		}
		if !b.Take(now.Add(wait), n) {
			t.Fatalf("rate %d, burst %d: Take(%d) failed after Wait", rate, burst, n)
		}
	}
}

func TestWaitOnAClockThatWentBack(t *testing.T) {
	b := NewBucket(10, 10)
	b.Take(at(time.Minute), 10)
	if got, want := b.Wait(at(0), 1), time.Minute+100*time.Millisecond; got != want {
		t.Errorf("Wait = %v, want %v", got, want)
	}
}

// TestNoDrift asks a bucket at random times for a long while, and compares it with rational arithmetic.
func TestNoDrift(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const rate, burst = 1_048_573, 999_983 // primes: the fractions never come out even
	b := NewBucket(rate, burst)
	level, full := big.NewRat(burst, 1), big.NewRat(burst, 1)
	var now time.Duration
	b.Take(at(now), 0)
	for i := range 20_000 {
		step := r.Int64N(2_000_000)
		now += time.Duration(step)
		level.Add(level, big.NewRat(step*rate, nano))
		if level.Cmp(full) > 0 {
			level.Set(full)
		}
		n := 1 + r.Int64N(2500)
		want := level.Cmp(big.NewRat(n, 1)) >= 0
		if got := b.Take(at(now), n); got != want {
			t.Fatalf("step %d: Take(%d) = %v with %v in the bucket", i, n, got, level)
		}
		if want {
			level.Sub(level, big.NewRat(n, 1))
		}
		if got := big.NewRat(b.level, nano); got.Cmp(level) != 0 {
			t.Fatalf("step %d: level %v, want %v", i, got, level)
		}
	}
}

func TestChargeAndReturn(t *testing.T) {
	b := NewBucket(10, 100)
	b.Charge(start, 250)
	if got := b.Level(start); got != -150 {
		t.Errorf("after a charge: level %d, want -150", got)
	}
	b.Return(start, 200)
	if got := b.Level(start); got != 50 {
		t.Errorf("after a return: level %d, want 50", got)
	}
	b.Return(start, 1000)
	if got := b.Level(start); got != 100 {
		t.Errorf("returned over the burst: level %d, want 100", got)
	}
	for range 5 {
		b.Charge(start, math.MaxInt64)
	}
	if got := b.Level(start); got != -MaxTokens {
		t.Errorf("the deepest debt: level %d, want %d", got, int64(-MaxTokens))
	}
	if got := b.Wait(start, 1); got <= 0 {
		t.Errorf("Wait in the deepest debt = %v", got)
	}
}

func TestClamp(t *testing.T) {
	for _, tc := range []struct{ level, least, most, want int64 }{
		{50, 0, 20, 20},
		{50, 0, 80, 50},
		{50, 60, 80, 60},
		{-50, -MaxTokens, 20, -50},
		{-50, -20, 20, -20},
		{50, 0, -20, -20},
		{50, 1000, MaxTokens, 100},
		{50, -MaxTokens - 1, math.MaxInt64, 50},
	} {
		b := NewBucket(10, 100)
		b.Charge(start, 100-tc.level)
		b.Clamp(start, tc.least, tc.most)
		if got := b.Level(start); got != tc.want {
			t.Errorf("%d between %d and %d is %d, want %d", tc.level, tc.least, tc.most, got, tc.want)
		}
	}
}

func TestSetLimits(t *testing.T) {
	b := NewBucket(10, 100)
	b.Take(start, 100)
	b.SetLimits(at(time.Second), 1000, 50)
	if got := b.Level(at(time.Second)); got != 10 {
		t.Errorf("gained at the old rate: %d, want 10", got)
	}
	if got := b.Level(at(time.Second + 10*time.Millisecond)); got != 20 || b.Rate() != 1000 {
		t.Errorf("gained at the new rate %d: %d, want 20 at 1000", b.Rate(), got)
	}
	if got := b.Level(at(time.Minute)); got != 50 {
		t.Errorf("gained up to the new burst: %d, want 50", got)
	}
	b.SetLimits(at(time.Minute), 1000, 20)
	if got := b.Level(at(time.Minute)); got != 20 {
		t.Errorf("kept of the old burst: %d, want 20", got)
	}
}

func TestBucketDoesNotAllocate(t *testing.T) {
	b := NewBucket(1000, 1000)
	now := start
	if got := testing.AllocsPerRun(100, func() {
		now = now.Add(time.Millisecond)
		b.Take(now, 2)
		b.Wait(now, 2)
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkTake(b *testing.B) {
	bucket := NewBucket(1<<20, 1<<20)
	now := start
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Microsecond)
		bucket.Take(now, 1)
	}
}
