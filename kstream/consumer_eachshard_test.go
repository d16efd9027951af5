package kstream

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

func TestEachShardLeftEarlyGivesItsBudgetBack(t *testing.T) {
	inLab(t, 3, kstreamtest.Options{}, func(l *lab) {
		l.put(300, 30)
		ctx, cancel := context.WithTimeout(l.Context(), time.Minute) // what is never read ends it
		defer cancel()
		c := l.consumer(ConsumerConfig[string]{PrefetchBytes: maxAnswerBytes})
		err := c.EachShard(ctx, func(_ context.Context, _ Shard, records iter.Seq2[Record[string], error]) error {
			for _, err := range records {
				return err
			}
			return errors.New("no record")
		})
		if err != nil {
			l.Error(err)
		}
	})
}

func TestEachShardWithoutAFunctionIsAnError(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(1, 1)
		c := l.consumer(ConsumerConfig[string]{})
		if err := c.EachShard(l.Context(), nil); err == nil {
			t.Error("no error")
		}
		l.wantAll(values(t, c.Records(l.Context())), 0)
	})
}
