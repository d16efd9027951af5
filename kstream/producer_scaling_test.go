package kstream

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// recordRate sends values for a while and returns how many a second the stream
// took.
func recordRate(t *testing.T, srv *kstreamtest.Server, p *Producer[string], d time.Duration) float64 {
	t.Helper()
	began, before := time.Now(), srv.Counters()
	sendUntil(t, p, began.Add(d), func(int) string { return "a value" })
	return rateSince(srv, before, time.Since(began), 1).records
}

// TestAnAutoStreamIsFoundToTakeMore writes to a stream with AUTO distribution,
// whose shards the Producer does not see, and which takes three times what its
// shards are documented to take.
func TestAnAutoStreamIsFoundToTakeMore(t *testing.T) {
	t.Parallel()
	opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Limits: kstreamtest.Limits{WriteRecords: 3 * limitRecords}, MaxBytes: -1}
	inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
		if _, err := CreateStream(context.Background(), srv.Client(), "auto", StreamOptions{AutoDistribution: true}); err != nil {
			t.Fatal(err)
		}
		info, err := DescribeStream(context.Background(), srv.Client(), "auto")
		if err != nil {
			t.Fatal(err)
		}
		documented := float64(info.OpenShards * limitRecords)
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
			cfg.Stream, cfg.PartitionKey, cfg.MaxBufferedRecords = "auto", nil, 5000
		})
		early := recordRate(t, srv, p, 5*time.Second)
		recordRate(t, srv, p, 25*time.Second)
		late := recordRate(t, srv, p, 10*time.Second)
		st := p.Stats()
		closeProducer(t, p)
		t.Logf("%.0f records a second at first, %.0f after half a minute; documented are %.0f; %d of %d entries throttled", early, late, documented, st.ThrottledEntries, st.Entries)
		if late < 2*documented {
			t.Errorf("%.0f records a second, want at least twice the documented %.0f", late, documented)
		}
		if st.ThrottledEntries > st.Entries/20 {
			t.Errorf("%d of %d entries were throttled", st.ThrottledEntries, st.Entries)
		}
	})
}

// TestMoreShardsTakeMore doubles the shards of a stream that is written to.
func TestMoreShardsTakeMore(t *testing.T) {
	t.Parallel()
	opts := kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1}
	inBubble(t, opts, 2, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.PartitionKey, cfg.MaxBufferedRecords = nil, 5000 })
		recordRate(t, srv, p, 3*time.Second)
		before := recordRate(t, srv, p, 5*time.Second)
		_, err := srv.Client().UpdateShardCount(context.Background(), &kinesis.UpdateShardCountInput{
			StreamName: aws.String("s"), TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling,
		})
		if err != nil {
			t.Fatal(err)
		}
		recordRate(t, srv, p, 5*time.Second)
		after := recordRate(t, srv, p, 5*time.Second)
		closeProducer(t, p)
		t.Logf("%.0f records a second on 2 shards, %.0f on 4", before, after)
		if after < 1.9*before {
			t.Errorf("%.0f records a second on 2 shards, %.0f on 4", before, after)
		}
	})
}
