// Experiment takes books from CSV to JSON to a Kinesis stream and back to
// statistics, as the experiment did whose figures it prints beside its own: 212
// records on one shard in 10.36 s, 8,786 on two in 276.68 s, one put_record
// after the other.
//
//	experiment                                  # made-up books, the embedded server
//	experiment -rom rom.csv -book book.csv      # other books
//	experiment -aws                             # the real service, which costs some cents
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/kinesiskit/kinesiskit/examples/internal/connect"
	"github.com/kinesiskit/kinesiskit/examples/internal/progress"
	"github.com/kinesiskit/kinesiskit/examples/internal/quantity"
)

func main() {
	ctx := connect.Interruptible(context.Background())
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	return connect.Exit("experiment", stderr, experiment(ctx, args, stdout, stderr))
}

const usageText = `Usage: experiment [flags]

Takes two tables of books from CSV to JSON, through a Kinesis stream, and back
to statistics. Measures the upload beside one PutRecord after the other and
beside what the shards' limits allow, and checks that nothing was lost and that
the statistics are right to the last digit. Exits with 1 if not.

Without flags: made-up books, 212 on one shard and 8,786 on two, on a server in
this process that enforces the limits of the service. Takes half a minute.

`

// original is a run of the experiment of which this is the repetition.
type original struct {
	shards int
	took   time.Duration

	// delay is the round trip that reproduces took with the original's
	// scripts.
	delay time.Duration
}

func originals() map[int]original {
	return map[int]original{
		212:  {shards: 1, took: 10360 * time.Millisecond, delay: 43400 * time.Microsecond},
		8786: {shards: 2, took: 276680 * time.Millisecond, delay: 25800 * time.Microsecond},
	}
}

// otherDelay is the delay of a run that the original had none of.
const otherDelay = 30 * time.Millisecond

// sampled is how many records of a large input the sequential baseline takes.
const sampled = 200

type options struct {
	connect   connect.Options
	rom, book string
	rows      int
	seed      uint64
	save      string
	shards    int
	delay     time.Duration
	aws, full bool
	prices    prices
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("experiment", flag.ContinueOnError)
	flags.StringVar(&o.rom, "rom", "", "CSV `file` with the columns Title, Author(s), Price, Description, …, instead of made-up books")
	flags.StringVar(&o.book, "book", "", "CSV `file` with the columns title, author, price, description, …, to go with -rom")
	flags.IntVar(&o.rows, "rows", 0, "make up `n` books and run only those")
	flags.Uint64Var(&o.seed, "seed", 1, "make up other books: the same `seed`, the same books")
	flags.StringVar(&o.save, "save", "", "only write the made-up CSV files to this `folder`")
	flags.IntVar(&o.shards, "shards", 0, "`n` shards, instead of the original's (1 for 212 records, 2 for 8,786) or 1")
	flags.DurationVar(&o.delay, "delay", 0, "`round trip` of the embedded server, instead of the one that reproduces the original (43.4ms for 212 records, 25.8ms for 8,786) or 30ms")
	flags.BoolVar(&o.aws, "aws", false, "use the real service: creates and deletes streams of its own")
	flags.BoolVar(&o.full, "full", false, "take all records one after the other, not a sample: 4 minutes for 8,786")
	o.connect.Flags(flags)
	o.prices.flags(flags)
	if err := connect.Parse(flags, args, usageText, stderr); err != nil {
		return o, err
	}
	if err := o.check(flags.Args()); err != nil {
		return o, fmt.Errorf("%w: %w", err, connect.ErrUsage)
	}
	return o, nil
}

func (o options) check(args []string) error {
	var errs []error
	bad := func(when bool, text string) {
		if when {
			errs = append(errs, errors.New(text))
		}
	}
	bad(len(args) > 0, fmt.Sprintf("unexpected arguments %q", args))
	bad((o.rom == "") != (o.book == ""), "-rom and -book go together")
	bad(o.rom != "" && o.rows != 0, "-rows is for made-up books, not for -rom and -book")
	bad(o.rom != "" && o.save != "", "-save is for made-up books, not for -rom and -book")
	bad(o.rows < 0, "-rows is negative")
	bad(o.shards < 0, "-shards is negative")
	bad(o.delay < 0, "-delay is negative")
	bad(o.aws && o.delay != 0, "-delay is for the embedded server: real AWS has its own")
	bad(!o.aws && o.connect != connect.Options{}, "-region and -endpoint go with -aws")
	return errors.Join(errs...)
}

// inputs makes the tables that are to be run.
func (o options) inputs() ([]input, error) {
	if o.rom != "" {
		in, err := fromFiles(o.rom, o.book)
		return []input{in}, err
	}
	var all []input
	for _, rows := range o.sizes() {
		in, err := generated(rows, o.seed)
		if err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	return all, nil
}

// sizes are those of the made-up tables.
func (o options) sizes() []int {
	if o.rows > 0 {
		return []int{o.rows}
	}
	return []int{212, 8786}
}

// plan says how to run an input of so many records.
func (o options) plan(records int) plan {
	like := originals()[records]
	p := plan{shards: max(1, like.shards), delay: otherDelay, original: like.took, sample: sampled, ways: ways()}
	if like.delay > 0 {
		p.delay = like.delay
	}
	if o.shards > 0 {
		p.shards = o.shards
	}
	if o.delay > 0 {
		p.delay = o.delay
	}
	if o.aws {
		p.delay = 0
	}
	if o.full || records <= 1000 {
		p.sample = records
	}
	return p
}

func experiment(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.save != "" {
		return o.saveBooks(stdout)
	}
	inputs, err := o.inputs()
	if err != nil {
		return err
	}
	var results []*result
	for _, in := range inputs {
		r, err := o.playOne(ctx, in, stderr)
		if ctx.Err() != nil {
			return errors.New("interrupted: there are no figures of half a run")
		}
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	write(stdout, results, o.prices)
	notes(stdout, results, o.aws)
	var wrong []error
	for _, r := range results {
		if r.wrong != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", quantity.Of(len(r.records), "record"), r.wrong))
		}
	}
	return errors.Join(wrong...)
}

func (o options) saveBooks(stdout io.Writer) error {
	for _, rows := range o.sizes() {
		names, err := save(o.save, rows, o.seed)
		if err != nil {
			return err
		}
		for _, name := range names {
			fmt.Fprintln(stdout, name)
		}
	}
	return nil
}

// playOne runs one input on a service of its own, showing on a terminal what
// is under way.
func (o options) playOne(ctx context.Context, in input, stderr io.Writer) (*result, error) {
	p := o.plan(len(in.records))
	svc, err := o.service(ctx, p.delay)
	if err != nil {
		return nil, err
	}
	defer svc.close()
	phase := newPhase()
	stop := progress.Show(stderr, phase.line)
	defer stop()
	return play(ctx, svc, in, p, fmt.Sprintf("kinesiskit-experiment-%d", len(in.records)), phase.say)
}

func (o options) service(ctx context.Context, delay time.Duration) (service, error) {
	if o.aws {
		return real(ctx, o.connect)
	}
	return embedded(delay), nil
}
