package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// table is what is printed: a line a measure, a column a set of records.
type table struct {
	heads []string
	lines []line
}

// line is a measure; without cells it is a heading.
type line struct {
	label string
	cells []string
}

func (t *table) add(label string, cells ...string) { t.lines = append(t.lines, line{label, cells}) }

func (t *table) write(w io.Writer) {
	label, widths := t.widths()
	for _, l := range append([]line{{"", t.heads}}, t.lines...) {
		if len(l.cells) == 0 {
			fmt.Fprintf(w, "\n%s\n", l.label)
			continue
		}
		fmt.Fprint(w, pad(l.label, -label))
		for i, cell := range l.cells {
			fmt.Fprint(w, "  ", pad(cell, widths[i]))
		}
		fmt.Fprintln(w)
	}
}

func (t *table) widths() (label int, cells []int) {
	cells = make([]int, len(t.heads))
	for _, l := range append([]line{{"", t.heads}}, t.lines...) {
		if len(l.cells) > 0 { // a heading may be longer
			label = max(label, utf8.RuneCountInString(l.label))
		}
		for i, cell := range l.cells {
			cells[i] = max(cells[i], utf8.RuneCountInString(cell))
		}
	}
	return label, cells
}

// pad fills text up with blanks on its left, or, to a negative width, on its
// right.
func pad(text string, width int) string {
	n := utf8.RuneCountInString(text)
	if width < 0 {
		return text + strings.Repeat(" ", max(0, -width-n))
	}
	return strings.Repeat(" ", max(0, width-n)) + text
}

// seconds writes a duration in seconds, milliseconds when it is short.
func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// times writes how many times larger a is than b.
func times(a, b time.Duration) string {
	ratio := float64(a) / float64(b)
	switch {
	case math.IsInf(ratio, 0) || math.IsNaN(ratio):
		return "–"
	case ratio < 10:
		return fmt.Sprintf("%.2f ×", ratio)
	}
	return fmt.Sprintf("%.0f ×", ratio)
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	if n < 0 {
		return "-" + grouped(-n)
	}
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
