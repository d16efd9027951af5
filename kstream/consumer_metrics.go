package kstream

import (
	"context"

	"github.com/aws/smithy-go/metrics"
)

// A consumerMetric is one number of ConsumerStats as an instrument.
type consumerMetric struct {
	name, unit, description string
	read                    func(*ConsumerStats) int64
}

func consumerMetrics() []consumerMetric {
	return []consumerMetric{
		{"kinesiskit.consumer.records", "{record}", "records read, aggregated ones once", func(s *ConsumerStats) int64 { return s.Records }},
		{"kinesiskit.consumer.bytes", "By", "bytes read, keys included", func(s *ConsumerStats) int64 { return s.Bytes }},
		{"kinesiskit.consumer.calls", "{call}", "answered reads", func(s *ConsumerStats) int64 { return s.Calls }},
		{"kinesiskit.consumer.empty_calls", "{call}", "reads that brought no record", func(s *ConsumerStats) int64 { return s.EmptyCalls }},
		{"kinesiskit.consumer.throttled", "{call}", "reads refused for coming too fast", func(s *ConsumerStats) int64 { return s.Throttled }},
		{"kinesiskit.consumer.faults", "{call}", "reads that failed and were tried again", func(s *ConsumerStats) int64 { return s.Faults }},
		{"kinesiskit.consumer.renewals", "{call}", "iterators that had expired", func(s *ConsumerStats) int64 { return s.Renewals }},
		{"kinesiskit.consumer.decode_errors", "{record}", "records that could not be decoded", func(s *ConsumerStats) int64 { return s.DecodeErrors }},
		{"kinesiskit.consumer.gaps", "{gap}", "places where records may have been trimmed unread", func(s *ConsumerStats) int64 { return s.Gaps }},
		{"kinesiskit.consumer.out_of_range", "{record}", "members of aggregates that were not the shard's", func(s *ConsumerStats) int64 { return s.OutOfRange }},
		{"kinesiskit.consumer.save_failures", "{save}", "checkpoints that could not be saved at first", func(s *ConsumerStats) int64 { return s.SaveFailures }},
	}
}

const lagMetric = "kinesiskit.consumer.lag"

// measure offers the numbers of Stats to a meter, and the lag of each shard. It
// reads them when it is itself read: between that they cost nothing. The result
// ends that.
func (m *consumerMeter) measure(provider metrics.MeterProvider, stream string) (stop func(), err error) {
	var instruments []metrics.AsyncInstrument
	stop = func() {
		for _, i := range instruments {
			i.Stop()
		}
	}
	if provider == nil {
		return stop, nil
	}
	meter := provider.Meter(meterScope)
	add := func(create func(string, metrics.Int64Callback, ...metrics.InstrumentOption) (metrics.AsyncInstrument, error), name, unit, description string, f metrics.Int64Callback) {
		if err != nil {
			return
		}
		var i metrics.AsyncInstrument
		i, err = create(name, f, func(o *metrics.InstrumentOptions) { o.UnitLabel, o.Description = unit, description })
		if err == nil {
			instruments = append(instruments, i)
		}
	}
	of := func(o *metrics.RecordMetricOptions) { o.Properties.Set("stream", stream) }
	for _, metric := range consumerMetrics() {
		add(meter.Int64AsyncCounter, metric.name, metric.unit, metric.description, func(ctx context.Context, o metrics.Int64Observer) {
			stats := m.snapshot()
			o.Observe(ctx, metric.read(&stats), of)
		})
	}
	add(meter.Int64AsyncGauge, lagMetric, "ms", "how far the last answer was behind the shard's newest record", func(ctx context.Context, o metrics.Int64Observer) {
		for _, shard := range m.snapshot().Shards {
			o.Observe(ctx, shard.Lag.Milliseconds(), of, func(o *metrics.RecordMetricOptions) { o.Properties.Set("shard", shard.ID) })
		}
	})
	if err != nil {
		stop()
	}
	return stop, err
}
