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

// setter stores a value in a field of a struct.
type setter func(field reflect.Value, v *value) error

// setterFor returns how fields of a type are set.
func (p *structPlan) setterFor(typ reflect.Type) (setter, error) {
	ptr := reflect.PointerTo(typ)
	switch {
	case ptr.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		if ptr.Implements(reflect.TypeFor[json.Unmarshaler]()) {
			return setTextOrJSON, nil
		}
		return setText, nil
	case ptr.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return setJSON, nil
	}
	switch typ.Kind() {
	case reflect.String:
		return p.setString, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return setUint, nil
	case reflect.Float32, reflect.Float64:
		return setFloat, nil
	case reflect.Bool:
		return setBool, nil
	case reflect.Pointer:
		return p.pointerSetter(typ.Elem())
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			return setBytes, nil
		}
	case reflect.Interface:
		if typ.NumMethod() == 0 {
			return setAny, nil
		}
	}
	return nil, fmt.Errorf("a field of type %v cannot hold a column", typ)
}

// setString leaves the text to be stored when all strings are known.
func (p *structPlan) setString(field reflect.Value, v *value) error {
	start := len(p.strs.text)
	p.strs.text = v.appendText(p.strs.text)
	p.strs.add(field, start)
	return nil
}

func (p *structPlan) pointerSetter(elem reflect.Type) (setter, error) {
	set, err := p.setterFor(elem)
	if err != nil {
		return nil, err
	}
	return func(field reflect.Value, v *value) error {
		if v.kind == missingValue {
			return nil
		}
		field.Set(reflect.New(elem))
		return set(field.Elem(), v)
	}, nil
}

func setInt(field reflect.Value, v *value) error {
	if v.kind == missingValue {
		return nil
	}
	if n, ok := shortInt(v.text); ok && !field.OverflowInt(n) {
		field.SetInt(n)
		return nil
	}
	text, err := integer(v)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(text), 10, field.Type().Bits())
	if err != nil {
		return outOfRange(field)
	}
	field.SetInt(n)
	return nil
}

func setUint(field reflect.Value, v *value) error {
	if v.kind == missingValue {
		return nil
	}
	text, err := integer(v)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(string(text), 10, field.Type().Bits())
	if err != nil {
		return outOfRange(field)
	}
	field.SetUint(n)
	return nil
}

func setFloat(field reflect.Value, v *value) error {
	if v.kind == missingValue {
		return nil
	}
	if f, ok := shortDecimal(v.text); ok && field.Kind() == reflect.Float64 {
		field.SetFloat(f)
		return nil
	}
	text, err := number(v)
	if err != nil {
		return err
	}
	n, err := strconv.ParseFloat(string(text), field.Type().Bits())
	if err != nil {
		return outOfRange(field)
	}
	field.SetFloat(n)
	return nil
}

func outOfRange(field reflect.Value) error {
	return fmt.Errorf("%w that fits %v", ErrNumber, field.Type())
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
// zeros, as a column of integers gets when a program took its gaps for NaN.
func integer(v *value) ([]byte, error) {
	text, err := number(v)
	if err != nil {
		return nil, err
	}
	whole, fraction, _ := bytes.Cut(text, []byte{'.'})
	if len(bytes.Trim(fraction, "0")) > 0 {
		return nil, fmt.Errorf("%w without a fraction", ErrNumber)
	}
	return whole, nil
}

func setBool(field reflect.Value, v *value) error {
	if v.kind == missingValue {
		return nil
	}
	b, err := strconv.ParseBool(string(bytes.TrimSpace(v.plain())))
	if err != nil {
		return errors.New("neither true nor false")
	}
	field.SetBool(b)
	return nil
}

func setBytes(field reflect.Value, v *value) error {
	if v.kind != missingValue {
		field.SetBytes(bytes.Clone(v.plain()))
	}
	return nil
}

func setAny(field reflect.Value, v *value) error {
	if v.kind != missingValue {
		field.Set(reflect.ValueOf(v.any()))
	}
	return nil
}

func setText(field reflect.Value, v *value) error {
	if v.kind == missingValue {
		return nil
	}
	return field.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(v.plain())
}

// setTextOrJSON sets a type that takes both: a number that was declared one, and
// null, must not be taken for text.
func setTextOrJSON(field reflect.Value, v *value) error {
	if v.kind == textValue {
		return setText(field, v)
	}
	return setJSON(field, v)
}

func setJSON(field reflect.Value, v *value) error {
	return field.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(v.appendJSON(nil))
}
