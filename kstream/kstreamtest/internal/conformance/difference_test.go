package conformance

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestReadDifferences(t *testing.T) {
	tests := []struct {
		name, text string
		want       []*Difference
		bad        bool
	}{
		{name: "prose alone", text: "# Title\n\nA | is no table.\n"},
		{name: "rows", text: "| Case | Does | Service | Rule |\n| --- | --- | --- | --- |\n| `PutRecord/by ARN` | `E`: fails | works | API reference |\n| `A*` | b | c | d |\n",
			want: []*Difference{{Case: "PutRecord/by ARN", Does: "`E`: fails", Service: "works", Rule: "API reference"}, {Case: "A*", Does: "b", Service: "c", Rule: "d"}}},
		{name: "no rule", text: "| `a` | b | c |  |\n", bad: true},
		{name: "three cells", text: "| `a` | b | c |\n", bad: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ReadDifferences(strings.NewReader(test.text))
			if (err != nil) != test.bad {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(Difference{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFind(t *testing.T) {
	list := []*Difference{{Case: "A/*"}, {Case: "A/b"}, {Case: "*/c *"}, {Case: "A/b* end"}}
	for name, want := range map[string]string{
		"A/b": "A/b", "A/bb": "A/*", "A/": "A/*", "B/c 1": "*/c *", "B/c": "", "A/b, the end": "A/b* end", "": "",
	} {
		got := ""
		if d := find(list, name); d != nil {
			got = d.Case
		}
		if got != want {
			t.Errorf("%q is listed as %q, want %q", name, got, want)
		}
	}
}

func TestShows(t *testing.T) {
	fault := errors.New(`got ValidationException "too long", want InvalidArgumentException ""`)
	for does, want := range map[string]bool{
		"anything": true, "`ValidationException`, `too long`": true, "`ValidationException`, `too short`": false,
		"`InvalidArgumentException`": false, // which is what it should be
	} {
		d := Difference{Does: does}
		if err := d.shows(fault); (err == nil) != want {
			t.Errorf("%s: %v", does, err)
		}
	}
}
