package kstream

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestShardStatsAddUp writes before the shards are listed, then to two of
// them, and to the children of one.
func TestShardStatsAddUp(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{Delay: 30 * time.Millisecond}, func(l *lab) {
		p := newTestProducer(l.T, l.server, nil)
		for step, rows := range []int{3, 4} {
			if step == 1 {
				l.split(0)
			}
			for range 3 {
				send(l.T, p, 300)
				l.wantSums(p.Stats())
				time.Sleep(5 * time.Second)
			}
			if err := p.Flush(context.Background()); err != nil {
				l.Fatal(err)
			}
			st := p.Stats()
			l.wantSums(st)
			if len(st.Shards) != rows || st.Shards[rows-1].ShardID != "" || st.Shards[rows-1].Entries == 0 {
				l.Errorf("want %d rows, the last for what belongs to no open shard: %+v", rows, st.Shards)
			}
		}
		closeProducer(l.T, p)
	})
}

func (l *lab) wantSums(st ProducerStats) {
	l.Helper()
	var sum ProducerShardStats
	for _, s := range st.Shards {
		sum.Entries += s.Entries
		sum.Bytes += s.Bytes
		sum.ThrottledEntries += s.ThrottledEntries
		sum.BufferedRecords += s.BufferedRecords
		sum.BufferedBytes += s.BufferedBytes
	}
	want := ProducerShardStats{
		Entries: st.Entries, Bytes: st.Bytes, ThrottledEntries: st.ThrottledEntries,
		BufferedRecords: st.BufferedRecords, BufferedBytes: st.BufferedBytes,
	}
	if len(st.Shards) > 0 && sum != want {
		l.Errorf("the shards add up to %+v, want %+v", sum, want)
	}
}

// TestStatsCountWhatSendAllRefuses sums the outcomes up.
func TestStatsCountWhatSendAllRefuses(t *testing.T) {
	for _, told := range []bool{false, true} {
		inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
				if told {
					cfg.OnSettled = func(Settlement[string]) {}
				}
			})
			_, _ = p.SendAll(context.Background(), func(yield func(string, error) bool) {
				_ = yield("k:v", nil) && yield(":no key", nil) && yield("k:"+strings.Repeat("x", 2<<20), nil)
			})
			if st := p.Stats(); st.Delivered != 1 || st.Failed != 2 || st.BufferedRecords != 0 {
				t.Errorf("%d delivered, %d failed, %d buffered; want 1, 2, 0", st.Delivered, st.Failed, st.BufferedRecords)
			}
			closeProducer(t, p)
		})
	}
}
