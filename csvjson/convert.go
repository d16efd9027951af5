package csvjson

import (
	"errors"
	"fmt"
	"io"
)

// writeBuffer is how much JSON Convert gathers before it writes.
const writeBuffer = 64 << 10

// Convert reads the sources as one table and writes its rows to w as JSON
// objects, in the form of [Options.Format]. It streams: memory does not grow
// with the number of rows.
//
// The first bad row ends the conversion with its [RowError], unless
// [Options.OnRowError] says to leave it out. After any error the JSON written
// so far is not complete; write to a temporary file if half a file would harm.
// The report tells what was read, also after an error.
func Convert(w io.Writer, opts Options, sources ...Source) (Report, error) {
	t, err := newTable(opts, sources)
	if err != nil {
		return Report{}, err
	}
	defer t.close()
	c := converter{table: t, enc: newEncoder(t.columns, t.opts), w: w}
	err = c.run()
	return t.report(), err
}

type converter struct {
	table *table
	enc   *encoder
	w     io.Writer
	out   []byte // not written yet
	rows  int64
}

func (c *converter) run() error {
	for {
		src, err := c.table.next()
		if err == io.EOF {
			c.out = c.enc.appendEnd(c.out, c.rows)
			return c.flush()
		}
		if rowErr, ok := err.(*RowError); ok {
			if err = c.table.judge(rowErr); err == nil {
				continue
			}
		}
		if err != nil {
			if flushErr := c.flush(); flushErr != nil {
				err = errors.Join(err, flushErr)
			}
			return err
		}
		c.table.accept(src)
		c.out = c.enc.appendSeparator(c.out, c.rows)
		c.out = c.enc.appendRow(c.out, c.table.row)
		c.rows++
		if len(c.out) >= writeBuffer {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
}

// judge asks OnRowError about a bad row.
func (t *table) judge(err *RowError) error {
	if t.opts.OnRowError == nil {
		return err
	}
	return t.opts.OnRowError(err)
}

func (c *converter) flush() error {
	_, err := c.w.Write(c.out)
	c.out = c.out[:0]
	if err != nil {
		return fmt.Errorf("csvjson: write JSON: %w", err)
	}
	return nil
}

// encoder writes rows as JSON objects.
type encoder struct {
	format Format
	omit   bool
	keys   [][]byte // a comma, white space, the column's name and a colon
}

func newEncoder(columns []*column, opts Options) *encoder {
	e := &encoder{format: opts.Format, omit: opts.Missing == Omit}
	for _, c := range columns {
		key := []byte{','}
		if e.format == Indented {
			key = append(key, "\n    "...)
		}
		key = append(appendString(key, []byte(c.name), false), ':')
		if e.format == Indented {
			key = append(key, ' ')
		}
		e.keys = append(e.keys, key)
	}
	return e
}

// appendRow appends a row as an object.
func (e *encoder) appendRow(dst []byte, row []value) []byte {
	dst = append(dst, '{')
	comma := 1 // bytes of a key to leave out: the first needs no comma
	for i := range row {
		v := &row[i]
		if v.kind == missingValue && e.omit {
			continue
		}
		dst = append(dst, e.keys[i][comma:]...)
		comma = 0
		dst = v.appendJSON(dst)
	}
	if e.format == Indented && comma == 0 {
		dst = append(dst, "\n  "...)
	}
	return append(dst, '}')
}

// appendSeparator appends what stands before row number n, from 0.
func (e *encoder) appendSeparator(dst []byte, n int64) []byte {
	switch {
	case e.format == Lines && n == 0:
		return dst
	case e.format == Lines:
		return append(dst, '\n')
	case n == 0:
		dst = append(dst, "[\n"...)
	default:
		dst = append(dst, ",\n"...)
	}
	if e.format == Indented {
		dst = append(dst, "  "...)
	}
	return dst
}

// appendEnd appends what stands behind n rows.
func (e *encoder) appendEnd(dst []byte, n int64) []byte {
	switch {
	case e.format == Lines && n == 0:
		return dst
	case e.format == Lines:
		return append(dst, '\n')
	case n == 0:
		return append(dst, "[]\n"...)
	}
	return append(dst, "\n]\n"...)
}
