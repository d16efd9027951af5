package kstream_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"log/slog"
	"strings"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

type Order struct {
	Customer string
	Amount   int
}

// A service puts one value and answers its own caller when it is safe.
func ExampleProducer_Put() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("orders", 1)
	ctx := context.Background()

	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[Order]{
		Stream:       "orders",
		PartitionKey: func(o Order) string { return kstream.PartitionKey(o.Customer) },
	})
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := producer.Put(ctx, Order{"ada", 42})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("in", receipt.ShardID, "after", receipt.Attempts, "attempt")
	if err := producer.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", server.Records("orders")[0].Data)
	// Output:
	// in shardId-000000000000 after 1 attempt
	// {"Customer":"ada","Amount":42}
}

// A stream of values is sent without waiting for each; a callback hears what
// became of them.
func ExampleProducer_Send() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("clicks", 2)
	ctx := context.Background()

	delivered := 0
	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[string]{
		Stream:    "clicks",
		Aggregate: true, // small values share records
		OnSettled: func(s kstream.Settlement[string]) {
			if s.Outcome != kstream.Delivered {
				log.Printf("%q: %v: %v", s.Value, s.Outcome, s.Err)
				return
			}
			delivered++
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for i := range 5000 {
		if err := producer.Send(ctx, fmt.Sprint("click ", i)); err != nil {
			log.Fatal(err)
		}
	}
	if err := producer.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(delivered, "values in fewer than 20 records:", producer.Stats().Entries < 20)
	// Output: 5000 values in fewer than 20 records: true
}

// An upload sends all of a sequence, and knows where to go on if it breaks off.
func ExampleProducer_SendAll() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 2)
	ctx := context.Background()

	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[string]{
		Stream:       "books",
		PartitionKey: func(title string) string { return title },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close(ctx)

	summary, err := producer.SendAll(ctx, titles("Dune", "", "Emma"))
	fmt.Println(summary.Delivered, "delivered,", summary.Failed, "failed, resume at", summary.Resume)
	if failed, ok := errors.AsType[*kstream.FailedError[string]](err); ok {
		for _, s := range failed.Failed {
			fmt.Printf("%q: %v\n", s.Value, s.Err)
		}
	}
	// Output:
	// 2 delivered, 1 failed, resume at 3
	// "": kstream: partition key is not legal: it is empty
}

func titles(list ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, title := range list {
			if !yield(strings.TrimSpace(title), nil) {
				return
			}
		}
	}
}

// Text is packed and compressed, for a Consumer of this package to read.
func ExampleProducerConfig_compress() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("pages", 1)
	ctx := context.Background()

	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[string]{
		Stream:   "pages",
		Compress: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	page := strings.Repeat("It was the best of times, it was the worst of times. ", 20)
	for range 200 {
		if err := producer.Send(ctx, page); err != nil {
			log.Fatal(err)
		}
	}
	if err := producer.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("a tenth on the wire:", producer.Stats().Bytes < int64(200*len(page)/10))

	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[string]{
		Stream: "pages",
		Until:  kstream.Tip(),
	})
	if err != nil {
		log.Fatal(err)
	}
	read := 0
	for record, err := range consumer.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if record.Value == page {
			read++
		}
	}
	fmt.Println(read, "pages read")
	// Output:
	// a tenth on the wire: true
	// 200 pages read
}

// The changes of one account arrive in the order in which they were sent,
// many at a time.
func ExampleProducerConfig_ordered() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("accounts", 2)
	ctx := context.Background()

	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[Order]{
		Stream:       "accounts",
		PartitionKey: func(o Order) string { return o.Customer },
		Ordered:      true,
		Aggregate:    true, // or each value of a key would wait for the one before
	})
	if err != nil {
		log.Fatal(err)
	}
	for amount := range 5 {
		for _, customer := range []string{"ada", "bob"} {
			if err := producer.Send(ctx, Order{customer, amount}); err != nil {
				log.Fatal(err)
			}
		}
	}
	if err := producer.Close(ctx); err != nil {
		log.Fatal(err)
	}

	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[Order]{
		Stream: "accounts",
		Until:  kstream.Tip(),
	})
	if err != nil {
		log.Fatal(err)
	}
	amounts := make(map[string][]int)
	for record, err := range consumer.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		order := record.Value
		amounts[order.Customer] = append(amounts[order.Customer], order.Amount)
	}
	fmt.Println(amounts)
	// Output: map[ada:[0 1 2 3 4] bob:[0 1 2 3 4]]
}

// A Put that fails says whether its value may be in the stream all the same.
func ExampleDeliveryError() {
	server := kstreamtest.NewServer(kstreamtest.Options{
		Hook: func(r kstreamtest.Request) *kstreamtest.Reply {
			if r.Operation != "PutRecords" {
				return nil
			}
			return &kstreamtest.Reply{Code: "AccessDeniedException", Message: "not for you"}
		},
	})
	defer server.Close()
	server.CreateStream("orders", 1)
	ctx := context.Background()

	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[string]{Stream: "orders"})
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close(ctx)
	_, err = producer.Put(ctx, "an order")
	if failed, ok := errors.AsType[*kstream.DeliveryError](err); ok {
		switch failed.Outcome {
		case kstream.Failed:
			fmt.Println("not in the stream, after", failed.Attempts, "attempt: sending it again makes no duplicate")
		case kstream.MaybeDelivered:
			fmt.Println("perhaps in the stream: sending it again may make a duplicate")
		}
	}
	// Output: not in the stream, after 1 attempt: sending it again makes no duplicate
}

// A bridge from a queue: what was taken from it is acknowledged there when it
// is safe in the stream, and what failed is left for the next time.
func ExampleProducer_Flush() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("orders", 1)
	ctx := context.Background()

	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[Order]{Stream: "orders"})
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close(ctx)

	server.Inject(kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "PutRecords", Code: "AccessDeniedException", Count: 1})
	queue := []Order{{"ada", 1}, {"bob", 2}, {"eve", 3}}
	for len(queue) > 0 {
		for _, order := range queue {
			if err := producer.Send(ctx, order); err != nil {
				log.Fatal(err)
			}
		}
		err := producer.Flush(ctx)
		failed, ok := errors.AsType[*kstream.FailedError[Order]](err)
		if err != nil && !ok {
			log.Fatal(err)
		}
		queue = nil
		if ok {
			for _, s := range failed.Failed {
				queue = append(queue, s.Value)
			}
		}
		fmt.Println(len(queue), "left")
	}
	// Output:
	// 3 left
	// 0 left
}

// A service ends while the stream is out of reach. Close waits for as long as
// it may, and hands back what it could not deliver, to be kept elsewhere.
func ExampleProducer_Close() {
	outage := kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "PutRecords", Code: "ServiceUnavailable"}
	server := kstreamtest.NewServer(kstreamtest.Options{Faults: []kstreamtest.Fault{outage}})
	defer server.Close()
	server.CreateStream("orders", 1)

	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[Order]{
		Stream: "orders",
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, order := range []Order{{"ada", 1}, {"bob", 2}} {
		if err := producer.Send(context.Background(), order); err != nil {
			log.Fatal(err)
		}
	}
	patience, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond) // rather 20 s
	defer cancel()
	err = producer.Close(patience)
	fmt.Println("in time:", !errors.Is(err, context.DeadlineExceeded))
	if failed, ok := errors.AsType[*kstream.FailedError[Order]](err); ok {
		for _, s := range failed.Failed {
			fmt.Println("keep", s.Value)
		}
	}
	// Output:
	// in time: false
	// keep {ada 1}
	// keep {bob 2}
}

// What a stream is billed for is counted in units of 25 KB a record, so that
// small values cost less together.
func ExampleProducer_Stats() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("clicks", 1)
	ctx := context.Background()

	for _, aggregate := range []bool{false, true} {
		producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[string]{
			Stream:    "clicks",
			Aggregate: aggregate,
			Linger:    time.Minute, // or until Close
		})
		if err != nil {
			log.Fatal(err)
		}
		for i := range 200 {
			if err := producer.Send(ctx, fmt.Sprint("click ", i)); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println(producer.Stats().BufferedRecords, "in the buffer")
		if err := producer.Close(ctx); err != nil {
			log.Fatal(err)
		}
		stats := producer.Stats()
		fmt.Println(stats.Delivered, "values in", stats.Entries, "records:", stats.PayloadUnits, "payload units")
	}
	// Output:
	// 200 in the buffer
	// 200 values in 200 records: 200 payload units
	// 200 in the buffer
	// 200 values in 1 records: 1 payload units
}
