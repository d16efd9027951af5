// Package csvjson reads CSV files as they are found in the wild as one table of
// records, writes the table as JSON, and reads JSON back as typed values. It
// uses the standard library only.
//
//	opts := csvjson.Options{Columns: []csvjson.Column{
//		{Name: "Title", Aliases: []string{"title"}, Required: true},
//		{Name: "Author(s)", Aliases: []string{"author"}},
//		{Name: "Price", Type: csvjson.Number},
//	}}
//	sources := csvjson.Files("rom.csv", "book.csv")
//
//	report, err := csvjson.Convert(w, opts, sources...)               // CSV to JSON
//	for row, err := range csvjson.Rows(opts, sources...) { … }        // CSV to JSON, record by record
//	for book, err := range csvjson.All[Book](opts, sources...) { … }  // CSV to values
//	for book, err := range csvjson.ReadJSON[Book](r) { … }            // JSON to values
//
// # Guarantees
//
//   - Several sources are one table. Its columns are the union of theirs, in the
//     order in which they first appear; its rows are theirs, one source after
//     the other, in order.
//   - Text stays text. "00123", "1984", "1e5" and "NA" are strings unless their
//     column is declared a [Number]. A number keeps its digits: 5.10 is not
//     read as a float on the way.
//   - What is missing is null or left out. NaN is never written.
//   - Nothing is lost silently. Bytes that are not UTF-8, rows with a field too
//     many or too few, fields that are not the number they should be: each is
//     an error with source, line and column, unless an option accepts it, and
//     then the [Report] counts it. White space and line ends within quoted
//     fields stay as they are.
//   - JSON is UTF-8 with no escape that is not needed: é and < stand for
//     themselves.
//   - Everything streams. Memory is bounded by the longest record, which
//     [Options.MaxRecordBytes] bounds, whatever the number of rows.
//   - No goroutines are started, and no state is shared: separate calls may run
//     concurrently. A loop is used by one goroutine, as any range loop.
//
// # CSV
//
// The first record of each source is its header, unless [Options.Header] names
// the columns. A UTF-8 byte order mark is dropped, lines end in LF or CRLF, blank
// lines are skipped, and a field may be quoted as in RFC 4180, with separators,
// newlines and doubled quotes inside. A column without a header is named by its
// place: "column1" for the index that pandas writes first. A first line such as
// "sep=;", which spreadsheets write for themselves, is obeyed.
//
// # Errors
//
// Loops yield errors beside values. After a [*RowError] a loop goes on with the
// next row; any other error is the last thing it yields.
//
//	for book, err := range csvjson.All[Book](opts, sources...) {
//		if rowErr, ok := errors.AsType[*csvjson.RowError](err); ok {
//			log.Print(rowErr) // csvjson: rom.csv: line 12, column 5: row 9: Price: not a number
//			continue
//		}
//		if err != nil {
//			return err
//		}
//		…
//	}
//
//	error                 type         what to do
//	ErrEmpty              SourceError  check that the program before wrote the file
//	ErrNoColumn           SourceError  add an alias, or set Comma
//	ErrNoMatch            SourceError  fix the struct's csv tags
//	ErrDuplicateColumn    SourceError  change the aliases, or skip the columns
//	ErrUnterminated       SourceError  close the quote at the place given
//	ErrQuote              SourceError  double the quote, or set LazyQuotes
//	ErrTooLong            SourceError  look for an unclosed quote, or raise MaxRecordBytes
//	ErrSyntax             SourceError  ReadJSON: fix the JSON at the place given
//	io.ErrUnexpectedEOF   SourceError  ReadJSON: the file breaks off; what came before it is good
//	ErrFieldCount         RowError     fix the row, or set ShortRows
//	ErrNumber             RowError     fix the field, or declare NumberOrText or NumberOrMissing
//	ErrEncoding           RowError     set Decoder (SourceError if the header has it)
//
// Errors hold names and places, never the text of a field, but for what a
// field's own Unmarshal method says.
package csvjson
