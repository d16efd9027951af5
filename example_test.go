package kinesiskit_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/kinesiskit/kinesiskit/aggregate"
	"github.com/kinesiskit/kinesiskit/csvjson"
	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

type Book struct {
	Title string          `json:"Title"`
	Price aggregate.Price `json:"Price"`
}

// The whole line: two CSV files with different columns become one table, its
// rows go into a stream and come back, and their prices are summed exactly.
func Example() {
	romance := csvjson.Reader("rom.csv", strings.NewReader("Title,Price\nDune,12.99\n1984,\n"))
	others := csvjson.Reader("book.csv", strings.NewReader("title,price,edition\nÉmile,\"1,234.01\",2nd\n"))
	opts := csvjson.Options{Columns: []csvjson.Column{
		{Name: "Title", Aliases: []string{"title"}, Required: true},
		{Name: "Price", Aliases: []string{"price"}},
	}}

	server := kstreamtest.NewServer(kstreamtest.Options{}) // or kinesis.NewFromConfig(cfg), for the real service
	defer server.Close()
	server.CreateStream("books", 2)
	ctx, client := context.Background(), server.Client()

	producer, err := kstream.NewProducer(client, kstream.ProducerConfig[Book]{
		Stream:       "books",
		PartitionKey: func(b Book) string { return kstream.PartitionKey(b.Title) },
	})
	if err != nil {
		log.Fatal(err)
	}
	sent, err := producer.SendAll(ctx, csvjson.All[Book](opts, romance, others))
	if err != nil {
		log.Fatal(err)
	}
	if err := producer.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("delivered:", sent.Delivered)

	consumer, err := kstream.NewConsumer(client, kstream.ConsumerConfig[Book]{
		Stream: "books",
		Until:  kstream.Tip(), // what the stream holds now
	})
	if err != nil {
		log.Fatal(err)
	}
	var prices aggregate.Summary
	for rec, err := range consumer.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		prices.AddPrice(rec.Value.Price)
	}
	fmt.Printf("priced: %d, missing: %d, sum: %v, mean: %v\n",
		prices.Count(), prices.Missing(), prices.Sum(), prices.Mean())
	// Output:
	// delivered: 3
	// priced: 2, missing: 1, sum: 1247, mean: 623.5
}
