package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/kinesiskit/kinesiskit/aggregate"
	"github.com/kinesiskit/kinesiskit/examples/internal/quantity"
)

// write prints what came of the inputs, side by side.
func write(w io.Writer, results []*result, p prices) {
	var t table
	for _, r := range results {
		t.heads = append(t.heads, fmt.Sprintf("%s %s, %s", grouped(int64(len(r.records))), quantity.Noun(len(r.records), "record"), quantity.Of(r.shards, "shard")))
	}
	row := func(label string, cell func(*result) string) {
		cells := make([]string, len(results))
		for i, r := range results {
			cells[i] = cell(r)
		}
		t.add(label, cells...)
	}
	inputLines(&t, row)
	uploadLines(&t, row)
	boundLines(&t, row)
	packingLines(&t, row, ways())
	readLines(&t, row)
	statisticsLines(&t, row)
	costLines(&t, row, p)
	t.write(w)
}

// A rowFunc adds a line with a cell for each result.
type rowFunc func(label string, cell func(*result) string)

func inputLines(t *table, row rowFunc) {
	t.add("Input")
	row("  books", func(r *result) string { return r.name })
	row("  bytes with keys", func(r *result) string { return grouped(r.usage.bytes) })
	row("  a record, on average", func(r *result) string { return grouped(r.usage.bytes / max(1, int64(len(r.records)))) })
	row("  CSV to JSON", func(r *result) string { return seconds(r.toJSON) })
	row("  round-trip delay of the server", func(r *result) string {
		if r.delay == 0 {
			return seconds(r.roundTrip) + " (seen)"
		}
		return seconds(r.delay)
	})
}

func uploadLines(t *table, row rowFunc) {
	t.add("Upload")
	row("  the original (put_record, Python, AWS)", func(r *result) string {
		if r.original == 0 {
			return "–"
		}
		return seconds(r.original)
	})
	row("  one PutRecord after the other", func(r *result) string {
		took, extrapolated := r.wholeSequential()
		if extrapolated {
			return "~ " + seconds(took)
		}
		return seconds(took)
	})
	plain := func(r *result) uploaded { return r.passes[0].upload }
	row("  Producer", func(r *result) string { return seconds(plain(r).took) })
	row("    faster than one after the other", func(r *result) string {
		took, _ := r.wholeSequential()
		return times(took, plain(r).took)
	})
	row("    PutRecords calls", func(r *result) string { return grouped(plain(r).stats.Calls) })
	row("    throttled entries", func(r *result) string {
		s := plain(r).stats
		share := float64(s.ThrottledEntries) / float64(max(1, s.Entries+s.ThrottledEntries))
		return fmt.Sprintf("%s (%.2f %%)", grouped(s.ThrottledEntries), 100*share)
	})
}

// packingLines compares the other ways of the Producer with the first.
func packingLines(t *table, row rowFunc, ways []way) {
	t.add("The same records, packed into fewer")
	for i, w := range ways[1:] {
		row("  "+w.name, func(r *result) string { return seconds(r.passes[i+1].upload.took) })
		row("    records on the wire", func(r *result) string { return grouped(r.passes[i+1].upload.stats.Entries) })
		row("    bytes on the wire", func(r *result) string { return grouped(r.passes[i+1].upload.stats.Bytes) })
		row("    PUT payload units", func(r *result) string { return grouped(r.passes[i+1].upload.stats.PayloadUnits) })
	}
}

func boundLines(t *table, row rowFunc) {
	t.add("What the shards' limits allow (1,000 records and 1 MiB a second each)")
	row("  fullest shard: records, bytes", func(r *result) string {
		var fullest load
		for _, l := range r.loads {
			fullest = load{max(fullest.records, l.records), max(fullest.bytes, l.bytes)}
		}
		return fmt.Sprintf("%s, %s", grouped(fullest.records), grouped(fullest.bytes))
	})
	row("  bound, buckets empty at the start", func(r *result) string { return seconds(r.limits.bound(r.loads, false)) })
	row("  bound, buckets full at the start (as here)", func(r *result) string { return seconds(r.limits.bound(r.loads, true)) })
	row("  the same and two round trips", func(r *result) string { return seconds(r.allowed()) })
	row("  Producer against that", func(r *result) string { return times(r.passes[0].upload.took, r.allowed()) })
}

func readLines(t *table, row rowFunc) {
	t.add("Read back")
	row("  Consumer, all shards to the tip", func(r *result) string { return seconds(r.passes[0].back.took) })
	row("  records", func(r *result) string { return grouped(r.passes[0].back.records) })
	row("  lost, doubled", func(r *result) string { return fmt.Sprintf("%d, %d", r.passes[0].back.lost, r.passes[0].back.doubled) })
}

func statisticsLines(t *table, row rowFunc) {
	t.add("Prices")
	prices := func(label string, cell func(*aggregate.Summary) string) {
		row("  "+label, func(r *result) string { return cell(&r.passes[0].back.prices) })
	}
	prices("priced", func(s *aggregate.Summary) string { return grouped(s.Count()) })
	prices("missing", func(s *aggregate.Summary) string { return grouped(s.Missing()) })
	prices("sum", func(s *aggregate.Summary) string { return s.Sum().String() })
	prices("mean", func(s *aggregate.Summary) string { return float(s.Mean()) })
	prices("smallest", func(s *aggregate.Summary) string { return float(s.Min()) })
	prices("largest", func(s *aggregate.Summary) string { return float(s.Max()) })
	prices("median", func(s *aggregate.Summary) string { return float(s.Median()) })
	prices("standard deviation", func(s *aggregate.Summary) string { return float(s.StdDev()) })
	row("  equal to what is known", func(r *result) string {
		if r.wrong != nil {
			return "NO"
		}
		return "yes, to the last digit"
	})
}

func costLines(t *table, row rowFunc, p prices) {
	t.add("Cost of the upload by the published prices, in one hour: the hour + the traffic")
	row("  PUT payload units of 25 KB", func(r *result) string { return grouped(r.usage.units) })
	row("  provisioned", func(r *result) string { return money(p.provisioned(r.usage)) })
	row("  on demand, read once", func(r *result) string { return money(p.onDemand(r.usage)) })
}

func float(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// notes says how to read the figures.
func notes(w io.Writer, results []*result, aws bool) {
	fmt.Fprintln(w)
	if !aws {
		fmt.Fprintln(w, "The server is in this process. It enforces the shards' limits as the service\ndocuments them, and adds a delay to every request.")
	}
	for _, r := range results {
		if r.delay > 0 && r.delay == originals()[len(r.records)].delay {
			fmt.Fprintf(w, "With %s of it the original's own script, in Python, takes its %s.\n", seconds(r.delay), seconds(r.original))
		}
	}
	for _, r := range results {
		if _, extrapolated := r.wholeSequential(); extrapolated {
			fmt.Fprintf(w, "~ is extrapolated from the first %d of %s records, which took %s;\n-full takes them all.\n",
				r.sample, grouped(int64(len(r.records))), seconds(r.sequential))
		}
	}
}
