package kstream_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"strings"

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
