package kstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// t.FailNow in an EachShard function is a Goexit. The calls for the other shards
// must not go on for ever, with nobody to tell.
func TestGoexitInEachShardEndsTheOthers(t *testing.T) {
	inLab(t, 3, kstreamtest.Options{}, func(l *lab) {
		l.put(60, 30)
		c := l.consumer(ConsumerConfig[string]{Until: Count(1e6)})
		ctx, cancel := context.WithTimeout(l.Context(), time.Hour)
		defer cancel()
		err := c.EachShard(ctx, func(ctx context.Context, shard Shard, records iter.Seq2[Record[string], error]) error {
			for range records {
				if shard.ID == "shardId-000000000001" {
					runtime.Goexit()
				}
			}
			return nil
		})
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "did not return") {
			l.Errorf("EachShard returned %v, the time-out's error is %v", err, ctx.Err())
		}
	})
}

func TestGoexitInTheLoopLeavesNothing(t *testing.T) {
	inLab(t, 3, kstreamtest.Options{}, func(l *lab) {
		l.put(60, 30)
		c := l.consumer(ConsumerConfig[string]{Until: Count(1e6)})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for range c.Records(l.Context()) {
				runtime.Goexit()
			}
		}()
		<-ended
		next, stop := iter.Pull2(c.Records(l.Context()))
		for range 5 {
			if _, err, ok := next(); err != nil || !ok {
				l.Errorf("error %v, there is more: %t", err, ok)
			}
		}
		stop()
		if n := len(values(l.T, l.consumer(ConsumerConfig[string]{}).Records(l.Context()))); n != 60 {
			l.Errorf("%d records", n)
		}
	})
}

// A panickyStore panics when it is asked for the leases.
type panickyStore struct {
	MemoryStore
	once sync.Once
}

func (s *panickyStore) List(ctx context.Context, stream StreamID) ([]Lease, error) {
	s.once.Do(func() { panic("store") })
	return s.MemoryStore.List(ctx, stream)
}

func TestAPanicBeforeTheLoopLeavesTheConsumerFree(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(3, 1)
		c := l.consumer(ConsumerConfig[string]{Store: new(panickyStore)})
		func() {
			defer func() { _ = recover() }()
			for range c.Records(l.Context()) {
			}
		}()
		got, errs := errorsOf(c.Records(l.Context()))
		if len(got) != 3 || len(errs) != 0 {
			l.Errorf("the next loop yielded %q, %v", got, errs)
		}
	})
}

func TestOnDecodeErrorPanicIsThePanicOfTheLoop(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.putTexts("a", "poison")
		store := new(MemoryStore)
		c := l.consumer(ConsumerConfig[string]{Codec: upper{}, Store: store, OnDecodeError: func(*DecodeError) error { panic("dead letters") }})
		for _, loop := range []func(){
			func() {
				for range c.Records(l.Context()) {
				}
			},
			func() {
				for range c.Batches(l.Context(), 10, time.Second) {
				}
			},
			func() {
				_ = c.EachShard(l.Context(), func(_ context.Context, _ Shard, records iter.Seq2[Record[string], error]) error {
					for range records {
					}
					return nil
				})
			},
		} {
			func() {
				defer func() {
					if v := recover(); !strings.Contains(fmt.Sprint(v), "dead letters") {
						l.Errorf("recovered %v", v)
					}
				}()
				loop()
			}()
		}
		got, errs := errorsOf(l.consumer(ConsumerConfig[string]{Codec: upper{}, Store: store}).Records(l.Context()))
		if len(got) != 0 || len(errs) != 1 { // "a" was done, the poison was not
			l.Errorf("the next loop yielded %q, %v", got, errs)
		}
	})
}

// A body may be left at any record, by any way, in any kind of loop; what is read
// then, and in the next loop, must be all.
func TestLeavingAtEveryRecord(t *testing.T) {
	const records = 12
	for _, fanOut := range []string{"", "reader"} {
		for _, way := range []string{"break", "panic", "cancel", "pull"} {
			t.Run(way+fanOut, func(t *testing.T) {
				inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
					l.put(records/2, 4)
					l.split(0)
					l.put(records/2, 4)
					for at := 1; at <= records; at++ {
						cfg := ConsumerConfig[string]{Store: new(MemoryStore), FanOut: fanOut}
						got := l.leave(cfg, way, at)
						synctest.Wait()
						if len(got) != at {
							l.Errorf("the body ran %d times, want %d", len(got), at)
						}
						time.Sleep(5 * time.Second) // until shards can be subscribed to again
						l.wantAll(append(got, l.read(cfg)...), 1)
						time.Sleep(5 * time.Second)
					}
				})
			})
		}
	}
}

// leave runs a loop and leaves it at a record.
func (l *lab) leave(cfg ConsumerConfig[string], way string, at int) (got []string) {
	defer func() { _ = recover() }()
	ctx, cancel := context.WithCancelCause(l.Context())
	defer cancel(nil)
	seq := l.consumer(cfg).Records(ctx)
	if way == "pull" {
		next, stop := iter.Pull2(seq)
		defer stop()
		for len(got) < at {
			rec, err, _ := next()
			if err != nil {
				l.Error(err)
			}
			got = append(got, rec.Value)
		}
		return got
	}
	for rec, err := range seq {
		if err != nil {
			if !errors.Is(err, errBody) {
				l.Error(err)
			}
			continue
		}
		if got = append(got, rec.Value); len(got) < at {
			continue
		}
		switch way {
		case "break":
			return got
		case "panic":
			panic("body")
		case "cancel":
			cancel(errBody)
		}
	}
	return got
}

// Done may come when the loop is over, and while the next one runs.
func TestDoneAfterTheLoopHasEnded(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 1)
		cfg := ConsumerConfig[string]{Store: new(MemoryStore), ManualDone: true, CheckpointRecords: 1}
		c := l.consumer(cfg)
		var kept []Record[string]
		for batch, err := range c.Batches(l.Context(), 4, 0) {
			if err != nil {
				l.Fatal(err)
			}
			kept = append(kept, batch...)
		}
		for i := range kept[:6] {
			kept[5-i].Done()
		}
		if err := c.Checkpoint(l.Context()); err != nil {
			l.Error(err)
		}
		n := 0
		for rec, err := range c.Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			kept[6+n].Done() // of the other loop: it counts no more
			kept[6+n].Done()
			if n++; n < 3 {
				rec.Done()
			}
		}
		if n != 4 {
			l.Errorf("%d records were delivered again, want 4", n)
		}
		if err := c.Checkpoint(l.Context()); err != nil {
			l.Error(err)
		}
		if got := l.read(cfg); len(got) != 2 {
			l.Errorf("%q are delivered a third time, want 2", got)
		}
	})
}
