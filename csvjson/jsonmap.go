package csvjson

import (
	"encoding/json"
	"reflect"
	"strconv"
)

// objectMaker makes a map[string]any of each object, equal to what encoding/json
// makes of it, from the members that the scanner has found on its way.
type objectMaker struct {
	keys map[string]string // so that records share their keys; bounded
	text []byte            // of a string with escapes, while it is read
}

// decode returns the record as a map. On an error it returns the member that it
// belongs to and its key.
func (o *objectMaker) decode(s *jsonScanner) (object map[string]any, m *member, key string, err error) {
	object = make(map[string]any, len(s.members))
	for i := range s.members {
		m = &s.members[i]
		key = o.key(s.record[m.key.start:m.key.end], m.key.quotes)
		if object[key], err = o.value(s.valueOf(m), m.value.quotes); err != nil {
			return nil, m, key, err
		}
	}
	return object, nil, "", nil
}

// key returns the text of a key.
func (o *objectMaker) key(text []byte, escaped bool) string {
	if key, ok := o.keys[string(text)]; ok {
		return key
	}
	key := o.unquoted(text, escaped)
	if len(o.keys) < maxLearned && len(text) <= maxLearnedBytes {
		o.keys[string(text)] = key
	}
	return key
}

// unquoted returns the text of a JSON string, given without its quotes.
func (o *objectMaker) unquoted(text []byte, escaped bool) string {
	if !escaped {
		return string(text)
	}
	o.text = unescape(o.text[:0], text)
	return string(o.text)
}

// value returns a JSON value as an interface holds it.
func (o *objectMaker) value(raw []byte, escaped bool) (any, error) {
	switch raw[0] {
	case '"':
		return o.unquoted(raw[1:len(raw)-1], escaped), nil
	case 'n':
		return nil, nil
	case 't', 'f':
		return raw[0] == 't', nil
	case '{', '[':
		var value any
		err := json.Unmarshal(raw, &value)
		return value, err
	}
	if f, ok := shortDecimal(raw); ok {
		return f, nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return nil, mismatch(raw, reflect.TypeFor[float64]())
	}
	return f, nil
}
