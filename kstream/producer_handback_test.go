package kstream

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestFailedValuesComeInTheOrderOfSend: whoever sends again what was handed
// back must not turn round the values of a key. What was under way when the
// Producer gave up, or is tried again, was sent before what still waits.
func TestFailedValuesComeInTheOrderOfSend(t *testing.T) {
	tests := []struct {
		name  string
		setup func(*ProducerConfig[string])
	}{
		{"plain", nil},
		{"aggregated", func(cfg *ProducerConfig[string]) { cfg.Aggregate = true }},
		{"ordered", func(cfg *ProducerConfig[string]) { cfg.Ordered = true }},
		{"ordered and aggregated", func(cfg *ProducerConfig[string]) { cfg.Ordered, cfg.Aggregate = true, true }},
		{"in a small buffer", func(cfg *ProducerConfig[string]) { cfg.MaxBufferedRecords = 30 }},
	}
	outage := kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "PutRecords", Code: "ServiceUnavailable"}
	for _, tt := range tests {
		for _, patience := range []time.Duration{50 * time.Millisecond, 10 * time.Second} {
			t.Run(fmt.Sprint(tt.name, ", ", patience), func(t *testing.T) {
				inBubble(t, kstreamtest.Options{Faults: []kstreamtest.Fault{outage}}, 4, func(t *testing.T, srv *kstreamtest.Server) {
					p := newTestProducer(t, srv, tt.setup)
					var want []string
					for i := range 30 {
						v := fmt.Sprintf("%d:value %d", i%8, i)
						if err := p.Send(t.Context(), v); err != nil {
							t.Fatal(err)
						}
						want = append(want, v)
					}
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					failed, ok := errors.AsType[*FailedError[string]](p.Close(ctx))
					if !ok {
						t.Fatal("Close handed nothing back")
					}
					var got []string
					for _, s := range failed.Failed {
						got = append(got, s.Value)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("handed back (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}
