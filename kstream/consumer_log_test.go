package kstream

import (
	"bytes"
	"context"
	"errors"
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

// readOnlyStore takes no checkpoint.
type readOnlyStore struct{ MemoryStore }

func (*readOnlyStore) Update(context.Context, Lease, Lease) error { return errReadOnly }

var errReadOnly = errors.New("read only")

// A last checkpoint that is lost is told once: by the loop's error, or in the
// log where the loop has no say or something else to tell.
func TestALostCheckpointIsToldOnce(t *testing.T) {
	tests := []struct {
		name   string
		body   func(cancel context.CancelFunc) bool // false: break
		err    error
		logged bool
	}{
		{"the loop ends by itself", func(context.CancelFunc) bool { return true }, errReadOnly, false},
		{"the body leaves it", func(context.CancelFunc) bool { return false }, nil, true},
		{"the context ends", func(cancel context.CancelFunc) bool { cancel(); return true }, context.Canceled, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				var log bytes.Buffer
				l.put(10, 1)
				consumer := l.consumer(ConsumerConfig[string]{Store: new(readOnlyStore), Logger: slog.New(slog.NewTextHandler(&log, nil))})
				ctx, cancel := context.WithCancel(l.Context())
				defer cancel()
				var told error
				n := 0
				for _, err := range consumer.Records(ctx) {
					if err != nil {
						told = err
					} else if n++; n == 5 && !tt.body(cancel) {
						break
					}
				}
				if !errors.Is(told, tt.err) {
					l.Errorf("the loop ended with %v, want %v", told, tt.err)
				}
				if logged := strings.Contains(log.String(), "last checkpoint not saved"); logged != tt.logged {
					l.Errorf("logged: %v, want %v:\n%s", logged, tt.logged, log.String())
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
