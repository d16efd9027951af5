package csvjson

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
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

func TestWholeDigits(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0.00": "0", "0e99999999999999999999": "0", "71.0": "71", "-71.00": "-71", "1e3": "1000",
		"1.5E+3": "1500", "-1.5e1": "-15", "9.78e12": "9780000000000", "1500e-2": "15", "150.0e-1": "15",
		"0.015e3": "15", "1e-1": "", "1.5": "", "15e-2": "", "0.5e0": "", "10e-2": "", "1e-99999999999999999999": "",
		"1e99999999999999999999": "1" + strings.Repeat("0", maxWhole),
	} {
		got, ok := wholeDigits([]byte(text))
		if string(got) != want || ok != (want != "") {
			t.Errorf("wholeDigits(%s) = %s, %t, want %s", text, got, ok, want)
		}
	}
}

// checkWholeDigits compares wholeDigits with exact arithmetic.
func checkWholeDigits(t *testing.T, number string) {
	t.Helper()
	want, ok := new(big.Rat).SetString(number)
	if !ok || len(number) > 100 {
		return
	}
	digits, whole := wholeDigits([]byte(number))
	if whole != want.IsInt() {
		t.Fatalf("wholeDigits(%s) says %t", number, whole)
	}
	limit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(maxWhole), nil))
	if whole && want.Cmp(limit) < 0 && want.Cmp(limit.Neg(limit)) > 0 && string(digits) != want.Num().String() {
		t.Errorf("wholeDigits(%s) = %s, want %s", number, digits, want.Num())
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
		if exp := bytes.IndexAny(number, "eE"); exp < 0 || len(number)-exp < 5 {
			checkWholeDigits(t, string(number))
		}
	})
}
