package csvjson

import (
	"fmt"
	"reflect"
	"strings"
)

// structPlan is how the rows of the table become structs of one type.
type structPlan struct {
	typ    reflect.Type
	fields []fieldPlan
	strs   stringSet
	absent value // of a column that the source does not have
}

// fieldPlan is how one field is filled.
type fieldPlan struct {
	setter
	name    string // of the column that it takes
	column  int    // in the table, for the source bound; -1: it has none
	matched bool   // some source has the column
}

// newStructPlan makes the plan to fill strukt.
func newStructPlan(strukt reflect.Value) (*structPlan, error) {
	p := &structPlan{typ: strukt.Type()}
	for _, f := range reflect.VisibleFields(p.typ) {
		name, ok := columnName(f)
		if !ok {
			continue
		}
		field, err := strukt.FieldByIndexErr(f.Index)
		var set setter
		if err == nil { // else it is in a struct that is embedded as a pointer
			set, err = p.setterFor(field)
		}
		if err != nil {
			return nil, fmt.Errorf("csvjson: field %s of %v: %w", f.Name, p.typ, err)
		}
		p.fields = append(p.fields, fieldPlan{setter: set, name: name, column: -1})
	}
	return p, nil
}

// columnName returns the name of the column that a struct field takes, if any.
func columnName(f reflect.StructField) (string, bool) {
	tag, tagged := f.Tag.Lookup("csv")
	if tagged {
		tag = strings.TrimSuffix(tag, ",omitempty") // as other packages write; names may have commas
	} else {
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
	for i := range p.fields {
		f := &p.fields[i]
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

// decode fills the struct, which is zero, from the row of the table.
func (p *structPlan) decode(t *table, src *source) error {
	p.strs.reset()
	for i := range p.fields {
		f := &p.fields[i]
		v := &p.absent
		if f.column >= 0 {
			v = &t.row[f.column]
		}
		if v.kind == missingValue && !f.whenMissing {
			continue
		}
		if err := f.set(v); err != nil {
			return p.rowError(t, src, f, err)
		}
	}
	p.strs.store()
	return nil
}

// rowError returns the error of a value that does not fit its field.
func (p *structPlan) rowError(t *table, src *source, f *fieldPlan, err error) error {
	if f.column < 0 {
		return t.rowError(src, 0, f.name, err)
	}
	return t.rowError(src, src.startOf(src.index[f.column]), t.columns[f.column].name, err)
}

// startOf returns where a field begins in the record; a short row may lack it.
func (src *source) startOf(field int) int {
	if field < len(src.scanner.fields) {
		return src.scanner.fields[field].start
	}
	return len(src.record)
}
