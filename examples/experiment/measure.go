package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/aggregate"
	"github.com/kinesiskit/kinesiskit/kstream"
)

// sequential writes records as the original did, one PutRecord after the
// other, and returns how long it took.
func sequential(ctx context.Context, client *kinesis.Client, stream string, records []record) (time.Duration, error) {
	begin := time.Now()
	for _, r := range records {
		_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: &stream, Data: r.data, PartitionKey: &r.key})
		if err != nil {
			return 0, fmt.Errorf("the sequential baseline: %w", err)
		}
	}
	return time.Since(begin), nil
}

// uploaded is what writing with the Producer came to.
type uploaded struct {
	took    time.Duration
	summary kstream.Summary
	stats   kstream.ProducerStats
}

// produce writes records with the Producer; the time includes making it and
// closing it.
func produce(ctx context.Context, client *kinesis.Client, stream string, records []record, cfg kstream.ProducerConfig[record]) (uploaded, error) {
	cfg.Stream = stream
	cfg.PartitionKey = func(r record) string { return r.key }
	cfg.Codec = recordCodec{}
	var up uploaded
	begin := time.Now()
	producer, err := kstream.NewProducer(client, cfg)
	if err != nil {
		return up, err
	}
	up.summary, err = producer.SendAll(ctx, each(records))
	err = errors.Join(err, producer.Close(ctx))
	up.took = time.Since(begin)
	up.stats = producer.Stats()
	return up, err
}

func each(records []record) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// recordCodec puts a record's JSON on the wire as it is.
type recordCodec struct{}

func (recordCodec) Append(dst []byte, r record) ([]byte, error) { return append(dst, r.data...), nil }
func (recordCodec) Decode(data []byte) (record, error)          { return record{data: data}, nil }

// readBack is what came out of the stream.
type readBack struct {
	took          time.Duration
	records       int64
	bytes         int64
	lost, doubled int64
	prices        aggregate.Summary
}

// consume reads the stream to its tip, sums up the prices, and compares record
// by record with what was written.
func consume(ctx context.Context, client *kinesis.Client, stream string, written []record) (*readBack, error) {
	consumer, err := kstream.NewConsumer(client, kstream.ConsumerConfig[json.RawMessage]{
		Stream: stream, Until: kstream.Tip(),
	})
	if err != nil {
		return nil, err
	}
	var back readBack
	read := make([]record, 0, len(written))
	begin := time.Now()
	for r, err := range consumer.Records(ctx) {
		if err != nil {
			return nil, err
		}
		back.prices.AddPrice(priceOf(r.Value))
		read = append(read, record{key: r.PartitionKey, data: r.Value})
	}
	back.took = time.Since(begin)
	back.compare(written, read)
	return &back, nil
}

// compare counts what is missing and what is there too often. Records with the
// same key and the same data are as good as each other.
func (b *readBack) compare(written, read []record) {
	open := make(map[[sha256.Size]byte]int64, len(written))
	for _, r := range written {
		open[digest(r)]++
	}
	b.lost = int64(len(written))
	for _, r := range read {
		b.records++
		b.bytes += r.size()
		id := digest(r)
		if open[id] > 0 {
			open[id]--
			b.lost--
		} else {
			b.doubled++
		}
	}
}

func digest(r record) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(r.key+"\x00"), r.data...))
}

// check compares the statistics with the truth, to the last digit.
func (b *readBack) check(want truth) error {
	var errs []error
	if b.lost > 0 || b.doubled > 0 {
		errs = append(errs, fmt.Errorf("records: %d lost, %d too many", b.lost, b.doubled))
	}
	if got := b.prices.Count(); got != want.priced {
		errs = append(errs, fmt.Errorf("books with a price: %d, not %d", got, want.priced))
	}
	if got := b.prices.Sum().String(); got != want.sum {
		errs = append(errs, fmt.Errorf("the prices sum up to %s, not %s", got, want.sum))
	}
	return errors.Join(errs...)
}
