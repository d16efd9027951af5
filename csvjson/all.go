package csvjson

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
)

// All reads the sources as one table and yields each row as a T: a struct, a
// pointer to one, a map[string]string, a map[string]any, or a json.RawMessage,
// for which see [Rows].
//
// A struct field takes the column that its csv tag names, else its json tag,
// else its own name. In each source a column of exactly that name is looked
// for first, then one that differs only in case, spaces, underscores or
// hyphens. Fields tagged "-" are left alone. A field may be
//
//   - a string, a []byte, a bool (as strconv.ParseBool reads it), or any, which
//     becomes a string, a json.Number in a column declared [Number], or nil;
//   - an integer or float, checked for range; 71.0 is the integer 71, NaN is
//     not a number;
//   - an encoding.TextUnmarshaler, which gets the text, or a json.Unmarshaler,
//     which gets a JSON string, a number in a column declared [Number], or null.
//     A type that is both gets text where it is text;
//   - a pointer to any of these: nil if the value is missing.
//
// A missing value leaves other fields zero. In a map[string]string it has no
// key, in a map[string]any it is nil or has no key, by [Options.Missing].
//
// A row that does not fit is yielded as a [RowError] with the zero T, and the
// loop goes on; any other error comes last. All sources are closed when the
// loop ends, whether by the last row, an error, a break or a panic.
func All[T any](opts Options, sources ...Source) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		t, err := newTable(opts, sources)
		if err != nil {
			yield(zero, err)
			return
		}
		defer t.finish()
		dec, err := newRowDecoder[T](t)
		if err != nil {
			yield(zero, err)
			return
		}
		var v T // here, as reflection makes it escape
		for {
			v = zero
			if err := dec.next(&v); err == io.EOF {
				return
			} else if err != nil {
				if !yield(zero, err) || !goesOn(err) {
					return
				}
			} else if !yield(v, nil) {
				return
			}
		}
	}
}

// Rows reads the sources as one table and yields each row as a compact JSON
// object with its members in the order of the columns. A row is the caller's to
// keep. The loop goes on after a [RowError]; any other error comes last.
func Rows(opts Options, sources ...Source) iter.Seq2[json.RawMessage, error] {
	return All[json.RawMessage](opts, sources...)
}

// goesOn reports whether a loop continues after err.
func goesOn(err error) bool {
	_, ok := err.(*RowError)
	return ok
}

// finish ends a loop over the table, however it ended.
func (t *table) finish() {
	t.close()
	if t.opts.OnReport != nil {
		t.opts.OnReport(t.report())
	}
}

// rowDecoder makes values of type T from rows.
type rowDecoder[T any] struct {
	table  *table
	source *source // that the decoder is bound to
	// decode stores the row of the table in a T.
	decode func(*T) error
	// plan is how a struct is filled; nil for other types.
	plan *structPlan
}

func newRowDecoder[T any](t *table) (*rowDecoder[T], error) {
	d := &rowDecoder[T]{table: t}
	var err error
	switch decode := any(&d.decode).(type) {
	case *func(*json.RawMessage) error:
		*decode = rawDecoder(t)
	case *func(*map[string]string) error:
		*decode = t.stringMap
	case *func(*map[string]any) error:
		*decode = t.anyMap
	default:
		d.plan, err = newStructPlan(reflect.TypeFor[T]())
		d.decode = func(v *T) error { return d.plan.decode(t, d.source, reflect.ValueOf(v).Elem()) }
	}
	return d, err
}

// next stores the next row in v.
func (d *rowDecoder[T]) next(v *T) error {
	src, err := d.table.next()
	if err != nil {
		return err
	}
	if src != d.source && d.plan != nil {
		if err := d.plan.bind(d.table, src); err != nil {
			return src.fail(err)
		}
	}
	d.source = src
	if err := d.decode(v); err != nil {
		return err
	}
	d.table.accept(src)
	return nil
}

func rawDecoder(t *table) func(*json.RawMessage) error {
	opts := t.opts
	opts.Format = Lines
	enc := newEncoder(t.columns, opts)
	var buf []byte
	return func(v *json.RawMessage) error {
		buf = enc.appendRow(buf[:0], t.row)
		*v = append(make(json.RawMessage, 0, len(buf)), buf...)
		return nil
	}
}

func (t *table) stringMap(v *map[string]string) error {
	m := make(map[string]string, len(t.row))
	for i := range t.row {
		if t.row[i].kind != missingValue {
			m[t.columns[i].name] = string(t.row[i].plain())
		}
	}
	*v = m
	return nil
}

func (t *table) anyMap(v *map[string]any) error {
	m := make(map[string]any, len(t.row))
	for i := range t.row {
		if t.row[i].kind != missingValue || t.opts.Missing == Null {
			m[t.columns[i].name] = t.row[i].any()
		}
	}
	*v = m
	return nil
}

// structPlan is how the rows of the table become structs of one type.
type structPlan struct {
	typ    reflect.Type // of the struct
	fields []*fieldPlan
	strs   stringSet
	absent value // of a column that the source does not have
}

// fieldPlan is how one field is filled.
type fieldPlan struct {
	name    string // of the column that it takes
	index   []int
	set     setter
	column  int  // in the table, for the source bound; -1: it has none
	matched bool // some source has the column
}

func newStructPlan(typ reflect.Type) (*structPlan, error) {
	p := &structPlan{typ: typ}
	if typ.Kind() == reflect.Pointer {
		p.typ = typ.Elem()
	}
	if p.typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("csvjson: cannot make a %v from a row", typ)
	}
	for _, f := range reflect.VisibleFields(p.typ) {
		name, ok := columnName(f)
		if !ok {
			continue
		}
		set, err := p.setterFor(f.Type)
		if err != nil {
			return nil, fmt.Errorf("csvjson: field %s of %v: %w", f.Name, p.typ, err)
		}
		p.fields = append(p.fields, &fieldPlan{name: name, index: f.Index, set: set, column: -1})
	}
	return p, nil
}

// columnName returns the name of the column that a struct field takes, if any.
func columnName(f reflect.StructField) (string, bool) {
	tag, tagged := f.Tag.Lookup("csv")
	if !tagged {
		tag, tagged = f.Tag.Lookup("json")
		tag, _, _ = strings.Cut(tag, ",")
	}
	switch {
	case !f.IsExported() || tag == "-":
		return "", false
	case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
		return "", false // its fields are visible themselves
	case tagged && tag != "":
		return tag, true
	}
	return f.Name, true
}

// bind finds the columns of src that the fields take.
func (p *structPlan) bind(t *table, src *source) error {
	any := false
	for _, f := range p.fields {
		f.column = -1
		for i, c := range t.columns {
			switch {
			case src.index[i] < 0 || fold(c.name) != fold(f.name):
			case c.name == f.name:
				f.column = i
			case f.column < 0:
				f.column = i
			case t.columns[f.column].name != f.name:
				return fmt.Errorf("%w: %q and %q both fit the field for %q", ErrDuplicateColumn, t.columns[f.column].name, c.name, f.name)
			}
		}
		f.matched = f.matched || f.column >= 0
		any = any || f.column >= 0
	}
	if any {
		return nil
	}
	return fmt.Errorf("%w: %v against %s", ErrNoMatch, p.typ, quoteAll(src.report.Header))
}

// decode fills v, a struct or a pointer to one, from the row of the table.
func (p *structPlan) decode(t *table, src *source, v reflect.Value) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(p.typ))
		v = v.Elem()
	}
	p.strs.reset()
	for _, f := range p.fields {
		val, name, off := &p.absent, f.name, 0
		if f.column >= 0 {
			val, name = &t.row[f.column], t.columns[f.column].name
			off = src.startOf(src.index[f.column])
		}
		if err := f.set(v.FieldByIndex(f.index), val); err != nil {
			return t.rowError(src, off, name, err)
		}
	}
	p.strs.store()
	return nil
}

// startOf returns where a field begins in the record; a short row may lack it.
func (src *source) startOf(field int) int {
	if field < len(src.scanner.fields) {
		return src.scanner.fields[field].start
	}
	return len(src.record)
}
