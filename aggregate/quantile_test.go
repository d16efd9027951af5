package aggregate

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestQuantileDefinition(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []string
		q      float64
		want   float64
	}{
		{"one value", []string{"7"}, 0.3, 7},
		{"median of an odd number", []string{"9", "1", "5"}, 0.5, 5},
		{"median of an even number", []string{"1", "2", "3", "10"}, 0.5, 2.5},
		{"the lowest", []string{"3", "1", "2"}, 0, 1},
		{"the highest", []string{"3", "1", "2"}, 1, 3},
		{"a third of the way", []string{"10", "20", "30", "40"}, 0.9, 37},
		{"repeated values", []string{"1", "1", "1", "1", "9"}, 0.75, 1},
		{"between repeated and other", []string{"1", "1", "9", "9"}, 0.5, 5},
		{"negative", []string{"-5", "-1"}, 0.25, -4},
		{"a tenth of eleven is the second", []string{"0.001", "0.002", "1e9", "1e9", "1e9", "1e9", "1e9", "1e9", "1e9", "1e9", "1e9"}, 0.1, 0.002},
		{"decimals", []string{"12.99", "13"}, 0.5, 12.995},
		{"decimals that floats round", []string{"0.1", "0.2"}, 0.5, 0.15},
		{"outside", []string{"1"}, 1.1, math.NaN()},
		{"below", []string{"1"}, -0.1, math.NaN()},
		{"NaN", []string{"1"}, math.NaN(), math.NaN()},
		{"infinite", []string{"1"}, math.Inf(1), math.NaN()},
	} {
		var s Summary
		for _, text := range tt.values {
			s.AddPrice(newPrice(mustDecimal(t, text), "", ""))
		}
		if got := s.Quantile(tt.q); got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("%s: Quantile(%v) = %v, want %v", tt.name, tt.q, got, tt.want)
		}
		if s.QuantileError() != 0 {
			t.Errorf("%s: QuantileError = %v, want 0", tt.name, s.QuantileError())
		}
	}
}

// TestQuantileExact compares with sorting, in exact decimals.
func TestQuantileExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var s Summary
		var exact []*big.Rat
		for range 1 + rng.IntN(50) {
			p := NewPrice(rng.Int64N(20_000)-5_000, 2, "")
			s.AddPrice(p)
			exact = append(exact, p.amount.Rat())
		}
		slices.SortFunc(exact, (*big.Rat).Cmp)
		percent := rng.IntN(101)
		rank := big.NewRat(int64(percent*(len(exact)-1)), 100)
		i := int(rank.Num().Int64() / rank.Denom().Int64())
		want := exact[i]
		if i+1 < len(exact) {
			share := rank.Sub(rank, ratInt(i))
			step := new(big.Rat).Sub(exact[i+1], exact[i])
			want = share.Add(want, step.Mul(step, share))
		}
		if got := s.Quantile(float64(percent) / 100); got != nearest(want) {
			t.Fatalf("Quantile(%d%%) of %v = %v, want %v", percent, exact, got, nearest(want))
		}
	}
}

// A price of more digits than a float64 shows counts as its float64, bits and
// all, and not as the decimal that this happens to show.
func TestQuantileManyDigits(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	for range 500 {
		var s Summary
		sum := new(big.Rat)
		for range 2 {
			p := NewPrice(rng.Int64N(1e18), 18, "")
			s.AddPrice(p)
			sum.Add(sum, new(big.Rat).SetFloat64(p.amount.Float64()))
		}
		if got, want := s.Median(), nearest(sum.Quo(sum, ratInt(2))); got != want {
			t.Fatalf("Median = %v, want %v", got, want)
		}
	}
}

// TestQuantileBeyondBound adds more different values than are kept, and wants
// the promised error, the promised memory, and the same bits in every order.
func TestQuantileBeyondBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	next := 0.0
	for _, tt := range []struct {
		name  string
		n     int
		value func() float64
		bound float64 // that the documentation promises
	}{
		{"just over", maxDistinct + 1, func() float64 { next++; return next / 100 }, 1.0 / 1024},
		{"prices", 40_000, func() float64 { return math.Exp(rng.Float64()*math.Log(1e8)) / 100 }, 1.0 / 1024},
		{"all floats", 40_000, func() float64 {
			f := math.NaN()
			for f-f != 0 {
				f = math.Float64frombits(rng.Uint64())
			}
			return f
		}, 1.0 / 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values := make([]float64, tt.n)
			var forward, backward Summary
			var parts [4]Summary
			for i := range values {
				values[i] = tt.value()
				forward.Add(values[i])
				parts[rng.IntN(4)*rng.IntN(2)*rng.IntN(2)].Add(values[i]) // most in the one merged last
			}
			for i := range parts {
				backward.Merge(&parts[3-i])
			}
			if encoded(&forward) != encoded(&backward) {
				t.Error("the content depends on the order")
			}
			checkQuantiles(t, &forward, values, tt.bound)
		})
	}
}

func checkQuantiles(t *testing.T, s *Summary, values []float64, bound float64) {
	t.Helper()
	counts := &s.main().values.counts
	if counts.used > maxDistinct || len(counts.slots) > 2*maxDistinct {
		t.Errorf("%d values are kept in %d slots", counts.used, len(counts.slots))
	}
	slices.Sort(values)
	relative := s.QuantileError()
	if relative <= 0 || relative > bound {
		t.Errorf("QuantileError = %v, want at most %v, and not 0", relative, bound)
	}
	for i := 0; i < len(values); i += len(values) / 20 {
		q := float64(i) / float64(len(values)-1)
		got, want := s.Quantile(q), values[i]
		if math.Abs(got-want) > relative*math.Abs(want)*(1+1e-9) && math.Abs(want) > 0x1p-1022 {
			t.Errorf("Quantile(%v) = %v, want %v ± %v of it", q, got, want, relative)
		}
	}
	if s.Quantile(0) != values[0] || s.Quantile(1) != values[len(values)-1] {
		t.Error("the ends are not exact")
	}
}

func TestCounter(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	var c counter
	want := map[uint64]int64{}
	for range 20_000 {
		key := rng.Uint64N(3000) << rng.IntN(50)
		n := 1 + rng.Int64N(5)
		c.add(key, n)
		want[key] += n
	}
	got := map[uint64]int64{}
	for key, n := range c.all() {
		if got[key] != 0 {
			t.Fatalf("key %d is there twice", key)
		}
		got[key] = n
	}
	if len(got) != len(want) || c.used != len(want) || len(c.sorted()) != len(want) {
		t.Fatalf("%d keys, used %d, want %d", len(got), c.used, len(want))
	}
	for key, n := range want {
		if got[key] != n {
			t.Fatalf("key %d: %d, want %d", key, got[key], n)
		}
	}
}
