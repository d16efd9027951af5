package main

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/kinesiskit/kinesiskit/aggregate"
	"github.com/kinesiskit/kinesiskit/csvjson"
	"github.com/kinesiskit/kinesiskit/examples/internal/progress"
	"github.com/kinesiskit/kinesiskit/examples/internal/quantity"
	"github.com/kinesiskit/kinesiskit/kstream"
)

// maxNamed is how many refused records are named, of all that are counted.
const maxNamed = 5

// tally counts what became of the records. Its fields belong to the goroutine
// that calls settled until the Producer is closed; the atomic ones are for the
// progress line.
type tally struct {
	source *source
	begin  time.Time
	took   time.Duration
	stats  kstream.ProducerStats

	acknowledged atomic.Int64
	begun        atomic.Int64 // records that were read
	keyless      atomic.Int64 // of them, those without a text for a key

	latency  aggregate.Summary // milliseconds
	named    []string          // the first records that can never be sent
	hopeless int64             // how many they are
	failed   int64             // records that another try may send
	failure  error             // why the first of them was not
	unsure   int64             // records that may be in the stream
	resume   int64             // records of the file that need not be sent again
}

func newTally(s *source) *tally { return &tally{source: s, begin: time.Now()} }

func (t *tally) found(key bool) {
	t.begun.Add(1)
	if !key {
		t.keyless.Add(1)
	}
}

// settled is told of every record once.
func (t *tally) settled(s kstream.Settlement[row]) {
	switch {
	case s.Outcome == kstream.Delivered:
		t.acknowledged.Add(1)
		t.latency.Add(float64(s.Receipt.Latency) / float64(time.Millisecond))
	case s.Outcome == kstream.MaybeDelivered:
		t.unsure++
	case isHopeless(s.Err):
		t.hopeless++
		if len(t.named) < maxNamed {
			t.named = append(t.named, fmt.Sprintf("%s: %v", s.Value, s.Err))
		}
	default:
		t.failed++
		if t.failure == nil {
			t.failure = s.Err
		}
	}
}

// isHopeless reports whether a record can never be sent, however often it is
// tried.
func isHopeless(err error) bool {
	_, tooLarge := errors.AsType[*kstream.RecordSizeError](err)
	_, badKey := errors.AsType[*kstream.KeyError](err)
	return tooLarge || badKey
}

// line is the progress line.
func (t *tally) line() string {
	n := t.acknowledged.Load()
	rate := float64(n) / max(time.Since(t.begin).Seconds(), 0.001)
	return fmt.Sprintf("%s%s, %.0f/s", progress.Bar(t.source.done.Load(), t.source.size), quantity.Of(n, "record"), rate)
}

func (t *tally) print(stdout, stderr io.Writer) {
	for _, text := range t.named {
		fmt.Fprintf(stderr, "not sent: %s\n", text)
	}
	if more := t.hopeless - int64(len(t.named)); more > 0 {
		fmt.Fprintf(stderr, "not sent: %d more\n", more)
	}
	n, seconds := t.acknowledged.Load(), t.took.Seconds()
	if n == 0 {
		return
	}
	lines := []struct{ name, text string }{
		{"records", fmt.Sprintf("%d acknowledged", n)},
		{"time", fmt.Sprintf("%.2f s, %.0f records/s, %.2f MiB/s", seconds, float64(n)/seconds, float64(t.stats.Bytes)/(1<<20)/seconds)},
		{"latency", fmt.Sprintf("p50 %.1f ms, p99 %.1f ms", t.latency.Quantile(0.5), t.latency.Quantile(0.99))},
		{"wire", fmt.Sprintf("%s in %s, %s", quantity.Of(t.stats.Bytes, "byte"), quantity.Of(t.stats.Entries, "record"), quantity.Of(t.stats.Calls, "call"))},
		{"billed", quantity.Of(t.stats.PayloadUnits, "PUT payload unit") + " of 25 KB"},
		{"retries", fmt.Sprintf("%s sent again, %d throttled", quantity.Of(t.stats.Retries, "record"), t.stats.ThrottledEntries)},
	}
	for _, line := range lines {
		fmt.Fprintf(stdout, "%-9s%s\n", line.name, line.text)
	}
}

// outcome is the program's last word, given what ended the upload: nil if
// every record was acknowledged.
func (t *tally) outcome(o options, err error) error {
	n := t.acknowledged.Load()
	if err == nil && t.failed > 0 {
		err = t.failure
	}
	switch {
	case err == nil && t.hopeless == 0 && t.unsure == 0:
		return nil
	case err == nil:
		return fmt.Errorf("%s, %d can never be sent, %d may be in the stream", acknowledgement(n), t.hopeless, t.unsure)
	}
	if n == 0 && t.unsure == 0 {
		return fmt.Errorf("%w\nno record was acknowledged", ofSource(err))
	}
	text := acknowledgement(n)
	if t.unsure > 0 {
		text += fmt.Sprintf(", and %d more may be in the stream", t.unsure)
	}
	if again := o.from + n + t.hopeless - t.resume; again > 0 {
		text += fmt.Sprintf("; %d of them will be there twice when you go on", again)
	}
	return fmt.Errorf("%w\n%s. To go on:\n  %s", ofSource(err), text, o.command(t.resume))
}

func acknowledgement(n int64) string {
	if n == 1 {
		return "1 record was acknowledged"
	}
	return fmt.Sprintf("%d records were acknowledged", n)
}

// ofSource returns what is wrong with the file, if err is about that, without
// the way it came.
func ofSource(err error) error {
	if broken, ok := errors.AsType[*csvjson.SourceError](err); ok {
		return fmt.Errorf("%w (byte %d)", broken, broken.Offset)
	}
	if row, ok := errors.AsType[*csvjson.RowError](err); ok {
		return row
	}
	return err
}
