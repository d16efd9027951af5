package kstream

import (
	"context"
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
