package kstream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestAggregatesKeepToTheirBound sends values of all sizes, many of them about as
// large as an aggregate may be, under keys that count too.
func TestAggregatesKeepToTheirBound(t *testing.T) {
	for _, bound := range []int{100, 1000, payloadUnit} {
		inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate, cfg.AggregateBytes = true, bound })
			r := rand.New(rand.NewPCG(1, 1))
			want := make(map[string]bool)
			for i := range 200 {
				v := fmt.Sprintf("%d%s:", i, strings.Repeat("ä", r.IntN(100)))
				switch i % 3 {
				case 0:
					v += strings.Repeat("x", max(0, bound-300+r.IntN(320)))
				case 1:
					v += strings.Repeat("x", r.IntN(bound/10))
				}
				want[v] = true
				if err := p.Send(context.Background(), v); err != nil {
					t.Fatal(err)
				}
			}
			closeProducer(t, p)
			for _, rec := range srv.Records("s") {
				var d kpl.Decoder
				if ok, _ := d.Reset(rec.Data); ok && len(rec.Data)+len(rec.PartitionKey) > bound {
					t.Errorf("an aggregate of %d bytes, want at most %d", len(rec.Data)+len(rec.PartitionKey), bound)
				}
			}
			for _, m := range readMembers(t, srv) {
				delete(want, string(m.Data))
			}
			if len(want) > 0 {
				t.Errorf("%d values are missing", len(want))
			}
		})
	}
}
