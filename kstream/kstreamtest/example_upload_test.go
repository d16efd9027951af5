package kstreamtest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// upload is the code under test: it writes values to a stream, and sends again
// what was refused.
func upload(ctx context.Context, client *kinesis.Client, stream string, values []string) error {
	var entries []types.PutRecordsRequestEntry
	for _, v := range values {
		entries = append(entries, types.PutRecordsRequestEntry{Data: []byte(v), PartitionKey: aws.String(v)})
	}
	for wait := 100 * time.Millisecond; len(entries) > 0; wait *= 2 {
		out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: &stream, Records: entries})
		if err != nil {
			return err
		}
		var refused []types.PutRecordsRequestEntry
		for i, r := range out.Records {
			if r.ErrorCode != nil {
				refused = append(refused, entries[i])
			}
		}
		if entries = refused; len(entries) > 0 {
			time.Sleep(wait)
		}
	}
	return nil
}

// A producer of your own against a stream that refuses some of its records, and
// is resharded before it sends them again. In a test, put the body into
// synctest.Test: the waits then take no time.
func Example_upload() {
	var client *kinesis.Client
	calls := 0
	server := kstreamtest.NewServer(kstreamtest.Options{
		Faults: []kstreamtest.Fault{{Kind: kstreamtest.Throttle, Operation: "PutRecords", Count: 5}},
		Hook: func(r kstreamtest.Request) *kstreamtest.Reply {
			if r.Operation != "PutRecords" {
				return nil
			}
			if calls++; calls == 2 {
				client.UpdateShardCount(r.Context, &kinesis.UpdateShardCountInput{
					StreamName: &r.Stream, TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling,
				})
			}
			return nil // and the server answers
		},
	})
	defer server.Close()
	server.CreateStream("books", 2)
	client = server.Client()

	if err := upload(context.Background(), client, "books", []string{"Emma", "Ulysses", "Dune", "Dracula", "Persuasion", "It"}); err != nil {
		fmt.Println(err)
	}
	for _, r := range server.Records("books") {
		fmt.Printf("%s %s\n", r.Shard, r.Data)
	}
	fmt.Println("calls:", calls, "refused records:", server.Counters().Faults[kstreamtest.Throttle])
	// Output:
	// shardId-000000000000 It
	// shardId-000000000003 Emma
	// shardId-000000000003 Dracula
	// shardId-000000000003 Persuasion
	// shardId-000000000004 Ulysses
	// shardId-000000000004 Dune
	// calls: 2 refused records: 5
}
