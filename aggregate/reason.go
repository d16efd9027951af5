package aggregate

import "strings"

// A Reason says why a price is missing. The constants are those this package
// gives; a program may use its own with [MissingPrice] and
// [Summary.AddMissing]. A reason is a few fixed words, never data.
type Reason string

// Reasons of this package.
const (
	ReasonAbsent    Reason = "absent"                                     // the zero Price: no field, no cell
	ReasonEmpty     Reason = "empty"                                      // an empty text, or dashes alone
	ReasonNull      Reason = "null"                                       // null, None, N/A
	ReasonNaN       Reason = "not a number"                               // NaN as text, token or float64
	ReasonInfinite  Reason = "infinite"                                   // ±Inf as text or float64
	ReasonWords     Reason = "words without a number"                     // "Not available"
	ReasonLong      Reason = "a text too long for a price"                // over 512 bytes or 24 words
	ReasonUnsure    Reason = "a number that may not be a price"           // "Orders $49+", "1e3" as text
	ReasonAmbiguous Reason = "a number that can be read in two ways"      // "1.500 TND"
	ReasonRange     Reason = "a range of prices"                          // "21.49 - 33.72"
	ReasonSeveral   Reason = "several prices"                             // "Was $5 Now $4", "AED 8000 (USD 2179)"
	ReasonPercent   Reason = "a percentage"                               // "40% OFF"
	ReasonDate      Reason = "a date or a time"                           // "15.08.2017"
	ReasonLimit     Reason = "beyond the limits of a price"               // "1e309", 101 digits
	ReasonFree      Reason = "free"                                       // "Free!" with PriceParser.FreeMissing
	ReasonCurrency  Reason = "another currency"                           // see Summary.Currency
	ReasonCode      Reason = "a currency code that is not three capitals" // NewPrice with currency "Euro"
	ReasonOther     Reason = "other"                                      // no reason given, or one reason too many
)

const (
	maxReasons     = 64 // different reasons that a Summary keeps apart
	maxReasonBytes = 64
)

// tally counts missing values by reason. Its memory is bounded: of more than
// maxReasons reasons it keeps the first by alphabet and counts the rest as
// ReasonOther. A reason once pushed out has maxReasons smaller ones before it
// and would be pushed out under every other order too, so the result does not
// depend on the order of additions and merges.
type tally struct {
	counts map[Reason]int64
	other  int64 // ReasonOther, which is not in counts
}

func (t *tally) add(reason Reason, n int64) {
	if n == 0 {
		return
	}
	if len(reason) > maxReasonBytes {
		reason = Reason(strings.ToValidUTF8(string(reason[:maxReasonBytes]), ""))
	}
	if reason == "" || reason == ReasonOther {
		t.other += n
		return
	}
	if t.counts == nil {
		t.counts = make(map[Reason]int64)
	}
	t.counts[reason] += n
	if len(t.counts) > maxReasons {
		t.dropLast()
	}
}

func (t *tally) dropLast() {
	var last Reason
	for reason := range t.counts {
		last = max(last, reason)
	}
	t.other += t.counts[last]
	delete(t.counts, last)
}

func (t *tally) merge(u *tally) {
	for reason, n := range u.counts {
		t.add(reason, n)
	}
	t.other += u.other
}

func (t *tally) total() int64 {
	total := t.other
	for _, n := range t.counts {
		total += n
	}
	return total
}
