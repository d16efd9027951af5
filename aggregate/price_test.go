package aggregate

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPriceUnmarshalJSON(t *testing.T) {
	for _, tt := range []struct{ data, want, reason string }{
		{data: `12.50`, want: "12.5"},
		{data: `129.900`, want: "129.9", reason: "a number is read as JSON has it"},
		{data: `"129.900"`, want: "129900", reason: "and a text as people write it"},
		{data: `1e3`, want: "1000"},
		{data: `-7`, want: "-7"},
		{data: `1e308`, want: "1" + strings.Repeat("0", 308)},
		{data: `1e309`, want: "(beyond the limits of a price)"},
		{data: `1e999999999`, want: "(beyond the limits of a price)"},
		{data: `null`, want: "(null)"},
		{data: `NaN`, want: "(not a number)", reason: "not JSON, but what Python writes"},
		{data: ` NaN `, want: "(not a number)"},
		{data: `Infinity`, want: "(infinite)"},
		{data: `-Infinity`, want: "(infinite)"},
		{data: `"NaN"`, want: "(not a number)"},
		{data: `""`, want: "(empty)"},
		{data: `"CDN$ 6.99"`, want: "CAD 6.99"},
		{data: `"\u20b91,234.00"`, want: "INR 1234"},
		{data: `"₹1,234.00"`, want: "INR 1234"},
		{data: `"5 \"EUR\""`, want: "EUR 5"},
		{data: `"Not available"`, want: "(words without a number)"},
	} {
		p := NewPrice(1, 0, "EUR") // must not show through
		if err := p.UnmarshalJSON([]byte(tt.data)); err != nil {
			t.Errorf("UnmarshalJSON(%s): %v", tt.data, err)
		}
		if diff := cmp.Diff(tt.want, p.String()); diff != "" {
			t.Errorf("UnmarshalJSON(%s) %s (-want +got):\n%s", tt.data, tt.reason, diff)
		}
	}
	for _, data := range []string{`{}`, `[1]`, `true`, `false`, `01`, `+1`, `nope`, ``, `"`, `"\x"`, `"a" "b"`, `"a"b"`} {
		p := NewPrice(1, 0, "EUR")
		if err := p.UnmarshalJSON([]byte(data)); err == nil || !p.Missing() {
			t.Errorf("UnmarshalJSON(%s) = %v, %v, want an error and a missing price", data, err, p)
		}
	}
}

func TestPriceInStruct(t *testing.T) {
	type book struct {
		Price Price `json:"price"`
	}
	var books []book
	data := `[{"price": 12.50}, {"price": "€ 7,25"}, {"price": null}, {}, {"price": "from $5"}, {"price": "free"}]`
	if err := json.Unmarshal([]byte(data), &books); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(books)
	want := `[{"price":12.5},{"price":"EUR 7.25"},{"price":null},{"price":null},{"price":"from USD 5"},{"price":"free"}]`
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if books[3].Price.Reason() != ReasonAbsent || books[2].Price.Reason() != ReasonNull {
		t.Errorf("reasons %q and %q, want %q and %q", books[3].Price.Reason(), books[2].Price.Reason(), ReasonAbsent, ReasonNull)
	}
	if err := json.Unmarshal([]byte(`[{"price": NaN}]`), &books); err == nil {
		t.Error("encoding/json now takes NaN: say so in Price.UnmarshalJSON")
	}
}

func TestPriceText(t *testing.T) {
	for _, tt := range []struct {
		price Price
		want  string
	}{
		{NewPrice(1299, 2, "USD"), "USD 12.99"},
		{NewPrice(12345, 3, ""), "12.3450"},
		{MissingPrice(ReasonEmpty), ""},
	} {
		text, err := tt.price.MarshalText()
		if err != nil || string(text) != tt.want {
			t.Errorf("MarshalText(%v) = %q, %v, want %q", tt.price, text, err, tt.want)
		}
		var p Price
		if err := p.UnmarshalText(text); err != nil || p != tt.price {
			t.Errorf("UnmarshalText(%q) = %v, %v, want %v", text, p, err, tt.price)
		}
	}
}

func TestPriceConstructors(t *testing.T) {
	for _, tt := range []struct {
		name  string
		price Price
		want  string
	}{
		{"cents", NewPrice(1299, 2, "USD"), "USD 12.99"},
		{"negative cents", NewPrice(-1299, 2, ""), "-12.99"},
		{"thousands", NewPrice(12, -3, "JPY"), "JPY 12000"},
		{"the smallest int64", NewPrice(math.MinInt64, 0, ""), "-9223372036854775808"},
		{"no code", NewPrice(1, 0, "Euro"), "(a currency code that is not three capitals)"},
		{"places", NewPrice(1, 401, ""), "(beyond the limits of a price)"},
		{"places without end", NewPrice(1, math.MaxInt, ""), "(beyond the limits of a price)"},
		{"places without end", NewPrice(1, math.MinInt, ""), "(beyond the limits of a price)"},
		{"float", FloatPrice(12.99, "EUR"), "EUR 12.99"},
		{"third", FloatPrice(1.0/3, ""), "0.3333333333333333"},
		{"large float", FloatPrice(math.MaxFloat64, ""), "17976931348623157" + strings.Repeat("0", 292)},
		{"negative zero", FloatPrice(math.Copysign(0, -1), ""), "0"},
		{"NaN", FloatPrice(math.NaN(), ""), "(not a number)"},
		{"infinite", FloatPrice(math.Inf(-1), ""), "(infinite)"},
		{"missing", MissingPrice(""), "(other)"},
		{"zero", Price{}, "(absent)"},
	} {
		if diff := cmp.Diff(tt.want, tt.price.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestPriceEqual(t *testing.T) {
	a, _ := ParsePrice("12.5")
	b, _ := ParsePrice("12.50")
	c, _ := ParsePrice("$12.50")
	if a != b || a == c {
		t.Errorf("12.5 == 12.50: %v; 12.5 == $12.50: %v; want true, false", a == b, a == c)
	}
	amount, ok := c.Amount()
	if want, _ := a.Amount(); !ok || amount != want || c.Currency() != "USD" {
		t.Errorf("$12.50 = %v %v, %v", c.Currency(), amount, ok)
	}
}

func TestPriceParser(t *testing.T) {
	for _, tt := range []struct {
		parser     PriceParser
		text, want string
	}{
		{PriceParser{Currency: "EUR"}, "5", "EUR 5"},
		{PriceParser{Currency: "EUR"}, "$5", "USD 5"},
		{PriceParser{Currency: "CAD"}, "$5", "CAD 5"},
		{PriceParser{Currency: "CAD"}, "US$5", "USD 5"},
		{PriceParser{Currency: "CNY"}, "¥5", "CNY 5"},
		{PriceParser{Currency: "SEK"}, "5 kr", "SEK 5"},
		{PriceParser{Currency: "PKR"}, "Rs. 500", "PKR 500"},
		{PriceParser{Currency: "ALL"}, "ALL 500", "ALL 500"},
		{PriceParser{Currency: "XTS"}, "5 XTS", "XTS 5"},
		{PriceParser{Currency: "KWD"}, "1.500", "KWD 1.5"},
		{PriceParser{Currency: "eur"}, "5", "(a currency code that is not three capitals)"},
		{PriceParser{Currency: "EUR"}, "free", "EUR free"},
		{PriceParser{FreeMissing: true}, "Free!", "(free)"},
		{PriceParser{DecimalMark: MarkPoint}, "129.900", "129.9"},
		{PriceParser{DecimalMark: MarkPoint}, "129,900", "129900"},
		{PriceParser{DecimalMark: MarkPoint}, "12,5", "(a number that can be read in two ways)"},
		{PriceParser{DecimalMark: MarkPoint}, "1.500 TND", "TND 1.5"},
		{PriceParser{DecimalMark: MarkComma}, "129,900", "129.9"},
		{PriceParser{DecimalMark: MarkComma}, "129.900", "129900"},
		{PriceParser{DecimalMark: MarkComma}, "12.5", "(a number that can be read in two ways)"},
		{PriceParser{Labels: []string{"ladenpreis"}}, "Ladenpreis 5 €", "EUR 5"},
		{PriceParser{}, "Ladenpreis 5 €", "(a number that may not be a price)"},
	} {
		p, err := tt.parser.Parse(tt.text)
		if diff := cmp.Diff(tt.want, p.String()); diff != "" {
			t.Errorf("%+v.Parse(%q) (-want +got):\n%s", tt.parser, tt.text, diff)
		}
		if (err != nil) != p.Missing() || err != nil && !errors.Is(err, ErrNoPrice) {
			t.Errorf("%+v.Parse(%q): error %v", tt.parser, tt.text, err)
		}
	}
}

func FuzzParsePrice(f *testing.F) {
	for _, tt := range parseCases {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePrice(text)
		if (err != nil) != p.Missing() {
			t.Fatalf("error %v, Missing %v", err, p.Missing())
		}
		if p.Missing() {
			return
		}
		if again, err := ParsePrice(p.String()); err != nil || again != p {
			t.Errorf("ParsePrice(%q) = %v, which reads back as %v, %v", text, p, again, err)
		}
	})
}

func FuzzPriceJSON(f *testing.F) {
	for _, data := range []string{`12.50`, `-1e-3`, `1e308`, `null`, `NaN`, `"CDN$ 6.99"`, `"\u20b91,234"`, `{}`, `"`} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p, again Price
		if err := p.UnmarshalJSON(data); err != nil || p.Missing() {
			return
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &again); err != nil || again != p {
			t.Errorf("%s: %v is written as %s and reads back as %v, %v", data, p, text, again, err)
		}
	})
}
