//go:build !race

// The race detector has sync.Pool drop some of what it is given.

package kstream

import (
	"context"
	"strings"
	"testing"
)

// TestSendAllocatesAtMostOnce counts the calls and their answers too.
func TestSendAllocatesAtMostOnce(t *testing.T) {
	value := []byte(strings.Repeat("x", 400))
	for _, aggregate := range []bool{false, true} {
		p, err := NewProducer(newPutStub().client(), ProducerConfig[[]byte]{Stream: "s", Rate: -1, Aggregate: aggregate})
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		send := func(n int) {
			for range n {
				if err := p.Send(ctx, value); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		const n = 20_000
		send(n) // until all memory is there that is used again
		if got := testing.AllocsPerRun(5, func() { send(n) }) / n; got > 1 {
			t.Errorf("aggregated %t: %.2f allocations a Send, calls and answers included; want at most 1", aggregate, got)
		} else {
			t.Logf("aggregated %t: %.2f allocations a Send", aggregate, got)
		}
		closeProducer(t, p)
	}
}
