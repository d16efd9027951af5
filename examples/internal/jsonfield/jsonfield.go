// Package jsonfield finds a field of a JSON object by a name that need not be
// spelled exactly as the data spells it: price where Price was written.
package jsonfield

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// ErrNotObject says that a JSON value has no fields.
var ErrNotObject = errors.New("not a JSON object")

// Object is one JSON object, its values as they were written.
type Object map[string]json.RawMessage

// Parse reads one object. What is no object is an error that wraps
// [ErrNotObject], what is no JSON an error of encoding/json.
func Parse(data []byte) (Object, error) {
	var object Object
	err := json.Unmarshal(data, &object)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok || err == nil && object == nil {
		return nil, ErrNotObject
	}
	return object, err
}

// Find returns the value of a field: the one that is named so, or else the
// first in order of the names that differs only in case or in blanks around
// it. It reports false for a field that is not there.
func (o Object) Find(name string) (json.RawMessage, bool) {
	if value, ok := o[name]; ok {
		return value, true
	}
	var match string
	found := false
	for candidate := range o {
		if strings.EqualFold(strings.TrimSpace(candidate), strings.TrimSpace(name)) && (!found || candidate < match) {
			match, found = candidate, true
		}
	}
	return o[match], found
}

// Text returns a field's value as text: a string without its quotes, a number
// as it is written, and "" for null or a field that is not there.
func (o Object) Text(name string) string {
	value, _ := o.Find(name)
	var text string
	if len(value) == 0 || string(value) == "null" {
		return ""
	}
	if value[0] == '"' && json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

// Names returns the names of all fields, sorted.
func (o Object) Names() []string {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
