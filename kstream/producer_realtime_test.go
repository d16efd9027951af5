package kstream

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestThroughputInRealTime does what TestThroughputAtTheLimits does, over TCP and
// by the clock on the wall. It reports the share of the limit but does not
// judge it, because that is the machine's too: at 64 shards 64 MiB a second are
// written, sent, read and stored.
func TestThroughputInRealTime(t *testing.T) {
	if os.Getenv("KINESISKIT_REALTIME") == "" {
		t.Skip("takes a minute a case: set KINESISKIT_REALTIME=1; TestThroughputAtTheLimits judges the same in fake time")
	}
	for _, shards := range []int{1, 2, 64} {
		for _, size := range []int{4 << 10, 100} {
			t.Run(fmt.Sprintf("%d shards/%d bytes", shards, size), func(t *testing.T) {
				srv := kstreamtest.NewServer(kstreamtest.Options{Delay: 30 * time.Millisecond, MaxBytes: -1})
				defer srv.Close()
				srv.CreateStream("s", shards)
				client := kinesis.New(kinesis.Options{
					Region: srv.Region(), BaseEndpoint: aws.String(srv.URL()),
					Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
						return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
					}),
				})
				p, err := NewProducer(client, ProducerConfig[string]{Stream: "s", MaxBufferedBytes: shards << 20})
				if err != nil {
					t.Fatal(err)
				}
				text := strings.Repeat("x", size)
				value := func(int) string { return text }
				sendUntil(t, p, time.Now().Add(time.Second), value)
				began, before := time.Now(), srv.Counters()
				sendUntil(t, p, began.Add(time.Minute), value)
				r := rateSince(srv, before, time.Since(began), shards)
				st := p.Stats()
				closeProducer(t, p)
				share := max(r.records/limitRecords, r.bytes/limitBytes)
				throttled := float64(st.ThrottledEntries) / float64(st.Entries)
				t.Logf("%.4f of the limit, %.4f throttled, %.1f entries a call", share, throttled, float64(st.Entries)/float64(st.Calls))
				if throttled > 0.01 {
					t.Errorf("%.4f of the entries were throttled, want at most 0.01", throttled)
				}
				var stored int64
				for _, c := range srv.Counters().Shards {
					stored += int64(c.RecordsIn)
				}
				if delivered := p.Stats().Delivered; delivered != stored {
					t.Errorf("%d were delivered, %d are in the stream", delivered, stored)
				}
			})
		}
	}
}
