package kstream

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// The service is eventually consistent: its list of shards may be behind what its
// reads say. stale has the lab's client see it so: until a time, the shards hidden
// are not listed, and the last answers of shards don't name children if mute.
func (l *lab) stale(until time.Time, mute bool, hidden ...string) {
	spoil := middleware.InitializeMiddlewareFunc("stale", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, meta, err := next.HandleInitialize(ctx, in)
		if time.Now().Before(until) {
			switch answer := out.Result.(type) {
			case *kinesis.ListShardsOutput:
				answer.Shards = slices.DeleteFunc(answer.Shards, func(s types.Shard) bool { return slices.Contains(hidden, *s.ShardId) })
			case *kinesis.GetRecordsOutput:
				if mute {
					answer.ChildShards = nil
				}
			}
		}
		return out, meta, err
	})
	options := l.client.Options()
	options.APIOptions = append(slices.Clip(options.APIOptions), func(s *middleware.Stack) error {
		return s.Initialize.Add(spoil, middleware.Before)
	})
	l.client = kinesis.New(options)
}

// shardIDs are the IDs of the first shards of a stream.
var shardIDs = [...]string{
	"shardId-000000000000", "shardId-000000000001", "shardId-000000000002", "shardId-000000000003", "shardId-000000000004",
}

func TestChildrenThatAreNotListedYetAreFoundByTheSameLoop(t *testing.T) {
	tests := []struct {
		name   string
		hidden []string
	}{
		{"both", shardIDs[1:3]},
		{"the first", shardIDs[1:2]},
		{"the second", shardIDs[2:3]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				l.put(10, 10)
				l.split(0)
				l.put(10, 10)
				l.stale(time.Now().Add(20*time.Second), true, tt.hidden...)
				c := l.consumer(ConsumerConfig[string]{StartShards: map[string]Position{shardIDs[0]: TrimHorizon()}, Start: Latest()})
				l.wantAll(values(t, c.Records(l.Context())), 0)
			})
		})
	}
}

func TestAShardWhoseChildrenAreNeverListedEndsTheLoopWithAnError(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 10)
		l.split(0)
		l.stale(time.Now().Add(time.Hour), true, shardIDs[1:]...)
		got, errs := errorsOf(l.consumer(ConsumerConfig[string]{RetryFor: time.Minute}).Records(l.Context()))
		if len(got) != 10 || len(errs) != 1 {
			l.Errorf("%d values, errors %v; want all 10 and one error", len(got), errs)
		}
	})
}

// The shard is listed as closed, and nothing is that it was split into.
func TestLatestFindsTheChildrenThatAreNotListedYet(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: []byte("old:0")})
		time.Sleep(5 * time.Second)
		l.split(0)
		l.stale(time.Now().Add(20*time.Second), false, shardIDs[1:]...)
		l.after(time.Minute, func() { l.put(10, 10) })
		if got := l.read(ConsumerConfig[string]{Start: Latest(), Until: Count(10)}); len(got) != 10 {
			l.Errorf("%d values, want 10", len(got))
		}
	})
}

// The loop before had read the shard to its end, and was gone before it had begun
// with the children.
func TestResumingFindsTheChildrenThatAreNotListedYet(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		store := new(MemoryStore)
		l.put(10, 10)
		l.wantAll(l.read(ConsumerConfig[string]{Store: store}), 0)
		l.split(0)
		info, err := DescribeStream(l.Context(), l.client, "s")
		if err != nil {
			l.Fatal(err)
		}
		leases, _ := store.List(l.Context(), streamID(info))
		ended := leases[0].clone()
		ended.Position = ShardEnd()
		ended.Version++
		if err := store.Update(l.Context(), leases[0], ended); err != nil {
			l.Fatal(err)
		}
		l.puts = 0
		l.put(10, 10)
		l.stale(time.Now().Add(20*time.Second), false, shardIDs[1:]...)
		l.wantAll(l.read(ConsumerConfig[string]{Store: store}), 0)
	})
}

// The loop before has begun with the children, whom it knew from the shard's last
// answer. The list of the next loop is behind that.
func TestShardsThatAreNotListedYetAreNotTakenForTrimmed(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		store := new(MemoryStore)
		l.split(0)
		l.put(20, 10)
		got := l.read(ConsumerConfig[string]{Store: store, Until: Count(7)})
		l.stale(time.Now().Add(20*time.Second), false, shardIDs[1:]...)
		l.wantAll(append(got, l.read(ConsumerConfig[string]{Store: store})...), 0)
	})
}

// Of these shards, some were read to their end already.
func TestShardsThatAreNotListedYetAreNotReadAgain(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		store := new(MemoryStore)
		l.split(0)
		l.put(10, 10)
		l.split(0)
		l.put(10, 10)
		got := l.read(ConsumerConfig[string]{Store: store})
		l.put(10, 10)
		l.stale(time.Now().Add(20*time.Second), false, shardIDs[1:]...)
		l.wantAll(append(got, l.read(ConsumerConfig[string]{Store: store})...), 0)
	})
}

// As TestAMergeWaitsForParentsNotSeenYet, and the list lacks that parent.
func TestAMergeWaitsForParentsThatAreNotListedYet(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		reader := &lab{T: l.T, client: l.client}
		reader.stale(time.Now().Add(80*time.Second), false, shardIDs[2:]...)
		l.mergeBehindTheLoop(reader.client, func() {})
	})
}

// The part of the service that is asked for a child doesn't know it yet, and neither
// does the list.
func TestAShardThatIsNotKnownYetIsNotTakenForTrimmed(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 10)
		l.split(0)
		l.put(10, 10)
		l.server.Inject(kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "GetShardIterator", Shard: shardIDs[2], Code: "ResourceNotFoundException", Count: 3})
		l.stale(time.Now().Add(5*time.Second), false, shardIDs[1:]...)
		l.wantAll(l.read(ConsumerConfig[string]{}), 0)
		if hits := l.server.Counters().Faults[kstreamtest.Fail]; hits != 3 {
			l.Errorf("%d faults, want 3", hits)
		}
	})
}

// The body cancels at the last record of a shard that was split.
func TestCancelAtTheEndOfAShardIsNotTheEndOfTheStream(t *testing.T) {
	loops := map[string]func(c *Consumer[string], ctx context.Context, body func()) error{
		"Records": func(c *Consumer[string], ctx context.Context, body func()) (last error) {
			for _, err := range c.Records(ctx) {
				last = err
				body()
			}
			return last
		},
		"Batches": func(c *Consumer[string], ctx context.Context, body func()) (last error) {
			for _, err := range c.Batches(ctx, 1, 0) {
				last = err
				body()
			}
			return last
		},
		"EachShard": func(c *Consumer[string], ctx context.Context, body func()) error {
			return c.EachShard(ctx, func(_ context.Context, _ Shard, records iter.Seq2[Record[string], error]) error {
				for _, err := range records {
					if err != nil {
						return err
					}
				}
				body()
				return nil
			})
		},
	}
	for name, loop := range loops {
		t.Run(name, func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				l.put(1, 1)
				l.split(0)
				l.put(10, 10)
				ctx, cancel := context.WithCancelCause(l.Context())
				defer cancel(nil)
				if err := loop(l.consumer(ConsumerConfig[string]{}), ctx, func() { cancel(errBody) }); !errors.Is(err, errBody) {
					t.Errorf("the loop ended with %v, want the cause", err)
				}
			})
		})
	}
}
