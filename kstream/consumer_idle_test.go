package kstream

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A distantTransport answers after a round trip, and counts the reads.
type distantTransport struct {
	*stubTransport
	trip  time.Duration
	reads atomic.Int64
}

func (d *distantTransport) Do(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".GetRecords") {
		d.reads.Add(1)
		time.Sleep(d.trip)
	}
	return d.stubTransport.Do(req)
}

// Each read of an idle shard took the largest answer from the budget, so that a
// few calls at a time were all that it allowed.
func TestManyIdleShardsAreReadAtTheIdleInterval(t *testing.T) {
	const shards, seconds = 60, 10
	synctest.Test(t, func(t *testing.T) {
		distant := &distantTransport{stubTransport: newStubTransport(shards, 0, nil), trip: 50 * time.Millisecond}
		client := kinesis.New(distant.client().Options(), func(o *kinesis.Options) { o.HTTPClient = distant })
		c, err := NewConsumer(client, ConsumerConfig[string]{Stream: "s", PrefetchBytes: 12 << 20})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for range c.Records(ctx) {
			}
		}()
		time.Sleep(10 * time.Second)
		before := distant.reads.Load()
		time.Sleep(seconds * time.Second)
		reads := distant.reads.Load() - before
		cancel()
		<-ended
		perShard := float64(reads) / shards / seconds
		if perShard < 0.9 || perShard > 1 {
			t.Errorf("%.2f reads a second and shard, want about 0.95: one a second and a round trip", perShard)
		}
	})
}

func TestShardsThatWakeUpTogetherKeepToTheBudget(t *testing.T) {
	t.Parallel()
	const shards, each, bound = 16, 1_000_000, 12 << 20
	inLab(t, shards, kstreamtest.Options{Delay: 20 * time.Millisecond, Limits: kstreamtest.Unlimited()}, func(l *lab) {
		open := l.open()
		l.after(20*time.Second, func() { // all are idle by now
			for range 2 {
				for _, shard := range open {
					l.server.Put("s", kstreamtest.Record{PartitionKey: "k", ExplicitHashKey: shard.FirstHashKey, Data: make([]byte, each-1)})
				}
			}
		})
		n := 0
		for _, err := range l.consumer(ConsumerConfig[string]{PrefetchBytes: bound, Until: Count(2 * shards)}).Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			time.Sleep(5 * time.Second) // all that can be read ahead is
			synctest.Wait()
			served := int64(0)
			for _, c := range l.server.Counters().Shards {
				served += c.BytesOut
			}
			if ahead := served - int64(n)*each; ahead > bound {
				l.Errorf("%d bytes are read ahead", ahead)
			}
			n++
		}
	})
}
