package csvjson

import (
	"bytes"
	"encoding/json"
	"slices"
)

// value is a field of a row as it will come out.
type value struct {
	text      []byte // valid until the next row
	kind      valueKind
	quotes    bool // text is as it stands in the CSV text, with doubled quotes
	notNumber bool // the column wanted a number and this was none
}

type valueKind uint8

const (
	missingValue valueKind = iota
	textValue
	numberValue // text is a JSON number
)

// textOrMissing returns the value of a field that is not looked at further.
func textOrMissing(text []byte, quotes bool) value {
	if len(text) == 0 {
		return value{}
	}
	return value{text: text, kind: textValue, quotes: quotes}
}

// value decides what a field of column c is.
func (t *table) value(c *column, text []byte, quotes bool) (value, error) {
	if quotes && (c.kind != Text || len(c.missingTexts) > 0) {
		begin := len(t.scratch)
		t.scratch = unquote(t.scratch, text)
		text, quotes = t.scratch[begin:], false
	}
	if t.opts.TrimSpace {
		text = bytes.TrimSpace(text)
	}
	if len(text) == 0 {
		return value{}, nil
	}
	if slices.ContainsFunc(c.missingTexts, func(m string) bool { return m == string(text) }) {
		return value{}, nil
	}
	if c.kind == Text {
		return textOrMissing(text, quotes), nil
	}
	number, scratch, ok := canonicalNumber(t.scratch, text)
	t.scratch = scratch
	switch {
	case ok:
		return value{text: number, kind: numberValue}, nil
	case c.kind == NumberOrText:
		return value{text: text, kind: textValue, notNumber: true}, nil
	case c.kind == NumberOrMissing:
		return value{notNumber: true}, nil
	}
	return value{}, ErrNumber
}

// plain returns the text without doubled quotes.
func (v *value) plain() []byte {
	if v.quotes {
		return unquote(nil, v.text)
	}
	return v.text
}

// appendText appends what plain returns.
func (v *value) appendText(dst []byte) []byte {
	if v.quotes {
		return unquote(dst, v.text)
	}
	return append(dst, v.text...)
}

// appendJSON appends the value as JSON.
func (v *value) appendJSON(dst []byte) []byte {
	switch v.kind {
	case textValue:
		return appendString(dst, v.text, v.quotes)
	case numberValue:
		return append(dst, v.text...)
	}
	return append(dst, "null"...)
}

// any returns the value as an interface holds it.
func (v *value) any() any {
	switch v.kind {
	case textValue:
		return string(v.plain())
	case numberValue:
		return json.Number(v.text)
	}
	return nil
}
