package kstream

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestUploadTakesWhatTheShardsAllow uploads tables of the sizes of the
// experiment: a full bucket at the start is used at once, then each shard is
// kept at its rate, and there is no tail.
func TestUploadTakesWhatTheShardsAllow(t *testing.T) {
	for _, tt := range []struct {
		records, mean, shards int
		delay                 time.Duration
	}{
		{212, 1405, 1, 43 * time.Millisecond},
		{8786, 1315, 2, 26 * time.Millisecond},
		{8786, 1315, 2, 50 * time.Millisecond},
	} {
		t.Run(fmt.Sprintf("%d records/%v", tt.records, tt.delay), func(t *testing.T) {
			inBubble(t, kstreamtest.Options{Delay: tt.delay}, tt.shards, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, nil)
				began := time.Now()
				summary, err := p.SendAll(context.Background(), table(tt.records, tt.mean))
				took := time.Since(began)
				if err != nil || summary.Delivered != int64(tt.records) {
					t.Fatalf("SendAll: %+v, %v", summary, err)
				}
				var bound float64
				for _, c := range srv.Counters().Shards {
					bound = max(bound, float64(c.RecordsIn-limitRecords)/limitRecords, float64(c.BytesIn-limitBytes)/limitBytes)
				}
				allowed := time.Duration(1.10*bound*float64(time.Second)) + 2*tt.delay
				st := p.Stats()
				t.Logf("took %v, the bound is %.3f s; %d calls, %d of %d entries throttled", took, bound, st.Calls, st.ThrottledEntries, st.Entries)
				if took > allowed {
					t.Errorf("the upload took %v, want at most %v", took, allowed)
				}
				if st.ThrottledEntries*100 > st.Entries {
					t.Errorf("%d of %d entries were throttled", st.ThrottledEntries, st.Entries)
				}
				closeProducer(t, p)
			})
		})
	}
}

// table yields records with their own keys, of many sizes around a mean.
func table(n, mean int) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			size := mean/4 + r.IntN(mean*3/2)
			if !yield(fmt.Sprintf("book %d:%s", i, strings.Repeat("x", size)), nil) {
				return
			}
		}
	}
}
