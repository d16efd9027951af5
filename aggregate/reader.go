package aggregate

import (
	"bytes"
	"slices"
	"unicode"
)

// maxAmounts is the most numbers that one text repeats: more are several prices.
const maxAmounts = 4

// A reader makes sense of the tokens of one text. It goes through them once,
// notes what it sees, and then decides.
type reader struct {
	scanner
	parser PriceParser

	amounts  [maxAmounts]amount
	n        int // amounts
	mentions mentions

	negative    bool // a minus that waits for its number
	dash        bool // a dash that waits for a second number
	slash       bool // a slash that does
	aside       int  // open parentheses
	unknown     bool // something that makes a number unsure
	seenWord    bool // a word that is no label
	seenLabel   bool
	seenBeside  bool // a word that needs a currency
	seenFormer  bool // a word that needs another number
	seenPercent bool
	seenRange   bool // a dash between two numbers
	hyphen      bool // the dash has no spaces around it: 25-09
	seenSlash   bool // a slash or a colon between two numbers
	seenLoose   bool // two whole numbers with no more than punctuation between them
	seenFrom    bool
	seenFree    bool
	reason      Reason // what a word such as NaN said
}

// An amount is a number that may be the price.
type amount struct {
	number   token
	cents    token // of "24€99"; empty otherwise
	negative bool
	aside    bool // in parentheses
}

// price reads all tokens and decides.
func (r *reader) price() Price {
	for k := 0; k < r.count; {
		k = r.read(k)
	}
	if r.n == 0 {
		return r.withoutNumber()
	}
	if reason := r.doubt(); reason != "" {
		return MissingPrice(reason)
	}
	currency, ok := r.mentions.resolve(r.parser.Currency)
	if !ok {
		return MissingPrice(ReasonSeveral)
	}
	amount, reason := r.agreed(currency)
	if reason != "" {
		return MissingPrice(reason)
	}
	price := Price{amount: amount, currency: currency, mark: markPlain}
	if r.seenFrom {
		price.mark = markFrom
	}
	return price
}

// withoutNumber decides on a text that has no number, or only percentages.
func (r *reader) withoutNumber() Price {
	currency, ok := r.mentions.resolve(r.parser.Currency)
	switch {
	case r.seenPercent:
		return MissingPrice(ReasonPercent)
	case r.seenFree && ok && !r.unknown && !r.seenWord && !r.seenFrom:
		if r.parser.FreeMissing {
			return MissingPrice(ReasonFree)
		}
		return Price{currency: currency, mark: markFree}
	case r.reason != "" && !r.unknown && !r.seenWord && !r.seenLabel && !r.mentions.any():
		return MissingPrice(r.reason)
	case r.unknown || r.seenWord || r.seenLabel || r.seenFree || r.seenFrom || r.mentions.any() || r.reason != "":
		return MissingPrice(ReasonWords)
	}
	return MissingPrice(ReasonEmpty)
}

// doubt returns why the numbers are no price, before it is known which they are.
func (r *reader) doubt() Reason {
	plain := !r.mentions.any()
	switch {
	case r.seenPercent:
		return ReasonPercent
	case r.unknown || r.seenWord || r.seenFree || r.reason != "":
		return ReasonUnsure
	case plain && r.seenBeside || r.n == 1 && r.seenFormer:
		return ReasonUnsure
	case plain && r.n > 1 && r.seenSlash:
		return ReasonDate
	case plain && r.seenRange && r.hyphen && r.shortNumbers():
		return ReasonDate
	case r.seenRange:
		return ReasonRange
	case r.n > maxAmounts:
		return ReasonSeveral
	case r.n == 1 && (r.amounts[0].aside || r.dash):
		return ReasonUnsure // "(44.99)", "12 -"
	case plain && slices.ContainsFunc(r.amounts[:r.n], amount.spaced):
		return ReasonAmbiguous // "5, 10" may be a list
	}
	return ""
}

func (a amount) spaced() bool { return a.number.spaced }

// shortNumbers tells the numbers of a date, 25-09 or 2017-08-15, from a range.
func (r *reader) shortNumbers() bool {
	for _, a := range r.amounts[:min(r.n, maxAmounts)] {
		length := a.number.end - a.number.start
		if length > 2 && (r.n == 2 || length != 4) || r.leadingDigits(int(a.number.start)) != int(length) {
			return false
		}
	}
	return true
}

// agreed returns the amount that all numbers of the text are.
func (r *reader) agreed(currency Currency) (Decimal, Reason) {
	var first Decimal
	for i, a := range r.amounts[:r.n] {
		d, reason := r.decimal(a, currency)
		if reason != "" {
			return Decimal{}, reason
		}
		if i == 0 {
			first = d
		} else if d != first {
			return Decimal{}, ReasonSeveral
		}
	}
	if r.seenLoose {
		return Decimal{}, ReasonAmbiguous // "5. 5" may be 5.5, and 5' 5" a length
	}
	return first, ""
}

// decimal reads an amount, and leaves its text unfit to be read again.
func (r *reader) decimal(a amount, currency Currency) (Decimal, Reason) {
	style := numeralStyle{mark: r.parser.DecimalMark, currency: currency}
	text := r.text[a.number.start:a.number.end]
	if a.cents.end > 0 {
		// Over the sign between them, which is one byte or more.
		text = append(text, arabicPoint)
		text = append(text, r.text[a.cents.start:a.cents.end]...)
	}
	return readNumeral(text, a.negative, style)
}

// read takes token k, and those that belong to it, and returns the next.
func (r *reader) read(k int) int {
	t := r.tokens[k]
	switch t.kind {
	case tokenNumber:
		return r.readNumber(k)
	case tokenSign:
		m, ok := signMention(string(r.text[t.start:t.end]))
		if !ok {
			r.unknown = true
		}
		r.mentions.add(m)
	case tokenWord:
		return r.readWord(k)
	case tokenPunct:
		return r.readPunct(k)
	default:
		r.unknown = true
	}
	return k + 1
}

// readNumber notes an amount, unless it is a percentage in parentheses.
func (r *reader) readNumber(k int) int {
	a := amount{number: r.tokens[k], negative: r.negative, aside: r.aside > 0}
	r.negative = false
	if k > 0 && r.tokens[k-1].kind == tokenWord && r.glued(k-1) && !isDigit(r.text[a.number.start]) {
		r.unknown = true // "EUR.75": three quarters, or 75?
	}
	if r.punctAt(k+1) == '%' || k > 0 && r.punctAt(k-1) == '%' {
		if r.aside == 0 {
			r.seenPercent = true
		}
		r.dash = false
		return k + 1
	}
	next := k + 1
	if r.centsFollow(k) {
		a.cents = r.tokens[k+2]
		r.read(k + 1) // the sign
		next = k + 3
	}
	r.seenRange = r.seenRange || r.dash
	r.seenSlash = r.seenSlash || r.slash
	r.dash, r.slash = false, false
	if r.n < maxAmounts {
		r.amounts[r.n] = a
	}
	r.seenLoose = r.seenLoose || r.n > 0 && r.loose(k)
	r.n++
	return next
}

// loose tells that the number k, and the one before it, are digits alone and
// have no more than punctuation between them.
func (r *reader) loose(k int) bool {
	before := k - 1
	for r.punctAt(before) != 0 {
		before--
	}
	return before >= 0 && r.isWhole(r.tokens[before]) && r.isWhole(r.tokens[k])
}

func (r *reader) isWhole(t token) bool {
	return t.kind == tokenNumber && r.leadingDigits(int(t.start)) == int(t.end-t.start)
}

// centsFollow tells 24€99 and 35€ 99: a sign just after a whole number, two
// digits, and no sign of another price after them.
func (r *reader) centsFollow(k int) bool {
	if k+2 >= r.count || r.tokens[k+1].kind != tokenSign || r.tokens[k+2].kind != tokenNumber {
		return false
	}
	whole, sign, cents := r.tokens[k], r.tokens[k+1], r.tokens[k+2]
	if sign.start != whole.end || cents.end-cents.start != 2 || r.leadingDigits(int(cents.start)) != 2 {
		return false
	}
	return !whole.spaced && (k+3 == r.count || r.tokens[k+3].kind != tokenSign && r.punctAt(k+3) != '%')
}

// punctAt returns the character of token k, and 0 if it is of another kind.
func (r *reader) punctAt(k int) byte {
	if k < 0 || k >= r.count || r.tokens[k].kind != tokenPunct {
		return 0
	}
	return r.text[r.tokens[k].start]
}

func (r *reader) readPunct(k int) int {
	switch c := r.punctAt(k); c {
	case '-', longDash:
		r.readDash(k, c)
	case '(', '[':
		r.aside++
	case ')', ']':
		r.aside = max(0, r.aside-1)
		r.dash = false
	case '+':
		// "$49+" is a lower bound; anywhere else a plus is a surcharge.
		if k > 0 && r.n > 0 && r.tokens[k-1].end == r.tokens[k].start {
			r.seenFrom = true
		} else {
			r.unknown = true
		}
	case '/':
		return r.readSlash(k)
	case ':':
		// A label ends in a colon. One between digits is of a time.
		r.slash = r.slash || k > 0 && r.tokens[k-1].kind == tokenNumber && r.glued(k)
	case '.', ',', '!', '*', '"', '\'', ';', '|', '%', '?':
	default:
		r.unknown = true
	}
	return k + 1
}

// glued tells that no space stands between token k and the next.
func (r *reader) glued(k int) bool {
	return k+1 < r.count && r.tokens[k].end == r.tokens[k+1].start
}

// readDash tells a minus, which stands just before a number or a currency, from
// a bullet, which has a space after it, and from a dash between numbers.
func (r *reader) readDash(k int, c byte) {
	switch {
	case r.n > 0:
		r.dash = true
		r.hyphen = r.glued(k-1) && r.glued(k)
	case !r.glued(k):
		// A bullet, or a dash in words.
	case c != '-' || r.negative:
		r.unknown = true
	case k > 0 && r.glued(k-1) && r.tokens[k-1].kind == tokenWord && !r.isCurrency(r.tokens[k-1]):
		r.unknown = true // "A-5"
	default:
		r.negative = true
	}
}

// readSlash skips the unit that follows a price: "/台", "/kg".
func (r *reader) readSlash(k int) int {
	r.slash = r.n > 0
	if r.n == 0 || k+1 >= r.count {
		return k + 1
	}
	if next := r.tokens[k+1]; next.kind == tokenWord && !r.isCurrency(next) {
		return k + 2
	}
	return k + 1
}

func (r *reader) isCurrency(t token) bool {
	_, ok := r.wordMention(t)
	return ok
}

// readWord notes what a word says.
func (r *reader) readWord(k int) int {
	t := r.tokens[k]
	if m, ok := r.wordMention(t); ok {
		r.mentions.add(m)
		return r.skipDot(k, m)
	}
	if next, ok := r.readPrefix(k); ok {
		return next
	}
	if r.aside > 0 {
		r.seenLabel = true // a remark
		return k + 1
	}
	var buf [maxWord]byte
	word := r.lower(t, buf[:0])
	switch class := classify(string(word)); {
	case isLetter(r.text[t.end-1]) && r.gluedToNumber(k):
		r.unknown = true // "S5", "5each"; in Chinese no space is written
	case class == wordBeside:
		r.seenLabel, r.seenBeside = true, true
	case class == wordFormer:
		r.seenLabel, r.seenFormer = true, true
	case class == wordLabel || class == wordUnknown && r.isLabel(word):
		r.seenLabel = true
	case class == wordFrom:
		r.seenFrom = true
	case class == wordFree:
		r.seenFree = true
	case class == wordNull && r.reason == "":
		r.reason = ReasonNull
	case class == wordNaN:
		r.reason = ReasonNaN
	case class == wordInfinite:
		r.reason = ReasonInfinite
	case class == wordUnknown:
		r.seenWord = true
	}
	return k + 1
}

// wordMention returns what currency a word names.
func (r *reader) wordMention(t token) (mention, bool) {
	var buf [maxWord]byte
	word := r.text[t.start:t.end]
	if len(word) > maxWord {
		return mention{}, false
	}
	if string(word) == string(r.parser.Currency) {
		return mention{code: r.parser.Currency}, true
	}
	if code := findCode(string(bytes.TrimSuffix(word, []byte{'$'}))); code != "" {
		return mention{code: code}, true // "USD$" too
	}
	if m, ok := shortMention(string(word)); ok {
		return m, true
	}
	return wordMention(string(r.lower(t, buf[:0])))
}

// readPrefix takes "US $", two capitals and a separate dollar sign, as "US$".
func (r *reader) readPrefix(k int) (next int, ok bool) {
	t := r.tokens[k]
	if t.end-t.start != 2 || k+1 == r.count || r.tokens[k+1].kind != tokenSign || r.text[r.tokens[k+1].start] != '$' {
		return 0, false
	}
	if !isUpper(r.text[t.start]) || !isUpper(r.text[t.start+1]) {
		return 0, false
	}
	m, ok := wordMention(string([]byte{r.text[t.start] | 0x20, r.text[t.start+1] | 0x20, '$'}))
	if ok {
		r.mentions.add(m)
	}
	return k + 2, ok
}

// skipDot skips the dot of an abbreviation, also where it looks like that of
// the number: "Rs.500".
func (r *reader) skipDot(k int, m mention) int {
	if !m.dot || !r.glued(k) || r.text[r.tokens[k+1].start] != '.' {
		return k + 1
	}
	if r.tokens[k+1].kind == tokenNumber {
		r.tokens[k+1].start++
		return k + 1
	}
	return k + 2
}

// gluedToNumber tells that no space stands between the word k and a number.
func (r *reader) gluedToNumber(k int) bool {
	return r.glued(k) && r.tokens[k+1].kind == tokenNumber ||
		k > 0 && r.glued(k-1) && r.tokens[k-1].kind == tokenNumber
}

// maxWord is more than the bytes of the longest known word.
const maxWord = 32

func (r *reader) isLabel(word []byte) bool {
	return slices.Contains(r.parser.Labels, string(word))
}

func toLower(c rune) rune {
	if c < 0x80 {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		return c
	}
	return unicode.ToLower(c)
}
