package csvjson

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a source or a row. The errors that the functions of
// this package return and yield wrap these; compare with errors.Is.
var (
	// ErrEmpty: a source holds no header, so it is an empty file or nothing
	// but blank lines. Check that the program before wrote it.
	ErrEmpty = errors.New("the source is empty: it has no header line")

	// ErrNoColumn: a column declared Required is not among a source's headers.
	// The message lists the headers seen; add the right one to
	// [Column.Aliases], or set [Options.Comma].
	ErrNoColumn = errors.New("a required column is missing")

	// ErrNoMatch: no field of the struct that [All] fills has a column in the
	// source, so that every row would come out as the zero value.
	ErrNoMatch = errors.New("no field of the type matches a column")

	// ErrDuplicateColumn: two columns of one source have the same name once
	// headers are renamed. Change [Column.Aliases], or [Column.Skip] them.
	ErrDuplicateColumn = errors.New("two columns have the same name")

	// ErrUnterminated: a quoted field never ends. The position is that of its
	// opening quote.
	ErrUnterminated = errors.New("a quoted field opens here and never ends")

	// ErrQuote: a quote stands inside an unquoted field, or text follows the
	// closing quote of a field. See [Options.LazyQuotes].
	ErrQuote = errors.New("unexpected quote")

	// ErrTooLong: a record is longer than [Options.MaxRecordBytes], or than
	// [DefaultMaxRecordBytes] for [ReadJSON], or a header has more than 262,144
	// columns.
	ErrTooLong = errors.New("record too long")

	// ErrFieldCount: a row has more or fewer fields than the header has
	// columns. See [Options.ShortRows].
	ErrFieldCount = errors.New("wrong number of fields")

	// ErrEncoding: the text is not UTF-8. The message says which encoding is
	// likely; set [Options.Decoder], for example to [Windows1252].
	ErrEncoding = errors.New("not UTF-8")

	// ErrNumber: a field of a column declared [Number] is not one, or a field
	// does not fit the numeric field of a struct.
	ErrNumber = errors.New("not a number")

	// ErrSyntax: [ReadJSON] met something that is not JSON.
	ErrSyntax = errors.New("invalid JSON")
)

// Position is a place in a source.
type Position struct {
	Source string // name of the source, or empty
	Row    int64  // 1 for the first row or JSON record; 0: in the header, or not in a row
	Line   int    // 1 for the first line; 0 if the place is not known
	Column int    // 1 for the first character (not byte) of the line
	Offset int64  // bytes before this place, after decoding to UTF-8
}

// String returns the position as in "rom.csv: line 12, column 5".
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.Source
	case p.Source == "":
		return fmt.Sprintf("line %d, column %d", p.Line, p.Column)
	}
	return fmt.Sprintf("%s: line %d, column %d", p.Source, p.Line, p.Column)
}

// RowError is an error of one row or one JSON record. The loops of [All],
// [Rows] and [ReadJSON] yield it and go on with the next row when the loop
// body continues; it is the only error after which they do.
type RowError struct {
	Position
	Field string // name of the column, if the error belongs to one
	Err   error
}

func (e *RowError) Error() string {
	var b strings.Builder
	b.WriteString("csvjson: ")
	if pos := e.Position.String(); pos != "" {
		b.WriteString(pos + ": ")
	}
	if e.Row > 0 {
		fmt.Fprintf(&b, "row %d: ", e.Row)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, "%s: ", e.Field)
	}
	return b.String() + e.Err.Error()
}

func (e *RowError) Unwrap() error { return e.Err }

// SourceError is an error that ends the reading: what comes after it in the
// source cannot be told apart into rows, or there is no way to read it at all.
// A loop yields it last.
type SourceError struct {
	Position
	Err error
}

func (e *SourceError) Error() string {
	if pos := e.Position.String(); pos != "" {
		return "csvjson: " + pos + ": " + e.Err.Error()
	}
	return "csvjson: " + e.Err.Error()
}

func (e *SourceError) Unwrap() error { return e.Err }
