package kstream

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go/metrics"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A testMeter keeps asynchronous instruments, and reads them on request.
type testMeter struct {
	metrics.Meter // of the SDK, which does nothing
	callbacks     map[string]metrics.Int64Callback
	stopped       int
}

func newTestMeter() *testMeter {
	return &testMeter{metrics.NopMeterProvider{}.Meter(""), make(map[string]metrics.Int64Callback), 0}
}

// testMeterProvider leaves the SDK its own meter.
type testMeterProvider struct{ meter *testMeter }

func (p testMeterProvider) Meter(scope string, opts ...metrics.MeterOption) metrics.Meter {
	if scope != meterScope {
		return metrics.NopMeterProvider{}.Meter(scope, opts...)
	}
	return p.meter
}

func (m *testMeter) Int64AsyncCounter(name string, f metrics.Int64Callback, _ ...metrics.InstrumentOption) (metrics.AsyncInstrument, error) {
	m.callbacks[name] = f
	return testInstrument{m}, nil
}

func (m *testMeter) Int64AsyncGauge(name string, f metrics.Int64Callback, opts ...metrics.InstrumentOption) (metrics.AsyncInstrument, error) {
	return m.Int64AsyncCounter(name, f, opts...)
}

type testInstrument struct{ meter *testMeter }

func (i testInstrument) Stop() { i.meter.stopped++ }

// observation is one number that an instrument gave.
type observation struct {
	value  int64
	stream any
}

func (o *observation) Observe(_ context.Context, v int64, opts ...metrics.RecordMetricOption) {
	var options metrics.RecordMetricOptions
	for _, opt := range opts {
		opt(&options)
	}
	o.value, o.stream = v, options.Properties.Get("stream")
}

func TestMetricsAreThoseOfStats(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
		meter := newTestMeter()
		client := srv.Client(func(o *kinesis.Options) { o.MeterProvider = testMeterProvider{meter} })
		p, err := NewProducer(client, ProducerConfig[string]{Stream: "s"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.SendAll(context.Background(), numbered(500)); err != nil {
			t.Fatal(err)
		}
		st := p.Stats()
		for _, m := range producerMetrics() {
			var got observation
			meter.callbacks[m.name](context.Background(), &got)
			if got.value != m.read(&st) || got.stream != "s" {
				t.Errorf("%s: %+v, want %d for the stream s", m.name, got, m.read(&st))
			}
		}
		if st.Delivered != 500 {
			t.Errorf("%d values delivered", st.Delivered)
		}
		closeProducer(t, p)
		if want := len(producerMetrics()); meter.stopped != want {
			t.Errorf("%d instruments stopped, want %d", meter.stopped, want)
		}
	})
}
