package csvjson

import "reflect"

// stringSet gathers the strings of a struct, so that all of them take one
// allocation: they become parts of one string. Nothing else of the record is
// kept alive by them.
type stringSet struct {
	text  []byte
	parts []stringPart
}

// stringPart is a part of stringSet.text with the field that it belongs in.
type stringPart struct {
	field      reflect.Value
	start, end int
}

func (s *stringSet) reset() { s.text, s.parts = s.text[:0], s.parts[:0] }

// add takes what appendText appends for a field.
func (s *stringSet) add(field reflect.Value, appendText func([]byte) []byte) {
	start := len(s.text)
	s.text = appendText(s.text)
	s.parts = append(s.parts, stringPart{field, start, len(s.text)})
}

// store sets all the fields added since reset.
func (s *stringSet) store() {
	all := string(s.text)
	for _, part := range s.parts {
		part.field.SetString(all[part.start:part.end])
	}
}
