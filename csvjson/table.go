package csvjson

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// table reads several sources as one table: its columns are the union of
// theirs, its rows theirs one after the other. It is the untyped core of
// Convert, Rows and All.
type table struct {
	opts     Options
	columns  []*column
	sources  []*source
	declared map[string]bool // declared columns that a source has
	plan     *structPlan     // if the rows become structs
	current  int             // index in sources
	row      []value         // of the current row, parallel to columns
	scratch  []byte          // backs values that are not in the scanner's buffer
	buffer   []byte          // goes from source to source
}

// column is a column of the joined table.
type column struct {
	name         string
	kind         Type
	missingTexts []string
	verbatim     bool // every field but the empty one is text as it stands
	missing      int64
	notNumbers   int64
}

// source is an open Source with its header.
type source struct {
	*scanner
	closer io.Closer
	index  []int    // for each column of the table, the field in this source or -1
	names  []string // for each field, the name of its column or ""
	fields int      // in the header
	row    int64
	done   bool
	report SourceReport
}

// newTable opens all sources and joins their headers. After an error it holds
// nothing open.
func newTable(opts Options, sources []Source) (_ *table, err error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	t := &table{opts: opts.withDefaults(), declared: make(map[string]bool)}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if len(sources) == 0 {
		return nil, fmt.Errorf("csvjson: no sources given")
	}
	for _, s := range sources {
		src, err := t.open(s)
		if err != nil {
			return nil, err
		}
		t.sources = append(t.sources, src)
	}
	if err := t.join(); err != nil {
		return nil, err
	}
	t.row = make([]value, len(t.columns))
	t.buffer = make([]byte, rowBuffer)
	return t, nil
}

// open opens a source and reads its header.
func (t *table) open(s Source) (*source, error) {
	src := &source{report: SourceReport{Name: s.Name}}
	if s.Open == nil {
		return nil, src.fail(errors.New("Source.Open is nil"))
	}
	in, err := s.Open()
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok && pathErr.Path == s.Name {
		err = fmt.Errorf("%s: %w", pathErr.Op, pathErr.Err) // the name is in the message already
	}
	if err != nil {
		return nil, src.fail(err)
	}
	src.closer = in
	var r io.Reader = in
	if t.opts.Decoder != nil {
		r = t.opts.Decoder(r)
	}
	src.scanner = newScanner(r, t.opts.Comma, t.opts.LazyQuotes, t.opts.MaxRecordBytes)
	if err := src.readHeader(t.opts.Header); err != nil {
		in.Close()
		return nil, src.fail(err)
	}
	return src, nil
}

// close closes what is still open.
func (t *table) close() {
	for _, src := range t.sources {
		src.close()
	}
}

func (src *source) close() {
	if !src.done {
		src.done = true
		src.closer.Close()
	}
}

// fail makes err an error of this source that ends the reading.
func (src *source) fail(err error) error {
	e, ok := err.(*SourceError)
	if !ok {
		e = &SourceError{Err: err}
		if src.scanner != nil && src.line > 0 {
			e.Position = src.position(0)
		}
	}
	e.Source, e.Row = src.report.Name, src.row
	return e
}

// next reads the next row into t.row and returns the source it is from. A
// *RowError leaves the table ready for the row after; io.EOF is the end of the
// last source; other errors end the reading.
func (t *table) next() (*source, error) {
	for t.current < len(t.sources) {
		src := t.sources[t.current]
		if src.row == 0 {
			t.buffer = src.swapBuffer(t.buffer)
		}
		err := src.scanner.next()
		src.report.Bytes = src.offset + int64(src.size)
		if err == io.EOF {
			src.close()
			t.buffer = src.buf
			t.current++
			continue
		}
		src.row++
		if err != nil {
			return src, src.fail(err)
		}
		return src, t.fill(src)
	}
	return nil, io.EOF
}

// fill makes the row of the table out of the record that src has read.
func (t *table) fill(src *source) error {
	if off, err := checkUTF8(src.record); err != nil {
		return t.rowError(src, off, t.columnAt(src, off), err)
	}
	if n := src.count; n != src.fields && (n > src.fields || !t.opts.ShortRows) {
		off := len(src.record)
		if n > src.fields {
			off = src.scanner.fields[src.fields].start
		}
		return t.rowError(src, off, "", fmt.Errorf("%w: the row has %d, the header %d%s", ErrFieldCount, n, src.fields, src.separatorHint()))
	}
	t.scratch = t.scratch[:0]
	for i, c := range t.columns {
		f := src.index[i]
		if f < 0 || f >= len(src.scanner.fields) {
			t.row[i] = value{}
			continue
		}
		field := &src.scanner.fields[f]
		text := src.record[field.start:field.end]
		if c.verbatim {
			t.row[i] = textOrMissing(text, field.quotes)
			continue
		}
		v, err := t.value(c, text, field.quotes)
		if err != nil {
			return t.rowError(src, field.start, c.name, err)
		}
		t.row[i] = v
	}
	return nil
}

// accept counts the row as good.
func (t *table) accept(src *source) {
	src.report.Rows++
	for i := range t.row {
		v := &t.row[i]
		if v.kind == missingValue {
			t.columns[i].missing++
		}
		if v.notNumber {
			t.columns[i].notNumbers++
		}
	}
}

// rowError counts the row as bad and returns its error, at off in the record.
func (t *table) rowError(src *source, off int, field string, err error) error {
	src.report.Bad++
	pos := src.position(off)
	pos.Source, pos.Row = src.report.Name, src.row
	return &RowError{Position: pos, Field: field, Err: err}
}

// columnAt returns the name of the column that the byte at off belongs to.
func (t *table) columnAt(src *source, off int) string {
	for f, field := range src.scanner.fields {
		if off < field.end {
			for i, c := range t.columns {
				if src.index[i] == f {
					return c.name
				}
			}
		}
	}
	return ""
}
