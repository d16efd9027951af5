package aggregate

import "strings"

// A Currency is a code of ISO 4217, three capital letters such as "USD", or ""
// where none was seen. One code is not of the standard: "IRT", the Iranian
// toman.
type Currency string

func (c Currency) valid() bool {
	if c == "" {
		return true
	}
	return len(c) == 3 && isUpper(c[0]) && isUpper(c[1]) && isUpper(c[2])
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// A mention is a sign or a word of a currency in a text. Many countries write
// "$": also lists the other codes that it can stand for.
type mention struct {
	code Currency // the usual reading; "" if there is none
	also string   // codes, separated by spaces
	dot  bool     // an abbreviation, whose dot is no decimal point: "Rs.500"
}

// findCode returns word as a Currency if it is an ISO 4217 code in capitals,
// and "" otherwise. Four codes that are everyday English (ALL, CUP, SOS, TOP)
// are left out: a PriceParser for such a currency knows its own.
func findCode(word string) Currency {
	const codes = " AED AFN AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD" +
		" CAD CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD" +
		" HKD HNL HTG HUF IDR ILS INR IQD IRR IRT ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD" +
		" LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP" +
		" PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SRD SSP STN SVC SYP SZL THB TJS TMT TND TRY" +
		" TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "
	if len(word) != 3 || !isUpper(word[0]) || !isUpper(word[1]) || !isUpper(word[2]) {
		return ""
	}
	i := strings.Index(codes, word)
	if i < 0 {
		return ""
	}
	return Currency(codes[i : i+len(word)]) // of the constant: no allocation
}

// The countries of an ambiguous sign.
const (
	dollars = "AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD MXN NAD NZD SGD SRD TTD TWD XCD ARS CLP COP UYU"
	pounds  = "EGP FKP GIP LBP SDG SHP SSP SYP"
	rupees  = "LKR MUR NPR PKR SCR"
	kroner  = "CZK DKK ISK NOK SEK"
)

// signMention returns what a currency sign of Unicode (category Sc) stands for.
func signMention(sign string) (mention, bool) {
	switch sign {
	case "$":
		return mention{code: "USD", also: dollars}, true
	case "€":
		return mention{code: "EUR"}, true
	case "£":
		return mention{code: "GBP", also: pounds}, true
	case "¥":
		return mention{code: "JPY", also: "CNY"}, true
	case "₹":
		return mention{code: "INR"}, true
	case "₨":
		return mention{code: "INR", also: rupees}, true
	case "₩":
		return mention{code: "KRW"}, true
	case "₽":
		return mention{code: "RUB"}, true
	case "₴":
		return mention{code: "UAH"}, true
	case "₺":
		return mention{code: "TRY"}, true
	case "₫":
		return mention{code: "VND"}, true
	case "₪":
		return mention{code: "ILS"}, true
	case "฿":
		return mention{code: "THB"}, true
	case "₱":
		return mention{code: "PHP"}, true
	case "₦":
		return mention{code: "NGN"}, true
	case "₸":
		return mention{code: "KZT"}, true
	case "₼":
		return mention{code: "AZN"}, true
	case "₾":
		return mention{code: "GEL"}, true
	case "₡":
		return mention{code: "CRC"}, true
	case "₲":
		return mention{code: "PYG"}, true
	case "₵":
		return mention{code: "GHS"}, true
	case "৳":
		return mention{code: "BDT"}, true
	case "﷼":
		return mention{code: "IRR", also: "OMR QAR SAR YER"}, true
	}
	return mention{}, false
}

// wordMention returns what a word in lower case stands for as a currency.
func wordMention(word string) (mention, bool) {
	switch word {
	case "us$", "usd", "dollar", "dollars":
		return mention{code: "USD"}, true
	case "c$", "ca$", "cdn$", "can$", "cdn", "cad":
		return mention{code: "CAD"}, true
	case "a$", "au$", "aud":
		return mention{code: "AUD"}, true
	case "nz$", "nzd":
		return mention{code: "NZD"}, true
	case "hk$", "hkd":
		return mention{code: "HKD"}, true
	case "s$", "sg$", "sgd":
		return mention{code: "SGD"}, true
	case "nt$", "twd":
		return mention{code: "TWD"}, true
	case "mx$", "mex$", "mxn":
		return mention{code: "MXN"}, true
	case "r$", "brl":
		return mention{code: "BRL"}, true
	case "eur", "euro", "euros":
		return mention{code: "EUR"}, true
	case "gbp":
		return mention{code: "GBP"}, true
	case "chf", "sfr", "fr", "frs":
		return mention{code: "CHF", dot: true}, true
	case "inr":
		return mention{code: "INR"}, true
	case "rs", "rupees":
		return mention{code: "INR", also: rupees, dot: true}, true
	case "rp", "idr":
		return mention{code: "IDR", dot: true}, true
	}
	return localMention(word)
}

// shortMention has the abbreviations that are something else in lower case: a
// ft is a foot.
func shortMention(word string) (mention, bool) {
	switch word {
	case "Ft":
		return mention{code: "HUF"}, true
	case "TL":
		return mention{code: "TRY"}, true
	case "RM":
		return mention{code: "MYR"}, true
	case "Re":
		return mention{code: "INR", also: rupees, dot: true}, true
	case "KD":
		return mention{code: "KWD"}, true
	case "BD":
		return mention{code: "BHD"}, true
	case "JD":
		return mention{code: "JOD"}, true
	case "DT":
		return mention{code: "TND"}, true
	}
	return mention{}, false
}

// localMention has the words that are not written in English.
func localMention(word string) (mention, bool) {
	switch word {
	case "jpy", "円":
		return mention{code: "JPY"}, true
	case "cny", "rmb", "元", "块", "圆":
		return mention{code: "CNY"}, true
	case "krw", "원":
		return mention{code: "KRW"}, true
	case "rub", "руб", "р", "рублей", "рубля", "рубль":
		return mention{code: "RUB", dot: true}, true
	case "uah", "грн":
		return mention{code: "UAH", dot: true}, true
	case "pln", "zł", "zl":
		return mention{code: "PLN"}, true
	case "czk", "kč":
		return mention{code: "CZK"}, true
	case "ron", "lei":
		return mention{code: "RON"}, true
	case "bgn", "лв":
		return mention{code: "BGN", dot: true}, true
	case "vnd", "đ", "vnđ":
		return mention{code: "VND"}, true
	case "kr":
		return mention{also: kroner, dot: true}, true
	case "kwd", "د.ك":
		return mention{code: "KWD"}, true
	case "د.ب":
		return mention{code: "BHD"}, true
	case "omr", "ر.ع":
		return mention{code: "OMR"}, true
	case "aed", "dhs", "د.إ", "درهم":
		return mention{code: "AED", dot: true}, true
	case "sar", "ر.س":
		return mention{code: "SAR"}, true
	case "تومان", "تومن":
		return mention{code: "IRT"}, true
	case "ریال", "ريال":
		return mention{code: "IRR", also: "OMR QAR SAR YER"}, true
	}
	return mention{}, false
}

// can tells whether m may stand for code.
func (m mention) can(code Currency) bool {
	return code != "" && (m.code == code || strings.Contains(m.also, string(code)))
}

// decimals3 are the currencies of three decimals, in which "1.500" may be one
// and a half. The first group writes a decimal point; in the second both a
// point and a comma are found.
func decimals3(code Currency) (point, unclear bool) {
	switch code {
	case "BHD", "JOD", "KWD", "OMR":
		return true, false
	case "LYD", "TND":
		return false, true
	}
	return false, false
}

// maxMentions is more than a price has. A text with more names several prices.
const maxMentions = 4

// mentions are those of one text.
type mentions struct {
	list [maxMentions]mention
	n    int
}

func (ms *mentions) add(m mention) {
	if ms.n < maxMentions {
		ms.list[ms.n] = m
	}
	ms.n++
}

func (ms *mentions) any() bool { return ms.n > 0 }

// resolve returns the one currency that all mentions can stand for: that which
// one of them names alone, else the hint, else the usual one. ok is false when
// there is none.
func (ms *mentions) resolve(hint Currency) (currency Currency, ok bool) {
	if ms.n == 0 {
		return hint, true
	}
	if ms.n > maxMentions {
		return "", false
	}
	for _, m := range ms.list[:ms.n] {
		if m.also == "" {
			return m.code, ms.allCan(m.code)
		}
	}
	if ms.allCan(hint) {
		return hint, true
	}
	usual := ms.list[0].code
	for _, m := range ms.list[:ms.n] {
		if m.code != usual {
			return "", false
		}
	}
	return usual, true
}

func (ms *mentions) allCan(code Currency) bool {
	for _, m := range ms.list[:ms.n] {
		if !m.can(code) {
			return false
		}
	}
	return true
}
