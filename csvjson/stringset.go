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

// add takes the text from start to the end for a field.
func (s *stringSet) add(field reflect.Value, start int) {
	s.parts = append(s.parts, stringPart{field, start, len(s.text)})
}

// store sets all the fields added since reset.
func (s *stringSet) store() {
	all := string(s.text)
	for i := range s.parts {
		part := &s.parts[i]
		part.field.SetString(all[part.start:part.end])
	}
}
