package kstreamtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/schemas"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/google/go-cmp/cmp"
)

// fanOut is a consumer of the stream books, in a bubble.
type fanOut struct {
	*testing.T
	server *Server
	client *kinesis.Client
	arn    string
	start  time.Time
}

func inFanOut(t *testing.T, opts Options, test func(*fanOut)) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(opts)
		defer s.Close()
		s.CreateStream("books", 1)
		f := &fanOut{T: t, server: s, client: s.Client(noRetry), start: time.Now()}
		out, err := f.client.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{
			StreamARN: aws.String(streamARN("us-east-1", "123456789012", "books")), ConsumerName: aws.String("reader"),
		})
		if err != nil {
			t.Fatal(err)
		}
		f.arn = *out.Consumer.ConsumerARN
		time.Sleep(opts.StateChange)
		f.start = time.Now()
		test(f)
	})
}

func (f *fanOut) subscribe(kind types.ShardIteratorType) (*kinesis.SubscribeToShardEventStream, error) {
	out, err := f.client.SubscribeToShard(f.Context(), &kinesis.SubscribeToShardInput{
		ConsumerARN: aws.String(f.arn), ShardId: aws.String(shardID(0)), StartingPosition: &types.StartingPosition{Type: kind},
	}, ownProtocol)
	if err != nil {
		return nil, err
	}
	return out.GetStream(), nil
}

// ownProtocol keeps subscriptions apart: those of one client share a decoder and
// its buffer (smithy-go 1.28.8, internal/eventstream.Codec).
func ownProtocol(o *kinesis.Options) { o.Protocol = awsjson.New11(schemas.Kinesis_20131202) }

func (f *fanOut) mustSubscribe(kind types.ShardIteratorType) *kinesis.SubscribeToShardEventStream {
	f.Helper()
	stream, err := f.subscribe(kind)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { stream.Close() })
	return stream
}

// next describes the next event: the time since the start, the data, and what
// follows the shard.
func (f *fanOut) next(stream *kinesis.SubscribeToShardEventStream) string {
	event, ok := <-stream.Events()
	after := time.Since(f.start)
	if !ok {
		return fmt.Sprintf("%v end %s", after, code(stream.Err()))
	}
	e := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
	var text strings.Builder
	text.WriteString(after.String())
	for _, r := range e.Records {
		text.WriteString(" " + string(r.Data[:min(len(r.Data), 8)]))
	}
	for _, child := range e.ChildShards {
		text.WriteString(" child " + strings.TrimPrefix(*child.ShardId, "shardId-00000000000") + " of " + fmt.Sprint(len(child.ParentShards)))
	}
	if (e.ContinuationSequenceNumber == nil) != (len(e.ChildShards) > 0) {
		f.Errorf("ContinuationSequenceNumber %v with %d ChildShards", e.ContinuationSequenceNumber, len(e.ChildShards))
	}
	return text.String()
}

func (f *fanOut) expect(stream *kinesis.SubscribeToShardEventStream, want ...string) {
	f.Helper()
	var got []string
	for range want {
		got = append(got, f.next(stream))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("events (-want +got):\n%s", diff)
	}
}

func (f *fanOut) put(data ...string) {
	for _, d := range data {
		f.server.Put("books", Record{PartitionKey: "k", Data: []byte(d)})
	}
}

func TestSubscribePushes(t *testing.T) {
	inFanOut(t, Options{}, func(f *fanOut) {
		f.put("a", "b")
		stream := f.mustSubscribe(types.ShardIteratorTypeTrimHorizon)
		f.expect(stream, "0s a b", "5s") // an event without records at least every 5 s
		time.Sleep(time.Second)
		f.put("c")
		f.expect(stream, "6s c", "11s")
	})
}

// TestSubscribeEnds after five minutes, cleanly.
func TestSubscribeEnds(t *testing.T) {
	inFanOut(t, Options{}, func(f *fanOut) {
		stream := f.mustSubscribe(types.ShardIteratorTypeLatest)
		for range 59 {
			f.next(stream)
		}
		f.expect(stream, "5m0s end ")
	})
}

// TestSubscribeToEndOfShard gets the children with the last event, also when
// it subscribes again.
func TestSubscribeToEndOfShard(t *testing.T) {
	inFanOut(t, Options{StateChange: 2 * time.Second}, func(f *fanOut) {
		stream := f.mustSubscribe(types.ShardIteratorTypeLatest)
		if _, err := f.client.SplitShard(f.Context(), &kinesis.SplitShardInput{
			StreamName: aws.String("books"), ShardToSplit: aws.String(shardID(0)), NewStartingHashKey: aws.String("1000"),
		}); err != nil {
			f.Fatal(err)
		}
		f.put("a")
		f.expect(stream, "0s a", "2s child 1 of 1 child 2 of 1", "2s end ")
		time.Sleep(10 * time.Second)
		f.expect(f.mustSubscribe(types.ShardIteratorTypeLatest), "12s child 1 of 1 child 2 of 1", "12s end ")
	})
}

// TestSubscribeTakesOver holds the rules on a second subscription.
func TestSubscribeTakesOver(t *testing.T) {
	inFanOut(t, Options{}, func(f *fanOut) {
		first := f.mustSubscribe(types.ShardIteratorTypeLatest)
		for _, step := range []struct {
			wait time.Duration
			want string
		}{{0, limitExceeded}, {time.Second, resourceInUse}, {3999 * time.Millisecond, resourceInUse}} {
			time.Sleep(step.wait)
			if _, err := f.subscribe(types.ShardIteratorTypeLatest); code(err) != step.want {
				f.Errorf("after %v: %v, want %s", time.Since(f.start), err, step.want)
			}
		}
		f.put("a") // so that no empty event is due at 5 s
		time.Sleep(time.Millisecond)
		second := f.mustSubscribe(types.ShardIteratorTypeLatest)
		f.expect(first, "5s a", "5s end "+resourceInUse)
		f.put("b")
		f.expect(second, "5s b")
	})
}

// TestSubscribeRate pushes 2 MiB a second after the first two.
func TestSubscribeRate(t *testing.T) {
	inFanOut(t, Options{}, func(f *fanOut) {
		for i := range 6 {
			f.put(fmt.Sprintf("%07d ", i) + strings.Repeat("x", 1<<20-9))
		}
		stream := f.mustSubscribe(types.ShardIteratorTypeTrimHorizon)
		for range 6 {
			f.next(stream)
		}
		// The last of 6 MiB goes out when the debt of the five before it is paid.
		if took, want := time.Since(f.start).Truncate(time.Microsecond), 1500*time.Millisecond; took != want {
			f.Errorf("6 MiB took %v, want %v", took, want)
		}
	})
}

func TestSubscribeFaults(t *testing.T) {
	t.Run("connection", func(t *testing.T) {
		inFanOut(t, Options{Faults: []Fault{{Kind: Cut, Skip: 1}}}, func(f *fanOut) {
			f.put("a")
			f.expect(f.mustSubscribe(types.ShardIteratorTypeTrimHorizon), "0s a", "5s end ") // to this SDK, a connection that breaks is an end
		})
	})
	t.Run("exception", func(t *testing.T) {
		inFanOut(t, Options{Faults: []Fault{{Kind: Cut, Code: resourceInUse}}}, func(f *fanOut) {
			f.expect(f.mustSubscribe(types.ShardIteratorTypeLatest), "5s end "+resourceInUse)
		})
	})
}

// TestSubscribeRefused lists what fails before the stream of events begins.
func TestSubscribeRefused(t *testing.T) {
	inFanOut(t, Options{StateChange: time.Second}, func(f *fanOut) {
		other := f.arn[:strings.LastIndex(f.arn, ":")] + ":1"
		at := func(kind types.ShardIteratorType) *types.StartingPosition { return &types.StartingPosition{Type: kind} }
		tests := []struct {
			name     string
			arn      string
			shard    string
			position *types.StartingPosition
			want     string
		}{
			{"an earlier consumer of the name", other, shardID(0), at("LATEST"), resourceNotFound},
			{"no such consumer", strings.Replace(f.arn, "reader", "nobody", 1), shardID(0), at("LATEST"), resourceNotFound},
			{"no such stream", strings.Replace(f.arn, "books", "films", 1), shardID(0), at("LATEST"), resourceNotFound},
			{"no such shard", f.arn, shardID(7), at("LATEST"), resourceNotFound},
			{"no sequence number", f.arn, shardID(0), at("AT_SEQUENCE_NUMBER"), invalidArgument},
			{"no timestamp", f.arn, shardID(0), at("AT_TIMESTAMP"), invalidArgument},
			{"unknown type", f.arn, shardID(0), at("SOON"), validationException},
		}
		for _, test := range tests {
			_, err := f.client.SubscribeToShard(f.Context(), &kinesis.SubscribeToShardInput{
				ConsumerARN: aws.String(test.arn), ShardId: aws.String(test.shard), StartingPosition: test.position,
			})
			if code(err) != test.want {
				f.Errorf("%s: %v, want %s", test.name, err, test.want)
			}
		}
	})
}

// TestDeregisterEndsSubscription tells the reader that its consumer is gone.
func TestDeregisterEndsSubscription(t *testing.T) {
	inFanOut(t, Options{StateChange: 3 * time.Second}, func(f *fanOut) {
		stream := f.mustSubscribe(types.ShardIteratorTypeLatest)
		time.Sleep(time.Second)
		if _, err := f.client.DeregisterStreamConsumer(f.Context(), &kinesis.DeregisterStreamConsumerInput{ConsumerARN: aws.String(f.arn)}); err != nil {
			f.Fatal(err)
		}
		f.expect(stream, "1s end "+resourceNotFound)
		out, err := f.client.DescribeStreamConsumer(f.Context(), &kinesis.DescribeStreamConsumerInput{ConsumerARN: aws.String(f.arn)})
		if err != nil || out.ConsumerDescription.ConsumerStatus != types.ConsumerStatusDeleting {
			f.Errorf("%v, %v, want DELETING", out, err)
		}
		time.Sleep(3 * time.Second)
		_, err = f.client.DescribeStreamConsumer(f.Context(), &kinesis.DescribeStreamConsumerInput{ConsumerARN: aws.String(f.arn)})
		if code(err) != resourceNotFound {
			f.Errorf("%v, want it gone", err)
		}
	})
}

// TestSubscribeHTTP2 pushes over HTTP/2, in memory.
func TestSubscribeHTTP2(t *testing.T) {
	inFanOut(t, Options{}, func(f *fanOut) {
		protocols := new(http.Protocols)
		protocols.SetUnencryptedHTTP2(true)
		transport := &http.Transport{Protocols: protocols, DialContext: f.server.memory.Dial}
		f.client = f.server.Client(noRetry, func(o *kinesis.Options) { o.HTTPClient = &http.Client{Transport: transport} })
		f.put("a")
		stream := f.mustSubscribe(types.ShardIteratorTypeTrimHorizon)
		f.expect(stream, "0s a", "5s")
		f.put("b")
		f.expect(stream, "5s b", "10s")
	})
}
