package kstream

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

func TestConsumerMetricsAreThoseOfStats(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.put(50, 10)
		meter := newTestMeter()
		l.client = l.server.Client(func(o *kinesis.Options) { o.MeterProvider = testMeterProvider{meter} })
		c := l.consumer(ConsumerConfig[string]{Until: Count(50)})
		n := 0
		for _, err := range c.Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			if n++; n < 50 {
				continue
			}
			stats := c.Stats()
			for _, m := range consumerMetrics() {
				var got observation
				meter.callbacks[m.name](l.Context(), &got)
				if got.value != m.read(&stats) || got.stream != "s" {
					l.Errorf("%s: %+v, want %d for the stream s", m.name, got, m.read(&stats))
				}
			}
			var lag observation
			meter.callbacks[lagMetric](context.Background(), &lag)
			if lag.stream != "s" || stats.Records != 50 {
				l.Errorf("lag %+v, stats %+v", lag, stats)
			}
		}
		if want := len(consumerMetrics()) + 1; meter.stopped != want {
			l.Errorf("%d instruments stopped, want %d", meter.stopped, want)
		}
	})
}
