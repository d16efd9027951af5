package kstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// reshard puts records, splits and merges in turns, so that the stream has
// shards of four generations with records in each.
func (l *lab) reshard() {
	l.put(100, 20)
	l.split(0)
	l.put(100, 20)
	l.merge(1)
	l.put(100, 20)
	l.split(1)
	l.merge(0)
	l.put(100, 20)
}

func TestAllGenerationsAreReadParentsFirst(t *testing.T) {
	inLab(t, 3, kstreamtest.Options{}, func(l *lab) {
		l.reshard()
		l.wantAll(l.read(ConsumerConfig[string]{}), 0)
	})
}

func TestCBOR(t *testing.T) {
	var cbor, others atomic.Int64
	hook := func(r kstreamtest.Request) *kstreamtest.Reply {
		if r.Operation == "GetRecords" && r.Header.Get("Content-Type") == "application/x-amz-cbor-1.1" {
			cbor.Add(1)
		} else if r.Operation == "GetRecords" {
			others.Add(1)
		}
		return nil
	}
	inLab(t, 3, kstreamtest.Options{Hook: hook}, func(l *lab) {
		l.reshard()
		l.wantAll(l.read(ConsumerConfig[string]{CBOR: true}), 0)
		if cbor.Load() == 0 || others.Load() > 0 {
			l.Errorf("%d calls in CBOR, %d others", cbor.Load(), others.Load())
		}
	})
}

// A library of this kind began the children of a split at LATEST, and lost what
// was written to them before it got there.
func TestChildrenOfASplitAreNotStartedAtLatest(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: []byte("k:old")})
		c := l.consumer(ConsumerConfig[string]{Start: Latest(), Until: Count(300)})
		done := make(chan []string)
		go func() { done <- values(l.T, c.Records(l.Context())) }()
		time.Sleep(time.Second)
		l.put(100, 10)
		l.split(0)
		l.put(100, 10) // is there before anybody has heard of the children
		time.Sleep(time.Minute)
		l.merge(0)
		l.put(100, 10)
		l.wantAll(<-done, 0)
	})
}

// A connector skipped closed shards, and with them what they still held.
func TestClosedShardsAreNotSkipped(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.put(50, 10)
		l.split(0)
		l.split(2)
		l.put(50, 10)
		l.wantAll(l.read(ConsumerConfig[string]{}), 0)
	})
}

// Scripts that read the first page of a stream's description saw 100 shards.
func TestNotOnlyTheFirstPageOfShardsIsRead(t *testing.T) {
	inLab(t, 1200, kstreamtest.Options{}, func(l *lab) {
		l.put(4000, 4000)
		l.wantAll(l.read(ConsumerConfig[string]{}), 0)
		if n := l.calls("ListShards"); n < 2 {
			l.Errorf("%d ListShards calls: is there a second page?", n)
		}
	})
}

// In one library an expired iterator ended the consumer.
func TestAnExpiredIteratorIsNotFatal(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 5)
		c := l.consumer(ConsumerConfig[string]{Until: Count(30)})
		var got []string
		for rec, err := range c.Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			got = append(got, rec.Value)
			if len(got) == 3 {
				time.Sleep(11 * time.Minute)
				l.put(20, 5)
			}
		}
		l.wantAll(got, 0)
		if s := c.Stats(); s.Renewals == 0 {
			l.Error("no iterator expired: the test shows nothing")
		}
	})
}

func TestAnExpiredLatestIteratorSkipsNothing(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: []byte("k:old")})
		time.Sleep(2 * time.Second)
		// Iterators are turned down until ten records are in the stream.
		l.server.Inject(kstreamtest.Fault{Kind: kstreamtest.ExpireIterator, Begin: 0, For: 10 * time.Second})
		c := l.consumer(ConsumerConfig[string]{Start: Latest(), Until: Count(10)})
		done := make(chan []string)
		go func() { done <- values(l.T, c.Records(l.Context())) }()
		time.Sleep(5 * time.Second)
		l.put(10, 1)
		l.wantAll(<-done, 0)
	})
}

// The first attempt to begin fails, and records come in before the second. That
// asks for a time, which not every clock of the service may have reached.
func TestLatestThatHadToBeTriedAgainSkipsNothing(t *testing.T) {
	for _, fanOut := range []string{"", "reader"} {
		for _, early := range []int{0, 3} {
			t.Run(fmt.Sprintf("fan-out %q, %d times too early", fanOut, early), func(t *testing.T) {
				refused := 0
				hook := func(r kstreamtest.Request) *kstreamtest.Reply {
					if refused < early && bytes.Contains(r.Body, []byte("AT_TIMESTAMP")) {
						refused++
						return &kstreamtest.Reply{Code: "InvalidArgumentException", Message: "in the future"}
					}
					return nil
				}
				faults := []kstreamtest.Fault{
					{Kind: kstreamtest.Fail, Operation: "GetShardIterator", Count: 5},
					{Kind: kstreamtest.Fail, Operation: "SubscribeToShard", Count: 5},
				}
				inLab(t, 1, kstreamtest.Options{Faults: faults, Hook: hook}, func(l *lab) {
					l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: []byte("old:0")})
					time.Sleep(5 * time.Second)
					l.after(100*time.Millisecond, func() { l.put(5, 1) })
					l.after(time.Minute, func() { l.put(5, 1) })
					l.wantAll(l.read(ConsumerConfig[string]{Start: Latest(), FanOut: fanOut, Until: Count(10)}), 0)
					if refused != early {
						l.Errorf("%d positions refused, want %d", refused, early)
					}
				})
			})
		}
	}
}

// To register a consumer takes seconds, and what is written meanwhile came after
// the loop began.
func TestLatestIsBeforeTheRegistrationOfFanOut(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{StateChange: 5 * time.Second}, func(l *lab) {
		time.Sleep(10 * time.Second) // the stream is CREATING
		l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: []byte("old:0")})
		time.Sleep(5 * time.Second)
		l.after(2*time.Second, func() { l.put(5, 5) })
		l.wantAll(l.read(ConsumerConfig[string]{Start: Latest(), FanOut: "new", Until: UntilTime(time.Now().Add(time.Minute))}), 0)
	})
}

// In one library a record that could not be decoded took its batch with it; in
// another all that an exception was thrown for.
func TestADecodeErrorDropsOnlyItsRecord(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		for _, data := range []string{`1`, `"poison"`, `3`} {
			l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: []byte(data)})
		}
		c, err := NewConsumer(l.client, ConsumerConfig[int]{Stream: "s", Until: Tip()})
		if err != nil {
			l.Fatal(err)
		}
		var got []int
		for rec, err := range c.Records(l.Context()) {
			if poison, ok := errors.AsType[*DecodeError](err); ok {
				if string(poison.Data) != `"poison"` || poison.PartitionKey != "k" || poison.SequenceNumber == "" || poison.ShardID == "" {
					l.Errorf("the error lacks the record: %+v", poison)
				}
				got = append(got, -1)
				continue
			} else if err != nil {
				l.Fatal(err)
			}
			got = append(got, rec.Value)
		}
		if !slices.Equal(got, []int{1, -1, 3}) {
			l.Errorf("got %v", got)
		}
	})
}

// One library's Scan never returned after an error of its callback: the
// goroutines of the other shards waited for a reader.
func TestLeavingTheLoopDoesNotDeadlock(t *testing.T) {
	inLab(t, 8, kstreamtest.Options{}, func(l *lab) {
		l.put(4000, 100)
		c := l.consumer(ConsumerConfig[string]{Until: Until{kind: never}})
		for range c.Records(l.Context()) {
			break // synctest fails the test if a goroutine is left
		}
		err := c.EachShard(l.Context(), func(ctx context.Context, shard Shard, records iter.Seq2[Record[string], error]) error {
			for range records {
				return errBody
			}
			return nil
		})
		if !errors.Is(err, errBody) {
			l.Errorf("EachShard returned %v", err)
		}
	})
}

func TestTipIsRecognisedWithoutAFurtherCall(t *testing.T) {
	inLab(t, 4, kstreamtest.Options{}, func(l *lab) {
		l.put(100, 40)
		l.wantAll(l.read(ConsumerConfig[string]{}), 0)
		if n := l.calls("GetRecords"); n != 4 {
			l.Errorf("%d GetRecords calls for 4 shards of one page", n)
		}
	})
}

func TestTipUnderConstantWrites(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.put(200, 10)
		l.every(10*time.Millisecond, math.MaxInt, func() {
			l.server.Put("s", kstreamtest.Record{PartitionKey: "other", Data: []byte("other:1")})
		})
		began := time.Now()
		// An answer of 10 records, 5 times a second, never gets to the newest one.
		got := l.read(ConsumerConfig[string]{PrefetchRecords: 10})
		got = slices.DeleteFunc(got, func(v string) bool { return strings.HasPrefix(v, "other") })
		l.wantAll(got, 0)
		if took := time.Since(began); took > time.Minute {
			l.Errorf("the loop took %v to see that it was at the tip", took)
		}
	})
}

func TestFaultsAreSurvived(t *testing.T) {
	t.Parallel()
	faults := []kstreamtest.Fault{
		{Kind: kstreamtest.Throttle, Chance: 0.2},
		{Kind: kstreamtest.Fail, Operation: "GetRecords", Chance: 0.1},
		{Kind: kstreamtest.Fail, Operation: "GetShardIterator", Count: 4, Code: "ServiceUnavailable"}, // a shard asks once
		{Kind: kstreamtest.Fail, Operation: "GetRecords", Count: 9, Code: "ExpiredTokenException"},
		{Kind: kstreamtest.ResetBefore, Operation: "GetRecords", Chance: 0.1},
		{Kind: kstreamtest.ResetAfter, Operation: "GetRecords", Chance: 0.1},
		{Kind: kstreamtest.CutBody, Operation: "GetRecords", Chance: 0.1},
		{Kind: kstreamtest.Stall, Operation: "GetRecords", Chance: 0.05},
		{Kind: kstreamtest.ExpireIterator, Chance: 0.1},
	}
	for i, f := range faults {
		cbor := i%2 == 0 // errors are answered in CBOR too
		t.Run(string(f.Kind)+f.Operation+f.Code, func(t *testing.T) {
			inLab(t, 3, kstreamtest.Options{Faults: []kstreamtest.Fault{f}, Seed: 1}, func(l *lab) {
				c := l.consumer(ConsumerConfig[string]{Until: Count(500), CBOR: cbor})
				l.every(2*time.Second, 50, func() { l.put(10, 5) })
				l.wantAll(values(l.T, c.Records(l.Context())), 0)
				hits := l.server.Counters().Faults[f.Kind]
				if hits == 0 {
					l.Error("no fault hit: the test shows nothing")
				}
				// None was retried behind the reader's back.
				if s := c.Stats(); s.Throttled+s.Faults+s.Renewals != hits {
					l.Errorf("%d faults hit; stats %+v", hits, s)
				}
			})
		})
	}
}

func TestFaultsThatDoNotEndAreReported(t *testing.T) {
	tests := []struct {
		name  string
		fault kstreamtest.Fault
		after time.Duration // at least
		want  func(error) bool
	}{
		{
			"internal failures", kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "GetRecords"}, time.Minute,
			func(err error) bool {
				api, ok := errors.AsType[smithy.APIError](err)
				return ok && api.ErrorCode() == "InternalFailure"
			},
		},
		{
			"no permission", kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "GetRecords", Code: "AccessDeniedException"}, 0,
			func(err error) bool { _, ok := errors.AsType[*types.AccessDeniedException](err); return ok },
		},
		{
			"iterators are never good", kstreamtest.Fault{Kind: kstreamtest.ExpireIterator}, time.Minute,
			func(err error) bool { _, ok := errors.AsType[*types.ExpiredIteratorException](err); return ok },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, 2, kstreamtest.Options{Faults: []kstreamtest.Fault{tt.fault}}, func(l *lab) {
				began := time.Now()
				_, errs := errorsOf(l.consumer(ConsumerConfig[string]{RetryFor: time.Minute}).Records(l.Context()))
				if len(errs) != 1 || !tt.want(errs[0]) {
					l.Errorf("errors %v", errs)
				}
				if took := time.Since(began); took < tt.after || took > tt.after+time.Minute {
					l.Errorf("the loop ended after %v, want %v to %v", took, tt.after, tt.after+time.Minute)
				}
			})
		})
	}
}
