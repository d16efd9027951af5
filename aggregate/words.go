package aggregate

// A wordClass says what a word does to the number beside it.
type wordClass uint8

const (
	wordUnknown wordClass = iota // the number may not be the price
	wordLabel                    // "price", "now": nothing
	wordBeside                   // "paperback": nothing, if a currency says that it is a price
	wordFormer                   // "was": alone, the number is not the price any more
	wordFrom                     // the number is a lower bound
	wordFree                     // a price of 0
	wordNull                     // says that there is no value
	wordNaN
	wordInfinite
)

// classify knows the words, in lower case, that stand beside a price and leave
// it what it is. The list is short on purpose: a word that is not in it makes
// the price missing, because "Save $5" and "Orders $49+" look just like it.
// PriceParser.Labels adds to it.
func classify(word string) wordClass {
	switch word {
	case "price", "prices", "our", "retail", "sale", "now", "today", "only", "just", "rrp", "msrp", "mrp",
		"each", "apiece", "net", "gross", "total", "incl", "excl", "inc", "vat", "tax", "taxes", "gst",
		"preis", "nur", "jetzt", "inkl", "zzgl", "mwst", "ust", "stück", "uvp",
		"prix", "ttc", "seulement", "precio", "iva", "preço", "por", "prezzo", "solo", "prijs", "pris", "hinta",
		"cena", "bežná", "běžná", "akční", "akciová", "dph", "brutto", "netto", "ár", "fiyat", "fiyatı",
		"цена", "цены", "ціна", "harga", "giá", "价格", "价", "售价", "現價", "定价", "価格", "定価", "税込", "税抜", "税別", "가격",
		"قیمت", "السعر", "سعر":
		return wordLabel
	case "list", "special", "regular", "reg", "normal", "original", "buy", "new", "used", "kindle", "paperback",
		"hardcover", "ebook", "ea", "ex", "plus", "at", "ht", "s", "bez":
		return wordBeside
	case "was", "statt", "före", "было":
		return wordFormer
	case "from", "starting", "ab", "desde", "från", "fra", "od", "от", "від", "vanaf", "起":
		return wordFrom
	case "free", "gratis", "gratuit", "kostenlos", "grátis", "zdarma", "бесплатно", "免费", "無料", "무료", "مجاني":
		return wordFree
	case "null", "none", "nil", "na", "n", "a", "undefined", "missing":
		return wordNull
	case "nan":
		return wordNaN
	case "inf", "infinity":
		return wordInfinite
	}
	return wordUnknown
}
