package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/aggregate"
	"github.com/kinesiskit/kinesiskit/csvjson"
	"github.com/kinesiskit/kinesiskit/examples/internal/progress"
	"github.com/kinesiskit/kinesiskit/kstream"
)

// send uploads the source. Whatever ends it early, the tally then says what
// became of every record that was begun.
func send(ctx context.Context, client *kinesis.Client, o options, s *source, t *tally) error {
	producer, err := kstream.NewProducer(client, kstream.ProducerConfig[row]{
		Stream:       o.stream,
		PartitionKey: func(r row) string { return r.key },
		Codec:        rowCodec{},
		Aggregate:    o.aggregate,
		Compress:     o.compress,
		OnSettled:    t.settled,
	})
	if err != nil {
		return err
	}
	t.resume.next = o.from
	t.begin = time.Now()
	_, err = producer.SendAll(ctx, s.rows(o.key, o.from, t.found))

	// Ctrl-C does not take away the records that are on their way.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	err = errors.Join(err, producer.Close(closing))
	t.took = time.Since(t.begin)
	t.stats = producer.Stats()
	return err
}

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

	latency aggregate.Summary // milliseconds
	refused []string          // the first records that can never be sent
	nrefuse int64
	unsure  int64 // records that may be in the stream
	resume  prefix
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
		t.resume.add(s.Value.number)
	case s.Outcome == kstream.MaybeDelivered:
		t.unsure++
	case hopeless(s.Err):
		t.resume.add(s.Value.number) // going on before it would not help
		t.nrefuse++
		if len(t.refused) < maxNamed {
			t.refused = append(t.refused, fmt.Sprintf("record %d (key %.40q): %v", s.Value.number, s.Value.key, s.Err))
		}
	}
}

// hopeless reports whether a record can never be sent, however often it is
// tried.
func hopeless(err error) bool {
	_, tooLarge := errors.AsType[*kstream.RecordSizeError](err)
	_, badKey := errors.AsType[*kstream.KeyError](err)
	return tooLarge || badKey
}

// line is the progress line.
func (t *tally) line() string {
	n := t.acknowledged.Load()
	rate := float64(n) / max(time.Since(t.begin).Seconds(), 0.001)
	return fmt.Sprintf("%s%d records, %.0f/s", progress.Bar(t.source.done.Load(), t.source.size), n, rate)
}

func (t *tally) print(stdout, stderr io.Writer) {
	for _, text := range t.refused {
		fmt.Fprintf(stderr, "not sent: %s\n", text)
	}
	if more := t.nrefuse - int64(len(t.refused)); more > 0 {
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
		{"wire", fmt.Sprintf("%d bytes in %d records, %d calls", t.stats.Bytes, t.stats.Entries, t.stats.Calls)},
		{"billed", fmt.Sprintf("%d PUT payload units of 25 KB", t.stats.PayloadUnits)},
		{"retries", fmt.Sprintf("%d, of which %d throttled", t.stats.Retries, t.stats.ThrottledEntries)},
	}
	for _, line := range lines {
		fmt.Fprintf(stdout, "%-9s%s\n", line.name, line.text)
	}
}

// outcome is the program's last word: nil if every record was acknowledged.
func (t *tally) outcome(ctx context.Context, o options, err error) error {
	n := t.acknowledged.Load()
	if t.keyless.Load() == t.begun.Load() && t.begun.Load() > 0 {
		fmt.Fprintf(o.flags.Output(), "warning: no record has a text in %q, so all have the same partition key and are in one shard; see -key\n", o.key)
	}
	if broken, ok := errors.AsType[*csvjson.SourceError](err); ok {
		err = fmt.Errorf("%w (byte %d)", err, broken.Offset)
	}
	switch {
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	case err == nil && t.nrefuse == 0 && t.unsure == 0:
		return nil
	case err == nil:
		return fmt.Errorf("%d records were acknowledged, %d can never be sent, %d may be in the stream", n, t.nrefuse, t.unsure)
	}
	text := fmt.Sprintf("%d records were acknowledged", n)
	if t.unsure > 0 {
		text += fmt.Sprintf(", and %d more may be in the stream", t.unsure)
	}
	if again := o.from + n + t.nrefuse - t.resume.next; again > 0 {
		text += fmt.Sprintf(". %d of them will be there twice when you go on", again)
	}
	return fmt.Errorf("%w\n%s.\nTo go on:\n  %s", err, text, o.command(t.resume.next))
}

// prefix finds how many records from the beginning are done, in whatever order
// they come.
type prefix struct {
	next  int64 // the first that is not done
	ahead map[int64]bool
}

func (p *prefix) add(number int64) {
	if number != p.next {
		if p.ahead == nil {
			p.ahead = make(map[int64]bool)
		}
		p.ahead[number] = true
		return
	}
	for p.next++; p.ahead[p.next]; p.next++ {
		delete(p.ahead, p.next)
	}
}
