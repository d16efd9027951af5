// Process reads every shard of a stream of JSON records and prints the
// statistics of one column: how many values there are, how many are missing
// and why, sum, mean, smallest, largest, median and standard deviation.
//
//	process -stream books
//	process -stream books -start latest -follow
//	process -stream books -start 2026-05-04T12:00:00Z -column price -by-currency
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/examples/internal/connect"
	"github.com/kinesiskit/kinesiskit/examples/internal/jsonfield"
	"github.com/kinesiskit/kinesiskit/examples/internal/progress"
	"github.com/kinesiskit/kinesiskit/examples/internal/quantity"
	"github.com/kinesiskit/kinesiskit/kstream"
)

func main() {
	ctx := connect.Interruptible(context.Background())
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	return connect.Exit("process", stderr, process(ctx, args, stdout, stderr))
}

const usage = `Usage: process -stream NAME [flags]

Reads every shard of a stream of JSON records up to its tip, and prints the
statistics of one column. Ctrl-C stops early and prints what was read.

`

type options struct {
	connect    connect.Options
	stream     string
	start      kstream.Position
	follow     bool
	column     string
	byCurrency bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("process", flag.ContinueOnError)
	flags.StringVar(&o.stream, "stream", "", "`name` or ARN of the stream (required)")
	start := flags.String("start", "trim_horizon", "where to `begin`: trim_horizon (the oldest record), latest (only with -follow), or a time such as 2026-05-04T12:00:00Z")
	flags.BoolVar(&o.follow, "follow", false, "wait for new records at the tip, until Ctrl-C")
	flags.StringVar(&o.column, "column", "Price", "`name` of the column, in any case")
	flags.BoolVar(&o.byCurrency, "by-currency", false, "print each currency by itself, instead of the commonest")
	o.connect.Flags(flags)
	if err := connect.Parse(flags, args, usage, stderr); err != nil {
		return o, err
	}
	var err error
	switch o.start, err = position(*start); {
	case err != nil:
		return o, fmt.Errorf("-start %s: %w: %w", *start, err, connect.ErrUsage)
	case o.stream == "":
		return o, fmt.Errorf("-stream is missing: %w", connect.ErrUsage)
	case o.column == "":
		return o, fmt.Errorf("-column is empty: %w", connect.ErrUsage)
	case o.start.Equal(kstream.Latest()) && !o.follow:
		return o, fmt.Errorf("-start latest needs -follow: up to the tip nothing comes after it: %w", connect.ErrUsage)
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: %w", flags.Arg(0), connect.ErrUsage)
	}
	return o, nil
}

func position(text string) (kstream.Position, error) {
	switch text {
	case "trim_horizon", "TRIM_HORIZON":
		return kstream.TrimHorizon(), nil
	case "latest", "LATEST":
		return kstream.Latest(), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return kstream.Position{}, errors.New("neither trim_horizon nor latest nor a time such as 2026-05-04T12:00:00Z")
	}
	if t.After(time.Now()) {
		return kstream.Position{}, errors.New("the time is in the future")
	}
	return kstream.AtTime(t), nil
}

func process(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	client, err := o.connect.Client(ctx)
	if err != nil {
		return err
	}
	return report(ctx, client, o, stdout, stderr)
}

// report reads the stream and prints the statistics, of a part of it if it
// comes to that.
func report(ctx context.Context, client *kinesis.Client, o options, stdout, stderr io.Writer) error {
	stats := newStatistics(o.column)
	begin := time.Now()
	err := read(ctx, client, o, stats, stderr)
	stats.took = time.Since(begin)

	interrupted := err != nil && ctx.Err() != nil
	if err == nil || interrupted || stats.records > 0 {
		stats.print(stdout, o.stream, o.byCurrency)
	}
	switch {
	case interrupted && o.follow:
		return nil // that is how it ends
	case interrupted:
		return fmt.Errorf("interrupted: the statistics are of the %s until then", quantity.Of(stats.records, "record"))
	case err != nil:
		return connect.Explain(client, err)
	}
	return nil
}

// read adds every record to the statistics. A record that is no JSON object is
// counted and named there, and does not stop the others.
func read(ctx context.Context, client *kinesis.Client, o options, stats *statistics, stderr io.Writer) error {
	cfg := kstream.ConsumerConfig[jsonfield.Object]{Stream: o.stream, Start: o.start, Codec: jsonfield.Codec{}}
	if !o.follow {
		cfg.Until = kstream.Tip()
	}
	consumer, err := kstream.NewConsumer(client, cfg)
	if err != nil {
		return err
	}
	var count atomic.Int64
	stop := progress.Show(stderr, func() string { return quantity.Of(count.Load(), "record") })
	defer stop()

	for record, err := range consumer.Records(ctx) {
		count.Add(1)
		if poison, ok := errors.AsType[*kstream.DecodeError](err); ok {
			stats.addPoison(poison)
			continue
		}
		if gap, ok := errors.AsType[*kstream.GapError](err); ok {
			stats.gaps = append(stats.gaps, gap.Error())
			continue
		}
		if err != nil {
			return err
		}
		stats.add(record.ShardID, len(record.Data), record.Value)
	}
	return nil
}
