package kstream

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A position of a shard that the stream no longer lists was ignored.
func TestStartInATrimmedShardIsAGap(t *testing.T) {
	tests := []struct {
		name     string
		position func(seq string) Position
		gap      bool
	}{
		{"after a record", func(seq string) Position { return AfterRecord(seq, 0) }, true},
		{"after a sequence number", AfterSequenceNumber, true},
		{"at a sequence number", AtSequenceNumber, true},
		{"at its end", func(string) Position { return ShardEnd() }, false},
		{"at what it still holds", func(string) Position { return TrimHorizon() }, false},
	}
	for _, tt := range tests {
		for _, start := range []Position{TrimHorizon(), Latest()} {
			t.Run(fmt.Sprint(tt.name, " and from ", start), func(t *testing.T) {
				inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
					l.put(10, 5)
					first := l.server.Records("s")[0]
					l.split(0)
					time.Sleep(30 * time.Hour)
					l.puts = 0
					l.put(5, 5) // to its children, which are read from their beginning
					cfg := ConsumerConfig[string]{Start: start, StartShards: map[string]Position{first.Shard: tt.position(first.SequenceNumber)}}
					got, errs := errorsOf(l.consumer(cfg).Records(l.Context()))
					l.wantAll(got, 0)
					var gaps []string
					for _, err := range errs {
						if gap, ok := errors.AsType[*GapError](err); ok {
							gaps = append(gaps, gap.ShardID)
						} else {
							l.Error(err)
						}
					}
					var want []string
					if tt.gap {
						want = []string{first.Shard}
					}
					if diff := cmp.Diff(want, gaps); diff != "" {
						l.Errorf("gaps (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

func TestStartInAShardThatNeverWasIsAnError(t *testing.T) {
	for _, id := range []string{"shardId-000000000002", "shardId-1", "shard-00000000000"} {
		inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
			l.put(10, 5)
			cfg := ConsumerConfig[string]{StartShards: map[string]Position{id: TrimHorizon()}}
			got, errs := errorsOf(l.consumer(cfg).Records(l.Context()))
			if len(got) != 0 || len(errs) != 1 || !strings.Contains(errs[0].Error(), id) {
				l.Errorf("values %q, errors %v; want one that names %s", got, errs, id)
			}
		})
	}
}

// A wrong year must not be kept by the Store, and end all later loops.
func TestAStartInTheFutureIsRefusedAndNotKept(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 5)
		store := new(MemoryStore)
		future := AtTime(time.Now().Add(time.Hour))
		for _, cfg := range []ConsumerConfig[string]{
			{Store: store, Start: future},
			{Store: store, StartShards: map[string]Position{"shardId-000000000001": future}},
		} {
			got, errs := errorsOf(l.consumer(cfg).Records(l.Context()))
			if len(got) != 0 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "in the future") {
				l.Errorf("values %q, errors %v", got, errs)
			}
		}
		l.wantAll(l.read(ConsumerConfig[string]{Store: store}), 0)
		if got := l.read(ConsumerConfig[string]{Store: store, Start: future}); len(got) != 0 { // is not used
			l.Errorf("read %q", got)
		}
	})
}

// Now, by a clock that is ahead of the service's, is in its future.
func TestAStartThatOnlyOurClockHasReachedIsWaitedFor(t *testing.T) {
	for _, fanOut := range []string{"", "reader"} {
		inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
			l.put(5, 1)
			l.puts = 0
			start := time.Now().Add(20 * time.Second)
			l.after(21*time.Second, func() { l.put(5, 1) })
			got := l.read(ConsumerConfig[string]{Start: AtTime(start), FanOut: fanOut, Until: UntilTime(start.Add(time.Minute))})
			l.wantAll(got, 0)
		})
	}
}
