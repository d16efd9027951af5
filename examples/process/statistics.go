package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kinesiskit/kinesiskit/aggregate"
	"github.com/kinesiskit/kinesiskit/examples/internal/jsonfield"
	"github.com/kinesiskit/kinesiskit/examples/internal/quantity"
	"github.com/kinesiskit/kinesiskit/kstream"
)

const (
	maxNamed   = 5  // poison records that are named, of all that are counted
	maxColumns = 40 // names of columns that are listed when none matched
)

// reasonKind counts a value that is neither a number nor a text.
const reasonKind aggregate.Reason = "neither a number nor a text"

// statistics are what was read of a stream.
type statistics struct {
	column  string
	summary aggregate.Summary
	took    time.Duration

	records int64 // poison included
	bytes   int64
	matched int64 // records that have the column
	shards  map[string]int64
	columns map[string]bool // seen as long as none matched

	poison int64
	named  []string // the first poison records
	gaps   []string // where records were trimmed before they were read
}

func newStatistics(column string) *statistics {
	return &statistics{column: column, shards: map[string]int64{}, columns: map[string]bool{}}
}

func (s *statistics) add(shard string, size int, record jsonfield.Object) {
	s.records++
	s.shards[shard]++
	s.bytes += int64(size)
	value, ok := record.Find(s.column)
	if !ok {
		s.summary.AddMissing(aggregate.ReasonAbsent)
		s.notice(record)
		return
	}
	s.matched++
	var price aggregate.Price
	if err := price.UnmarshalJSON(value); err != nil {
		s.summary.AddMissing(reasonKind)
		return
	}
	s.summary.AddPrice(price)
}

// notice remembers the columns of a record, for the warning that none matched.
func (s *statistics) notice(record jsonfield.Object) {
	for name := range record {
		if s.matched > 0 || len(s.columns) >= maxColumns {
			return
		}
		s.columns[name] = true
	}
}

func (s *statistics) addPoison(err *kstream.DecodeError) {
	s.records++
	s.shards[err.ShardID]++
	s.bytes += int64(len(err.Data))
	s.poison++
	if len(s.named) < maxNamed {
		s.named = append(s.named, err.Error())
	}
}

func (s *statistics) print(w io.Writer, stream string, byCurrency bool) {
	from := stream
	if len(s.shards) > 0 {
		from = quantity.Of(len(s.shards), "shard") + " of " + stream
	}
	fmt.Fprintf(w, "%s, %s, read from %s in %.2f s\n",
		quantity.Of(s.records, "record"), quantity.Of(s.bytes, "byte"), from, s.took.Seconds())
	for _, shard := range slices.Sorted(maps.Keys(s.shards)) {
		fmt.Fprintf(w, "  %s  %s\n", shard, quantity.Of(s.shards[shard], "record"))
	}
	s.printTrouble(w)

	fmt.Fprintf(w, "\n%s: %s, %d missing\n", s.column, quantity.Of(s.values(), "value"), s.missing())
	reasons := s.summary.MissingReasons()
	delete(reasons, aggregate.ReasonCurrency) // they are in the next lines
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(w, "  missing  %d %s\n", reasons[reason], reason)
	}
	if byCurrency {
		for currency, summary := range s.summary.ByCurrency() {
			fmt.Fprintf(w, "\n%s\n", or(string(currency), "without a currency"))
			printSummary(w, summary)
		}
		return
	}
	if currency := s.summary.Currency(); currency != "" {
		fmt.Fprintf(w, "  of which %d in %s:\n", s.summary.Count(), currency)
	}
	printSummary(w, &s.summary)
	if others := s.values() - s.summary.Count(); others > 0 {
		fmt.Fprintf(w, "  and %s in other currencies: see -by-currency\n", quantity.Of(others, "value"))
	}
}

// values returns how many values there are, of any currency.
func (s *statistics) values() int64 {
	return s.summary.Count() + s.summary.MissingReasons()[aggregate.ReasonCurrency]
}

// missing returns how many records have no value at all.
func (s *statistics) missing() int64 { return s.records - s.poison - s.values() }

func (s *statistics) printTrouble(w io.Writer) {
	if s.poison > 0 {
		fmt.Fprintf(w, "%s left out, not readable:\n", quantity.Of(s.poison, "record"))
		for _, text := range s.named {
			fmt.Fprintf(w, "  %s\n", text)
		}
		if more := s.poison - int64(len(s.named)); more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
	}
	for _, text := range s.gaps {
		fmt.Fprintf(w, "warning: %s\n", text)
	}
	if s.matched == 0 && s.records > s.poison {
		fmt.Fprintf(w, "warning: no record has a column %q; there are: %s\n",
			s.column, strings.Join(slices.Sorted(maps.Keys(s.columns)), ", "))
	}
}

func printSummary(w io.Writer, s *aggregate.Summary) {
	if s.Count() == 0 {
		return
	}
	fmt.Fprintf(w, "  count    %d\n", s.Count())
	fmt.Fprintf(w, "  sum      %s\n", s.Sum())
	for _, line := range []struct {
		name  string
		value float64
	}{
		{"mean", s.Mean()}, {"min", s.Min()}, {"max", s.Max()}, {"median", s.Median()}, {"stddev", s.StdDev()},
	} {
		text := strconv.FormatFloat(line.value, 'f', -1, 64)
		if math.IsNaN(line.value) {
			text = "–" // one value deviates from nothing
		}
		fmt.Fprintf(w, "  %-8s %s\n", line.name, text)
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
