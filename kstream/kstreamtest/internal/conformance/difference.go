package conformance

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// A Difference is what an endpoint is known to do otherwise than the service.
type Difference struct {
	Case    string // a case's name; a * stands for any text
	Does    string // what the endpoint does; what stands in `backquotes` must show
	Service string // what the service does
	Rule    string // where that is written

	cases int
}

// ReadDifferences reads a Markdown document's tables of four columns, which are
// Difference's fields in order. Everything else in the document is for people.
func ReadDifferences(r io.Reader) ([]*Difference, error) {
	var list []*Difference
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		row, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "| ")
		if !ok || strings.HasPrefix(row, "Case |") || strings.HasPrefix(row, "---") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(row, " |"), " | ")
		for _, cell := range cells {
			if strings.TrimSpace(cell) == "" {
				cells = nil
			}
		}
		if len(cells) != 4 {
			return nil, fmt.Errorf("line %d: not a row of four cells: case, what the endpoint does, what the service does, rule", n)
		}
		list = append(list, &Difference{Case: strings.Trim(cells[0], "`"), Does: cells[1], Service: cells[2], Rule: cells[3]})
	}
	return list, lines.Err()
}

// find returns the difference that is listed for a case: of several the one that
// names it with the most letters.
func find(list []*Difference, name string) *Difference {
	var best *Difference
	for _, d := range list {
		if (best == nil || letterCount(d) > letterCount(best)) && matches(d.Case, name) {
			best = d
		}
	}
	return best
}

func letterCount(d *Difference) int { return len(strings.ReplaceAll(d.Case, "*", "")) }

func matches(pattern, name string) bool {
	start, rest, open := strings.Cut(pattern, "*")
	name, ok := strings.CutPrefix(name, start)
	if !open || !ok {
		return ok && name == ""
	}
	for i := range len(name) + 1 {
		if matches(rest, name[i:]) {
			return true
		}
	}
	return false
}

var quoted = regexp.MustCompile("`([^`]+)`")

// shows is an error unless a fault is the one that is listed.
func (d *Difference) shows(fault error) error {
	does, _, _ := strings.Cut(fault.Error(), ", want ")
	for _, part := range quoted.FindAllStringSubmatch(d.Does, -1) {
		if !strings.Contains(does, part[1]) {
			return fmt.Errorf("differs otherwise than listed, %q: %w", d.Does, fault)
		}
	}
	return nil
}
