package kstream

import (
	"context"

	"github.com/aws/smithy-go/metrics"
)

// meterScope is the scope of this package's instruments.
const meterScope = "github.com/kinesiskit/kinesiskit/kstream"

// A producerMetric is one number of ProducerStats as an instrument.
type producerMetric struct {
	name, unit, description string
	gauge                   bool // it also falls
	read                    func(*ProducerStats) int64
}

func producerMetrics() []producerMetric {
	return []producerMetric{
		{"kinesiskit.producer.delivered", "{value}", "values that the stream has acknowledged", false, func(s *ProducerStats) int64 { return s.Delivered }},
		{"kinesiskit.producer.failed", "{value}", "values that are not in the stream", false, func(s *ProducerStats) int64 { return s.Failed }},
		{"kinesiskit.producer.maybe_delivered", "{value}", "values that may be in the stream", false, func(s *ProducerStats) int64 { return s.MaybeDelivered }},
		{"kinesiskit.producer.calls", "{call}", "PutRecords calls", false, func(s *ProducerStats) int64 { return s.Calls }},
		{"kinesiskit.producer.failed_calls", "{call}", "PutRecords calls that failed as a whole", false, func(s *ProducerStats) int64 { return s.FailedCalls }},
		{"kinesiskit.producer.entries", "{record}", "records written", false, func(s *ProducerStats) int64 { return s.Entries }},
		{"kinesiskit.producer.throttled_entries", "{record}", "records refused for a shard's rate", false, func(s *ProducerStats) int64 { return s.ThrottledEntries }},
		{"kinesiskit.producer.retries", "{value}", "times that a value was queued again", false, func(s *ProducerStats) int64 { return s.Retries }},
		{"kinesiskit.producer.bytes", "By", "bytes written, keys included", false, func(s *ProducerStats) int64 { return s.Bytes }},
		{"kinesiskit.producer.payload_units", "{unit}", "units of 25 KB that are billed", false, func(s *ProducerStats) int64 { return s.PayloadUnits }},
		{"kinesiskit.producer.buffered_records", "{value}", "values not settled", true, func(s *ProducerStats) int64 { return int64(s.BufferedRecords) }},
		{"kinesiskit.producer.buffered_bytes", "By", "bytes of the values not settled", true, func(s *ProducerStats) int64 { return int64(s.BufferedBytes) }},
	}
}

// measure offers the numbers of Stats to a meter, which reads them when it is
// itself read: between that they cost nothing.
func (s *sender) measure(provider metrics.MeterProvider) error {
	if provider == nil {
		return nil
	}
	meter := provider.Meter(meterScope)
	stream := func(o *metrics.RecordMetricOptions) { o.Properties.Set("stream", s.stream) }
	for _, m := range producerMetrics() {
		create := meter.Int64AsyncCounter
		if m.gauge {
			create = meter.Int64AsyncGauge
		}
		instrument, err := create(m.name, func(ctx context.Context, o metrics.Int64Observer) {
			st := s.totals()
			o.Observe(ctx, m.read(&st), stream)
		}, func(o *metrics.InstrumentOptions) { o.UnitLabel, o.Description = m.unit, m.description })
		if err != nil {
			return err
		}
		s.meters = append(s.meters, instrument)
	}
	return nil
}
