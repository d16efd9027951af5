package aggregate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// A Price is an exact amount with the currency that was seen, if one was; or
// it is missing, for a [Reason]. Prices are compared with ==: 12.5 equals
// 12.50, and USD 5 does not equal a 5 without a currency.
//
// The zero value is missing ([ReasonAbsent]), so that a JSON object without
// the field, or a struct nobody filled, never counts as a price of 0.
//
// As a struct field it reads JSON numbers, JSON strings (as [ParsePrice] does)
// and null. A Price is immutable but for its Unmarshal methods.
type Price struct {
	amount   Decimal
	currency Currency
	reason   Reason // of a missing price
	mark     mark
}

// mark is what a Price is beyond its amount. The zero mark is a missing price.
type mark uint8

const (
	markMissing mark = iota
	markPlain
	markFrom // a lower bound: "From $109.90"
	markFree // a price of 0 given as a word: "Free!"
)

// ErrNoPrice is wrapped by every [*PriceError].
var ErrNoPrice = errors.New("no price")

// A PriceError says why a text or a number is not a price. It does not hold
// the text. What to do depends on the reason; for most programs the thing to
// do is to pass the Price on to [Summary.AddPrice], which counts the reason.
type PriceError struct {
	Reason Reason
}

func (e *PriceError) Error() string { return "aggregate: no price: " + string(e.Reason) }

// Unwrap returns [ErrNoPrice].
func (e *PriceError) Unwrap() error { return ErrNoPrice }

// NewPrice returns the price of units × 10^-places, for programs that keep
// cents: NewPrice(1299, 2, "USD") is USD 12.99. places may be negative. The
// price is missing with [ReasonCode] if currency is neither empty nor three
// capital letters, and with [ReasonLimit] if places is out of range (see
// Limits in the package comment).
func NewPrice(units int64, places int, currency Currency) Price {
	var buf [20]byte
	negative := units < 0
	digits := strconv.AppendInt(buf[:0], units, 10)
	if negative {
		digits = digits[1:]
	}
	if places < -maxExp || places > -minExp {
		return MissingPrice(ReasonLimit)
	}
	amount, reason := boundedDecimal(negative, digits, -places)
	return newPrice(amount, currency, reason)
}

// FloatPrice returns the price that f shows when printed, the shortest decimal
// that reads back as f: FloatPrice(12.99, "EUR") is EUR 12.99. NaN and
// infinities are missing, and so is a currency that is not a code, as in
// [NewPrice].
func FloatPrice(f float64, currency Currency) Price {
	switch {
	case math.IsNaN(f):
		return MissingPrice(ReasonNaN)
	case math.IsInf(f, 0):
		return MissingPrice(ReasonInfinite)
	}
	var buf [32]byte
	amount, reason := parseNumber(strconv.AppendFloat(buf[:0], f, 'e', -1, 64))
	return newPrice(amount, currency, reason)
}

func newPrice(amount Decimal, currency Currency, reason Reason) Price {
	if reason == "" && !currency.valid() {
		reason = ReasonCode
	}
	if reason != "" {
		return MissingPrice(reason)
	}
	return Price{amount: amount, currency: currency, mark: markPlain}
}

// MissingPrice returns a Price that is missing for the given reason; an empty
// reason is [ReasonOther].
func MissingPrice(reason Reason) Price {
	if reason == "" {
		reason = ReasonOther
	}
	return Price{reason: reason}
}

// Missing tells whether there is no amount.
func (p Price) Missing() bool { return p.mark == markMissing }

// Reason says why p is missing. It is empty when p is not.
func (p Price) Reason() Reason {
	if p.mark == markMissing && p.reason == "" {
		return ReasonAbsent
	}
	return p.reason
}

// Amount returns the exact amount; ok is false when p is missing.
func (p Price) Amount() (amount Decimal, ok bool) { return p.amount, !p.Missing() }

// Currency returns the currency that was seen or given, or "".
func (p Price) Currency() Currency { return p.currency }

// From tells that the amount is a lower bound: "From $109.90", "$49+".
func (p Price) From() bool { return p.mark == markFrom }

// Free tells that the amount is the 0 of a word such as "Free!".
func (p Price) Free() bool { return p.mark == markFree }

// String returns the price as [ParsePrice] reads it back: "USD 12.99",
// "from EUR 5", "free". It writes four decimals where there would be three,
// for "12.345" reads as twelve thousand. Of a missing price it is the reason,
// in parentheses.
func (p Price) String() string {
	if p.Missing() {
		return "(" + string(p.Reason()) + ")"
	}
	return string(p.appendText(nil))
}

func (p Price) appendText(dst []byte) []byte {
	if p.mark == markFrom {
		dst = append(dst, "from "...)
	}
	if p.currency != "" {
		dst = append(dst, p.currency...)
		dst = append(dst, ' ')
	}
	if p.mark == markFree {
		return append(dst, "free"...)
	}
	dst = p.amount.appendPlain(dst)
	if p.amount.exp == -3 {
		dst = append(dst, '0')
	}
	return dst
}

// MarshalText returns what String returns, and nothing for a missing price.
func (p Price) MarshalText() ([]byte, error) {
	if p.Missing() {
		return []byte{}, nil
	}
	return p.appendText(nil), nil
}

// UnmarshalText reads text as [ParsePrice] does. It returns no error: text
// that is no price is a missing Price with its reason.
func (p *Price) UnmarshalText(text []byte) error {
	*p, _ = ParsePrice(string(text))
	return nil
}

// MarshalJSON writes a number for a plain price without a currency, null for a
// missing one, and otherwise the text of String, as a JSON string.
func (p Price) MarshalJSON() ([]byte, error) {
	switch {
	case p.Missing():
		return []byte("null"), nil
	case p.mark == markPlain && p.currency == "":
		return p.amount.MarshalJSON()
	}
	return append(p.appendText([]byte{'"'}), '"'), nil
}

// UnmarshalJSON reads a JSON number exactly (129.900 is 129.9, and 1e3 is
// 1000), a JSON string as [ParsePrice] does ("129.900" is 129900), and null.
// For options, have a string field and a [PriceParser].
//
// A value that is no price gives a missing Price with its reason and no error,
// so that one bad cell does not cost the whole record. Only a value of another
// kind (an object, an array, true, false) is an error, for then it is the
// schema that is wrong.
//
// It also takes the bare token NaN (and Infinity, -Infinity), as Python writes
// it. encoding/json itself rejects such a document before it calls this
// method; csvjson.ReadJSON reads it.
func (p *Price) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch string(data) {
	case "null":
		*p = MissingPrice(ReasonNull)
		return nil
	case "NaN":
		*p = MissingPrice(ReasonNaN)
		return nil
	case "Infinity", "-Infinity":
		*p = MissingPrice(ReasonInfinite)
		return nil
	}
	if len(data) > 0 && data[0] == '"' {
		return p.unmarshalString(data)
	}
	amount, reason := parseNumber(data)
	if reason == ReasonWords {
		*p = Price{}
		return errors.New("aggregate: unmarshal price: neither a number, a string nor null")
	}
	*p = newPrice(amount, "", reason)
	return nil
}

func (p *Price) unmarshalString(data []byte) error {
	inner := data[1:]
	if end := bytes.IndexByte(inner, '"'); end >= 0 && end == len(inner)-1 && bytes.IndexByte(inner, '\\') < 0 {
		return p.UnmarshalText(inner[:end]) // nothing to unescape
	}
	*p = Price{}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("aggregate: unmarshal price: %w", err)
	}
	return p.UnmarshalText([]byte(text))
}
