package aggregate

import (
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSummaryOfPrices(t *testing.T) {
	var s Summary
	for _, text := range []string{"12.99", "0.01", "", "7", "-3.50", "NaN", "Free!", "from 2.5"} {
		p, _ := ParsePrice(text)
		s.AddPrice(p)
	}
	s.AddPrice(Price{})
	got := map[string]any{
		"count": s.Count(), "missing": s.Missing(), "sum": s.Sum().String(), "mean": s.Mean(),
		"min": s.Min(), "max": s.Max(), "median": s.Median(),
		"negative": s.Negative(), "free": s.Free(), "from": s.From(), "reasons": s.MissingReasons(),
	}
	want := map[string]any{
		"count": int64(6), "missing": int64(3), "sum": "19", "mean": 19.0 / 6,
		"min": -3.5, "max": 12.99, "median": 1.255,
		"negative": int64(1), "free": int64(1), "from": int64(1),
		"reasons": map[Reason]int64{ReasonEmpty: 1, ReasonNaN: 1, ReasonAbsent: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

func TestEmptySummary(t *testing.T) {
	var s Summary
	s.Merge(nil)
	s.Merge(&Summary{})
	for name, f := range map[string]func() float64{
		"Mean": s.Mean, "Min": s.Min, "Max": s.Max, "Median": s.Median, "Variance": s.Variance,
		"StdDev": s.StdDev, "PopVariance": s.PopVariance, "PopStdDev": s.PopStdDev,
	} {
		if got := f(); !math.IsNaN(got) {
			t.Errorf("%s of nothing = %v, want NaN", name, got)
		}
	}
	if s.Count() != 0 || s.Missing() != 0 || s.Sum() != (Decimal{}) || s.Currency() != "" {
		t.Errorf("an empty Summary is not empty: %v", &s)
	}
}

// 2^53+1 lies between two float64s. What is cut off from a root must decide.
func TestSqrtQuotientTies(t *testing.T) {
	tie := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 53), big.NewInt(1))
	square := new(big.Int).Mul(tie, tie)
	den := new(big.Int).Lsh(big.NewInt(1), 300)
	num := new(big.Int).Mul(square, den)
	one := big.NewInt(1)
	for _, tt := range []struct {
		name string
		num  *big.Int
		want float64
	}{
		{"a tie goes to the even", num, 1 << 53},
		{"just above", new(big.Int).Add(num, one), 1<<53 + 2},
		{"just below", new(big.Int).Sub(num, one), 1 << 53},
		{"nothing", new(big.Int), 0},
		{"less than nothing", big.NewInt(-1), 0},
	} {
		if got := sqrtQuotient(tt.num, den); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
