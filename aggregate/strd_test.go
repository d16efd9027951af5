package aggregate

import (
	"strconv"
	"testing"
)

// The NumAcc sets of the NIST Statistical Reference Datasets, univariate
// summary statistics (public domain, https://www.itl.nist.gov/div898/strd/),
// are defined by formula and built to break algorithms that round on the way.
// NIST certifies mean and standard deviation to 15 digits; these are exact.
func TestNISTNumAcc(t *testing.T) {
	for _, tt := range []struct {
		name        string
		first       string
		low, high   string // in turn after the first
		pairs       int
		mean, sigma float64
	}{
		{"NumAcc1", "10000001", "10000003", "10000002", 1, 10000002, 1},
		{"NumAcc2", "1.2", "1.1", "1.3", 500, 1.2, 0.1},
		{"NumAcc3", "1000000.2", "1000000.1", "1000000.3", 500, 1000000.2, 0.1},
		{"NumAcc4", "10000000.2", "10000000.1", "10000000.3", 500, 10000000.2, 0.1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			texts := []string{tt.first}
			for range tt.pairs {
				texts = append(texts, tt.low, tt.high)
			}
			var decimals, floats Summary
			for _, text := range texts {
				p, err := ParsePrice(text)
				if err != nil {
					t.Fatal(err)
				}
				decimals.AddPrice(p)
				f, _ := strconv.ParseFloat(text, 64)
				floats.Add(f)
			}
			if decimals.Mean() != tt.mean || decimals.StdDev() != tt.sigma {
				t.Errorf("decimals: mean %v, stddev %v, want %v, %v", decimals.Mean(), decimals.StdDev(), tt.mean, tt.sigma)
			}
			// Of floats the inputs are already rounded, so the deviation can
			// only be that of the rounded inputs.
			if floats.Mean() != tt.mean {
				t.Errorf("floats: mean %v, want %v", floats.Mean(), tt.mean)
			}
			if got, want := floats.StdDev(), strdOfFloats[tt.name]; got != want {
				t.Errorf("floats: stddev %v, want %v", got, want)
			}
		})
	}
}

// strdOfFloats are the deviations of the float64s nearest to the data, computed
// with fractions and a root of 50 digits.
var strdOfFloats = map[string]float64{
	"NumAcc1": 1,
	"NumAcc2": 0.099999999999999977795539507496,
	"NumAcc3": 0.100000000034924596548097368071,
	"NumAcc4": 0.100000000558793544773619585564,
}
