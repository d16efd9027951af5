package aggregate

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// want is what a text should be read as: currency, amount and mark as String
// shows them, or the reason in parentheses.
type parseCase struct {
	text   string
	want   string
	reason string
}

var parseCases = []parseCase{
	// Plain numbers.
	{text: "7.25", want: "7.25"},
	{text: "  7.25\t", want: "7.25"},
	{text: "0", want: "0", reason: "zero is a price"},
	{text: "0.00", want: "0"},
	{text: "-0", want: "0"},
	{text: "007", want: "7"},
	{text: "12.50", want: "12.5", reason: "canonical"},
	{text: "1200", want: "1200"},
	{text: "15.", want: "15", reason: "a trailing point"},
	{text: "15,", want: "15"},
	{text: ".5", want: "0.5"},
	{text: ",5", want: "0.5"},
	{text: "-12.75", want: "-12.75"},
	{text: "−12.75", want: "-12.75", reason: "U+2212"},
	{text: "123456789012345678901234567890.5", want: "123456789012345678901234567890.5", reason: "more digits than an int64"},

	// Thousands and decimals.
	{text: "2,345", want: "2345", reason: "a comma before three digits is of thousands"},
	{text: "2.345", want: "2345", reason: "so is a point, in text"},
	{text: "12.345.678", want: "12345678"},
	{text: "12,345,678.9", want: "12345678.9"},
	{text: "12.345.678,9", want: "12345678.9"},
	{text: "2,34", want: "2.34"},
	{text: "2,3", want: "2.3"},
	{text: "2.3456", want: "2.3456"},
	{text: "2345.678", want: "2345.6780", reason: "four digits are no group"},
	{text: "0.678", want: "0.6780", reason: "zero is no group"},
	{text: "0,678", want: "0.6780"},
	{text: "4 500", want: "4500"},
	{text: "4\u00a0500\u00a0000,25", want: "4500000.25", reason: "no-break spaces"},
	{text: "4\u202f500", want: "4500", reason: "narrow no-break space"},
	{text: "7'654'321.50", want: "7654321.5"},
	{text: "7’654.50", want: "7654.5"},
	{text: "12,34,567", want: "1234567", reason: "lakhs"},
	{text: "1,23,45,678.50", want: "12345678.5", reason: "crores"},
	{text: "12,34,56", want: "(a number that can be read in two ways)"},
	{text: "1234,567,890", want: "(a number that can be read in two ways)"},
	{text: "1,234.567.890", want: "(a number that can be read in two ways)"},
	{text: "1,234,56", want: "(a number that can be read in two ways)"},
	{text: "1,234.567,8", want: "(a number that can be read in two ways)"},

	// Currencies.
	{text: "$7.25", want: "USD 7.25"},
	{text: "7.25 $", want: "USD 7.25"},
	{text: "7.25$", want: "USD 7.25"},
	{text: "US $7.25", want: "USD 7.25"},
	{text: "AU $7.25", want: "AUD 7.25"},
	{text: "US$ 7.25", want: "USD 7.25"},
	{text: "$7.25 CAD", want: "CAD 7.25", reason: "the code says which dollar"},
	{text: "CAD$ 7.25", want: "CAD 7.25"},
	{text: "C$7.25", want: "CAD 7.25"},
	{text: "R$ 2.345,60", want: "BRL 2345.6"},
	{text: "EUR 7,25", want: "EUR 7.25"},
	{text: "7,25 eur", want: "EUR 7.25"},
	{text: "€7", want: "EUR 7"},
	{text: "12.99 (USD)", want: "USD 12.99"},
	{text: "£1,234.50", want: "GBP 1234.5"},
	{text: "Rs.2,500", want: "INR 2500", reason: "the dot belongs to Rs"},
	{text: "Rs.500/-", want: "INR 500"},
	{text: "Rs 500", want: "INR 500"},
	{text: "R.500", want: "(a number that may not be a price)"},
	{text: "EUR.75", want: "(a number that may not be a price)", reason: "75 or 0.75"},
	{text: "SFr. 12.50", want: "CHF 12.5"},
	{text: "12.50 Fr.", want: "CHF 12.5"},
	{text: "75 kr", want: "75", reason: "kr names four currencies"},
	{text: "75 kr.", want: "75"},
	{text: "75 kr SEK", want: "SEK 75"},
	{text: "75 NOK", want: "NOK 75"},
	{text: "149 Kč", want: "CZK 149"},
	{text: "1 990 Ft", want: "HUF 1990"},
	{text: "6 ft", want: "(a number that may not be a price)", reason: "feet"},
	{text: "250 TL", want: "TRY 250"},
	{text: "₺250,50", want: "TRY 250.5"},
	{text: "500 руб.", want: "RUB 500"},
	{text: "2.500.000đ", want: "VND 2500000"},
	{text: "￥880", want: "JPY 880"},
	{text: "35元", want: "CNY 35"},
	{text: "¥35元", want: "CNY 35"},
	{text: "12,000원", want: "KRW 12000"},
	{text: "د.إ 45", want: "AED 45"},
	{text: "٤٥٫٥ ر.س", want: "SAR 45.5", reason: "Arabic digits and decimal separator"},
	{text: "۱٬۲۳۴ تومان", want: "IRT 1234"},
	{text: "２，５００円", want: "JPY 2500"},
	{text: "$5 EUR", want: "(several prices)", reason: "two currencies"},
	{text: "ALL 500", want: "(a number that may not be a price)", reason: "an English word"},
	{text: "50¢", want: "(a number that may not be a price)", reason: "not fifty of anything known"},
	{text: "50p", want: "(a number that may not be a price)"},

	// Currencies of three decimals.
	{text: "1.500 KD", want: "KWD 1.5"},
	{text: "OMR 12.345", want: "OMR 12.3450"},
	{text: "1,500 KD", want: "(a number that can be read in two ways)"},
	{text: "1.500 TND", want: "(a number that can be read in two ways)"},
	{text: "1,234.500 TND", want: "TND 1234.5"},

	// No cents, and cents elsewhere.
	{text: "2.499,-", want: "2499"},
	{text: "€ 12,--", want: "EUR 12"},
	{text: "12.– €", want: "EUR 12"},
	{text: "12. - CHF", want: "CHF 12"},
	{text: "12. – 15", want: "(a range of prices)"},
	{text: "19€90", want: "EUR 19.9"},
	{text: "1 019€ 90", want: "EUR 1019.9"},
	{text: "5€ 10€", want: "(several prices)"},
	{text: "5€ 105", want: "(several prices)"},
	{text: "$12. 50", want: "USD 12.5"},
	{text: "12, 50 €", want: "EUR 12.5"},
	{text: "5. 5", want: "(a number that can be read in two ways)", reason: "5.5, or 5 twice"},
	{text: "5, 5 €", want: "(a number that can be read in two ways)"},
	{text: "5 5", want: "(a number that can be read in two ways)"},
	{text: "5' 5\"", want: "(a number that can be read in two ways)", reason: "a length"},
	{text: "10 * 10", want: "(a number that can be read in two ways)"},
	{text: "5|5 €", want: "(a number that can be read in two ways)"},
	{text: "5/5 €", want: "(a number that can be read in two ways)"},
	{text: "5 € (5)", want: "EUR 5"},
	{text: "0,500", want: "0.5"},
	{text: "01,500", want: "(a number that can be read in two ways)"},
	{text: "00.500", want: "(a number that can be read in two ways)"},
	{text: "0,123,456", want: "(a number that can be read in two ways)"},
	{text: "0 500,00", want: "(a number that can be read in two ways)"},
	{text: "00.50", want: "0.5"},
	{text: "5.00 5.00 €", want: "EUR 5", reason: "the same price twice"},
	{text: "$5 $5.00", want: "USD 5"},
	{text: "12, 50", want: "(a number that can be read in two ways)", reason: "may be a list"},

	// Signs and dashes.
	{text: "-$5", want: "USD -5"},
	{text: "$-5", want: "USD -5"},
	{text: "- $5", want: "USD 5", reason: "a bullet"},
	{text: "– $5", want: "USD 5"},
	{text: "–$5", want: "(a number that may not be a price)", reason: "a bullet or a minus"},
	{text: "--5", want: "(a number that may not be a price)"},
	{text: "A-5", want: "(a number that may not be a price)"},
	{text: "EUR -5", want: "EUR -5"},
	{text: "5 -", want: "(a number that may not be a price)"},
	{text: "(5.00)", want: "(a number that may not be a price)", reason: "bookkeepers' minus, or a remark"},
	{text: "+5", want: "(a number that may not be a price)"},
	{text: "~5", want: "(a number that may not be a price)"},

	// Words.
	{text: "Price: $5", want: "USD 5"},
	{text: "Our Price £5.50 incl. VAT", want: "GBP 5.5"},
	{text: "Now only $5!", want: "USD 5"},
	{text: "$5.00 each", want: "USD 5"},
	{text: "ab 12,50 €", want: "from EUR 12.5"},
	{text: "from 5", want: "from 5"},
	{text: "$25+", want: "from USD 25"},
	{text: "Paperback $5", want: "USD 5"},
	{text: "Paperback 300", want: "(a number that may not be a price)", reason: "pages"},
	{text: "s 5", want: "(a number that may not be a price)"},
	{text: "S5", want: "(a number that may not be a price)", reason: "a model"},
	{text: "price5", want: "(a number that may not be a price)"},
	{text: "5now", want: "(a number that may not be a price)"},
	{text: "价格5元", want: "CNY 5"},
	{text: "Was $5", want: "(a number that may not be a price)", reason: "and is no more"},
	{text: "Was $5 Now $5", want: "USD 5"},
	{text: "Was $5 Now $4", want: "(several prices)"},
	{text: "Save $5", want: "(a number that may not be a price)"},
	{text: "Top 100", want: "(a number that may not be a price)"},
	{text: "Shipping: $4.99", want: "(a number that may not be a price)"},
	{text: "$5 (second hand)", want: "USD 5", reason: "a remark"},
	{text: "$5 (2 left)", want: "(several prices)"},
	{text: "$5 (save 20%)", want: "USD 5"},
	{text: "[sale] 5 €", want: "EUR 5"},
	{text: "5 (-10%)", want: "5", reason: "the dash joins no two numbers, so this is no date"},
	{text: "5 (-10 %)", want: "5"},
	{text: "9.90元/kg", want: "CNY 9.9"},
	{text: "$5/100g", want: "(a number that may not be a price)"},
	{text: "#5", want: "(a number that may not be a price)"},
	{text: "5k", want: "(a number that may not be a price)"},
	{text: "1e3", want: "(a number that may not be a price)", reason: "a number in JSON only"},
	{text: "0x1p-2", want: "(a number that may not be a price)"},
	{text: "1_000", want: "(a number that may not be a price)"},

	// Free.
	{text: "Free!", want: "free"},
	{text: "FREE", want: "free"},
	{text: "kostenlos", want: "free"},
	{text: "USD free", want: "USD free"},
	{text: "Free shipping", want: "(words without a number)"},
	{text: "Free $5", want: "(a number that may not be a price)"},

	// Missing.
	{text: "", want: "(empty)"},
	{text: " \u00a0 ", want: "(empty)"},
	{text: "—", want: "(empty)"},
	{text: "--", want: "(empty)"},
	{text: "NaN", want: "(not a number)"},
	{text: "nan", want: "(not a number)"},
	{text: "-Infinity", want: "(infinite)"},
	{text: "inf", want: "(infinite)"},
	{text: "None", want: "(null)"},
	{text: "n/a", want: "(null)"},
	{text: "#N/A", want: "(words without a number)"},
	{text: "$", want: "(words without a number)"},
	{text: "out of stock", want: "(words without a number)"},
	{text: "нет в наличии", want: "(words without a number)"},
	{text: "30% off", want: "(a percentage)"},
	{text: "30 % $20", want: "(a percentage)"},
	{text: "5 - 7", want: "(a range of prices)"},
	{text: "$5 - $7", want: "(a range of prices)"},
	{text: "5.50–7.50 €", want: "(a range of prices)"},
	{text: "$5 $7", want: "(several prices)"},
	{text: "$5 $5", want: "USD 5"},
	{text: "$5 €5", want: "(several prices)"},
	{text: "1 2 3 4 5 €", want: "(several prices)"},
	{text: "03.09.2021", want: "(a date or a time)"},
	{text: "2021-09-03", want: "(a date or a time)"},
	{text: "3/9/2021", want: "(a date or a time)"},
	{text: "12-11", want: "(a date or a time)"},
	{text: "18:30", want: "(a date or a time)"},
	{text: strings.Repeat("\xff", 512), want: "(a text too long for a price)", reason: "each byte stays one byte"},
	{text: "\xff\xfe", want: "(words without a number)"},
	{text: "5\x80", want: "(a number that may not be a price)", reason: "the euro sign of another encoding"},
	{text: strings.Repeat("9", 101), want: "(beyond the limits of a price)"},
	{text: strings.Repeat("9,", 200), want: "(beyond the limits of a price)"},
	{text: strings.Repeat("word ", 100), want: "(a text too long for a price)"},
	{text: strings.Repeat("x", 600), want: "(a text too long for a price)"},
}

func TestParsePrice(t *testing.T) {
	for _, tt := range parseCases {
		p, err := ParsePrice(tt.text)
		if diff := cmp.Diff(tt.want, p.String()); diff != "" {
			t.Errorf("ParsePrice(%q) %s (-want +got):\n%s", tt.text, tt.reason, diff)
		}
		if (err != nil) != p.Missing() {
			t.Errorf("ParsePrice(%q): error %v, Missing %v", tt.text, err, p.Missing())
		}
		var priceErr *PriceError
		if err != nil && (!errors.Is(err, ErrNoPrice) || !errors.As(err, &priceErr) || priceErr.Reason != p.Reason()) {
			t.Errorf("ParsePrice(%q): error %v, reason %q", tt.text, err, p.Reason())
		}
	}
}
