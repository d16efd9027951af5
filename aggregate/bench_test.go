package aggregate

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"
)

// benchTexts are prices as a shop has them: 2,000 different ones, to the cent.
func benchTexts() []string {
	rng := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, 4096)
	for i := range texts {
		cents := int(rng.ExpFloat64() * 50_000)
		texts[i] = strconv.Itoa(cents/100) + "." + strconv.Itoa(10+cents%90)
	}
	return texts
}

func benchPrices(b testing.TB) []Price {
	var prices []Price
	for _, text := range benchTexts() {
		p, err := ParsePrice(text)
		if err != nil {
			b.Fatal(err)
		}
		prices = append(prices, p)
	}
	return prices
}

func benchFloats(b testing.TB) []float64 {
	var floats []float64
	for _, p := range benchPrices(b) {
		d, _ := p.Amount()
		floats = append(floats, d.Float64())
	}
	return floats
}

// The sums of BenchmarkAdd are, from the baseline up: what a program without
// this package does; the exact sum it could do with math/big; a Summary.
func BenchmarkAdd(b *testing.B) {
	floats, prices := benchFloats(b), benchPrices(b)
	var rats []*big.Rat
	for _, p := range prices {
		d, _ := p.Amount()
		rats = append(rats, d.Rat())
	}
	b.Run("naive float64", func(b *testing.B) {
		sum, lowest, highest, n := 0.0, 0.0, 0.0, 0
		for i := 0; b.Loop(); i++ {
			f := floats[i%len(floats)]
			sum, lowest, highest, n = sum+f, min(lowest, f), max(highest, f), n+1
		}
	})
	b.Run("big.Rat", func(b *testing.B) {
		b.ReportAllocs()
		sum := new(big.Rat)
		for i := 0; b.Loop(); i++ {
			sum.Add(sum, rats[i%len(rats)])
		}
	})
	b.Run("big.Int cents", func(b *testing.B) {
		b.ReportAllocs()
		sum, square, cents := new(big.Int), new(big.Int), new(big.Int)
		for i := 0; b.Loop(); i++ {
			cents.SetInt64(int64(floats[i%len(floats)] * 100))
			sum.Add(sum, cents)
			square.Add(square, cents.Mul(cents, cents))
		}
	})
	b.Run("Summary.Add", func(b *testing.B) {
		b.ReportAllocs()
		var s Summary
		for i := 0; b.Loop(); i++ {
			s.Add(floats[i%len(floats)])
		}
	})
	b.Run("Summary.AddPrice", func(b *testing.B) {
		b.ReportAllocs()
		var s Summary
		for i := 0; b.Loop(); i++ {
			s.AddPrice(prices[i%len(prices)])
		}
	})
}

func BenchmarkParsePrice(b *testing.B) {
	b.Run("baseline ParseFloat", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := strconv.ParseFloat("47.82", 64); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, text := range []string{"47.82", "$192.87", " CDN$ 10.99 ", "₹1,234.00", "9.990,00 €", "Was: $124.95 Now: $0.00"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ParsePrice(text)
			}
		})
	}
	b.Run("JSON number", func(b *testing.B) {
		b.ReportAllocs()
		var p Price
		data := []byte("47.82")
		for b.Loop() {
			p.UnmarshalJSON(data)
		}
	})
}

func BenchmarkMerge(b *testing.B) {
	prices := benchPrices(b)
	var part Summary
	for _, p := range prices {
		part.AddPrice(p)
	}
	b.Run("baseline: a map of the values", func(b *testing.B) {
		b.ReportAllocs()
		merged, values := map[float64]int64{}, map[float64]int64{}
		for _, p := range prices {
			values[p.amount.Float64()]++
		}
		for b.Loop() {
			for f, n := range values {
				merged[f] += n
			}
		}
	})
	b.Run("baseline: adding the prices again", func(b *testing.B) {
		b.ReportAllocs()
		var s Summary
		for b.Loop() {
			for _, p := range prices {
				s.AddPrice(p)
			}
		}
	})
	b.Run("Summary of 4096 prices", func(b *testing.B) {
		b.ReportAllocs()
		var s Summary
		for b.Loop() {
			s.Merge(&part)
		}
	})
}

func BenchmarkResults(b *testing.B) {
	var s Summary
	for _, p := range benchPrices(b) {
		s.AddPrice(p)
	}
	for name, f := range map[string]func() float64{"Mean": s.Mean, "StdDev": s.StdDev, "Median": s.Median} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}
