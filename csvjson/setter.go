package csvjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// setter stores a value in the field that it was made for. The field is zero
// before; setters of kinds for which that says "missing" are not called then.
type setter struct {
	set         func(v *value) error
	whenMissing bool // call it for missing values too
}

// setterFor returns the setter of a field.
func (p *structPlan) setterFor(field reflect.Value) (setter, error) {
	fromJSON, isJSON := field.Addr().Interface().(json.Unmarshaler)
	if fromText, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return setter{textSetter(fromText, fromJSON), isJSON}, nil
	}
	if isJSON {
		return setter{func(v *value) error { return fromJSON.UnmarshalJSON(v.appendJSON(nil)) }, true}, nil
	}
	switch field.Kind() {
	case reflect.String:
		if field.Type() == reflect.TypeFor[json.Number]() {
			return setter{set: numberSetter(field)}, nil
		}
		return setter{set: p.stringSetter(field)}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setter{set: intSetter(field)}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return setter{set: uintSetter(field)}, nil
	case reflect.Float32, reflect.Float64:
		return setter{set: floatSetter(field)}, nil
	case reflect.Bool:
		return setter{set: boolSetter(field)}, nil
	case reflect.Pointer:
		return p.pointerSetter(field)
	case reflect.Slice:
		if field.Type().Elem().Kind() == reflect.Uint8 {
			return setter{set: func(v *value) error {
				field.SetBytes(bytes.Clone(v.plain()))
				return nil
			}}, nil
		}
	case reflect.Interface:
		if field.NumMethod() == 0 {
			return setter{set: func(v *value) error {
				field.Set(reflect.ValueOf(v.any()))
				return nil
			}}, nil
		}
	}
	return setter{}, fmt.Errorf("a field of type %v cannot hold a column", field.Type())
}

// textSetter sets a type that reads text and perhaps, with fromJSON, JSON too:
// then a number that was declared one, and null, must not be taken for text.
func textSetter(fromText encoding.TextUnmarshaler, fromJSON json.Unmarshaler) func(*value) error {
	return func(v *value) error {
		if fromJSON != nil && v.kind != textValue {
			return fromJSON.UnmarshalJSON(v.appendJSON(nil))
		}
		return fromText.UnmarshalText(v.plain())
	}
}

// stringSetter leaves the text to be stored when all strings are known.
func (p *structPlan) stringSetter(field reflect.Value) func(*value) error {
	s := pointerTo[string](field)
	return func(v *value) error {
		start := len(p.strs.text)
		p.strs.text = v.appendText(p.strs.text)
		p.strs.add(s, start)
		return nil
	}
}

// numberSetter sets a json.Number, which encoding/json takes for one unseen.
func numberSetter(field reflect.Value) func(*value) error {
	return func(v *value) error {
		text, err := number(v)
		if err == nil {
			field.SetString(string(text))
		}
		return err
	}
}

// pointerSetter sets the pointer to a new variable for each value. A string in
// there is stored later, so it needs the variable itself.
func (p *structPlan) pointerSetter(field reflect.Value) (setter, error) {
	element, point := newElement(field)
	set, err := p.setterFor(element)
	if err != nil {
		return setter{}, err
	}
	_, isText := element.Addr().Interface().(encoding.TextUnmarshaler)
	_, isJSON := element.Addr().Interface().(json.Unmarshaler)
	isNumber := element.Type() == reflect.TypeFor[json.Number]()
	if element.Kind() == reflect.String && !isText && !isJSON && !isNumber {
		return setter{set: func(v *value) error {
			point()
			return p.stringSetter(field.Elem())(v)
		}}, nil
	}
	return setter{set: func(v *value) error {
		element.SetZero()
		if err := set.set(v); err != nil {
			return err
		}
		point()
		return nil
	}}, nil
}

func intSetter(field reflect.Value) func(*value) error {
	typ, store := field.Type(), intStore(field)
	return func(v *value) error {
		n, ok := shortInt(v.text)
		if !ok {
			text, err := integer(v)
			if err != nil {
				return err
			}
			if n, err = strconv.ParseInt(string(text), 10, 64); err != nil {
				return outOfRange(typ)
			}
		}
		if !store(n) {
			return outOfRange(typ)
		}
		return nil
	}
}

func uintSetter(field reflect.Value) func(*value) error {
	typ, store := field.Type(), uintStore(field)
	return func(v *value) error {
		text, err := integer(v)
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(text), 10, 64)
		if err != nil || !store(n) {
			return outOfRange(typ)
		}
		return nil
	}
}

func floatSetter(field reflect.Value) func(*value) error {
	typ, store := field.Type(), floatStore(field)
	return func(v *value) error {
		if f, ok := shortDecimal(v.text); ok && typ.Kind() == reflect.Float64 {
			store(f)
			return nil
		}
		text, err := number(v)
		if err != nil {
			return err
		}
		f, err := strconv.ParseFloat(string(text), typ.Bits())
		if err != nil {
			return outOfRange(typ)
		}
		store(f)
		return nil
	}
}

func boolSetter(field reflect.Value) func(*value) error {
	b := pointerTo[bool](field)
	return func(v *value) (err error) {
		if *b, err = strconv.ParseBool(string(bytes.TrimSpace(v.plain()))); err != nil {
			return errors.New("neither true nor false")
		}
		return nil
	}
}

func outOfRange(typ reflect.Type) error {
	return fmt.Errorf("%w that fits %v", ErrNumber, typ)
}

// number returns the JSON number that a field means.
func number(v *value) ([]byte, error) {
	if v.kind == numberValue {
		return v.text, nil
	}
	text, _, ok := canonicalNumber(nil, v.plain())
	if !ok {
		return nil, ErrNumber
	}
	return text, nil
}

// integer returns the digits of a whole number. It may have a fraction of
// zeros, as a column of integers gets when a program took its gaps for NaN, or
// an exponent, as spreadsheets write long numbers.
func integer(v *value) ([]byte, error) {
	text, err := number(v)
	if err != nil {
		return nil, err
	}
	digits, ok := wholeDigits(text)
	if !ok {
		return nil, fmt.Errorf("%w without a fraction", ErrNumber)
	}
	return digits, nil
}
