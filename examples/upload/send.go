package main

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream"
)

// settleTimeout is how long the records that are on their way may take after
// Ctrl-C.
const settleTimeout = 10 * time.Second

// send uploads the source. Whatever ends it early, the tally then says what
// became of every record that was begun.
func send(ctx context.Context, client *kinesis.Client, o options, s *source, t *tally) error {
	config := kstream.ProducerConfig[row]{
		Stream:    o.stream,
		Codec:     rowCodec{},
		Aggregate: o.aggregate,
		Compress:  o.compress,
		OnSettled: t.settled,
	}
	if o.key != "" {
		config.PartitionKey = func(r row) string { return r.key }
	}
	producer, err := kstream.NewProducer(client, config)
	if err != nil {
		return err
	}
	t.begin = time.Now()
	summary, err := producer.SendAll(ctx, s.rows(o.key, o.from, t.found))
	t.resume = o.from + summary.Resume

	// Ctrl-C does not take away the records that are on their way.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	err = errors.Join(err, producer.Close(closing))
	t.took = time.Since(t.begin)
	t.stats = producer.Stats()
	return err
}
