package kstreamtest

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
)

// TestRoundTrip writes to two shards, splits one, and reads all of it back
// through the SDK, in fake time.
func TestRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{StateChange: 5 * time.Second, Delay: 20 * time.Millisecond})
		defer s.Close()
		ctx, client := t.Context(), s.Client()
		if _, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("books"), ShardCount: aws.Int32(2)}); err != nil {
			t.Fatal(err)
		}
		err := kinesis.NewStreamExistsWaiter(client).Wait(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("books")}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		put := func(from, to int) {
			var in kinesis.PutRecordsInput
			in.StreamName = aws.String("books")
			for i := from; i < to; i++ {
				text := fmt.Sprintf("record %d", i)
				want[text] = true
				in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: []byte(text), PartitionKey: aws.String(text)})
			}
			out, err := client.PutRecords(ctx, &in)
			if err != nil || *out.FailedRecordCount != 0 {
				t.Fatal(out, err)
			}
		}
		put(0, 100)
		if _, err := client.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: aws.String("books"),
			ShardToSplit: aws.String(shardID(0)), NewStartingHashKey: aws.String("12345678901234567890")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second)
		put(100, 200)

		got := map[string]bool{}
		shards, err := client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: aws.String("books")})
		if err != nil || len(shards.Shards) != 4 {
			t.Fatal(shards, err)
		}
		for _, sh := range shards.Shards {
			readShard(t, client, *sh.ShardId, got)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		if n := len(s.Records("books")); n != 200 {
			t.Errorf("Records: %d, want 200", n)
		}
	})
}

// readShard reads a shard to its tip or end.
func readShard(t *testing.T, client *kinesis.Client, id string, got map[string]bool) {
	ctx := context.Background()
	it, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: aws.String("books"),
		ShardId: aws.String(id), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	if err != nil {
		t.Fatal(err)
	}
	for next := it.ShardIterator; next != nil; {
		out, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(30)})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Records {
			got[string(r.Data)] = true
		}
		if (out.NextShardIterator == nil) != (len(out.ChildShards) > 0) {
			t.Errorf("%s: NextShardIterator and ChildShards must not come together: %v", id, out.ChildShards)
		}
		if *out.MillisBehindLatest == 0 {
			return
		}
		next = out.NextShardIterator
	}
}
