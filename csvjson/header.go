package csvjson

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// readHeader reads the first record of the source into its report, unless the
// header is given.
func (src *source) readHeader(given []string) error {
	n, err := src.skipMark()
	if err != nil {
		return err
	}
	src.offset = int64(n)
	src.takeSeparator()
	if given != nil {
		src.report.Header = slices.Clone(given)
		src.setColumns(len(given))
		return nil
	}
	if err := src.scanner.next(); err == io.EOF {
		return &SourceError{Err: ErrEmpty} // at no line of its own
	} else if err != nil {
		return err
	}
	if off, err := checkUTF8(src.record); err != nil {
		return src.errorAt(off, err)
	}
	if src.count > maxColumns {
		return src.errorAt(0, fmt.Errorf("%w: it has %d columns, the limit is %d", ErrTooLong, src.count, maxColumns))
	}
	for _, f := range src.scanner.fields {
		text := src.record[f.start:f.end]
		isQuoted := f.start > 0 && src.record[f.start-1] == '"'
		if i := bytes.IndexByte(text, '\r'); i >= 0 && !isQuoted {
			return src.errorAt(f.start+i, errLoneReturn)
		}
		if i := bytes.IndexByte(text, 0); i >= 0 {
			return src.errorAt(f.start+i, fmt.Errorf("%w: the header has a NUL character; likely UTF-16", ErrEncoding))
		}
		if f.quotes {
			text = unquote(nil, text)
		}
		src.report.Header = append(src.report.Header, trimHeader(text))
	}
	src.setColumns(src.count)
	return nil
}

// setColumns takes note of how many fields a row should have. The scanner keeps
// one more, which is where a row with too many of them is wrong.
func (src *source) setColumns(n int) {
	src.fields = n
	src.maxFields = n + 1
}

// trimHeader takes white space off a header, and byte order marks: files that
// were put together have them in the middle, where they do not show.
func trimHeader(text []byte) string {
	return strings.TrimFunc(string(text), func(r rune) bool { return r == '\ufeff' || unicode.IsSpace(r) })
}

// join makes the columns of the table: the union of the sources' columns in the
// order in which they first appear.
func (t *table) join() error {
	positions := make(map[string]int) // name to index in t.columns
	for _, src := range t.sources {
		names, err := t.resolve(src)
		if err != nil {
			return src.fail(err)
		}
		for _, name := range names {
			if _, ok := positions[name]; !ok && name != "" {
				positions[name] = len(t.columns)
				t.columns = append(t.columns, t.newColumn(name))
			}
		}
	}
	if len(t.columns) == 0 {
		return fmt.Errorf("csvjson: no column is left: the options skip all of them")
	}
	for _, src := range t.sources {
		src.index = slices.Repeat([]int{-1}, len(t.columns))
		for f, name := range src.names {
			if name != "" {
				src.index[positions[name]] = f
			}
		}
	}
	return nil
}

func (t *table) newColumn(name string) *column {
	c := &column{name: name, missingTexts: t.opts.MissingTexts}
	for _, d := range t.opts.Columns {
		if d.Name == name {
			c.kind = d.Type
			c.missingTexts = slices.Concat(t.opts.MissingTexts, d.MissingTexts)
		}
	}
	c.verbatim = c.kind == Text && len(c.missingTexts) == 0 && !t.opts.TrimSpace
	return c
}

// resolve finds the name of each column of src, or "" for one left out.
func (t *table) resolve(src *source) ([]string, error) {
	header := src.report.Header
	declared := t.declarations(header)
	src.names = make([]string, len(header))
	taken := make(map[string]int) // name to index in header
	for i, h := range header {
		name := h
		if name == "" {
			name = "column" + strconv.Itoa(i+1)
		}
		skip := t.opts.OnlyDeclared
		if d := declared[i]; d != nil {
			name, skip = d.Name, d.Skip
			t.declared[d.Name] = true
		}
		if skip {
			src.report.Skipped = append(src.report.Skipped, h)
			continue
		}
		if other, ok := taken[name]; ok {
			return nil, src.errorAt(src.startOf(i), fmt.Errorf("%w: headers %d (%q) and %d (%q) both mean %q",
				ErrDuplicateColumn, other+1, header[other], i+1, h, name))
		}
		taken[name] = i
		src.names[i] = name
		if name != h {
			src.report.Renamed = append(src.report.Renamed, Rename{From: h, To: name})
		}
	}
	return src.names, t.checkRequired(src, declared)
}

// declarations finds the declared column that each header means, or nil:
// an exact match first, then one that differs in case or spaces.
func (t *table) declarations(header []string) []*Column {
	found := make([]*Column, len(header))
	folded := foldAll(header) // once: a header can have 262,144 columns
	for i := range t.opts.Columns {
		c := &t.opts.Columns[i]
		names := append([]string{c.Name}, c.Aliases...)
		exact := false
		for j, h := range header {
			if slices.Contains(names, h) {
				found[j] = c
				exact = true
			}
		}
		if exact {
			continue
		}
		near := foldAll(names)
		for j, h := range header {
			if h != "" && found[j] == nil && slices.Contains(near, folded[j]) {
				found[j] = c
			}
		}
	}
	return found
}

// checkRequired reports the required columns that no header means.
func (t *table) checkRequired(src *source, declared []*Column) error {
	var absent []string
	for i := range t.opts.Columns {
		c := &t.opts.Columns[i]
		if c.Required && !slices.Contains(declared, c) {
			absent = append(absent, strconv.Quote(c.Name))
		}
	}
	if absent == nil {
		return nil
	}
	return fmt.Errorf("%w: %s; the header has %s%s", ErrNoColumn,
		strings.Join(absent, ", "), quoteAll(src.report.Header), src.separatorHint())
}

// separatorHint says so if the header looks split at the wrong character.
func (src *source) separatorHint() string {
	header := src.report.Header
	if len(header) > 1 {
		return ""
	}
	for _, c := range ",;\t|" {
		if byte(c) != src.comma && strings.ContainsRune(header[0], c) {
			return fmt.Sprintf(" (is the separator %q?)", c)
		}
	}
	return ""
}

// listedBytes is after how many bytes a list of names in an error breaks off.
const listedBytes = 1000

// quoteAll lists names for an error: as many as somebody will read.
func quoteAll(names []string) string {
	var list strings.Builder
	for i, name := range names {
		if list.Len() > listedBytes {
			fmt.Fprintf(&list, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			list.WriteString(", ")
		}
		fmt.Fprintf(&list, "%.100q", name)
	}
	return list.String()
}
