package csvjson

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"reflect"
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
//   - a json.Number, which is checked to be one;
//   - an integer or float, checked for range; 71.0 and 7.1E+01 are the
//     integer 71, NaN is not a number;
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
		yieldEach(yield, dec.next)
	}
}

// Rows reads the sources as one table and yields each row as a compact JSON
// object with its members in the order of the columns. A row is the caller's to
// keep. The loop goes on after a [RowError]; any other error comes last.
func Rows(opts Options, sources ...Source) iter.Seq2[json.RawMessage, error] {
	return All[json.RawMessage](opts, sources...)
}

// yieldEach yields what next returns until that is io.EOF, or an error that is
// not a RowError.
func yieldEach[T any](yield func(T, error) bool, next func() (T, error)) {
	for {
		v, err := next()
		if err == io.EOF {
			return
		}
		_, isRow := err.(*RowError)
		if !yield(v, err) || err != nil && !isRow {
			return
		}
	}
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
	target[T]
	table  *table
	source *source      // of the row
	decode func() error // stores the row of the table in the target
	plan   *structPlan  // nil if T is no struct
}

func newRowDecoder[T any](t *table) (*rowDecoder[T], error) {
	d := &rowDecoder[T]{table: t}
	switch v := any(&d.value).(type) {
	case *json.RawMessage:
		d.decode = t.rawDecoder(v)
		return d, nil
	case *map[string]string:
		d.decode = func() error { *v = t.stringMap(); return nil }
		return d, nil
	case *map[string]any:
		d.decode = func() error { *v = t.anyMap(); return nil }
		return d, nil
	}
	if !d.init() {
		return nil, fmt.Errorf("csvjson: cannot make a %v from a row", reflect.TypeFor[T]())
	}
	plan, err := newStructPlan(d.strukt)
	d.plan, t.plan = plan, plan
	d.decode = func() error { return plan.decode(t, d.source) }
	return d, err
}

// next returns the next row.
func (d *rowDecoder[T]) next() (zero T, err error) {
	src, err := d.table.next()
	if err != nil {
		return zero, err
	}
	if src != d.source && d.plan != nil {
		if err := d.plan.bind(d.table, src); err != nil {
			return zero, src.fail(err)
		}
	}
	d.source = src
	d.reset()
	if err := d.decode(); err != nil {
		return zero, err
	}
	d.allocate()
	d.table.accept(src)
	return d.value, nil
}

func (t *table) rawDecoder(v *json.RawMessage) func() error {
	opts := t.opts
	opts.Format = Lines
	enc := newEncoder(t.columns, opts)
	var buf []byte
	return func() error {
		buf = enc.appendRow(buf[:0], t.row)
		*v = append(make(json.RawMessage, 0, len(buf)), buf...)
		return nil
	}
}

func (t *table) stringMap() map[string]string {
	m := make(map[string]string, len(t.row))
	for i := range t.row {
		if t.row[i].kind != missingValue {
			m[t.columns[i].name] = string(t.row[i].plain())
		}
	}
	return m
}

func (t *table) anyMap() map[string]any {
	m := make(map[string]any, len(t.row))
	for i := range t.row {
		if t.row[i].kind != missingValue || t.opts.Missing == Null {
			m[t.columns[i].name] = t.row[i].any()
		}
	}
	return m
}
