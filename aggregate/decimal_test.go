package aggregate

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustDecimal(t testing.TB, text string) Decimal {
	t.Helper()
	d, reason := parseNumber([]byte(text))
	if reason != "" {
		t.Fatalf("parseNumber(%q): %s", text, reason)
	}
	return d
}

func TestParseNumber(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"0", "0"},
		{"-0", "0"},
		{"0.000", "0"},
		{"0e999999999", "0"},
		{"12.50", "12.5"},
		{"-12.50", "-12.5"},
		{"1500", "1500"},
		{"1e3", "1000"},
		{"1E+3", "1000"},
		{"1.5e-3", "0.0015"},
		{"129.900", "129.9"},
		{"999999999999999999", "999999999999999999"},
		{"9999999999999999999", "9999999999999999999"},
		{"-12345678901234567890.25", "-12345678901234567890.25"},
		{"1e308", "1" + strings.Repeat("0", 308)},
		{"1e-400", "0." + strings.Repeat("0", 399) + "1"},
		{"1.7976931348623157e308", "17976931348623157" + strings.Repeat("0", 292)},
		{"1.7976931348623159e308", string(ReasonLimit)},
		{"1e309", string(ReasonLimit)},
		{"1e-401", string(ReasonLimit)},
		{"1e999999999", string(ReasonLimit)},
		{"1e-99999999999999999999", string(ReasonLimit)},
		{"1e18446744073709551621", string(ReasonLimit)}, // 2^64 + 5
		{strings.Repeat("7", 100), strings.Repeat("7", 100)},
		{strings.Repeat("7", 101), string(ReasonLimit)},
		{strings.Repeat("0", 2), string(ReasonWords)},
		{"", string(ReasonWords)},
		{"-", string(ReasonWords)},
		{"01", string(ReasonWords)},
		{"+1", string(ReasonWords)},
		{".5", string(ReasonWords)},
		{"5.", string(ReasonWords)},
		{"1e", string(ReasonWords)},
		{"1e+", string(ReasonWords)},
		{"1e5x", string(ReasonWords)},
		{"0x10", string(ReasonWords)},
		{"1 ", string(ReasonWords)},
	} {
		d, reason := parseNumber([]byte(tt.text))
		got := d.String()
		if reason != "" {
			got = string(reason)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("parseNumber(%q) (-want +got):\n%s", tt.text, diff)
		}
	}
}

// A million digits must cost no more than reading them.
func TestParseNumberHuge(t *testing.T) {
	if _, reason := parseNumber([]byte(strings.Repeat("1", 1<<20))); reason != ReasonLimit {
		t.Errorf("a million digits: %q, want %q", reason, ReasonLimit)
	}
	d, reason := parseNumber([]byte("1." + strings.Repeat("0", 1<<20)))
	if reason != "" || d != mustDecimal(t, "1") {
		t.Errorf("one and a million zeros = %v, %q, want 1", d, reason)
	}
}

func TestDecimalCanonical(t *testing.T) {
	for _, same := range [][]string{
		{"12.5", "12.50", "125e-1", "0.125e2"},
		{"0", "0.0", "-0", "0e5"},
		{"1000", "1e3", "1000.000"},
		{"12345678901234567890", "1.234567890123456789e19"},
		{"-1.0000000000000000000000001", "-1.00000000000000000000000010"},
	} {
		for _, text := range same {
			if a, b := mustDecimal(t, same[0]), mustDecimal(t, text); a != b {
				t.Errorf("%s and %s are different Decimals: %#v, %#v", same[0], text, a, b)
			}
		}
	}
}

func TestDecimalCmpAndSign(t *testing.T) {
	ascending := []string{"-12345678901234567890", "-5", "-0.1", "0", "1e-300", "0.1", "0.11", "5", "12345678901234567890", "1e300"}
	for i, a := range ascending {
		if got, want := mustDecimal(t, a).Sign(), mustDecimal(t, a).Rat().Sign(); got != want {
			t.Errorf("Sign(%s) = %d, want %d", a, got, want)
		}
		for j, b := range ascending {
			if got, want := mustDecimal(t, a).Cmp(mustDecimal(t, b)), big.NewInt(int64(i)).Cmp(big.NewInt(int64(j))); got != want {
				t.Errorf("Cmp(%s, %s) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestDecimalFixed(t *testing.T) {
	for _, tt := range []struct {
		text   string
		places int
		want   string
	}{
		{"43165.7", 2, "43165.70"},
		{"0.125", 2, "0.12"},
		{"0.135", 2, "0.14"},
		{"-0.125", 2, "-0.12"},
		{"-0.126", 2, "-0.13"},
		{"2.5", 0, "2"},
		{"3.5", 0, "4"},
		{"-3.5", -1, "-4"},
		{"0.004", 2, "0.00"},
		{"-0.004", 2, "0.00"},
		{"1e3", 1, "1000.0"},
		{"99.999", 2, "100.00"},
	} {
		if got := mustDecimal(t, tt.text).Fixed(tt.places); got != tt.want {
			t.Errorf("%s.Fixed(%d) = %s, want %s", tt.text, tt.places, got, tt.want)
		}
	}
}

// TestDecimalFloat64OfManyDigits: sums may have far more digits than a price,
// and rounding them depends on the last one.
func TestDecimalFloat64OfManyDigits(t *testing.T) {
	for _, sign := range []string{"", "-"} {
		for _, zeros := range []int{700, 780, 784, 785, 790, 900, 1500} {
			n, _ := new(big.Int).SetString(sign+"9007199254740993"+strings.Repeat("0", zeros)+"1", 10)
			d := decimalFromInt(n, -zeros-1)
			if want, _ := d.Rat().Float64(); d.Float64() != want {
				t.Errorf("%d zeros: Float64 is %v, want %v", zeros, d.Float64(), want)
			}
		}
	}
}

func TestDecimalFloat64(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	texts := []string{"9007199254740993", "0.1", "5e-324", "2e-324", "1e-400", "1.7976931348623157e308", "12345678901234567890123e-30"}
	for range 2000 {
		coef := rng.Int64() >> rng.IntN(63)
		exp := rng.IntN(60) - 30
		texts = append(texts, newDecimal(coef&1 == 1, []byte(big.NewInt(coef).String()), exp).String())
	}
	for _, text := range texts {
		d := mustDecimal(t, text)
		if want, _ := d.Rat().Float64(); d.Float64() != want {
			t.Errorf("Float64(%s) = %v, want %v", text, d.Float64(), want)
		}
	}
	if got := decimalFromInt(pow10(400), 0).Float64(); !math.IsInf(got, 1) {
		t.Errorf("Float64(1e400) = %v, want +Inf", got)
	}
}

func TestDecimalJSON(t *testing.T) {
	var v struct{ A, B, C Decimal }
	if err := json.Unmarshal([]byte(`{"A": 43165.650, "B": -1e2, "C": null}`), &v); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(v)
	if want := `{"A":43165.65,"B":-100,"C":0}`; err != nil || string(got) != want {
		t.Errorf("Marshal = %s, %v, want %s", got, err, want)
	}
	var priceErr *PriceError
	for _, bad := range []string{`{"A": "5"}`, `{"A": 1e999}`} {
		err := json.Unmarshal([]byte(bad), &v)
		if !errors.As(err, &priceErr) || strings.Count(err.Error(), "aggregate") != 1 {
			t.Errorf("Unmarshal(%s) = %v, want a PriceError that names the package once", bad, err)
		}
	}
}

// FuzzParseNumber wants the numbers of JSON, no others, and their exact value.
func FuzzParseNumber(f *testing.F) {
	for _, text := range []string{"0", "-0.0", "12.50", "1e3", "1.5E-3", "01", "1e", ".5", "1e309", "1e-400", "12345678901234567890.5"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, reason := parseNumber([]byte(text))
		number := json.Valid([]byte(text)) && (text[0] == '-' || isDigit(text[0])) && isDigit(text[len(text)-1])
		if number != (reason != ReasonWords) {
			t.Fatalf("parseNumber(%q): %q, but a JSON number: %v", text, reason, number)
		}
		if reason != "" || d == (Decimal{}) {
			return
		}
		if want, ok := new(big.Rat).SetString(text); !ok || d.Rat().Cmp(want) != 0 {
			t.Errorf("parseNumber(%q) = %v, want %v", text, d, want)
		}
		if again := mustDecimal(t, d.String()); again != d {
			t.Errorf("%q reads back as %v", d, again)
		}
	})
}
