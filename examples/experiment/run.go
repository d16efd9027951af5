package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kinesiskit/kinesiskit/examples/internal/quantity"
	"github.com/kinesiskit/kinesiskit/kstream"
)

// plan is how one input is to be run.
type plan struct {
	shards   int
	delay    time.Duration // of the embedded server
	original time.Duration // what the original took for so many records; 0: it had none such
	sample   int           // records of the sequential baseline
	ways     []way
}

// way is a way in which the Producer writes the records.
type way struct {
	name   string
	config kstream.ProducerConfig[record]
}

// ways are those that are compared: the first is the Producer as it comes.
func ways() []way {
	return []way{
		{name: "Producer"},
		{"Producer, aggregating", kstream.ProducerConfig[record]{Aggregate: true}},
		{"Producer, compressing", kstream.ProducerConfig[record]{Compress: true}},
	}
}

// pass is one way from the records to the stream and back.
type pass struct {
	way
	upload uploaded
	back   *readBack
}

// result is what came of one input.
type result struct {
	input
	plan
	limits     limits
	loads      []load
	sequential time.Duration // of the sample
	roundTrip  time.Duration // a request, without the work of sending it
	passes     []pass        // in the order of the plan's ways
	usage      usage         // of the first
	wrong      error         // records lost or statistics that differ
}

// A sayFunc is told what is under way.
type sayFunc func(format string, args ...any)

// play takes one input to the streams and back. Each measurement has a stream
// of its own, so that the Producer finds the buckets of its shards full.
func play(ctx context.Context, svc service, in input, p plan, prefix string, say sayFunc) (*result, error) {
	r := &result{input: in, plan: p, limits: svc.limits, loads: loadsOf(in.records, p.shards), usage: usage{shards: p.shards}}
	for _, rec := range in.records {
		r.usage.add(rec.size())
	}
	sample := in.records[:min(p.sample, len(in.records))]
	say("%s one after the other", quantity.Of(len(sample), "record"))
	first := prefix + "-sequential"
	err := svc.withStream(ctx, first, p.shards, func() (err error) {
		r.sequential, err = sequential(ctx, svc.client, first, sample)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.roundTrip = p.delay
	if r.roundTrip == 0 && len(sample) > 0 {
		r.roundTrip = r.sequential / time.Duration(len(sample))
	}
	for i, w := range p.ways {
		done, err := w.play(ctx, svc, in, p.shards, fmt.Sprintf("%s-producer-%d", prefix, i), say)
		if err != nil {
			return nil, err
		}
		if err := done.back.check(in.want); err != nil {
			r.wrong = errors.Join(r.wrong, fmt.Errorf("%s: %w", w.name, err))
		}
		r.passes = append(r.passes, done)
	}
	return r, nil
}

// play writes the records in this way and reads them back.
func (w way) play(ctx context.Context, svc service, in input, shards int, stream string, say sayFunc) (pass, error) {
	done := pass{way: w}
	err := svc.withStream(ctx, stream, shards, func() (err error) {
		say("%s: %s", w.name, quantity.Of(len(in.records), "record"))
		if done.upload, err = produce(ctx, svc.client, stream, in.records, w.config); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		say("reading %s", quantity.Of(len(in.records), "record"))
		done.back, err = consume(ctx, svc.client, stream, in.records)
		return err
	})
	return done, err
}

// wholeSequential returns how long the baseline takes for all records, and
// whether that is extrapolated from a sample.
func (r *result) wholeSequential() (took time.Duration, extrapolated bool) {
	if r.sample >= len(r.records) {
		return r.sequential, false
	}
	return time.Duration(float64(r.sequential) / float64(r.sample) * float64(len(r.records))), true
}

// allowed is the least time in which the shards could have taken the records
// with full buckets, and two round trips: one to learn the shards, one for the
// answer to the last call.
func (r *result) allowed() time.Duration { return r.limits.bound(r.loads, true) + 2*r.roundTrip }
