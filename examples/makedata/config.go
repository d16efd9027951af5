package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kinesiskit/kinesiskit/csvjson"
)

const usage = `Usage: makedata [flags] [file.csv ...]

Reads CSV files of books as one table and writes it as JSON. Without files on
the command line these are the ones of -rom and -book; with files, those two are
read, before them, only if their flags are given.

`

// config is what the command line asks for.
type config struct {
	files   []string
	output  string
	skipBad bool
	opts    csvjson.Options
}

// parse reads the command line. For -h it prints the usage to stderr and
// returns flag.ErrHelp.
func parse(args []string, stderr io.Writer) (config, error) {
	var cfg config
	flags := flag.NewFlagSet("makedata", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints errors, once
	rom := flags.String("rom", "rom.csv", "first CSV `file`, the romance books of the experiment")
	book := flags.String("book", "book.csv", "second CSV `file`")
	numbers := flags.String("numbers", "Price", "`columns` that hold numbers, by their names in the output, separated by commas")
	var renames []rename
	renameFlag(flags, &renames)
	required := flags.String("required", "Title", "`columns` that every file must have, separated by commas")
	flags.StringVar(&cfg.output, "o", "books.json", "JSON `file` to write; - is standard output")
	flags.BoolVar(&cfg.skipBad, "skip-bad", false, "leave rows with an error out, and list them, instead of stopping at the first")
	flags.BoolVar(&cfg.opts.LazyQuotes, "lazy", false, "take quotes in the middle of a field as text")
	flags.BoolVar(&cfg.opts.TrimSpace, "trim", false, "take white space off the ends of fields")
	commaFlag(flags, &cfg.opts.Comma)
	choice(flags, "format", "`form` of the JSON: array (a record a line; the default), indent or ndjson", &cfg.opts.Format,
		map[string]csvjson.Format{"array": csvjson.Array, "indent": csvjson.Indented, "ndjson": csvjson.Lines})
	choice(flags, "missing", "what a field without a value `becomes`: null (the default) or omit", &cfg.opts.Missing,
		map[string]csvjson.Missing{"null": csvjson.Null, "omit": csvjson.Omit})
	choice(flags, "encoding", "`encoding` of the CSV files: utf-8 (the default), utf-16 or windows-1252", &cfg.opts.Decoder,
		map[string]func(io.Reader) io.Reader{"utf-8": nil, "utf-16": csvjson.UTF16, "windows-1252": csvjson.Windows1252})
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, usage)
			flags.SetOutput(stderr)
			flags.PrintDefaults()
		}
		return cfg, err
	}
	cfg.files = files(flags, *rom, *book)
	cfg.opts.Columns = columns(split(*numbers), split(*required), renames)
	if len(cfg.files) == 0 {
		return cfg, errors.New("no files to read")
	}
	return cfg, nil
}

// rename says that a header means another column.
type rename struct{ header, column string }

// renameFlag defines -rename.
func renameFlag(flags *flag.FlagSet, renames *[]rename) {
	flags.Func("rename", "the column that a header means, `header=column`, such as 'Book Name=Title'; can be given several times", func(text string) error {
		header, column, ok := strings.Cut(text, "=")
		if !ok || column == "" {
			return errors.New("want header=column")
		}
		*renames = append(*renames, rename{header, column})
		return nil
	})
}

// commaFlag defines -comma.
func commaFlag(flags *flag.FlagSet, comma *byte) {
	flags.Func("comma", "`character` between fields, \\t for a tab (default ,)", func(text string) error {
		if text == `\t` {
			text = "\t"
		}
		if len(text) != 1 || text[0] >= 0x80 || strings.Contains("\"\r\n", text) {
			return errors.New("want one ASCII character, and not a quote")
		}
		*comma = text[0]
		return nil
	})
}

// choice defines a flag that takes one of the names of values.
func choice[T any](flags *flag.FlagSet, name, usage string, target *T, values map[string]T) {
	flags.Func(name, usage, func(text string) error {
		value, ok := values[text]
		if !ok {
			return fmt.Errorf("want one of %s", strings.Join(slices.Sorted(maps.Keys(values)), ", "))
		}
		*target = value
		return nil
	})
}

// files returns what to read: the files of the two flags, unless only others
// are given, then the others. A flag set to "" names no file.
func files(flags *flag.FlagSet, rom, book string) []string {
	given := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var names []string
	if rom != "" && (given["rom"] || flags.NArg() == 0) {
		names = append(names, rom)
	}
	if book != "" && (given["book"] || flags.NArg() == 0) {
		names = append(names, book)
	}
	return append(names, flags.Args()...)
}

// columns declares the columns of the experiment, and those that the flags name.
func columns(numbers, required []string, renames []rename) []csvjson.Column {
	list := []csvjson.Column{
		{Name: "Title", Aliases: []string{"title"}},
		{Name: "Author(s)", Aliases: []string{"author"}},
		{Name: "Price", Aliases: []string{"price"}},
		{Name: "Description", Aliases: []string{"description"}},
	}
	column := func(name string) *csvjson.Column {
		i := slices.IndexFunc(list, func(c csvjson.Column) bool { return c.Name == name })
		if i < 0 {
			i = len(list)
			list = append(list, csvjson.Column{Name: name})
		}
		return &list[i]
	}
	for _, r := range renames {
		c := column(r.column)
		c.Aliases = append(c.Aliases, r.header)
	}
	for _, name := range numbers {
		column(name).Type = csvjson.NumberOrText
	}
	for _, name := range required {
		column(name).Required = true
	}
	return list
}

// split returns the names in a list separated by commas.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
