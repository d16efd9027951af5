package kstream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestProducerInCBOR writes in CBOR what a Consumer then reads in JSON, in
// spite of everything that makes the Producer try again.
func TestProducerInCBOR(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault kstreamtest.Fault
	}{
		{"throttled entries", kstreamtest.Fault{Kind: kstreamtest.Throttle, Chance: 0.1, Operation: "PutRecords"}},
		{"refused entries", kstreamtest.Fault{Kind: kstreamtest.FailEntry, Chance: 0.1}},
		{"failed calls", kstreamtest.Fault{Kind: kstreamtest.Fail, Count: 3, Operation: "PutRecords"}},
		{"expired credentials", kstreamtest.Fault{Kind: kstreamtest.Fail, Count: 2, Operation: "PutRecords", Code: "ExpiredTokenException"}},
	} {
		for _, pack := range []struct{ aggregate, compress bool }{{}, {aggregate: true}, {compress: true}} {
			inLab(t, 2, kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: []kstreamtest.Fault{tt.fault}}, func(l *lab) {
				p := newTestProducer(l.T, l.server, func(cfg *ProducerConfig[string]) {
					cfg.CBOR, cfg.Aggregate, cfg.Compress = true, pack.aggregate, pack.compress
				})
				summary, err := p.SendAll(context.Background(), numbered(1500))
				if diff := cmp.Diff(Summary{Delivered: 1500, Resume: 1500}, summary); diff != "" || err != nil {
					l.Errorf("%s, %+v: %v, summary (-want +got):\n%s", tt.name, pack, err, diff)
				}
				closeProducer(l.T, p)
				found := make(map[string]bool)
				for _, v := range l.read(ConsumerConfig[string]{}) {
					found[v] = true
				}
				if len(found) != 1500 {
					l.Errorf("%s, %+v: %d values in the stream", tt.name, pack, len(found))
				}
			})
		}
	}
}

func TestErrorsInCBOR(t *testing.T) {
	inBubble(t, refusing(), 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.CBOR = true })
		_, err := p.Put(context.Background(), "k:v")
		if err == nil || !strings.Contains(err.Error(), "AccessDeniedException") || !errors.Is(err, errCallRefused) {
			t.Errorf("Put without permission: %v", err)
		}
		closeProducer(t, p)
	})
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.CBOR, cfg.Stream = true, "none" })
		if _, err := p.Put(context.Background(), "k:v"); !errors.Is(err, ErrStreamNotFound) {
			t.Errorf("Put into no stream: %v", err)
		}
		closeProducer(t, p)
	})
}
