package csvjson

import "reflect"

// target is where the values of a loop are made: always at the same address, so
// that the plans for structs can keep typed pointers to the fields and take no
// reflection for a row. The loop gets copies.
type target[T any] struct {
	value   T
	strukt  reflect.Value // the struct to fill: value, or what it is to point to
	pointer bool          // value points to a copy of it
}

// init finds the struct of T. It returns false if T is neither a struct nor a
// pointer to one.
func (t *target[T]) init() bool {
	v := reflect.ValueOf(&t.value).Elem()
	if v.Kind() == reflect.Pointer {
		v = reflect.New(v.Type().Elem()).Elem()
		t.pointer = true
	}
	if v.Kind() != reflect.Struct {
		t.pointer = false
		return false
	}
	t.strukt = v
	return true
}

// reset makes the value, and the struct, zero.
func (t *target[T]) reset() {
	var zero T
	t.value = zero
	if t.pointer {
		t.strukt.SetZero()
	}
}

// allocate makes value point to a copy of the struct, if it is a pointer.
func (t *target[T]) allocate() {
	if t.pointer {
		pointer := reflect.New(t.strukt.Type())
		pointer.Elem().Set(t.strukt)
		t.value = pointer.Interface().(T)
	}
}

// pointerTo returns a pointer to a field whose type is T or is defined as T.
func pointerTo[T any](field reflect.Value) *T {
	return field.Addr().Convert(reflect.TypeFor[*T]()).Interface().(*T)
}

// intStore returns a function that stores a number in an integer field, or
// returns false if it does not fit. The field must be a signed integer.
func intStore(field reflect.Value) func(int64) bool {
	switch field.Kind() {
	case reflect.Int:
		return storeInt(pointerTo[int](field))
	case reflect.Int8:
		return storeInt(pointerTo[int8](field))
	case reflect.Int16:
		return storeInt(pointerTo[int16](field))
	case reflect.Int32:
		return storeInt(pointerTo[int32](field))
	}
	return storeInt(pointerTo[int64](field))
}

func storeInt[N int | int8 | int16 | int32 | int64](p *N) func(int64) bool {
	return func(n int64) bool {
		*p = N(n)
		return int64(*p) == n
	}
}

// uintStore is intStore for an unsigned integer.
func uintStore(field reflect.Value) func(uint64) bool {
	switch field.Kind() {
	case reflect.Uint:
		return storeUint(pointerTo[uint](field))
	case reflect.Uint8:
		return storeUint(pointerTo[uint8](field))
	case reflect.Uint16:
		return storeUint(pointerTo[uint16](field))
	case reflect.Uint32:
		return storeUint(pointerTo[uint32](field))
	case reflect.Uintptr:
		return storeUint(pointerTo[uintptr](field))
	}
	return storeUint(pointerTo[uint64](field))
}

func storeUint[N uint | uint8 | uint16 | uint32 | uint64 | uintptr](p *N) func(uint64) bool {
	return func(n uint64) bool {
		*p = N(n)
		return uint64(*p) == n
	}
}

// floatStore returns a function that stores a number, which must be in range,
// in a float field.
func floatStore(field reflect.Value) func(float64) {
	if field.Kind() == reflect.Float32 {
		p := pointerTo[float32](field)
		return func(f float64) { *p = float32(f) }
	}
	p := pointerTo[float64](field)
	return func(f float64) { *p = f }
}

// newElement returns a variable of the type that a pointer field points to, and
// a function that makes the field point to a copy of it.
func newElement(field reflect.Value) (element reflect.Value, point func()) {
	typ := field.Type().Elem()
	element = reflect.New(typ).Elem()
	return element, func() {
		pointer := reflect.New(typ)
		pointer.Elem().Set(element)
		field.Set(pointer)
	}
}

// stringSet gathers the strings of a struct, so that all of them take one
// allocation: they become parts of one string. Nothing else of the record is
// kept alive by them.
type stringSet struct {
	text  []byte
	parts []stringPart
}

// stringPart is a part of stringSet.text with the field that it belongs in.
type stringPart struct {
	field      *string
	start, end int
}

func (s *stringSet) reset() { s.text, s.parts = s.text[:0], s.parts[:0] }

// add takes the text from start to the end for a field.
func (s *stringSet) add(field *string, start int) {
	s.parts = append(s.parts, stringPart{field, start, len(s.text)})
}

// store sets all the fields added since reset.
func (s *stringSet) store() {
	all := string(s.text)
	for _, part := range s.parts {
		*part.field = all[part.start:part.end]
	}
}
