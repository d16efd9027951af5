package kstream_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A stream is created unless it is there, and used when it is active.
func ExampleCreateStream() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	ctx, client := context.Background(), server.Client()

	for range 2 {
		info, err := kstream.CreateStream(ctx, client, "books", kstream.StreamOptions{Shards: 2})
		if errors.Is(err, kstream.ErrStreamExists) {
			fmt.Println("it is there")
			info, err = kstream.WaitActive(ctx, client, "books")
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(info.Name, info.Status, info.OpenShards)
	}
	// Output:
	// books ACTIVE 2
	// it is there
	// books ACTIVE 2
}

// Deleting a stream waits until it is gone.
func ExampleDeleteStream() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 1)
	ctx, client := context.Background(), server.Client()

	if err := kstream.DeleteStream(ctx, client, "books"); err != nil {
		log.Fatal(err)
	}
	_, err := kstream.DescribeStream(ctx, client, "books")
	fmt.Println(errors.Is(err, kstream.ErrStreamNotFound))
	// Output: true
}

// Any text becomes a legal partition key; a legal one stays as it is.
func ExamplePartitionKey() {
	fmt.Println(kstream.PartitionKey("The Left Hand of Darkness"))
	fmt.Println(kstream.PartitionKey(""))
	// Output:
	// The Left Hand of Darkness
	// (empty)
}
