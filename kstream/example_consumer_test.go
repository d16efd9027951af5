package kstream_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A loop over all that a stream holds. Without Until it would go on for ever.
// It may go on after two kinds of error.
func ExampleConsumer_Records() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("titles", 1)
	server.Put("titles", kstreamtest.Record{PartitionKey: "a", Data: []byte(`"Emma"`)})
	server.Put("titles", kstreamtest.Record{PartitionKey: "a", Data: []byte(`Dune`)}) // not JSON
	server.Put("titles", kstreamtest.Record{PartitionKey: "a", Data: []byte(`"Persuasion"`)})

	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[string]{
		Stream: "titles",
		Codec:  kstream.JSON[string](),
		Until:  kstream.Tip(),
	})
	if err != nil {
		log.Fatal(err)
	}
	for rec, err := range consumer.Records(context.Background()) {
		if poison, ok := errors.AsType[*kstream.DecodeError](err); ok {
			fmt.Printf("kept aside: %s\n", poison.Data)
			continue
		}
		if gap, ok := errors.AsType[*kstream.GapError](err); ok {
			fmt.Println("retention was shorter than the loop was late:", gap)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.Value)
	}
	// Output:
	// Emma
	// kept aside: Dune
	// Persuasion
}

// Progress is kept in a file: the second loop goes on where the first was left,
// with the record whose body did not finish.
func ExampleOpenFileStore() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("numbers", 1)
	for i := range 4 {
		server.Put("numbers", kstreamtest.Record{PartitionKey: "k", Data: fmt.Append(nil, i)})
	}
	dir, remove := scratch()
	defer remove()

	for range 2 {
		store, err := kstream.OpenFileStore(filepath.Join(dir, "checkpoints.json"))
		if err != nil {
			log.Fatal(err)
		}
		consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[int]{
			Stream: "numbers", Until: kstream.Tip(), Store: store,
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print("loop:")
		for rec, err := range consumer.Records(context.Background()) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(" ", rec.Value)
			if rec.Value == 2 {
				break // not done with it
			}
		}
		fmt.Println()
		if err := store.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// loop: 0 1 2
	// loop: 2
}

// Records are written elsewhere a batch at a time. They count as done when the
// body has finished for their batch.
func ExampleConsumer_Batches() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("numbers", 1)
	for i := range 5 {
		server.Put("numbers", kstreamtest.Record{PartitionKey: "k", Data: fmt.Append(nil, i)})
	}
	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[int]{
		Stream: "numbers", Until: kstream.Tip(), Store: new(kstream.MemoryStore),
	})
	if err != nil {
		log.Fatal(err)
	}
	for batch, err := range consumer.Batches(context.Background(), 2, time.Second) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(batch), "records from", batch[0].Value)
	}
	// Output:
	// 2 records from 0
	// 2 records from 2
	// 1 records from 4
}

// Each shard is read by a goroutine of its own.
func ExampleConsumer_EachShard() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("numbers", 4)
	for i := range 100 {
		server.Put("numbers", kstreamtest.Record{PartitionKey: fmt.Sprint("key ", i), Data: fmt.Append(nil, i)})
	}
	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[int]{Stream: "numbers", Until: kstream.Tip()})
	if err != nil {
		log.Fatal(err)
	}
	var sum atomic.Int64
	err = consumer.EachShard(context.Background(), func(ctx context.Context, shard kstream.Shard, records iter.Seq2[kstream.Record[int], error]) error {
		for rec, err := range records {
			if err != nil {
				return err
			}
			sum.Add(int64(rec.Value))
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum.Load())
	// Output: 4950
}

// A backfill reads what arrived between two times, and ends.
func ExampleUntilTime() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("numbers", 2)
	for i := range 100 {
		server.Put("numbers", kstreamtest.Record{PartitionKey: fmt.Sprint("key ", i), Data: fmt.Append(nil, i)})
	}
	now := time.Now()
	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[int]{
		Stream: "numbers",
		Start:  kstream.AtTime(now.Add(-time.Hour)),
		Until:  kstream.UntilTime(now.Add(10 * time.Millisecond)), // a time to come is waited for
	})
	if err != nil {
		log.Fatal(err)
	}
	n := 0
	for _, err := range consumer.Records(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n, "records of the last hour")
	// Output: 100 records of the last hour
}

// A job that runs now and then reads what is new since the last time. With a
// FileStore in place of a MemoryStore it can be another process each time.
func ExampleMemoryStore() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("numbers", 1)
	consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[int]{
		Stream: "numbers", Until: kstream.Tip(), Store: new(kstream.MemoryStore),
	})
	if err != nil {
		log.Fatal(err)
	}
	for run := range 3 {
		for i := range 2 {
			server.Put("numbers", kstreamtest.Record{PartitionKey: "k", Data: fmt.Append(nil, 10*run+i)})
		}
		for rec, err := range consumer.Records(context.Background()) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(rec.Value, " ")
		}
		fmt.Println("and that is all")
	}
	// Output:
	// 0 1 and that is all
	// 10 11 and that is all
	// 20 21 and that is all
}

// scratch makes a folder for an example.
func scratch() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "kstream")
	if err != nil {
		log.Fatal(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}
