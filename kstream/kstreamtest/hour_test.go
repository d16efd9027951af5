package kstreamtest

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
)

// An hour is an hour of the stream books: a writer, a reader of GetRecords and
// one of SubscribeToShard, which follow its shards, and a reshard every quarter.
type hour struct {
	*testing.T
	server *Server
	client *kinesis.Client
	arn    string
	end    time.Time

	readers sync.WaitGroup
	mu      sync.Mutex                 // guards what was read
	polled  map[string][]string        // by shard
	pushed  map[string][]string        // by shard
	begun   map[string]map[string]bool // readers by kind and shard
}

// TestHour streams for an hour, twice: nothing is lost, doubled or out of order,
// and both hours are the same.
func TestHour(t *testing.T) {
	var hours []map[string][]string
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			s := NewServer(Options{Delay: 20 * time.Millisecond, StateChange: 3 * time.Second, Seed: 7,
				Faults: []Fault{{Kind: Throttle, Chance: 0.05}, {Kind: Cut, Shard: shardID(1), Skip: 50, Count: 3}}})
			defer s.Close()
			s.CreateStream("books", 2)
			h := &hour{T: t, server: s, client: s.Client(noRetry), arn: streamARN("us-east-1", "123456789012", "books"), end: time.Now().Add(time.Hour),
				polled: map[string][]string{}, pushed: map[string][]string{}, begun: map[string]map[string]bool{"poll": {}, "push": {}}}
			hours = append(hours, h.run())
		})
	}
	if diff := cmp.Diff(hours[0], hours[1]); diff != "" {
		t.Errorf("the second hour differs from the first (-first +second):\n%s", diff)
	}
}

// run returns what was written, by shard.
func (h *hour) run() map[string][]string {
	consumer, err := h.client.RegisterStreamConsumer(h.Context(), &kinesis.RegisterStreamConsumerInput{StreamARN: &h.arn, ConsumerName: aws.String("reader")})
	if err != nil {
		h.Fatal(err)
	}
	time.Sleep(4 * time.Second)
	for i := range 2 {
		h.begin("poll", shardID(uint32(i)), h.poll)
		h.begin("push", shardID(uint32(i)), func(id string) { h.push(*consumer.Consumer.ConsumerARN, id) })
	}
	h.readers.Go(h.reshard)
	h.write()
	h.readers.Wait()

	written := map[string][]string{}
	for _, r := range h.server.Records("books") {
		written[r.Shard] = append(written[r.Shard], r.SequenceNumber+" "+string(r.Data))
	}
	if diff := cmp.Diff(written, h.polled); diff != "" {
		h.Errorf("GetRecords (-written +read):\n%s", diff)
	}
	if diff := cmp.Diff(written, h.pushed); diff != "" {
		h.Errorf("SubscribeToShard (-written +read):\n%s", diff)
	}
	return written
}

// write puts records for an hour. What the faults refuse is not put again.
func (h *hour) write() {
	for n := 0; time.Now().Before(h.end); n++ {
		in := &kinesis.PutRecordsInput{StreamName: aws.String("books")}
		for i := range 4 {
			in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: fmt.Appendf(nil, "%d.%d", n, i), PartitionKey: aws.String(fmt.Sprint(n * i))})
		}
		if _, err := h.client.PutRecords(h.Context(), in); err != nil {
			h.Error(err)
		}
		time.Sleep(5 * time.Second)
	}
}

// reshard splits, merges and scales the stream.
func (h *hour) reshard() {
	name := aws.String("books")
	for _, step := range []func() error{
		func() error {
			_, err := h.client.SplitShard(h.Context(), &kinesis.SplitShardInput{StreamName: name, ShardToSplit: aws.String(shardID(0)), NewStartingHashKey: aws.String("1" + fmt.Sprintf("%036d", 0))})
			return err
		},
		func() error {
			_, err := h.client.MergeShards(h.Context(), &kinesis.MergeShardsInput{StreamName: name, ShardToMerge: aws.String(shardID(3)), AdjacentShardToMerge: aws.String(shardID(1))})
			return err
		},
		func() error {
			_, err := h.client.UpdateShardCount(h.Context(), &kinesis.UpdateShardCountInput{StreamName: name, TargetShardCount: aws.Int32(3), ScalingType: types.ScalingTypeUniformScaling})
			return err
		},
	} {
		time.Sleep(15 * time.Minute)
		if err := step(); err != nil {
			h.Error(err)
		}
	}
}

// begin starts a reader of a shard, unless there has been one: a merged shard is
// the child of two.
func (h *hour) begin(kind, shard string, read func(string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.begun[kind][shard] {
		h.begun[kind][shard] = true
		h.readers.Go(func() { read(shard) })
	}
}

// note keeps records that were read.
func (h *hour) note(read map[string][]string, shard string, records []types.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range records {
		read[shard] = append(read[shard], *r.SequenceNumber+" "+string(r.Data))
	}
}

// poll reads a shard to its end, or until the hour has passed.
func (h *hour) poll(shard string) {
	var iterator *string
	for {
		if iterator == nil {
			it, err := h.client.GetShardIterator(h.Context(), &kinesis.GetShardIteratorInput{StreamName: aws.String("books"), ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
			if err == nil {
				iterator = it.ShardIterator
			} else if code(err) != throughputExceeded {
				h.Error(err)
				return
			}
		} else {
			out, err := h.client.GetRecords(h.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			switch {
			case err == nil:
				h.note(h.polled, shard, out.Records)
				for _, child := range out.ChildShards {
					h.begin("poll", *child.ShardId, h.poll)
				}
				if iterator = out.NextShardIterator; iterator == nil || time.Now().After(h.end) && *out.MillisBehindLatest == 0 {
					return
				}
			case code(err) != throughputExceeded:
				h.Error(err)
				return
			}
		}
		time.Sleep(5 * time.Second)
	}
}

// push subscribes to a shard to its end, or until the hour has passed, and again
// after the five minutes of each subscription.
func (h *hour) push(consumer, shard string) {
	from := &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	for {
		out, err := h.client.SubscribeToShard(h.Context(), &kinesis.SubscribeToShardInput{ConsumerARN: &consumer, ShardId: &shard, StartingPosition: from}, ownProtocol)
		if code(err) == resourceInUse || code(err) == limitExceeded {
			time.Sleep(time.Second) // too soon after one that was cut
			continue
		}
		if err != nil {
			h.Error(err)
			return
		}
		if h.events(out.GetStream(), consumer, shard, from) {
			return
		}
	}
}

// events reads one subscription. It reports whether the shard needs no other.
func (h *hour) events(stream *kinesis.SubscribeToShardEventStream, consumer, shard string, from *types.StartingPosition) bool {
	defer stream.Close()
	for e := range stream.Events() {
		event := e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		h.note(h.pushed, shard, event.Records)
		for _, child := range event.ChildShards {
			h.begin("push", *child.ShardId, func(id string) { h.push(consumer, id) })
		}
		if event.ContinuationSequenceNumber == nil || time.Now().After(h.end.Add(10*time.Second)) {
			return true
		}
		*from = types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: event.ContinuationSequenceNumber}
	}
	if err := stream.Err(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		h.Errorf("%s: %v", shard, err)
	}
	return false
}
