package aggregate

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A value is one thing that a Summary can be told, with what it is exactly.
type value struct {
	add   func(*Summary)
	exact *big.Rat // nil if missing
}

func floatValue(f float64) value {
	if f-f != 0 {
		return value{add: func(s *Summary) { s.Add(f) }}
	}
	return value{func(s *Summary) { s.Add(f) }, new(big.Rat).SetFloat64(f)}
}

func priceValue(p Price) value {
	if p.Missing() {
		return value{add: func(s *Summary) { s.AddPrice(p) }}
	}
	return value{func(s *Summary) { s.AddPrice(p) }, p.amount.Rat()}
}

// Kinds of input, from the ordinary to the malicious.
var inputs = map[string]func(*rand.Rand) value{
	"prices": func(rng *rand.Rand) value {
		return priceValue(NewPrice(rng.Int64N(2_000_000), 2, ""))
	},
	"prices and refunds, many the same": func(rng *rand.Rand) value {
		return priceValue(NewPrice(rng.Int64N(41)-20, 1, ""))
	},
	"prices of all sizes": func(rng *rand.Rand) value {
		coef := rng.Int64() >> rng.IntN(63)
		return priceValue(NewPrice(coef-coef&1*2*coef, rng.IntN(700)-300, ""))
	},
	"prices of many digits": func(rng *rand.Rand) value {
		text := strconv.FormatUint(rng.Uint64(), 10) + strconv.FormatUint(rng.Uint64(), 10)
		d, _ := parseNumber([]byte(text + "e-" + strconv.Itoa(rng.IntN(50))))
		return priceValue(newPrice(d, "", ""))
	},
	"floats": func(rng *rand.Rand) value {
		return floatValue(rng.ExpFloat64() * 300)
	},
	"floats that cancel": func(rng *rand.Rand) value {
		f := []float64{1e300, -1e300, 1, -1, 1e-300, 0.1, -0.1, 5e-324, -1e16, 1e16}
		return floatValue(f[rng.IntN(len(f))])
	},
	"floats of any bits": func(rng *rand.Rand) value {
		return floatValue(math.Float64frombits(rng.Uint64()))
	},
	"everything": func(rng *rand.Rand) value {
		switch rng.IntN(5) {
		case 0:
			return floatValue(math.Float64frombits(rng.Uint64()))
		case 1:
			return floatValue(math.Copysign(0, -1))
		case 2:
			return priceValue(MissingPrice(Reason("reason " + strconv.Itoa(rng.IntN(100)))))
		case 3:
			return priceValue(FloatPrice(rng.NormFloat64()*1e6, ""))
		}
		return priceValue(NewPrice(rng.Int64N(1000), 2, ""))
	},
}

// TestMergeOrder spreads the same values over Summaries in many ways, merges
// them in many orders, and wants the same encoding, and the results of math/big.
func TestMergeOrder(t *testing.T) {
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 8))
			for _, n := range []int{1, 2, 3, 10, 1000} {
				values := make([]value, n)
				for i := range values {
					values[i] = input(rng)
				}
				whole := sharded(values, 1, rng)
				checkReference(t, whole, values)
				for _, shards := range []int{1, 2, 3, 16} {
					if got, want := encoded(sharded(values, shards, rng)), encoded(whole); got != want {
						t.Errorf("%d values over %d shards differ:\n%x\n%x", n, shards, got, want)
					}
				}
			}
		})
	}
}

// sharded adds values in random order to random ones of several Summaries, and
// merges these two by two at random.
func sharded(values []value, shards int, rng *rand.Rand) *Summary {
	parts := make([]*Summary, shards)
	for i := range parts {
		parts[i] = new(Summary)
	}
	for _, i := range rng.Perm(len(values)) {
		values[i].add(parts[rng.IntN(shards)])
	}
	for len(parts) > 1 {
		i := rng.IntN(len(parts) - 1)
		parts[i].Merge(parts[len(parts)-1])
		parts = parts[:len(parts)-1]
	}
	return parts[0]
}

func encoded(s *Summary) string {
	data, _ := s.MarshalBinary()
	return string(data)
}

// checkReference compares s with what math/big computes from the values.
func checkReference(t *testing.T, s *Summary, values []value) {
	t.Helper()
	exact := []*big.Rat{}
	for _, v := range values {
		if v.exact != nil {
			exact = append(exact, v.exact)
		}
	}
	n := len(exact)
	if s.Count() != int64(n) || s.Missing() != int64(len(values)-n) {
		t.Fatalf("Count, Missing = %d, %d, want %d, %d", s.Count(), s.Missing(), n, len(values)-n)
	}
	if n == 0 {
		return
	}
	sum, square := new(big.Rat), new(big.Rat)
	for _, x := range exact {
		sum.Add(sum, x)
		square.Add(square, new(big.Rat).Mul(x, x))
	}
	if s.Sum().Rat().Cmp(sum) != 0 {
		t.Errorf("Sum = %v, want %v", s.Sum(), sum)
	}
	slices.SortFunc(exact, (*big.Rat).Cmp)
	mean := new(big.Rat).Quo(sum, ratInt(n))
	spread := new(big.Rat).Sub(square, new(big.Rat).Mul(mean, sum)) // Σx² - n·mean²
	want := map[string]float64{
		"mean": nearest(mean), "min": nearest(exact[0]), "max": nearest(exact[n-1]),
		"population variance": nearest(new(big.Rat).Quo(spread, ratInt(n))),
		"population stddev":   nearestRoot(new(big.Rat).Quo(spread, ratInt(n))),
	}
	got := map[string]float64{
		"mean": s.Mean(), "min": s.Min(), "max": s.Max(),
		"population variance": s.PopVariance(), "population stddev": s.PopStdDev(),
	}
	if n > 1 {
		want["variance"] = nearest(new(big.Rat).Quo(spread, ratInt(n-1)))
		want["stddev"] = nearestRoot(new(big.Rat).Quo(spread, ratInt(n-1)))
		got["variance"], got["stddev"] = s.Variance(), s.StdDev()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%d values (-want +got):\n%s", n, diff)
	}
}

func ratInt(n int) *big.Rat { return new(big.Rat).SetInt64(int64(n)) }

func nearest(x *big.Rat) float64 {
	f, _ := x.Float64()
	return f
}

// nearestRoot computes the root with far more digits than decide the rounding.
func nearestRoot(x *big.Rat) float64 {
	f := new(big.Float).SetPrec(5000).SetRat(x)
	root, _ := f.Sqrt(f).Float64()
	return root
}

func TestMergeLeavesOtherAlone(t *testing.T) {
	var a, b Summary
	b.Add(1)
	b.AddMissing("x")
	before := encoded(&b)
	a.Merge(&b)
	a.Add(2)
	a.AddPrice(NewPrice(1, 0, "EUR"))
	a.AddMissing("y")
	if encoded(&b) != before {
		t.Error("Merge shares memory with its argument")
	}
	c := b.Clone()
	c.Add(5)
	for _, s := range b.ByCurrency() {
		s.Add(7)
	}
	if encoded(&b) != before {
		t.Error("Clone or ByCurrency share memory with the original")
	}
}

func TestMergeWithItself(t *testing.T) {
	var s, want Summary
	for range 2 {
		want.Add(3)
		want.AddPrice(NewPrice(5, 0, "EUR"))
		want.AddMissing("x")
	}
	s.Add(3)
	s.AddPrice(NewPrice(5, 0, "EUR"))
	s.AddMissing("x")
	s.Merge(&s)
	if encoded(&s) != encoded(&want) {
		t.Errorf("s.Merge(&s) = %v, want %v", &s, &want)
	}
}
