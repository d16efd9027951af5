// Upload puts the records of a JSON or CSV file into a Kinesis stream.
//
//	upload -stream books books.json
//	upload -stream books -create 2 -aggregate books.csv
//	makedata | upload -stream books -
//
// It prints a summary at the end. When it is interrupted, or the file breaks
// off in the middle, it says how many records the stream has acknowledged, and
// the command that goes on after them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/examples/internal/connect"
	"github.com/kinesiskit/kinesiskit/examples/internal/progress"
	"github.com/kinesiskit/kinesiskit/examples/internal/quantity"
	"github.com/kinesiskit/kinesiskit/kstream"
)

func main() {
	ctx := connect.Interruptible(context.Background())
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return connect.Exit("upload", stderr, upload(ctx, args, stdin, stdout, stderr))
}

const usage = `Usage: upload -stream NAME [flags] FILE

Puts the records of FILE into a stream. FILE is JSON (an array, an array in an
array, or a record a line) or, if its name ends in .csv, CSV with a header
line; - is the standard input. Ctrl-C stops after the records that are on their
way, and says how to go on.

`

type options struct {
	connect   connect.Options
	stream    string
	file      string
	key       string
	create    int
	from      int64
	aggregate bool
	compress  bool
	flags     *flag.FlagSet
}

func parse(args []string, stderr io.Writer) (options, error) {
	flags := flag.NewFlagSet("upload", flag.ContinueOnError)
	o := options{flags: flags}
	flags.StringVar(&o.stream, "stream", "", "`name` or ARN of the stream (required)")
	flags.StringVar(&o.file, "file", "", "the `file`, instead of the argument")
	flags.StringVar(&o.key, "key", "Title", "`name` of the column whose text is the partition key, in any case; '' spreads the records evenly over the shards")
	flags.IntVar(&o.create, "create", 0, "create the stream with `n` shards if there is none")
	flags.Int64Var(&o.from, "from", 0, "skip the first `n` records: go on after an interruption")
	flags.BoolVar(&o.aggregate, "aggregate", false, "pack records together, as the Kinesis Producer Library does")
	flags.BoolVar(&o.compress, "compress", false, "pack and compress records, for readers that use kstream")
	o.connect.Flags(flags)
	if err := connect.Parse(flags, args, usage, stderr); err != nil {
		return o, err
	}
	if err := o.check(); err != nil {
		return o, fmt.Errorf("%w: %w", err, connect.ErrUsage)
	}
	return o, nil
}

func (o *options) check() error {
	args := o.flags.Args()
	if o.file == "" && len(args) > 0 {
		o.file, args = args[0], args[1:]
	}
	var errs []error
	bad := func(when bool, text string) {
		if when {
			errs = append(errs, errors.New(text))
		}
	}
	bad(o.stream == "", "-stream is missing")
	bad(o.file == "", "the file is missing (- is the standard input)")
	bad(len(args) > 0, fmt.Sprintf("one file at a time, flags before it: what is %q?", args))
	bad(o.create < 0, "-create is negative")
	bad(o.from < 0, "-from is negative")
	return errors.Join(errs...)
}

// command is the command line that goes on after the first n records.
func (o *options) command(n int64) string {
	words := []string{"upload"}
	o.flags.Visit(func(f *flag.Flag) {
		switch isBool, _ := f.Value.(interface{ IsBoolFlag() bool }); {
		case f.Name == "from" || f.Name == "file":
		case isBool != nil && isBool.IsBoolFlag():
			words = append(words, "-"+f.Name+"="+f.Value.String())
		default:
			words = append(words, "-"+f.Name, quote(f.Value.String()))
		}
	})
	return strings.Join(append(words, "-from", fmt.Sprint(n), quote(o.file)), " ")
}

// quote makes a word of a shell's command line.
func quote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func upload(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	client, err := o.connect.Client(ctx)
	if err != nil {
		return err
	}
	return transfer(ctx, client, o, stdin, stdout, stderr)
}

// transfer uploads the file with a client.
func transfer(ctx context.Context, client *kinesis.Client, o options, stdin io.Reader, stdout, stderr io.Writer) error {
	source, err := open(ctx, o.file, stdin)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := source.checkKey(o.key); err != nil {
		return err
	}
	switch err := prepare(ctx, client, o, stderr); {
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted before the first record")
	case err != nil:
		return connect.Explain(client, err)
	}
	t := newTally(source)
	stop := progress.Show(stderr, t.line)
	err = send(ctx, client, o, source, t)
	stop()
	t.print(stdout, stderr)
	switch begun := t.begun.Load(); {
	case begun == 0 && err == nil && o.from > 0:
		fmt.Fprintf(stderr, "warning: %s has no more than %s: nothing was left to upload\n", source.name, quantity.Of(o.from, "record"))
	case begun == 0 && err == nil:
		fmt.Fprintf(stderr, "warning: %s has no records\n", source.name)
	case begun > 0 && t.keyless.Load() == begun:
		fmt.Fprintf(stderr, "warning: no record has a text in %q: all have the same partition key and are in one shard; see -key\n", o.key)
	}
	if ctx.Err() != nil && err != nil {
		err = errors.New("interrupted")
	}
	return t.outcome(o, connect.Explain(client, err))
}

// prepare makes sure that the stream is there before anything is read.
func prepare(ctx context.Context, client *kinesis.Client, o options, stderr io.Writer) error {
	if o.create > 0 {
		info, err := kstream.CreateStream(ctx, client, o.stream, kstream.StreamOptions{Shards: o.create})
		if err == nil {
			fmt.Fprintf(stderr, "created the stream %s, shards: %d\n", info.Name, info.OpenShards)
			return nil
		}
		if !errors.Is(err, kstream.ErrStreamExists) {
			return err
		}
	}
	_, err := kstream.WaitActive(ctx, client, o.stream)
	return err
}
