// Makedata turns CSV files of books into one JSON file:
//
//	go run ./examples/makedata                          # rom.csv and book.csv to books.json
//	go run ./examples/makedata -o - -format ndjson a.csv b.csv c.csv
//
// The files are read as one table: title, author, price and description are
// renamed to Title, Author(s), Price and Description, a column that a file lacks
// is null, and prices are numbers. Every other field stays the text that it is.
// A price that is no number, such as "CDN$ 6.99", is kept as text and counted.
//
// The output is complete or not there: it is written beside its place and moved
// there at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/kinesiskit/kinesiskit/csvjson"
	"github.com/kinesiskit/kinesiskit/examples/internal/quantity"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run converts what the command line names. It returns the exit code: 1 for
// input or output that fails, 2 for a command line it cannot take.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "makedata: %v\nRun makedata -h for the flags.\n", err)
		return 2
	}
	if cfg.skipBad {
		cfg.opts.OnRowError = func(err *csvjson.RowError) error {
			fmt.Fprintf(stderr, "makedata: left out: %v\n", err)
			return nil
		}
	}
	begin := time.Now()
	report, written, err := convert(ctx, cfg, stdout)
	if err != nil {
		fmt.Fprintf(stderr, "makedata: %v\n", err)
		if hint := advice(err, cfg); hint != "" {
			fmt.Fprintf(stderr, "makedata: %s\n", hint)
		}
		return 1
	}
	summarize(stderr, report, cfg.output, written, time.Since(begin))
	return 0
}

// convert writes the table to the output, or nothing at all.
func convert(ctx context.Context, cfg config, stdout io.Writer) (csvjson.Report, int64, error) {
	out, err := create(cfg.output, stdout, cfg.files)
	if err != nil {
		return csvjson.Report{}, 0, err
	}
	defer out.discard()
	count := &countingWriter{ctx: ctx, w: out}
	report, err := csvjson.Convert(count, cfg.opts, csvjson.Files(cfg.files...)...)
	if err != nil {
		return report, count.n, err
	}
	return report, count.n, out.commit()
}

// countingWriter counts what passes, and stops when the context ends.
type countingWriter struct {
	ctx context.Context
	w   io.Writer
	n   int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, fmt.Errorf("interrupted, nothing is kept: %w", err)
	}
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// advice says which flag may help.
func advice(err error, cfg config) string {
	_, isRow := errors.AsType[*csvjson.RowError](err)
	_, isSource := errors.AsType[*csvjson.SourceError](err)
	switch {
	case errors.Is(err, csvjson.ErrEncoding) && cfg.opts.Decoder == nil:
		return "-encoding says which encoding the files have, windows-1252 or utf-16"
	case isSource && errors.Is(err, fs.ErrNotExist):
		return "-rom and -book, or arguments, name the files to read"
	case errors.Is(err, csvjson.ErrNoColumn):
		return "-rename header=column says what a column is called there, -required which ones a file must have, -comma what separates them"
	case errors.Is(err, csvjson.ErrQuote):
		return "-lazy takes such quotes as text"
	case isRow:
		return "-skip-bad leaves such rows out and lists them"
	}
	return ""
}

// summarize tells what was converted.
func summarize(w io.Writer, report csvjson.Report, output string, written int64, took time.Duration) {
	if output == "-" {
		output = "standard output"
	}
	var read int64
	for _, src := range report.Sources {
		read += src.Bytes
	}
	fmt.Fprintf(w, "makedata: %s to %s: %s from %s of CSV in %v\n", quantity.Of(report.Rows, "row"), output,
		quantity.Of(written, "byte"), quantity.Of(read, "byte"), took.Round(time.Microsecond))
	for _, src := range report.Sources {
		fmt.Fprintf(w, "  %s: %s, %s", src.Name, quantity.Of(src.Rows, "row"), quantity.Of(len(src.Header), "column"))
		if src.Bad > 0 {
			fmt.Fprintf(w, ", %s left out", quantity.Of(src.Bad, "bad row"))
		}
		for i, rename := range src.Renamed {
			fmt.Fprintf(w, "%s%q is %q", separator(i, "; "), rename.From, rename.To)
		}
		fmt.Fprintln(w)
	}
	var gaps []string
	for _, c := range report.Columns {
		if c.Missing > 0 {
			gaps = append(gaps, fmt.Sprintf("%s %d", c.Name, c.Missing))
		}
	}
	if gaps != nil {
		fmt.Fprintf(w, "  missing: %s\n", strings.Join(gaps, ", "))
	}
	for _, c := range report.Columns {
		if c.NotNumbers > 0 {
			fmt.Fprintf(w, "  %s: text that is no number: %d\n", c.Name, c.NotNumbers)
		}
	}
	for _, warning := range report.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", warning)
	}
}

// separator begins a list with first and goes on with commas.
func separator(i int, first string) string {
	if i == 0 {
		return first
	}
	return ", "
}
