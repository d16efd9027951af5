package csvjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// How many names, and of what length, are remembered from records.
const (
	maxLearned      = 1000
	maxLearnedBytes = 256
)

// jsonPlan decodes objects into structs of one type as encoding/json does, from
// the members that the scanner has found on its way, so without a second pass
// over the text. Types for which that takes more than a loop over the fields
// have no plan and are left to encoding/json.
type jsonPlan struct {
	fields []jsonField
	byName map[string]int // index in fields, or -1; grows by what records spell otherwise
	strs   stringSet
}

type jsonField struct {
	name string
	set  jsonSetter
}

// jsonSetter stores a JSON value in the field that it was made for. escaped
// means that the value is a string with escapes.
type jsonSetter func(raw []byte, escaped bool) error

// mismatch is the error for a value that does not fit a field. It tells the
// kind of the value and not its text.
func mismatch(raw []byte, typ reflect.Type) error {
	return fmt.Errorf("a JSON %s does not fit %v", kindOf(raw), typ)
}

// kindOf names the kind of a JSON value.
func kindOf(raw []byte) string {
	switch raw[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "bool"
	}
	return "number"
}

// newJSONPlan returns the plan to fill strukt, or nil.
func newJSONPlan(strukt reflect.Value) *jsonPlan {
	if hasUnmarshaler(strukt.Type()) {
		return nil
	}
	p := &jsonPlan{byName: make(map[string]int)}
	for i := range strukt.NumField() {
		f := strukt.Type().Field(i)
		tag := f.Tag.Get("json")
		if !f.IsExported() && !f.Anonymous || tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		_, twice := p.byName[name]
		if twice || f.Anonymous || strings.Contains(options, "string") || !plainName(name) {
			return nil
		}
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, jsonField{name: name, set: p.setterFor(strukt.Field(i))})
	}
	return p
}

func hasUnmarshaler(typ reflect.Type) bool {
	ptr := reflect.PointerTo(typ)
	return ptr.Implements(reflect.TypeFor[json.Unmarshaler]()) || ptr.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// plainName reports whether encoding/json takes a tag as a name for certain.
func plainName(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r)
	}) < 0
}

// decode fills the struct, which is zero, with the members of the record. On an
// error it returns the member that it belongs to and the name of the field.
func (p *jsonPlan) decode(s *jsonScanner) (*member, string, error) {
	p.strs.reset()
	for i := range s.members {
		m := &s.members[i]
		f := p.lookup(s.record[m.key.start:m.key.end], m.key.quotes)
		if f < 0 {
			continue
		}
		if err := p.fields[f].set(s.valueOf(m), m.value.quotes); err != nil {
			return m, p.fields[f].name, err
		}
	}
	p.strs.store()
	return nil, "", nil
}

// valueOf returns a member's value, with null for bare NaN tokens.
func (s *jsonScanner) valueOf(m *member) []byte {
	raw := s.record[m.value.start:m.value.end]
	if s.nan && bytes.IndexByte([]byte("NI-[{"), raw[0]) >= 0 {
		raw = nullNaNs(raw)
	}
	return raw
}

// lookup returns the index of the field for a key, or -1: the field of that
// name or else the first whose name differs only in case.
func (p *jsonPlan) lookup(key []byte, escaped bool) int {
	if escaped {
		key = unescape(nil, key)
	}
	if f, ok := p.byName[string(key)]; ok {
		return f
	}
	found := -1
	for i, f := range p.fields {
		if strings.EqualFold(f.name, string(key)) {
			found = i
			break
		}
	}
	if len(p.byName) < maxLearned && len(key) <= maxLearnedBytes {
		p.byName[string(key)] = found
	}
	return found
}

// setterFor returns the setter of a field: of its own for what most fields are,
// and encoding/json for the rest.
func (p *jsonPlan) setterFor(field reflect.Value) jsonSetter {
	if hasUnmarshaler(field.Type()) || field.Type() == reflect.TypeFor[json.Number]() {
		if u, ok := field.Addr().Interface().(json.Unmarshaler); ok && field.Kind() != reflect.Pointer {
			return func(raw []byte, _ bool) error { return u.UnmarshalJSON(raw) }
		}
		return anyJSONSetter(field)
	}
	switch field.Kind() {
	case reflect.String:
		return unlessNull(p.jsonStringSetter(field))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return unlessNull(jsonIntSetter(field))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return unlessNull(jsonUintSetter(field))
	case reflect.Float32, reflect.Float64:
		return unlessNull(jsonFloatSetter(field))
	case reflect.Bool:
		return unlessNull(jsonBoolSetter(field))
	case reflect.Pointer:
		elem := field.Type().Elem()
		isNumber := reflect.Bool <= elem.Kind() && elem.Kind() <= reflect.Float64
		if (isNumber || elem.Kind() == reflect.String) && !hasUnmarshaler(elem) && elem != reflect.TypeFor[json.Number]() {
			return p.jsonPointerSetter(field)
		}
	}
	return anyJSONSetter(field)
}

func anyJSONSetter(field reflect.Value) jsonSetter {
	pointer := field.Addr().Interface()
	return func(raw []byte, _ bool) error { return json.Unmarshal(raw, pointer) }
}

func isNull(raw []byte) bool { return raw[0] == 'n' }

// unlessNull leaves a field alone for null, as encoding/json does.
func unlessNull(set jsonSetter) jsonSetter {
	return func(raw []byte, escaped bool) error {
		if isNull(raw) {
			return nil
		}
		return set(raw, escaped)
	}
}

// jsonPointerSetter sets a pointer to a number, a bool or a string. A string is
// stored later, so it needs the variable itself.
func (p *jsonPlan) jsonPointerSetter(field reflect.Value) jsonSetter {
	element, point := newElement(field)
	set := p.setterFor(element)
	return func(raw []byte, escaped bool) error {
		if isNull(raw) {
			field.SetZero()
			return nil
		}
		if element.Kind() == reflect.String {
			point()
			return p.jsonStringSetter(field.Elem())(raw, escaped)
		}
		if err := set(raw, escaped); err != nil {
			return err
		}
		point()
		return nil
	}
}

// jsonStringSetter leaves the text to be stored when all strings are known.
func (p *jsonPlan) jsonStringSetter(field reflect.Value) jsonSetter {
	s := pointerTo[string](field)
	return func(raw []byte, escaped bool) error {
		if raw[0] != '"' {
			return mismatch(raw, field.Type())
		}
		raw = raw[1 : len(raw)-1]
		start := len(p.strs.text)
		if escaped {
			p.strs.text = unescape(p.strs.text, raw)
		} else {
			p.strs.text = append(p.strs.text, raw...)
		}
		p.strs.add(s, start)
		return nil
	}
}

func jsonIntSetter(field reflect.Value) jsonSetter {
	store := intStore(field)
	return func(raw []byte, _ bool) error {
		n, ok := shortInt(raw)
		if !ok {
			var err error
			n, err = strconv.ParseInt(string(raw), 10, 64)
			ok = err == nil
		}
		if !ok || !store(n) {
			return mismatch(raw, field.Type())
		}
		return nil
	}
}

func jsonUintSetter(field reflect.Value) jsonSetter {
	store := uintStore(field)
	return func(raw []byte, _ bool) error {
		n, err := strconv.ParseUint(string(raw), 10, 64)
		if err != nil || !store(n) {
			return mismatch(raw, field.Type())
		}
		return nil
	}
}

func jsonFloatSetter(field reflect.Value) jsonSetter {
	typ, store := field.Type(), floatStore(field)
	return func(raw []byte, _ bool) error {
		if f, ok := shortDecimal(raw); ok && typ.Kind() == reflect.Float64 {
			store(f)
			return nil
		}
		if raw[0] != '-' && !isDigit(raw[0]) {
			return mismatch(raw, typ)
		}
		f, err := strconv.ParseFloat(string(raw), typ.Bits())
		if err != nil {
			return mismatch(raw, typ)
		}
		store(f)
		return nil
	}
}

func jsonBoolSetter(field reflect.Value) jsonSetter {
	b := pointerTo[bool](field)
	return func(raw []byte, _ bool) error {
		if raw[0] != 't' && raw[0] != 'f' {
			return mismatch(raw, field.Type())
		}
		*b = raw[0] == 't'
		return nil
	}
}
