package kinesiskit_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

// SendAll ends at the first error of its sequence. A filter between the two
// keeps bad rows aside, and lets the others through.
func Example_badRows() {
	stock := csvjson.Reader("stock.csv", strings.NewReader("sku,count\na1,5\nb2,many\nc3\nd4,7\n"))
	type Item struct {
		SKU   string `json:"sku"`
		Count int    `json:"count"`
	}

	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("stock", 1)
	ctx := context.Background()
	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[Item]{Stream: "stock"})
	if err != nil {
		log.Fatal(err)
	}
	items := goodRows(csvjson.All[Item](csvjson.Options{}, stock), func(bad *csvjson.RowError) { fmt.Println(bad) })
	sent, err := producer.SendAll(ctx, items)
	if err := errors.Join(err, producer.Close(ctx)); err != nil {
		log.Fatal(err)
	}
	fmt.Println("delivered:", sent.Delivered)
	// Output:
	// csvjson: stock.csv: line 3, column 4: row 2: count: not a number
	// csvjson: stock.csv: line 4, column 3: row 3: wrong number of fields: the row has 1, the header 2
	// delivered: 2
}

// goodRows yields what rows does, but for bad rows, which it gives to aside.
func goodRows[T any](rows iter.Seq2[T, error], aside func(*csvjson.RowError)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for row, err := range rows {
			if bad, ok := errors.AsType[*csvjson.RowError](err); ok {
				aside(bad)
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	}
}
