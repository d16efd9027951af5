package kstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// gaps runs a loop and returns how many records and gaps it yielded.
func (l *lab) gaps(cfg ConsumerConfig[string]) (values, gaps int) {
	l.Helper()
	got, errs := errorsOf(l.consumer(cfg).Records(l.Context()))
	for _, err := range errs {
		if _, ok := errors.AsType[*GapError](err); !ok {
			l.Error(err)
		}
	}
	return len(got), len(errs)
}

// threeAfterALoopOf runs one long loop, and when three records have come another
// one, which must yield them and no gap.
func (l *lab) threeAfterALoopOf(long time.Duration, keys int, cfg ConsumerConfig[string]) {
	l.Helper()
	cfg.Until = UntilTime(time.Now().Add(long))
	l.gaps(cfg)
	time.Sleep(20 * time.Hour)
	l.put(3, keys)
	cfg.Until = Tip()
	if n, gaps := l.gaps(cfg); n != 3 || gaps != 0 {
		l.Errorf("in the end: %d records, %d gaps", n, gaps)
	}
}

// The record that the checkpoint names is trimmed, but nothing came after it, as
// the loops since then have seen.
func TestAQuietStreamHasNoGaps(t *testing.T) {
	t.Parallel()
	for _, fanOut := range []string{"", "reader"} {
		t.Run(fmt.Sprintf("fan-out %q", fanOut), func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				cfg := ConsumerConfig[string]{IdleInterval: 4 * time.Minute, Store: new(MemoryStore), FanOut: fanOut}
				l.put(1, 1)
				if n, gaps := l.gaps(cfg); n != 1 || gaps != 0 {
					l.Errorf("%d records, %d gaps", n, gaps)
				}
				for day := range 4 {
					time.Sleep(20 * time.Hour)
					if n, gaps := l.gaps(cfg); n != 0 || gaps != 0 {
						l.Errorf("%d: %d records, %d gaps", day, n, gaps)
					}
				}
				l.threeAfterALoopOf(40*time.Hour, 1, cfg)
			})
		})
	}
}

// The loop stood still for longer than the stream keeps records: whether there
// were any is unknown, once.
func TestAGapIsReportedOnce(t *testing.T) {
	for _, missed := range []int{0, 5} {
		t.Run(fmt.Sprint(missed), func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				cfg := ConsumerConfig[string]{IdleInterval: 4 * time.Minute, Store: new(MemoryStore)}
				l.put(1, 1)
				l.gaps(cfg)
				time.Sleep(20 * time.Hour)
				l.gaps(cfg)
				time.Sleep(time.Hour)
				l.put(missed, 1)
				time.Sleep(30 * time.Hour)
				for i, want := range []int{1, 0, 0} {
					if n, gaps := l.gaps(cfg); n != 0 || gaps != want {
						l.Errorf("loop %d: %d records, %d gaps; want %d", i, n, gaps, want)
					}
				}
				time.Sleep(30 * time.Hour)
				if _, gaps := l.gaps(cfg); gaps != 1 {
					l.Errorf("%d gaps after another 30 hours, want 1", gaps)
				}
			})
		})
	}
}

// A loop may be cut off from the Store's view while it is in a record: what it
// has not finished is not there to be forgotten.
func TestAQuietShardWithARecordInWorkIsNotCaughtUp(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		cfg := ConsumerConfig[string]{IdleInterval: 4 * time.Minute, Store: new(MemoryStore)}
		l.put(2, 1)
		cfg.Until = Count(1e6)
		n := 0
		for range l.consumer(cfg).Records(l.Context()) {
			if n++; n == 2 {
				time.Sleep(23 * time.Hour)
				break // the second record is left
			}
		}
		time.Sleep(5 * time.Hour)
		cfg.Until = Tip()
		if n, gaps := l.gaps(cfg); n != 0 || gaps != 1 {
			l.Errorf("%d records, %d gaps; want the gap in which the second record was", n, gaps)
		}
	})
}

// The loop is slower than the stream. Its iterators stay good, but what they
// stand before is trimmed, and the service goes on after that without a word.
func TestRecordsTrimmedBeforeASlowLoopAreReported(t *testing.T) {
	t.Parallel()
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.every(time.Minute, 60*60, func() { l.put(1, 1) })
		ctx, cancel := context.WithTimeout(l.Context(), 60*time.Hour)
		defer cancel()
		next, gap, gaps := 0, false, 0
		for rec, err := range l.consumer(ConsumerConfig[string]{PrefetchRecords: 1, Until: Count(1e6)}).Records(ctx) {
			if _, ok := errors.AsType[*GapError](err); ok {
				gap = true
				continue
			}
			if err != nil {
				break
			}
			var n int
			if _, err := fmt.Sscanf(rec.Value, "key-0:%d", &n); err != nil {
				l.Fatal(err)
			}
			if n != next {
				if gaps++; !gap {
					l.Fatalf("%d came after %d, and no gap was reported", n, next-1)
				}
			}
			next, gap = n+1, false
			time.Sleep(3 * time.Minute)
		}
		if gaps == 0 {
			l.Error("nothing was trimmed: the test shows nothing")
		}
	})
}

// A sparseTransport has no record for the first few answers, and then is at the tip.
type sparseTransport struct {
	*stubTransport
	empty int
}

func (s *sparseTransport) Do(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".GetRecords") {
		return s.stubTransport.Do(req)
	}
	var in struct{ ShardIterator string }
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		return nil, err
	}
	n := strings.Count(in.ShardIterator, "#")
	return stubAnswer(stubPage(nil, in.ShardIterator+"#", max(0, s.empty-n)*1000)), nil
}

// The service may answer with nothing, many times, on the way to the next record.
func TestEmptyAnswersOnTheWayToAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sparse := &sparseTransport{newStubTransport(1, 0, nil), 10}
		client := kinesis.New(sparse.client().Options(), func(o *kinesis.Options) { o.HTTPClient = sparse })
		c, err := NewConsumer(client, ConsumerConfig[string]{Stream: "s", Until: Tip(), StartShards: map[string]Position{"shardId-000000000000": AfterRecord("5", 0)}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, errs := errorsOf(c.Records(ctx))
		if len(errs) != 1 {
			t.Fatalf("errors %v, want one gap", errs)
		}
		if _, ok := errors.AsType[*GapError](errs[0]); !ok {
			t.Error(errs[0])
		}
	})
}

// Nothing of the shard was read by the loop that began it, but it is known from
// when on it was to be read.
func TestRecordsTrimmedBeforeTheFirstWasReadAreReported(t *testing.T) {
	tests := []struct {
		name   string
		start  Position
		missed int // records that come while no loop runs
		down   time.Duration
		gaps   int
	}{
		{"LATEST, and everything was trimmed", Latest(), 5, 30 * time.Hour, 1},
		{"from the beginning, which the loop saw", TrimHorizon(), 5, 30 * time.Hour, 1},
		{"at a time", AtTime(time.Date(2000, 1, 1, 0, 30, 0, 0, time.UTC)), 5, 30 * time.Hour, 1},
		{"within the retention", Latest(), 5, 20 * time.Hour, 0},
		{"whether there was anything is not known", Latest(), 0, 30 * time.Hour, 1},
	}
	for _, tt := range tests {
		for _, fanOut := range []string{"", "reader"} {
			t.Run(tt.name+fanOut, func(t *testing.T) {
				inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
					time.Sleep(time.Hour)
					cfg := ConsumerConfig[string]{Start: tt.start, Store: new(MemoryStore), FanOut: fanOut}
					if n, gaps := l.gaps(cfg); n != 0 || gaps != 0 {
						l.Errorf("the first loop: %d records, %d gaps", n, gaps)
					}
					time.Sleep(time.Hour)
					l.put(tt.missed, 1)
					time.Sleep(tt.down)
					for i, want := range []int{tt.gaps, 0} {
						if _, gaps := l.gaps(cfg); gaps != want {
							l.Errorf("loop %d: %d gaps, want %d", i, gaps, want)
						}
						time.Sleep(10 * time.Second)
					}
				})
			})
		}
	}
}

// A stream that nobody writes to has no gaps as long as loops look at it, nor has
// one whose first position is older than it.
func TestAStreamThatWasNeverWrittenToHasNoGaps(t *testing.T) {
	t.Parallel()
	for _, start := range []Position{TrimHorizon(), Latest(), AtTime(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC))} {
		t.Run(start.String(), func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				time.Sleep(50 * time.Hour)
				cfg := ConsumerConfig[string]{Start: start, IdleInterval: 4 * time.Minute, Store: new(MemoryStore)}
				for i := range 5 {
					if n, gaps := l.gaps(cfg); n != 0 || gaps != 0 {
						l.Errorf("loop %d: %d records, %d gaps", i, n, gaps)
					}
					time.Sleep(20 * time.Hour)
				}
				l.threeAfterALoopOf(26*time.Hour, 3, cfg)
			})
		})
	}
}

// The body holds the loop up for so long that records of the other shard, of
// which none was read yet, are trimmed.
func TestRecordsTrimmedBehindASlowBodyAreReported(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		open := l.open()
		put := func(shard int) {
			l.server.Put("s", kstreamtest.Record{PartitionKey: "k", ExplicitHashKey: open[shard].FirstHashKey, Data: []byte("k:1")})
		}
		time.Sleep(time.Minute)
		l.after(5*time.Second, func() { put(0); put(0); put(0) })
		n, gaps := 0, 0
		for _, err := range l.consumer(ConsumerConfig[string]{PrefetchRecords: 1, Until: Count(3)}).Records(l.Context()) {
			if _, ok := errors.AsType[*GapError](err); ok {
				gaps++
				continue
			} else if err != nil {
				l.Fatal(err)
			}
			if n++; n == 1 {
				time.Sleep(time.Hour)
				put(1)
				time.Sleep(30 * time.Hour)
				put(0)
				put(1)
			}
		}
		if gaps != 2 {
			l.Errorf("%d gaps, want one of each shard", gaps)
		}
	})
}

// A horizonTransport has nothing in the first hours that the shard can hold, and
// one record at its tip.
type horizonTransport struct{ *stubTransport }

func (s horizonTransport) Do(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".GetRecords") {
		return s.stubTransport.Do(req)
	}
	var in struct{ ShardIterator string }
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		return nil, err
	}
	hours := 25 - strings.Count(in.ShardIterator, "#")
	if hours > 0 {
		return stubAnswer(stubPage(nil, in.ShardIterator+"#", int(time.Duration(hours)*time.Hour/time.Millisecond))), nil
	}
	return stubAnswer(stubPage([][]byte{[]byte("a")}, in.ShardIterator, 0)), nil
}

// Whoever reads from the oldest record on is as far behind as the stream keeps
// records, and misses nothing by that.
func TestReadingFromTheHorizonReportsNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stub := horizonTransport{newStubTransport(1, 0, nil)}
		client := kinesis.New(stub.client().Options(), func(o *kinesis.Options) { o.HTTPClient = stub })
		c, err := NewConsumer(client, ConsumerConfig[string]{Stream: "s", Until: Tip(), Store: new(MemoryStore)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		got, errs := errorsOf(c.Records(ctx))
		if len(got) != 1 || len(errs) != 0 {
			t.Errorf("values %q, errors %v", got, errs)
		}
	})
}
