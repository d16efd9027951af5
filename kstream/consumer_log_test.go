package kstream

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A loop that waits out an outage says so, and a short one is nobody's
// business; with thousands of shards it is still one line a minute.
func TestConsumerTellsThatReadsKeepFailing(t *testing.T) {
	tests := []struct {
		name   string
		outage time.Duration
		want   int
	}{
		{"a fault that passes", 2 * time.Second, 0},
		{"an outage", 3*time.Minute + 30*time.Second, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fault := kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "GetRecords", For: tt.outage}
			inLab(t, 8, kstreamtest.Options{Faults: []kstreamtest.Fault{fault}}, func(l *lab) {
				var log bytes.Buffer // a TextHandler writes one line at a time
				l.put(10, 10)
				consumer := l.consumer(ConsumerConfig[string]{Until: Tip(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
				if _, errs := errorsOf(consumer.Records(l.Context())); len(errs) > 0 {
					l.Error(errs)
				}
				if got := strings.Count(log.String(), "reads keep failing"); got != tt.want {
					l.Errorf("told %d times, want %d:\n%s", got, tt.want, log.String())
				}
			})
		})
	}
}

// What both ends log without a Logger goes where a program's log goes.
func TestLoggerIsTheDefaultOne(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		if got := l.consumer(ConsumerConfig[string]{}).cfg.logger; got != slog.Default() {
			l.Error("a Consumer without a Logger does not log to slog.Default")
		}
		p, err := NewProducer(l.client, ProducerConfig[string]{Stream: "s"})
		if err != nil {
			l.Fatal(err)
		}
		defer p.Close(l.Context())
		if p.sender.logger != slog.Default() {
			l.Error("a Producer without a Logger does not log to slog.Default")
		}
	})
}
