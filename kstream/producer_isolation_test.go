package kstream

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// keysOf finds a key for each of n even shards.
func keysOf(n int) []string {
	m := make([]shardmap.Shard, 0, n)
	for i, r := range shardmap.Even(n) {
		m = append(m, shardmap.Shard{ID: fmt.Sprint(i), Range: r})
	}
	shards := shardmap.New(m)
	keys := make([]string, n)
	for i, missing := 0, n; missing > 0; i++ {
		key := fmt.Sprint("key", i)
		if at, _ := shards.Find(shardmap.OfKey(key)); keys[at] == "" {
			keys[at] = key
			missing--
		}
	}
	return keys
}

// crowd writes a part of a shard's limit to a key, in small calls and without
// mercy, until ctx ends.
func crowd(ctx context.Context, client *kinesis.Client, key string, part float64) {
	const trip, each = 30 * time.Millisecond, 40 * time.Millisecond
	entry := types.PutRecordsRequestEntry{Data: []byte("crowd"), PartitionKey: &key}
	records := slices.Repeat([]types.PutRecordsRequestEntry{entry}, int(part*limitRecords*each.Seconds()))
	for ctx.Err() == nil {
		_, _ = client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: records}, noRetries)
		_ = sleep(ctx, each-trip)
	}
}

// TestAThrottledShardHoldsUpNoOther has another program leave a tenth of one
// shard's limit, with one caller a shard.
func TestAThrottledShardHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	const shards = 8
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, shards, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		warm, window := 2*time.Second, 4*time.Second
		if long() {
			window = time.Minute
		}
		end := time.Now().Add(warm + window)
		var callers sync.WaitGroup
		ctx, stop := context.WithDeadline(context.Background(), end)
		defer stop()
		callers.Go(func() { crowd(ctx, srv.Client(), keysOf(shards)[3], 0.9) })
		for _, key := range keysOf(shards) {
			callers.Go(func() {
				for ctx.Err() == nil {
					_ = p.Send(ctx, key+":value")
				}
			})
		}
		time.Sleep(warm)
		before, statsBefore := srv.Counters(), p.Stats()
		callers.Wait()
		after, statsAfter := srv.Counters(), p.Stats()
		for i := range shards {
			key := kstreamtest.ShardKey{Stream: "s", Shard: fmt.Sprintf("shardId-%012d", i)}
			took := float64(after.Shards[key].RecordsIn-before.Shards[key].RecordsIn) / window.Seconds() / limitRecords
			if i == 3 {
				own := statsAfter.Shards[i].Entries - statsBefore.Shards[i].Entries
				t.Logf("of the crowded shard's limit the Producer had %.3f", float64(own)/window.Seconds()/limitRecords)
			} else if took < 0.95 {
				t.Errorf("shard %d took %.3f of its limit, want at least 0.95", i, took)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = p.Close(ctx) // what is left for the crowded shard takes longer
	})
}

// TestAReshardHoldsUpNoOtherShard splits a shard while aggregates are written to
// it, one caller a shard, and has the listing take seconds that tells where they
// went.
func TestAReshardHoldsUpNoOtherShard(t *testing.T) {
	t.Parallel()
	const shards, window = 6, 4 * time.Second
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}, shards, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate = true })
		ctx, stop := context.WithCancel(context.Background())
		var callers sync.WaitGroup
		value := ":" + strings.Repeat("x", 2000)
		for _, key := range keysOf(shards) {
			callers.Go(func() {
				for ctx.Err() == nil {
					_ = p.Send(ctx, key+value)
				}
			})
		}
		time.Sleep(2 * time.Second)
		srv.Inject(kstreamtest.Fault{Kind: kstreamtest.Stall, Operation: "ListShards", Skip: 1, Delay: window, Count: 1})
		split(t, srv) // lists the shards once
		before := srv.Counters()
		time.Sleep(window)
		after := srv.Counters()
		for i := 1; i < shards; i++ {
			key := kstreamtest.ShardKey{Stream: "s", Shard: fmt.Sprintf("shardId-%012d", i)}
			took := float64(after.Shards[key].BytesIn-before.Shards[key].BytesIn) / window.Seconds() / limitBytes
			if took < 0.95 {
				t.Errorf("shard %d took %.3f of its limit, want at least 0.95", i, took)
			}
		}
		stop()
		callers.Wait()
		closeProducer(t, p)
		if st := p.Stats(); st.MaybeDelivered > 0 || st.Failed > 0 {
			t.Errorf("%d values failed, %d may be delivered", st.Failed, st.MaybeDelivered)
		}
	})
}

// TestMemoryIsBounded sends as fast as it can to a stream that takes nothing.
func TestMemoryIsBounded(t *testing.T) {
	const maxBytes = 8 << 20
	for compress, most := range map[bool]int64{false: 6, true: 10} { // times the bound
		inBubble(t, stalled(), 4, func(t *testing.T, srv *kstreamtest.Server) {
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
				cfg.MaxBufferedBytes, cfg.CallTimeout, cfg.Compress = maxBytes, time.Second, compress
			})
			value := ":" + strings.Repeat("x", 4<<10)
			before := inUse()
			end := time.Now().Add(10 * time.Second)
			var callers sync.WaitGroup
			for c := range 16 {
				callers.Go(func() {
					for i := 0; time.Now().Before(end); i++ {
						ctx, cancel := context.WithDeadline(context.Background(), end)
						_ = p.Send(ctx, fmt.Sprint(c, "-", i)+value)
						cancel()
					}
				})
			}
			callers.Wait()
			srv.Close() // or its copies of the calls under way would count
			grown := inUse() - before
			if st := p.Stats(); st.BufferedBytes > maxBytes || st.BufferedBytes < maxBytes/2 {
				t.Errorf("%d bytes are buffered, want up to %d", st.BufferedBytes, maxBytes)
			}
			// A value is here twice, because a string's bytes are encoded, and
			// calls hold copies of their part; to compress it, two more.
			t.Logf("compress %t: the heap grew by %.1f times the bound", compress, float64(grown)/maxBytes)
			if grown > most*maxBytes {
				t.Errorf("the heap grew by %d bytes, want at most %d times the bound of %d", grown, most, maxBytes)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = p.Close(ctx)
		})
	}
}

func TestALargeValueDoesNotStarve(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.MaxBufferedBytes = 300 << 10 })
		ctx := context.Background()
		done := make(chan struct{})
		var callers sync.WaitGroup
		callers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_ = p.Send(ctx, "small:"+strings.Repeat("x", 1000))
				}
			}
		})
		time.Sleep(time.Second)
		began := time.Now()
		if err := p.Send(ctx, "large:"+strings.Repeat("x", 500<<10)); err != nil {
			t.Error(err)
		}
		if waited := time.Since(began); waited > 2*time.Second {
			t.Errorf("a value larger than the buffer waited for %v", waited)
		}
		close(done)
		callers.Wait()
		closeProducer(t, p)
	})
}

// TestValuesWithoutAKeyGoAroundADeadShard has one of two shards take nothing,
// and a single caller whose values belong to no shard.
func TestValuesWithoutAKeyGoAroundADeadShard(t *testing.T) {
	dead := kstreamtest.Fault{Kind: kstreamtest.Throttle, Shard: "shardId-000000000001"}
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: []kstreamtest.Fault{dead}}, 2, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.PartitionKey, cfg.MaxBufferedRecords = nil, 2000 })
		const seconds = 10
		ctx, cancel := context.WithTimeout(context.Background(), seconds*time.Second)
		defer cancel()
		for ctx.Err() == nil {
			_ = p.Send(ctx, "value")
		}
		if n := p.Stats().Delivered; n < 0.95*seconds*limitRecords {
			t.Errorf("%d values delivered in %d s, want the limit of the other shard", n, seconds)
		}
		_ = p.Close(ctx)
	})
}

// TestValuesWithoutAKeyGoAroundFailedOnes has a dead shard's part of the buffer
// fill with values that have failed, and nobody fetches: the others have room.
func TestValuesWithoutAKeyGoAroundFailedOnes(t *testing.T) {
	dead := kstreamtest.Fault{Kind: kstreamtest.FailEntry, Shard: "shardId-000000000001"}
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: []kstreamtest.Fault{dead}}, 3, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
			cfg.PartitionKey, cfg.MaxBufferedRecords, cfg.TimeToLive = nil, 900, time.Second
		})
		const n = 6000 // so many that the two other shards are always behind
		send(t, p, n)
		wantFailed(t, "Close", p.Close(context.Background()), int(n-p.Stats().Delivered))
		if st := p.Stats(); st.Failed < 300 || st.Failed > 600 {
			t.Errorf("%d values failed, want about the share of one shard", st.Failed)
		}
	})
}
