package aggregate

import "testing"

// TestNoAllocation holds the promise of the package comment: adding values that
// are like those before, and reading ordinary texts, allocate nothing.
func TestNoAllocation(t *testing.T) {
	floats, prices := benchFloats(t), benchPrices(t)
	var ofFloats, ofPrices Summary
	for i := range floats {
		ofFloats.Add(floats[i])
		ofPrices.AddPrice(prices[i])
	}
	ofPrices.AddPrice(NewPrice(1, 0, "EUR"))
	ofPrices.AddMissing(ReasonNull)
	other := ofPrices.Clone()
	numbers := [][]byte{[]byte("12.99"), []byte("1e3"), []byte("null"), []byte("NaN"), []byte(`"12.99 EUR"`)}
	var price Price
	i := 0
	for name, f := range map[string]func(){
		"Add":              func() { ofFloats.Add(floats[i%len(floats)]) },
		"AddPrice":         func() { ofPrices.AddPrice(prices[i%len(prices)]) },
		"another currency": func() { ofPrices.AddPrice(NewPrice(1, 0, "EUR")) },
		"AddMissing":       func() { ofPrices.AddMissing(ReasonNull) },
		"Merge":            func() { ofPrices.Merge(other) },
		"UnmarshalJSON": func() {
			if err := price.UnmarshalJSON(numbers[i%len(numbers)]); err != nil {
				t.Fatal(err)
			}
		},
	} {
		if n := testing.AllocsPerRun(200, func() { f(); i++ }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	for _, text := range []string{
		"12.99", "$192.87", " CDN$ 10.99 ", "₹1,23,456.00", "9.990,00 €", "Rs.1,599.00", "From $109.90", "24€99",
		"2 285,81 грн.", "５，９８０円", "Price: 5 USD (incl. VAT)", "Free!", "-8579.419803216835",
	} {
		n := testing.AllocsPerRun(100, func() {
			if _, err := ParsePrice(text); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0 {
			t.Errorf("ParsePrice(%q): %v allocations", text, n)
		}
	}
}
