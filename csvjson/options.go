package csvjson

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// DefaultMaxRecordBytes is how long a record may be unless
// [Options.MaxRecordBytes] says otherwise: 16 MiB, which is more than a Kinesis
// record may hold (10 MiB).
const DefaultMaxRecordBytes = 16 << 20

// Options say how CSV text is read as a table of records. The zero value reads
// comma-separated UTF-8 with a header line and keeps every column as text.
type Options struct {
	// Columns declares columns that need more than being copied as text under
	// the name in the header. The order does not matter; columns come out in
	// the order in which the sources first have them.
	Columns []Column
	// OnlyDeclared leaves out the columns that Columns does not declare.
	OnlyDeclared bool

	// MissingTexts are field values that count as missing in every column,
	// besides the empty field, such as "NaN". None by default, because "NA"
	// may be a title; see also [Column.MissingTexts].
	MissingTexts []string
	// TrimSpace takes white space, no-break spaces included, off both ends of
	// every field. Headers are always trimmed.
	TrimSpace bool

	// Format is what [Convert] writes; the zero value is [Array].
	Format Format
	// Missing is how [Convert], [Rows] and maps of [All] show a field without
	// a value; the zero value is [Null].
	Missing Missing

	// Header names the columns of sources that have no header line. Nil means
	// that the first record of each source is its header.
	Header []string
	// Comma separates fields: an ASCII character; 0 means ','. A source whose
	// first line is "sep=;", or the like with another character, says itself
	// what separates its fields.
	Comma byte
	// LazyQuotes accepts a quote within an unquoted field, and within a quoted
	// one if no separator or line end follows, as part of the text. It is for
	// files written without regard to quoting; without it such a file is
	// refused, because its rows may come out shifted.
	LazyQuotes bool
	// ShortRows accepts rows with fewer fields than the header, as some
	// spreadsheets write; the rest counts as missing.
	ShortRows bool
	// Decoder turns the bytes of each source into UTF-8: [Windows1252],
	// [UTF16], or what another package has for other encodings; nil means that
	// they are UTF-8. The byte order mark of UTF-8 is dropped either way.
	Decoder func(io.Reader) io.Reader
	// MaxRecordBytes bounds the length of a record, and with it the memory
	// that an unclosed quote can take. 0 means [DefaultMaxRecordBytes],
	// negative means no bound.
	MaxRecordBytes int

	// OnRowError decides what [Convert] does about a bad row: nil, or an error
	// returned, ends the conversion; a nil error returned leaves the row out
	// and counts it in [Report.Bad]. [All] and [Rows] yield such errors
	// instead and do not call it.
	OnRowError func(*RowError) error
	// OnReport, if set, is called once when a loop over [All] or [Rows] has
	// ended, also if it was left early, but not if the sources could not be
	// opened and joined. [Convert] returns the same report.
	OnReport func(Report)
}

// Column declares a column.
type Column struct {
	// Name is the column's name in the output.
	Name string
	// Aliases are other headers that mean this column; "" is a column without
	// a header, such as the index that pandas writes.
	//
	// A header that equals Name or an alias is taken first. If a source has
	// none, a header is taken that differs from one only in case, spaces,
	// underscores or hyphens: "Book Name" for "book_name".
	Aliases []string
	// Type is the type of the column; the zero value is [Text].
	Type Type
	// Required makes a source without the column an error ([ErrNoColumn])
	// before any row is read. Rows may still have no value in it.
	Required bool
	// Skip leaves the column out.
	Skip bool
	// MissingTexts are values that count as missing in this column, besides
	// [Options.MissingTexts] and the empty field.
	MissingTexts []string
}

// Type is how the fields of a column are to be understood.
type Type int

const (
	// Text keeps fields as they are: "00123" and "1984" are strings.
	Text Type = iota
	// Number makes fields JSON numbers with the digits that they have: 5.10
	// stays 5.10, without a detour through a float. White space around, a plus
	// sign, leading zeros and a bare point (.5) are made valid JSON. Anything
	// else, such as "CDN$ 6.99", "1,234.00" or "NaN", is a [RowError] that
	// wraps [ErrNumber].
	Number
	// NumberOrText is Number, but what is no number stays text. The report
	// counts it.
	NumberOrText
	// NumberOrMissing is Number, but what is no number becomes missing. The
	// report counts it.
	NumberOrMissing
)

// Format is a form of JSON text.
type Format int

const (
	// Array is a JSON array with a record a line.
	Array Format = iota
	// Indented is a JSON array with a member a line, indented by two spaces.
	Indented
	// Lines is newline-delimited JSON: a record a line, and nothing else.
	Lines
)

// Missing is how JSON shows a field without a value.
type Missing int

const (
	// Null writes null, so that every record has every column.
	Null Missing = iota
	// Omit leaves the column out of the record.
	Omit
)

// withDefaults fills in the documented defaults.
func (o Options) withDefaults() Options {
	if o.Comma == 0 {
		o.Comma = ','
	}
	switch {
	case o.MaxRecordBytes == 0:
		o.MaxRecordBytes = DefaultMaxRecordBytes
	case o.MaxRecordBytes < 0:
		o.MaxRecordBytes = 0
	}
	return o
}

// validate reports everything that is wrong with the options at once.
func (o Options) validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("csvjson: options: "+format, args...))
	}
	if o.Comma != 0 && !separates(o.Comma) {
		bad("Comma %q cannot separate fields", rune(o.Comma))
	}
	if o.Header != nil && len(o.Header) == 0 {
		bad("Header names no column")
	}
	if o.Format < Array || o.Format > Lines {
		bad("unknown Format %d", o.Format)
	}
	if o.Missing < Null || o.Missing > Omit {
		bad("unknown Missing %d", o.Missing)
	}
	claimed := make(map[string]int) // header to index of the column that it means
	for i, c := range o.Columns {
		if c.Name == "" {
			bad("Columns[%d] has no Name", i)
		}
		if c.Type < Text || c.Type > NumberOrMissing {
			bad("column %q: unknown Type %d", c.Name, c.Type)
		}
		for _, header := range append([]string{c.Name}, c.Aliases...) {
			if other, ok := claimed[header]; ok && other != i {
				bad("the header %q means Columns[%d] and Columns[%d]", header, other, i)
			}
			claimed[header] = i
		}
	}
	return errors.Join(errs...)
}

// separates reports whether fields can be separated by c.
func separates(c byte) bool {
	return c != 0 && c != '"' && c != '\n' && c != '\r' && c < 0x80
}

func foldAll(headers []string) []string {
	folded := make([]string, len(headers))
	for i, h := range headers {
		folded[i] = fold(h)
	}
	return folded
}

// fold maps headers that differ only in case, spaces, underscores and hyphens
// to the same text.
func fold(header string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(unicode.ToUpper(r))
	}, header)
}
