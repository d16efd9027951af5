package csvjson

import "fmt"

// Report says what became of the sources: the counts a user wants to see before
// trusting the result.
type Report struct {
	Rows     int64          // good rows of all sources
	Bad      int64          // rows with an error: left out by Convert, yielded as a RowError by All and Rows
	Columns  []ColumnReport // in the order of the output
	Sources  []SourceReport // in the order given
	Warnings []string       // what is probably a mistake though it is no error, as sentences
}

// ColumnReport is the part of a [Report] on a column of the joined table.
type ColumnReport struct {
	Name       string
	Type       Type
	Missing    int64 // rows without a value, those of sources without the column included
	NotNumbers int64 // fields of a NumberOrText or NumberOrMissing column that were no number
}

// SourceReport is the part of a [Report] on a source.
type SourceReport struct {
	Name    string
	Rows    int64    // good rows
	Bad     int64    // rows with an error
	Bytes   int64    // read so far, after decoding to UTF-8
	Header  []string // as in the source, white space trimmed, or Options.Header
	Renamed []Rename // headers that have another name in the output
	Skipped []string // headers that are left out
}

// Rename is a header with the name that its column has in the output.
type Rename struct{ From, To string }

// report builds the Report of what has been read so far.
func (t *table) report() Report {
	r := Report{Warnings: t.warnings()}
	for _, c := range t.columns {
		r.Columns = append(r.Columns, ColumnReport{Name: c.name, Type: c.kind, Missing: c.missing, NotNumbers: c.notNumbers})
	}
	for _, src := range t.sources {
		r.Sources = append(r.Sources, src.report)
		r.Rows += src.report.Rows
		r.Bad += src.report.Bad
	}
	return r
}

// warnings lists what made the original experiment print "0 books, average
// nan": a name that nearly matches, a number column without numbers.
func (t *table) warnings() []string {
	var list []string
	warn := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	rows := int64(0)
	for _, src := range t.sources {
		rows += src.report.Rows
		if src.done && src.report.Rows+src.report.Bad == 0 {
			warn("%s has a header but no rows", src.report.Name)
		}
		if hint := src.separatorHint(); hint != "" {
			warn("%s has one column, %q%s", src.report.Name, src.report.Header[0], hint)
		}
	}
	seen := make(map[string]string)
	for _, c := range t.columns {
		if other, ok := seen[fold(c.name)]; ok {
			warn("columns %q and %q may be the same: declare one with the other as an alias", other, c.name)
		}
		seen[fold(c.name)] = c.name
		if c.kind != Text && rows > 0 && c.missing+c.notNumbers >= rows {
			warn("column %q is declared a number, but no row has one (rows: %d)", c.name, rows)
		}
	}
	for _, c := range t.opts.Columns {
		if !t.declared[c.Name] {
			warn("column %q is declared, but no source has it", c.Name)
		}
	}
	if t.plan != nil && rows > 0 {
		for _, f := range t.plan.fields {
			if !f.matched {
				warn("no source read has a column for the field %q", f.name)
			}
		}
	}
	return list
}
