package kstream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestAStreamThatIsMadeAgain has shards of the same names, which hold other hash
// keys. A Producer that was made before has to find out, lest aggregates are
// where readers drop them, or shards are left without records.
func TestAStreamThatIsMadeAgain(t *testing.T) {
	for _, tt := range []struct {
		name             string
		aggregate, keyed bool
		before, after    int
	}{
		{"aggregates, fewer shards", true, true, 3, 2},
		{"random keys, more shards", false, false, 2, 4},
		{"random keys, fewer shards", false, false, 4, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, tt.before, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
					cfg.Aggregate = tt.aggregate
					if !tt.keyed {
						cfg.PartitionKey = nil
					}
				})
				sendAndFlush(t, p, 500)
				if err := DeleteStream(context.Background(), srv.Client(), "s"); err != nil {
					t.Fatal(err)
				}
				srv.CreateStream("s", tt.after)
				sendAndFlush(t, p, 500)
				time.Sleep(maxRelist + time.Second)
				members, records := len(readMembers(t, srv)), perShard(srv)
				sendAndFlush(t, p, 1500)
				if n := len(readMembers(t, srv)) - members; n != 1500 {
					t.Errorf("readers find %d of 1500 values", n)
				}
				shards := p.Stats().Shards
				if shards[len(shards)-1].ShardID == "" {
					shards = shards[:len(shards)-1]
				}
				if len(shards) != tt.after {
					t.Errorf("%d shards are known, want %d", len(shards), tt.after)
				}
				for id, n := range perShard(srv) {
					if n -= records[id]; !tt.keyed && n < 1500/tt.after/2 {
						t.Errorf("%d of 1500 values were written to %s, one of %d shards", n, id, tt.after)
					}
				}
				closeProducer(t, p)
			})
		})
	}
}

// perShard counts the records in each shard of the stream "s".
func perShard(srv *kstreamtest.Server) map[string]int {
	n := make(map[string]int)
	for _, r := range srv.Records("s") {
		n[r.Shard]++
	}
	return n
}

func sendAndFlush(t *testing.T, p *Producer[string], n int) {
	t.Helper()
	send(t, p, n)
	if err := p.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestASwitchOfTheDistribution takes effect at once, in the middle of a
// Producer's work. Where keys are needed again, none may be missing; and where
// there is no order any more, none is promised.
func TestASwitchOfTheDistribution(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*ProducerConfig[string])
		want   error // of Send, when the service ignores keys
	}{
		{"without keys", func(cfg *ProducerConfig[string]) { cfg.PartitionKey = nil }, nil},
		{"aggregated", func(cfg *ProducerConfig[string]) { cfg.Aggregate = true }, nil},
		{"ordered", func(cfg *ProducerConfig[string]) { cfg.Ordered = true }, ErrOrderAuto},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
				info, err := CreateStream(context.Background(), srv.Client(), "on-demand", StreamOptions{})
				if err != nil {
					t.Fatal(err)
				}
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
					cfg.Stream = "on-demand"
					tt.change(cfg)
				})
				sendAndFlush(t, p, 500)
				distribute(t, srv, info, types.RecordDistributionStrategyAuto)
				sendAndFlush(t, p, 500)
				time.Sleep(maxRelist + time.Second)
				if err := p.Send(context.Background(), "k:v"); !errors.Is(err, tt.want) {
					t.Fatalf("Send when the service ignores keys: %v, want %v", err, tt.want)
				}
				if tt.want == nil {
					sendAndFlush(t, p, 500)
					distribute(t, srv, info, types.RecordDistributionStrategyUserPartitionKey)
					sendAndFlush(t, p, 500)
					time.Sleep(maxRelist + time.Second)
					sendAndFlush(t, p, 500)
				}
				if st := p.Stats(); st.Failed > 0 {
					t.Errorf("%d values failed", st.Failed)
				}
				closeProducer(t, p)
			})
		})
	}
}

func distribute(t *testing.T, srv *kstreamtest.Server, info StreamInfo, s types.RecordDistributionStrategy) {
	t.Helper()
	_, err := srv.Client().UpdateStreamRecordDistributionStrategy(context.Background(), &kinesis.UpdateStreamRecordDistributionStrategyInput{
		StreamARN: &info.ARN, RecordDistributionStrategy: s,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLargerRecordsAreTakenWhenTheStreamTakesThem raises the limit of a stream
// whose Producer has refused a value before.
func TestLargerRecordsAreTakenWhenTheStreamTakesThem(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		ctx := context.Background()
		p := newTestProducer(t, srv, nil)
		large := "k:" + strings.Repeat("x", 2<<20)
		if _, err := p.Put(ctx, large); !isSizeError(err) {
			t.Errorf("Put of 2 MiB: %v", err)
		}
		info, err := DescribeStream(ctx, srv.Client(), "s")
		if err != nil {
			t.Fatal(err)
		}
		_, err = srv.Client().UpdateMaxRecordSize(ctx, &kinesis.UpdateMaxRecordSizeInput{StreamARN: &info.ARN, MaxRecordSizeInKiB: aws.Int32(10 << 10)})
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for ; refused < 2; refused++ {
			time.Sleep(maxRelist)
			if _, err = p.Put(ctx, large); !isSizeError(err) {
				break
			}
		}
		if err != nil || refused != 1 {
			t.Errorf("Put when the stream takes 10 MiB: %v, after it was refused %d times more, want once", err, refused)
		}
		closeProducer(t, p)
	})
}

func isSizeError(err error) bool { _, ok := errors.AsType[*RecordSizeError](err); return ok }
