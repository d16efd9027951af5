package aggregate

import "unicode/utf8"

// ParsePrice reads a price as people write it, by the rules of [PriceParser]
// with its zero value. The error is not nil if and only if the Price is
// missing; it is then a [*PriceError] with the reason.
func ParsePrice(s string) (Price, error) {
	return PriceParser{}.Parse(s)
}

// A PriceParser reads prices from text. It reads a number only where the text
// leaves no doubt that it is the price, and what number it is; otherwise the
// price is missing, with the reason. The zero value is ready to use.
//
// What it reads:
//
//   - A currency by sign, code or word, before or after: "₹0.01", "CDN$ 6.99",
//     "5 EUR", "Rs.500/-", "199.90 Fr.", "3,500円". "$" is USD, "¥" is JPY, "£"
//     is GBP and "Rs" is INR, unless Currency is another one of the same sign.
//     "kr" alone names no currency.
//   - Groups of digits: 1,234,567 and 1.234.567, 1 234 567, 1'234'567, and in
//     lakhs, 1,02,990.
//   - Decimals: the second kind of mark separates them (9.990,00 and 9,990.00).
//     A single point or comma before exactly three digits is of thousands
//     (58.500, 1,495), except after 0 or more than three digits (0.125,
//     1234.567); before any other number of digits it is of decimals. Groups
//     never begin with a zero: "01.500" is missing. The currencies of three
//     decimals differ: "1.500 KD" is one and a half, and where such a currency
//     leaves it open ("1.500 TND"), the price is missing.
//   - "24€99", "$119. 95", "1.899,-", ".75 €", "20,221.", "22000.00元/台".
//   - A minus just before the number or its currency. A dash with a space after
//     it is a bullet.
//   - The same price twice: "205,68 € 205.68", but not whole numbers with no
//     word or currency between them, "5 5", "5. 5", "5 x 5", "5' 5"".
//   - Known words beside it ("Price:", "Now", "bežná cena", and Labels), and a
//     remark in parentheses without a number, or with a percentage only.
//     "From" and "$49+" give a lower bound, see [Price.From].
//   - Full-width and Arabic digits, no-break spaces, all kinds of dashes.
//
// What is missing: ranges, different prices, dates, percentages, numbers beside
// unknown words or signs ("Orders $49+", "5k", "~5"), scientific notation
// ("1e3" is a number in JSON only), empty text, "NaN", "None", "N/A", and text
// of more than 512 bytes or 24 words, numbers and signs.
type PriceParser struct {
	// Currency is that of prices that show none, and the reading of a sign
	// that several currencies share ("$", "¥", "£", "Rs", "kr"). Default:
	// none. Anything but three capital letters makes every price missing,
	// with ReasonCode.
	Currency Currency

	// DecimalMark is the mark that separates decimals in all texts, if that is
	// known; the other one then separates groups. Default: the rule above.
	DecimalMark DecimalMark

	// FreeMissing makes "Free!" missing, with ReasonFree. Default: it is a
	// price of 0 that Price.Free tells apart.
	FreeMissing bool

	// Labels are more words that may stand beside a price and do not change
	// it, in lower case: "ladenpreis".
	Labels []string
}

// Parse reads one price; see [ParsePrice] for the error.
func (p PriceParser) Parse(s string) (Price, error) {
	price := p.parse(s)
	if price.Missing() {
		return price, &PriceError{Reason: price.Reason()}
	}
	return price, nil
}

func (p PriceParser) parse(s string) Price {
	if !p.Currency.valid() {
		return MissingPrice(ReasonCode)
	}
	if amount, ok := p.parseSimple(s); ok {
		return Price{amount: amount, currency: p.Currency, mark: markPlain}
	}
	var r reader
	r.parser = p
	if !r.scan(s) {
		return MissingPrice(ReasonLong)
	}
	return r.price()
}

// parseSimple reads what most texts are, "12.99", where no rule is in doubt.
func (p PriceParser) parseSimple(s string) (Decimal, bool) {
	var coef int64
	point := -1
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			coef = coef*10 + int64(c-'0')
		case c == '.' && point < 0 && i > 0:
			point = i
		default:
			return Decimal{}, false
		}
	}
	if len(s) == 0 || len(s) > maxSmallDigits {
		return Decimal{}, false
	}
	exp := int32(0)
	if point >= 0 {
		decimals := len(s) - point - 1
		if decimals == 0 || decimals == 3 || p.DecimalMark == MarkComma {
			return Decimal{}, false
		}
		exp = int32(-decimals)
	}
	return smallDecimal(coef, exp), true
}

// smallDecimal returns coef × 10^exp in canonical form.
func smallDecimal(coef int64, exp int32) Decimal {
	if coef == 0 {
		return Decimal{}
	}
	for coef%10 == 0 {
		coef /= 10
		exp++
	}
	return Decimal{coef: coef, exp: exp}
}

// lower returns the text of a token in lower case, in buf's memory, and nil if
// it is longer than any known word.
func (sc *scanner) lower(t token, buf []byte) []byte {
	for i := int(t.start); i < int(t.end); {
		r, size := utf8.DecodeRune(sc.text[i:t.end])
		if len(buf)+utf8.UTFMax > cap(buf) {
			return nil
		}
		buf = utf8.AppendRune(buf, toLower(r))
		i += size
	}
	return buf
}
