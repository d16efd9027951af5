package csvjson

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
)

var numberTexts = []string{
	"0", "-0", "7", "-7", "007", "5.10", "-0.5", "0.1", "0.3", "1.005", "123456789012345", "1234567890123456", "12345678901234.5",
	"1234567890.12345", "12345678901.12345", "0.000000000000001", "999999999999999", "99999999.9999999", "1e5", "1.", ".5", "", "-", ".", "1.2.3", "+1", "1-", "1 ", "NaN", "0x1",
	"9007199254740993", "4503599627370.4965",
}

func TestShortNumbers(t *testing.T) {
	for _, text := range numberTexts {
		checkShortNumbers(t, text)
	}
	for _, text := range []string{"0", "-7", "123456789012345"} {
		if _, ok := shortInt([]byte(text)); !ok {
			t.Errorf("shortInt refuses %s", text)
		}
	}
	for _, text := range []string{"0", "-7", "5.10", "123456789012345", "0.00000000000001", "12345678901234.5"} {
		if _, ok := shortDecimal([]byte(text)); !ok {
			t.Errorf("shortDecimal refuses %s", text)
		}
	}
}

// checkShortNumbers compares what shortInt and shortDecimal accept with strconv.
func checkShortNumbers(t *testing.T, text string) {
	t.Helper()
	if n, ok := shortInt([]byte(text)); ok {
		if want, err := strconv.ParseInt(text, 10, 64); err != nil || n != want {
			t.Errorf("shortInt(%q) = %d, want %d, %v", text, n, want, err)
		}
	}
	if f, ok := shortDecimal([]byte(text)); ok {
		want, err := strconv.ParseFloat(text, 64)
		if err != nil || math.Float64bits(f) != math.Float64bits(want) {
			t.Errorf("shortDecimal(%q) = %v, want %v, %v", text, f, want, err)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	for _, text := range numberTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkShortNumbers(t, text)
		number, _, ok := canonicalNumber(nil, []byte(text))
		if !ok {
			return
		}
		if !json.Valid(number) {
			t.Fatalf("canonicalNumber(%q) = %q, which is no JSON", text, number)
		}
		want, err := strconv.ParseFloat(text, 64)
		if got, _ := strconv.ParseFloat(string(number), 64); err == nil && got != want {
			t.Errorf("canonicalNumber(%q) = %q, which is another number", text, number)
		}
	})
}
