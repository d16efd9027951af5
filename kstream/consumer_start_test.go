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
