package kstream_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// letters makes a server with a stream that holds a, b, c and d.
func letters() *kstreamtest.Server {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	server.CreateStream("letters", 1)
	for _, letter := range []string{"a", "b", "c", "d"} {
		server.Put("letters", kstreamtest.Record{PartitionKey: "k", Data: []byte(letter)})
	}
	return server
}

// Other goroutines work on the records and mark them. What they mark after the
// loop has ended is saved by Checkpoint.
func ExampleRecord_Done() {
	server := letters()
	defer server.Close()
	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[string]{
		Stream: "letters", Until: kstream.Tip(), Store: new(kstream.MemoryStore), ManualDone: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	work := make(chan kstream.Record[string], 4)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for rec := range work {
				// … work on rec.Value
				rec.Done()
			}
		})
	}
	for pass := range 2 {
		n := 0
		for rec, err := range consumer.Records(context.Background()) {
			if err != nil {
				log.Fatal(err)
			}
			n++
			work <- rec
		}
		fmt.Println("loop", pass, "read", n)
		if pass == 0 {
			close(work)
			workers.Wait()
			if err := consumer.Checkpoint(context.Background()); err != nil {
				log.Fatal(err)
			}
		}
	}
	// Output:
	// loop 0 read 4
	// loop 1 read 0
}

// The program keeps its position by itself, and goes on from it.
func ExampleAfterRecord() {
	server := letters()
	defer server.Close()
	positions := make(map[string]kstream.Position)
	for range 2 {
		consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[string]{
			Stream: "letters", StartShards: positions, Until: kstream.Count(2),
		})
		if err != nil {
			log.Fatal(err)
		}
		for rec, err := range consumer.Records(context.Background()) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(rec.Value, " ")
			positions[rec.ShardID] = kstream.AfterRecord(rec.SequenceNumber, rec.SubSequence) // or rec.Position()
		}
	}
	// Output: a b c d
}

// Records that cannot be decoded go to another place, and the loop sees only
// the others.
func ExampleConsumerConfig_onDecodeError() {
	server := letters()
	defer server.Close()
	server.Put("letters", kstreamtest.Record{PartitionKey: "k", Data: []byte(`"e"`)})
	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[string]{
		Stream: "letters", Codec: kstream.JSON[string](), Until: kstream.Tip(),
		OnDecodeError: func(poison *kstream.DecodeError) error {
			fmt.Printf("set aside %s\n", poison.Data)
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for rec, err := range consumer.Records(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.Value)
	}
	// Output:
	// set aside a
	// set aside b
	// set aside c
	// set aside d
	// e
}
