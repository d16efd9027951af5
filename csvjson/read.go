package csvjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"unicode/utf8"
)

// ReadJSON yields the records of JSON text, each decoded into a T as by
// encoding/json. The text may be
//
//   - an array of records;
//   - an array of such arrays, told by its first element. The original
//     experiment wrapped its array so, and pages of answers are often gathered
//     so: [[{…}, {…}], [{…}]] is three records;
//   - newline-delimited JSON, or records or arrays one after the other in any
//     white space;
//   - nothing. That is no error, for it is what newline-delimited JSON of no
//     records looks like; count the records if there must be some.
//
// Arrays deeper within are records: [1, [2, 3]] is two of them. For a T of kind
// slice or array that begins one level up, so such records need an array around
// them: [[1, 2], [3]] is two records for a []int. The bare tokens NaN, Infinity
// and -Infinity, which Python writes, are read as null.
//
// A json.RawMessage gets the record as it stands in the text (NaN aside) and is
// the caller's to keep.
//
// It streams: memory is bounded by the longest record, which may be
// [DefaultMaxRecordBytes]. A record that does not fit T or is not UTF-8 is
// yielded as a [RowError] and the loop goes on. A [SourceError] comes last: it
// wraps [ErrSyntax], [ErrTooLong], or io.ErrUnexpectedEOF if the text breaks off,
// after every complete record before it has been yielded. If r has a method Name() string,
// as an *os.File, errors carry that name.
func ReadJSON[T any](r io.Reader) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		yieldEach(yield, newJSONDecoder[T](r).next)
	}
}

// jsonDecoder makes values of type T from the records of a jsonScanner.
type jsonDecoder[T any] struct {
	target[T]
	*jsonScanner
	name    string
	raw     *json.RawMessage // the value, if T is that
	object  *map[string]any  // the value, if T is that
	objects objectMaker
	plan    *jsonPlan // of structs; nil: encoding/json decodes T
}

func newJSONDecoder[T any](r io.Reader) *jsonDecoder[T] {
	d := &jsonDecoder[T]{}
	d.raw, _ = any(&d.value).(*json.RawMessage)
	d.object, _ = any(&d.value).(*map[string]any)
	d.objects.keys = make(map[string]string)
	wraps := maxWraps
	if k := reflect.TypeFor[T]().Kind(); d.raw == nil && (k == reflect.Slice || k == reflect.Array) {
		wraps = 1
	}
	d.jsonScanner = newJSONScanner(r, wraps)
	if named, ok := r.(interface{ Name() string }); ok {
		d.name = named.Name()
	}
	if d.init() {
		d.plan = newJSONPlan(d.strukt)
	}
	return d
}

// next returns the next record.
func (d *jsonDecoder[T]) next() (zero T, err error) {
	if err := d.jsonScanner.next(); err != nil {
		if e, ok := err.(*SourceError); ok {
			e.Source = d.name
		}
		return zero, err
	}
	d.reset()
	if err := d.decode(); err != nil {
		return zero, err
	}
	return d.value, nil
}

// decode stores the record in the value.
func (d *jsonDecoder[T]) decode() error {
	record := d.record
	if !utf8.Valid(record) {
		off, err := checkUTF8(record)
		return d.rowError(off, "", err)
	}
	if record[0] == '{' && !d.crowded && (d.plan != nil || d.object != nil) {
		return d.decodeMembers()
	}
	if d.nan {
		record = nullNaNs(record)
	}
	if d.raw != nil {
		*d.raw = bytes.Clone(record)
		return nil
	}
	if err := json.Unmarshal(record, &d.value); err != nil {
		return d.unmarshalError(0, "", err)
	}
	return nil
}

// decodeMembers stores the record, an object, in the value: a struct or a map.
func (d *jsonDecoder[T]) decodeMembers() (err error) {
	var m *member
	var field string
	if d.object != nil {
		*d.object, m, field, err = d.objects.decode(d.jsonScanner)
	} else {
		m, field, err = d.plan.decode(d.jsonScanner)
	}
	if err != nil {
		return d.unmarshalError(m.value.start, field, err)
	}
	d.allocate()
	return nil
}

// unmarshalError says which field did not fit, without the text in it, which an
// error of encoding/json may show.
func (d *jsonDecoder[T]) unmarshalError(off int, field string, err error) error {
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(typeErr.Value, " ") // "number", without the number
		err = fmt.Errorf("a JSON %s does not fit %v", kind, typeErr.Type)
		if typeErr.Field != "" {
			field = strings.TrimPrefix(field+"."+typeErr.Field, ".")
		}
	}
	return d.rowError(off, field, err)
}

func (d *jsonDecoder[T]) rowError(off int, field string, err error) error {
	pos := d.position(off)
	pos.Source = d.name
	return &RowError{Position: pos, Field: field, Err: err}
}
