package kstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// An upload breaks off, here because its input does, and a later one goes on
// with the first value that may not be in the stream.
func ExampleSummary() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 2)
	ctx := context.Background()

	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[string]{Stream: "books"})
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close(ctx)

	breaksOff := func(yield func(string, error) bool) {
		for title, err := range titles("Dune", "Emma") {
			if !yield(title, err) {
				return
			}
		}
		yield("", io.ErrUnexpectedEOF)
	}
	first, err := producer.SendAll(ctx, breaksOff)
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF), first.Delivered, "delivered, resume at", first.Resume)

	// Resume is a number to write down: another process can take it from there.
	second, err := producer.SendAll(ctx, from(first.Resume, titles("Dune", "Emma", "Ulysses")))
	fmt.Println(err, second.Delivered, "delivered")
	fmt.Println(len(server.Records("books")), "in the stream")
	// Output:
	// true 2 delivered, resume at 2
	// <nil> 1 delivered
	// 3 in the stream
}

// from leaves out the first n values.
func from[T any](n int64, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		left := n
		for v, err := range seq {
			if err == nil && left > 0 {
				left--
				continue
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// A registered consumer is sent the records as they come, without polling, and
// shares its rate with nobody.
func ExampleConsumerConfig_fanOut() {
	server := letters()
	defer server.Close()
	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[string]{
		Stream:       "letters",
		FanOut:       "reader", // registered, if it is not yet
		FanOutOrPoll: true,     // rather than to end, where it can't be
		Until:        kstream.Tip(),
	})
	if err != nil {
		log.Fatal(err)
	}
	for rec, err := range consumer.Records(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(rec.Value, " ")
	}
	// Output: a b c d
}

// A program that keeps positions by itself stores them as text.
func ExamplePosition() {
	text := kstream.AfterRecord("49590338271490256608559692538361571095921575989136588898", 2).String()
	fmt.Println(text)

	var position kstream.Position
	if err := position.UnmarshalText([]byte(text)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(position.String() == text)
	fmt.Println(kstream.Position{})
	// Output:
	// AFTER_SEQUENCE_NUMBER 49590338271490256608559692538361571095921575989136588898 2
	// true
	// TRIM_HORIZON
}
