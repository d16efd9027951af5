package csvjson

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// maxLearned bounds how many spellings of names a jsonPlan remembers.
const maxLearned = 1000

// jsonPlan decodes objects into structs of one type as encoding/json does, from
// the members that the scanner has found on its way, so without a second pass
// over the text. Types for which that takes more than a loop over the fields
// have no plan and are left to encoding/json.
type jsonPlan struct {
	typ    reflect.Type // of the struct
	fields []jsonField
	byName map[string]int // index in fields, or -1; grows by what records spell otherwise
	strs   stringSet
}

type jsonField struct {
	name  string
	index int // in the struct
	set   jsonSetter
}

// jsonSetter stores a JSON value in a field of a struct. escaped means that the
// value is a string with escapes.
type jsonSetter func(field reflect.Value, raw []byte, escaped bool) error

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

// newJSONPlan returns the plan for a struct or a pointer to one, or nil.
func newJSONPlan(typ reflect.Type) *jsonPlan {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || hasUnmarshaler(typ) {
		return nil
	}
	p := &jsonPlan{typ: typ, byName: make(map[string]int)}
	for i := range typ.NumField() {
		f := typ.Field(i)
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
		p.fields = append(p.fields, jsonField{name: name, index: i, set: p.setterFor(f.Type)})
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

// decode fills v, a struct or a pointer to one, with the members of a record.
// On an error it returns the member that it belongs to.
func (p *jsonPlan) decode(v reflect.Value, s *jsonScanner) (*member, string, error) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(p.typ))
		v = v.Elem()
	}
	p.strs.reset()
	for i := range s.members {
		m := &s.members[i]
		f := p.lookup(s.record[m.key.start:m.key.end], m.key.quotes)
		if f < 0 {
			continue
		}
		raw := s.record[m.value.start:m.value.end]
		if len(s.nans) > 0 {
			raw = nullNaNs(raw, within(s.nans, m.value))
		}
		if err := p.fields[f].set(v.Field(p.fields[f].index), raw, m.value.quotes); err != nil {
			return m, p.fields[f].name, err
		}
	}
	p.strs.store()
	return nil, "", nil
}

// within returns the spans that lie in value, counted from its start.
func within(spans []span, value span) []span {
	var inside []span
	for _, s := range spans {
		if value.start <= s.start && s.end <= value.end {
			inside = append(inside, span{start: s.start - value.start, end: s.end - value.start})
		}
	}
	return inside
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
	if len(p.byName) < maxLearned {
		p.byName[string(key)] = found
	}
	return found
}

func (p *jsonPlan) setterFor(typ reflect.Type) jsonSetter {
	if reflect.PointerTo(typ).Implements(reflect.TypeFor[json.Unmarshaler]()) && typ.Kind() != reflect.Pointer {
		return setUnmarshaler
	}
	if hasUnmarshaler(typ) {
		return setAnyJSON
	}
	switch typ.Kind() {
	case reflect.String:
		if typ == reflect.TypeFor[json.Number]() {
			return setAnyJSON
		}
		return p.setJSONString
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return unlessNull(setJSONInt)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return unlessNull(setJSONUint)
	case reflect.Float32, reflect.Float64:
		return unlessNull(setJSONFloat)
	case reflect.Bool:
		return unlessNull(setJSONBool)
	case reflect.Pointer:
		switch typ.Elem().Kind() {
		case reflect.Pointer, reflect.Struct, reflect.Map, reflect.Interface, reflect.Slice, reflect.Array:
			return setAnyJSON
		}
		return pointerTo(typ.Elem(), p.setterFor(typ.Elem()))
	}
	return setAnyJSON
}

func isNull(raw []byte) bool { return raw[0] == 'n' }

// unlessNull leaves a field alone for null, as encoding/json does.
func unlessNull(set jsonSetter) jsonSetter {
	return func(field reflect.Value, raw []byte, escaped bool) error {
		if isNull(raw) {
			return nil
		}
		return set(field, raw, escaped)
	}
}

func pointerTo(elem reflect.Type, set jsonSetter) jsonSetter {
	return func(field reflect.Value, raw []byte, escaped bool) error {
		if isNull(raw) {
			field.SetZero()
			return nil
		}
		if field.IsNil() {
			field.Set(reflect.New(elem))
		}
		return set(field.Elem(), raw, escaped)
	}
}

// setJSONString leaves the text to be stored when all strings are known.
func (p *jsonPlan) setJSONString(field reflect.Value, raw []byte, escaped bool) error {
	switch {
	case isNull(raw):
		return nil
	case raw[0] != '"':
		return mismatch(raw, field.Type())
	}
	raw = raw[1 : len(raw)-1]
	start := len(p.strs.text)
	if escaped {
		p.strs.text = unescape(p.strs.text, raw)
	} else {
		p.strs.text = append(p.strs.text, raw...)
	}
	p.strs.add(field, start)
	return nil
}

func setJSONInt(field reflect.Value, raw []byte, _ bool) error {
	if n, ok := shortInt(raw); ok && !field.OverflowInt(n) {
		field.SetInt(n)
		return nil
	}
	n, err := strconv.ParseInt(string(raw), 10, field.Type().Bits())
	if err != nil {
		return mismatch(raw, field.Type())
	}
	field.SetInt(n)
	return nil
}

func setJSONUint(field reflect.Value, raw []byte, _ bool) error {
	n, err := strconv.ParseUint(string(raw), 10, field.Type().Bits())
	if err != nil {
		return mismatch(raw, field.Type())
	}
	field.SetUint(n)
	return nil
}

func setJSONFloat(field reflect.Value, raw []byte, _ bool) error {
	if f, ok := shortDecimal(raw); ok && field.Kind() == reflect.Float64 {
		field.SetFloat(f)
		return nil
	}
	if raw[0] != '-' && !isDigit(raw[0]) {
		return mismatch(raw, field.Type())
	}
	n, err := strconv.ParseFloat(string(raw), field.Type().Bits())
	if err != nil {
		return mismatch(raw, field.Type())
	}
	field.SetFloat(n)
	return nil
}

func setJSONBool(field reflect.Value, raw []byte, _ bool) error {
	if raw[0] != 't' && raw[0] != 'f' {
		return mismatch(raw, field.Type())
	}
	field.SetBool(raw[0] == 't')
	return nil
}

func setUnmarshaler(field reflect.Value, raw []byte, _ bool) error {
	return field.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(raw)
}

func setAnyJSON(field reflect.Value, raw []byte, _ bool) error {
	return json.Unmarshal(raw, field.Addr().Interface())
}
