package kstreamtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// churn is a server in a folder whose clients do everything at once.
type churn struct {
	*testing.T
	server *Server

	mu           sync.Mutex        // guards acknowledged
	acknowledged map[string]string // by sequence number, the data
}

// TestChurn has clients write, read, reshard, subscribe, register, create and
// delete at once, while changes take their time. Whatever the order, no request
// panics, and the next server in the folder opens it and has what was
// acknowledged.
func TestChurn(t *testing.T) {
	dir := t.TempDir()
	c := &churn{T: t, acknowledged: map[string]string{}}
	for round := range 3 {
		c.open(dir, time.Duration(round)*2*time.Millisecond)
		var clients sync.WaitGroup
		for i := range 8 {
			clients.Go(func() {
				client, random := c.server.Client(noRetry), rand.New(rand.NewPCG(uint64(round), uint64(i)))
				for n := range 40 {
					c.step(client, random, fmt.Sprintf("%d %d %d", round, i, n))
				}
			})
		}
		clients.Wait()
		c.server.Close()
	}
	c.open(dir, 0)
	c.server.Close()
}

// open starts a server and compares what it has with what was acknowledged.
func (c *churn) open(dir string, stateChange time.Duration) {
	s, err := Open(Options{Dir: dir, Limits: Unlimited(), StateChange: stateChange})
	if err != nil {
		c.Fatal(err)
	}
	c.server = s
	serve := s.http.Handler
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v != nil && v != http.ErrAbortHandler {
				c.Errorf("%s: panic: %v\n%s", r.Header.Get("X-Amz-Target"), v, debug.Stack())
			}
			if v != nil {
				panic(http.ErrAbortHandler)
			}
		}()
		serve.ServeHTTP(w, r)
	})
	if !s.HasStream("books") {
		s.CreateStream("books", 3)
	}
	there := map[string]string{}
	for _, r := range s.Records("books") {
		there[r.SequenceNumber] = string(r.Data)
	}
	for number, data := range c.acknowledged {
		if there[number] != data {
			c.Errorf("%q was acknowledged as %s; there is %q", data, number, there[number])
		}
	}
}

// step does one thing. Most may be refused: two clients want the same.
func (c *churn) step(client *kinesis.Client, random *rand.Rand, text string) {
	ctx, books := c.Context(), aws.String("books")
	arn := aws.String(streamARN("us-east-1", "123456789012", "books"))
	reader := aws.String(fmt.Sprint("reader", random.IntN(3)))
	shard := aws.String(shardID(uint32(random.IntN(12))))
	switch random.IntN(12) {
	case 0:
		client.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: books, ShardToSplit: shard, NewStartingHashKey: aws.String(fmt.Sprintf("%d%037d", 1+random.IntN(30), 0))})
	case 1:
		client.MergeShards(ctx, &kinesis.MergeShardsInput{StreamName: books, ShardToMerge: shard, AdjacentShardToMerge: aws.String(shardID(uint32(random.IntN(12))))})
	case 2:
		client.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: books, TargetShardCount: aws.Int32(int32(2 + random.IntN(6))), ScalingType: types.ScalingTypeUniformScaling})
	case 3:
		client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: reader})
	case 4:
		client.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{StreamARN: arn, ConsumerName: reader})
	case 5:
		c.subscribe(client, arn, shard)
	case 6:
		client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("films"), ShardCount: aws.Int32(2)})
		client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("films"), PartitionKey: &text, Data: []byte(text)})
	case 7:
		client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: aws.String("films")})
	case 8, 9:
		c.read(client, shard)
	default:
		c.put(client, text)
	}
}

func (c *churn) put(client *kinesis.Client, text string) {
	out, err := client.PutRecord(c.Context(), &kinesis.PutRecordInput{StreamName: aws.String("books"), PartitionKey: &text, Data: []byte(text)})
	if err != nil {
		c.Error(err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acknowledged[*out.SequenceNumber] = text
}

func (c *churn) read(client *kinesis.Client, shard *string) {
	it, err := client.GetShardIterator(c.Context(), &kinesis.GetShardIteratorInput{StreamName: aws.String("books"), ShardId: shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	if err != nil {
		return // there is no such shard yet
	}
	out, err := client.GetRecords(c.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil || (out.NextShardIterator == nil) != (len(out.ChildShards) > 0) {
		c.Errorf("%s: %v, %v: a shard ends with children, and only then", *shard, out, err)
	}
}

// subscribe reads one event.
func (c *churn) subscribe(client *kinesis.Client, arn, shard *string) {
	list, err := client.ListStreamConsumers(c.Context(), &kinesis.ListStreamConsumersInput{StreamARN: arn})
	if err != nil || len(list.Consumers) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	out, err := client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{ConsumerARN: list.Consumers[0].ConsumerARN, ShardId: shard,
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}}, ownProtocol)
	if err != nil {
		return
	}
	cancel()
	out.GetStream().Close()
}
