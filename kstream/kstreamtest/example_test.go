package kstreamtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A shard refuses writes for two seconds, a reshard comes in between, and
// everything arrives. In the bubble this takes no time at all.
func TestUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := kstreamtest.NewServer(kstreamtest.Options{
			Delay: 20 * time.Millisecond, // a round trip
			Faults: []kstreamtest.Fault{
				{Kind: kstreamtest.Throttle, Shard: "shardId-000000000001", For: 2 * time.Second},
			},
		})
		defer server.Close()
		server.CreateStream("books", 2)
		client := server.Client()

		go func() {
			time.Sleep(time.Second)
			_, err := client.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{
				StreamName: aws.String("books"), TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling,
			})
			if err != nil {
				t.Error(err)
			}
		}()
		values := []string{"Emma", "Ulysses", "Dune", "Dracula", "Persuasion", "It", "Middlemarch", "Beloved"}
		start := time.Now()
		if err := upload(t.Context(), client, "books", values); err != nil {
			t.Fatal(err)
		}

		if took := time.Since(start); took < time.Second || took > 3*time.Second {
			t.Errorf("took %v", took)
		}
		if n := len(server.Records("books")); n != len(values) {
			t.Errorf("%d records arrived, want %d", n, len(values))
		}
		refused := server.Counters().Shards[kstreamtest.ShardKey{Stream: "books", Shard: "shardId-000000000001"}].ThrottledWrites
		if refused == 0 {
			t.Error("nothing was refused")
		}
	})
}

// A server in a program or an example. Tests of anything that waits belong in a
// testing/synctest bubble, as the package documentation shows.
func Example() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 1)
	client := server.Client()

	ctx := context.Background()
	for _, title := range []string{"Emma", "Dune"} {
		_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
			StreamName: aws.String("books"), PartitionKey: aws.String(title), Data: []byte(`{"title":"` + title + `"}`),
		})
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, r := range server.Records("books") {
		fmt.Printf("%s %s %s\n", r.Shard, r.PartitionKey, r.Data)
	}
	// Output:
	// shardId-000000000000 Emma {"title":"Emma"}
	// shardId-000000000000 Dune {"title":"Dune"}
}

// Streams that the next server has too, after a crash as well.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "streams")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for range 2 {
		server, err := kstreamtest.Open(kstreamtest.Options{Dir: dir})
		if err != nil {
			fmt.Println(err)
			return
		}
		if !server.HasStream("books") {
			server.CreateStream("books", 1)
			server.Put("books", kstreamtest.Record{PartitionKey: "k", Data: []byte("Emma")})
		}
		fmt.Println(len(server.Records("books")), "record")
		server.Close()
	}
	// Output:
	// 1 record
	// 1 record
}

// What there is to read before the code under test begins, and how much it read.
func ExampleServer_Put() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 1)
	server.Put("books",
		kstreamtest.Record{PartitionKey: "k", Data: []byte("Emma")},
		kstreamtest.Record{PartitionKey: "k", Data: []byte("Dune")})

	ctx, client := context.Background(), server.Client()
	it, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: aws.String("books"), ShardId: aws.String("shardId-000000000000"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator, Limit: aws.Int32(1)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", out.Records[0].Data)
	shard := server.Counters().Shards[kstreamtest.ShardKey{Stream: "books", Shard: "shardId-000000000000"}]
	fmt.Println(shard.RecordsOut, "of", shard.RecordsIn, "records read")
	// Output:
	// Emma
	// 1 of 2 records read
}

// What the code under test does when the answer to a write is lost.
func ExampleServer_Inject() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 1)
	server.Inject(kstreamtest.Fault{Kind: kstreamtest.ResetAfter, Operation: "PutRecord", Count: 1})

	client := server.Client() // with the SDK's retries
	_, err := client.PutRecord(context.Background(), &kinesis.PutRecordInput{
		StreamName: aws.String("books"), PartitionKey: aws.String("k"), Data: []byte("once"),
	})
	fmt.Println("error:", err)
	fmt.Println("records:", len(server.Records("books")))
	// Output:
	// error: <nil>
	// records: 2
}

// Requests can be seen, and answered, before the server looks at them.
func ExampleOptions_hook() {
	server := kstreamtest.NewServer(kstreamtest.Options{
		Hook: func(r kstreamtest.Request) *kstreamtest.Reply {
			if r.Operation == "DeleteStream" {
				return &kstreamtest.Reply{Code: "AccessDeniedException", Message: "not in this test"}
			}
			return nil
		},
	})
	defer server.Close()
	server.CreateStream("books", 1)

	_, err := server.Client().DeleteStream(context.Background(), &kinesis.DeleteStreamInput{StreamName: aws.String("books")})
	var denied *types.AccessDeniedException
	fmt.Println(errors.As(err, &denied), denied.ErrorMessage())
	// Output:
	// true not in this test
}

// Any AWS client can use the server.
func ExampleServer_URL() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()

	command := exec.Command("aws", "--endpoint-url", server.URL(), "kinesis", "list-streams")
	fmt.Println(command.Args[3:])
	// Output:
	// [kinesis list-streams]
}

// What a client cost the service, and what the service refused it, is counted.
func ExampleServer_Counters() {
	server := kstreamtest.NewServer(kstreamtest.Options{
		Limits: kstreamtest.Limits{WriteRecords: 10}, // a shard takes 10 records a second, in place of 1,000
	})
	defer server.Close()
	server.CreateStream("books", 1)

	entry := types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: []byte("a book")}
	_, err := server.Client().PutRecords(context.Background(), &kinesis.PutRecordsInput{
		StreamName: aws.String("books"), Records: slices.Repeat([]types.PutRecordsRequestEntry{entry}, 15),
	})
	if err != nil {
		log.Fatal(err)
	}
	counters := server.Counters()
	shard := counters.Shards[kstreamtest.ShardKey{Stream: "books", Shard: "shardId-000000000000"}]
	fmt.Println("calls:", counters.Operations["PutRecords"].Calls)
	fmt.Println("taken:", shard.RecordsIn, "throttled:", shard.ThrottledWrites)
	// Output:
	// calls: 1
	// taken: 10 throttled: 5
}
