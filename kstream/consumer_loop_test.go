package kstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// upper decodes lower-case text, and panics or fails on request.
type upper struct{}

func (upper) Append(dst []byte, v string) ([]byte, error) { return append(dst, v...), nil }

func (upper) Decode(data []byte) (string, error) {
	switch string(data) {
	case "panic":
		panic("decoder panicked")
	case "poison":
		return "", errBody
	}
	return strings.ToUpper(string(data)), nil
}

func (l *lab) putTexts(texts ...string) {
	for _, text := range texts {
		l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: []byte(text)})
	}
}

func TestOnDecodeErrorTakesTheErrors(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.putTexts("a", "poison", "b")
		var dead []string
		got := l.read(ConsumerConfig[string]{Codec: upper{}, OnDecodeError: func(err *DecodeError) error {
			dead = append(dead, string(err.Data))
			return nil
		}})
		if diff := cmp.Diff([]string{"A", "B", "poison"}, append(got, dead...)); diff != "" {
			l.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestOnDecodeErrorCanEndTheLoop(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.putTexts("a", "poison", "b")
		c := l.consumer(ConsumerConfig[string]{Codec: upper{}, OnDecodeError: func(err *DecodeError) error {
			return fmt.Errorf("dead letters are full: %w", err)
		}})
		got, errs := errorsOf(c.Records(l.Context()))
		if len(got) != 1 || len(errs) != 1 || !errors.Is(errs[0], errBody) {
			l.Errorf("values %q, errors %v", got, errs)
		}
	})
}

func TestDecoderPanicIsThePanicOfTheLoop(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.putTexts("a", "panic")
		c := l.consumer(ConsumerConfig[string]{Codec: upper{}})
		func() {
			defer func() {
				if v := recover(); v != "decoder panicked" {
					l.Errorf("recovered %v", v)
				}
			}()
			for range c.Records(l.Context()) {
			}
		}()
		err := func() (v any) {
			defer func() { v = recover() }()
			return c.EachShard(l.Context(), func(ctx context.Context, shard Shard, records iter.Seq2[Record[string], error]) error {
				for range records {
				}
				return nil
			})
		}()
		if text, _ := err.(string); !strings.Contains(text, "decoder panicked") || !strings.Contains(text, "Decode") {
			l.Errorf("EachShard panicked with %v, want the text and the stack", err)
		}
	})
}

func TestBreakAtTheFirstRecord(t *testing.T) {
	inLab(t, 4, kstreamtest.Options{}, func(l *lab) {
		l.put(1000, 100)
		c := l.consumer(ConsumerConfig[string]{})
		for range 3 {
			n := 0
			for _, err := range c.Records(l.Context()) {
				if err != nil {
					l.Fatal(err)
				}
				n++
				break
			}
			if n != 1 {
				l.Errorf("the body ran %d times", n)
			}
		}
		l.wantAll(values(l.T, c.Records(l.Context())), 0)
	})
}

// A slowTransport needs a second to give up a GetRecords call.
type slowTransport struct {
	*stubTransport
	active atomic.Int64
}

func (s *slowTransport) Do(req *http.Request) (*http.Response, error) {
	s.active.Add(1)
	defer s.active.Add(-1)
	if s.left[0].Load() <= 0 && strings.HasSuffix(req.Header.Get("X-Amz-Target"), "GetRecords") {
		<-req.Context().Done()
		time.Sleep(time.Second)
		return nil, req.Context().Err()
	}
	return s.stubTransport.Do(req)
}

func TestNoCallIsLeftWhenTheLoopHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stub := &slowTransport{stubTransport: newStubTransport(1, 1, stubPagePrefix([][]byte{[]byte("a"), []byte("b")}, 5))}
		client := stub.client()
		c, err := NewConsumer(kinesis.New(client.Options(), func(o *kinesis.Options) { o.HTTPClient = stub }), ConsumerConfig[string]{Stream: "s"})
		if err != nil {
			t.Fatal(err)
		}
		for range c.Records(t.Context()) {
			time.Sleep(10 * time.Second) // the next page is being asked for
			break
		}
		if n := stub.active.Load(); n != 0 {
			t.Errorf("%d calls are left", n)
		}
	})
}

func TestCancelEndsTheLoopWithTheCause(t *testing.T) {
	for _, inside := range []bool{true, false} {
		t.Run(fmt.Sprintf("inside %t", inside), func(t *testing.T) {
			inLab(t, 4, kstreamtest.Options{}, func(l *lab) {
				l.put(1000, 100)
				ctx, cancel := context.WithCancelCause(l.Context())
				defer cancel(nil)
				if !inside {
					l.after(5*time.Minute, func() { cancel(errBody) })
				}
				var errs []error
				n := 0
				for _, err := range l.consumer(ConsumerConfig[string]{Until: Count(1e6)}).Records(ctx) {
					if err != nil {
						errs = append(errs, err)
					} else if n++; n == 7 && inside {
						cancel(errBody)
					}
				}
				if len(errs) != 1 || !errors.Is(errs[0], errBody) {
					l.Errorf("errors %v, want the cause once", errs)
				}
				if want := map[bool]int{true: 7, false: 1000}[inside]; n != want {
					l.Errorf("%d records, want %d", n, want)
				}
			})
		})
	}
}

func TestCancelBeforeTheFirstReadEndsTheLoopWithTheCause(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{Delay: time.Second}, func(l *lab) {
		ctx, cancel := context.WithCancelCause(l.Context())
		time.AfterFunc(500*time.Millisecond, func() { cancel(errBody) }) // while the stream is looked up
		_, errs := errorsOf(l.consumer(ConsumerConfig[string]{}).Records(ctx))
		if len(errs) != 1 || !errors.Is(errs[0], errBody) {
			l.Errorf("errors %v, want the cause once", errs)
		}
	})
}

func TestLatestOnAnEmptyStream(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		if got := l.read(ConsumerConfig[string]{Start: Latest()}); len(got) != 0 {
			l.Errorf("read %q", got)
		}
		l.put(10, 10)
		if got := l.read(ConsumerConfig[string]{Start: Latest()}); len(got) != 0 {
			l.Errorf("read %q, which was there before", got)
		}
		l.after(time.Minute, func() { l.put(10, 10) })
		got := l.read(ConsumerConfig[string]{Start: Latest(), Until: Count(10)})
		l.puts -= 10
		if len(got) != 10 {
			l.Errorf("read %q", got)
		}
	})
}

func TestStreamDeletedInTheMiddle(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.put(100, 10)
		c := l.consumer(ConsumerConfig[string]{Until: Count(1e6)})
		l.after(time.Minute, func() {
			if _, err := l.client.DeleteStream(l.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("s")}); err != nil {
				l.Error(err)
			}
		})
		got, errs := errorsOf(c.Records(l.Context()))
		l.wantAll(got, 0)
		if len(errs) != 1 || !errors.Is(errs[0], ErrStreamNotFound) {
			l.Errorf("errors %v", errs)
		}
	})
}

func TestStreamMadeAgainInTheMiddle(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 10)
		// Between two reads of the idle shard, and two looks at the stream.
		c := l.consumer(ConsumerConfig[string]{Until: Count(1e6), IdleInterval: 30 * time.Second})
		l.after(5*time.Minute+10*time.Second, func() {
			if err := DeleteStream(l.Context(), l.client, "s"); err != nil {
				l.Error(err)
			}
			time.Sleep(2 * time.Second)
			l.server.CreateStream("s", 1)
		})
		got, errs := errorsOf(c.Records(l.Context()))
		l.wantAll(got, 0)
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), "another stream") {
			l.Errorf("errors %v, want one that says what happened", errs)
		}
	})
}

func TestClosedShardAtStart(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(20, 5)
		l.split(0)
		l.put(20, 5)
		closed := "shardId-000000000000"
		l.wantAll(l.read(ConsumerConfig[string]{}), 0)
		if got := l.read(ConsumerConfig[string]{StartShards: map[string]Position{closed: ShardEnd()}}); len(got) != 20 {
			l.Errorf("%d records after the end of the closed shard, want 20", len(got))
		}
		l.after(time.Second, func() { l.put(5, 5) })
		if got := l.read(ConsumerConfig[string]{Start: Latest(), Until: Count(5)}); len(got) != 5 {
			l.Errorf("%d records after LATEST, want 5", len(got))
		}
	})
}

func TestTwoLoopsAtOnceAreRefused(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(2, 1)
		c := l.consumer(ConsumerConfig[string]{})
		for range c.Records(l.Context()) {
			if _, errs := errorsOf(c.Records(l.Context())); len(errs) != 1 || !errors.Is(errs[0], ErrBusy) {
				l.Errorf("the inner loop yielded %v", errs)
			}
		}
		l.wantAll(values(l.T, c.Records(l.Context())), 0)
	})
}

func TestStartPositions(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(3, 1)
		time.Sleep(time.Minute)
		middle := time.Now()
		l.put(3, 1)
		stored := l.server.Records("s")
		shard := stored[0].Shard
		at := func(p Position) ConsumerConfig[string] {
			return ConsumerConfig[string]{StartShards: map[string]Position{shard: p}}
		}
		tests := []struct {
			name string
			cfg  ConsumerConfig[string]
			want int
		}{
			{"trim horizon", ConsumerConfig[string]{}, 6},
			{"at a time", ConsumerConfig[string]{Start: AtTime(middle)}, 3},
			{"at a time before the stream", ConsumerConfig[string]{Start: AtTime(middle.Add(-time.Hour))}, 6},
			{"at a sequence number", at(AtSequenceNumber(stored[1].SequenceNumber)), 5},
			{"after a sequence number", at(AfterSequenceNumber(stored[1].SequenceNumber)), 4},
			{"after a record", at(AfterRecord(stored[1].SequenceNumber, 0)), 4},
			{"after the last record", at(AfterRecord(stored[5].SequenceNumber, 0)), 0},
			{"before a time", ConsumerConfig[string]{Until: UntilTime(middle)}, 3},
			{"a count", ConsumerConfig[string]{Until: Count(2)}, 2},
		}
		for _, tt := range tests {
			if got := l.read(tt.cfg); len(got) != tt.want {
				l.Errorf("%s: read %q, want %d", tt.name, got, tt.want)
			}
		}
	})
}

func TestUntilTimeWaitsForIt(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		end := time.Now().Add(10 * time.Minute)
		l.every(time.Minute, 20, func() { l.put(10, 10) })
		got := l.read(ConsumerConfig[string]{Until: UntilTime(end)})
		if took := time.Until(end); took > 0 || took < -time.Minute-time.Second {
			l.Errorf("the loop ended %v after the time", -took)
		}
		if len(got) != 100 {
			l.Errorf("read %d records, want the 100 before the time", len(got))
		}
	})
}

// A lateClient is one of a service whose clock is behind.
type lateClient struct {
	kinesis.HTTPClient
	behind time.Duration
}

func (c lateClient) Do(req *http.Request) (*http.Response, error) {
	res, err := c.HTTPClient.Do(req)
	if err == nil {
		res.Header.Set("Date", time.Now().Add(-c.behind).UTC().Format(http.TimeFormat))
	}
	return res, err
}

// Arrival times are the service's, so the loop must not end by another clock.
func TestUntilTimeIsByTheClockOfTheService(t *testing.T) {
	for _, behind := range []time.Duration{0, time.Minute, -time.Minute} {
		inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
			options := l.client.Options()
			options.HTTPClient = lateClient{options.HTTPClient, behind}
			l.client = kinesis.New(options)
			end := time.Now().Add(2 * time.Minute)
			l.read(ConsumerConfig[string]{Until: UntilTime(end)})
			if late := time.Since(end) - behind; late < 0 || late > 5*time.Second {
				l.Errorf("a service %v behind: the loop ended %v after the time", behind, late)
			}
		})
	}
}

func TestUntilTimeReadsTheChildrenOfShardsThatEndedBefore(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.reshardOne()
		time.Sleep(time.Hour)
		l.wantAll(l.read(ConsumerConfig[string]{Until: UntilTime(time.Now().Add(-time.Minute))}), 0)
	})
}

func (l *lab) reshardOne() {
	l.put(10, 5)
	l.split(0)
	l.put(10, 5)
	l.merge(0)
	l.put(10, 5)
}

func TestEachShardReadsParentsFirst(t *testing.T) {
	inLab(t, 3, kstreamtest.Options{}, func(l *lab) {
		l.reshard()
		var mu sync.Mutex
		var got []string
		ended := make(map[string]bool)
		err := l.consumer(ConsumerConfig[string]{}).EachShard(l.Context(), func(ctx context.Context, shard Shard, records iter.Seq2[Record[string], error]) error {
			mu.Lock()
			for _, parent := range shard.Parents {
				if !ended[parent] {
					l.Errorf("%s began before its parent %s had ended", shard.ID, parent)
				}
			}
			mu.Unlock()
			for rec, err := range records {
				if err != nil {
					return err
				}
				mu.Lock()
				got = append(got, rec.Value)
				mu.Unlock()
			}
			mu.Lock()
			defer mu.Unlock()
			ended[shard.ID] = true
			return nil
		})
		if err != nil {
			l.Error(err)
		}
		l.wantAll(got, 0)
	})
}

func TestEachShardLeftEarlyLeavesTheDescendants(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.put(100, 10)
		l.split(0) // shard 0 becomes 2 and 3
		l.put(100, 10)
		var shards []string
		var mu sync.Mutex
		err := l.consumer(ConsumerConfig[string]{}).EachShard(l.Context(), func(ctx context.Context, shard Shard, records iter.Seq2[Record[string], error]) error {
			mu.Lock()
			shards = append(shards, shard.ID[len(shard.ID)-1:])
			mu.Unlock()
			for range records {
				if shard.ID == "shardId-000000000000" {
					return nil
				}
			}
			for range records {
				l.Error("a second loop over the records yielded something")
			}
			return nil
		})
		slices.Sort(shards)
		if diff := cmp.Diff([]string{"0", "1"}, shards); diff != "" || err != nil {
			l.Errorf("error %v, shards (-want +got):\n%s", err, diff)
		}
	})
}

func TestEachShardErrorEndsTheOthers(t *testing.T) {
	inLab(t, 4, kstreamtest.Options{}, func(l *lab) {
		l.put(100, 50)
		var ends atomic.Int64
		err := l.consumer(ConsumerConfig[string]{Until: Count(1e6)}).EachShard(l.Context(), func(ctx context.Context, shard Shard, records iter.Seq2[Record[string], error]) error {
			if shard.ID == "shardId-000000000002" {
				time.Sleep(time.Minute)
				return errBody
			}
			for _, err := range records {
				if err != nil && errors.Is(err, errBody) && errors.Is(context.Cause(ctx), errBody) {
					ends.Add(1)
				}
			}
			return nil
		})
		if !errors.Is(err, errBody) || ends.Load() != 3 {
			l.Errorf("EachShard returned %v; %d other shards ended with it, want 3", err, ends.Load())
		}
	})
}

// A shard that is not read on because another one failed must not look as if it
// had come to its end.
func TestEachShardFailureIsSeenByAll(t *testing.T) {
	fault := kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "GetRecords", Shard: "shardId-000000000001", Begin: time.Minute, Code: "AccessDeniedException"}
	inLab(t, 4, kstreamtest.Options{Faults: []kstreamtest.Fault{fault}}, func(l *lab) {
		l.put(100, 50)
		var ends atomic.Int64
		err := l.consumer(ConsumerConfig[string]{Until: Count(1e6)}).EachShard(l.Context(), func(ctx context.Context, shard Shard, records iter.Seq2[Record[string], error]) error {
			for _, err := range records {
				if _, ok := errors.AsType[*types.AccessDeniedException](err); ok {
					ends.Add(1)
				}
			}
			return nil
		})
		if _, ok := errors.AsType[*types.AccessDeniedException](err); !ok || ends.Load() != 4 {
			l.Errorf("EachShard returned %v; %d shards ended with it, want 4", err, ends.Load())
		}
	})
}

func TestEachShardCountIsOfAllShards(t *testing.T) {
	inLab(t, 4, kstreamtest.Options{}, func(l *lab) {
		l.put(400, 50)
		var n atomic.Int64
		err := l.consumer(ConsumerConfig[string]{Until: Count(50)}).EachShard(l.Context(), func(ctx context.Context, shard Shard, records iter.Seq2[Record[string], error]) error {
			for _, err := range records {
				if err != nil {
					return err
				}
				n.Add(1)
			}
			return nil
		})
		if err != nil || n.Load() != 50 {
			l.Errorf("%d records, error %v", n.Load(), err)
		}
	})
}

// Two shards of 30 MB: at 2 MiB/s the last byte of a shard can be asked for
// after the answers before it, which are of 10 MiB, have been paid with 5 s each.
func TestReadingAtTheLimits(t *testing.T) {
	t.Parallel()
	const size, each = 30_000_000, 15_000
	inLab(t, 2, kstreamtest.Options{Delay: 20 * time.Millisecond}, func(l *lab) {
		for i, shard := range l.open() {
			record := kstreamtest.Record{PartitionKey: "k", ExplicitHashKey: shard.FirstHashKey, Data: bytes.Repeat([]byte{byte('a' + i)}, each-1)}
			for range size / each {
				l.server.Put("s", record)
			}
		}
		began := time.Now()
		got := l.read(ConsumerConfig[string]{})
		took := time.Since(began)
		if len(got) != 2*size/each {
			l.Errorf("%d records, want %d", len(got), 2*size/each)
		}
		bound := 2 * (maxAnswerBytes / readBytesPerSec) * time.Second // two full answers before the last one
		l.Logf("took %v, bound %v", took, bound)
		if took > bound*11/10 {
			l.Errorf("reading took %v, more than 1.1 times %v", took, bound)
		}
		if n := l.server.Counters().Operations["GetRecords"]; n.Calls != 6 || len(n.Errors) != 0 {
			l.Errorf("%d calls, errors %v; want 6 and none", n.Calls, n.Errors)
		}
	})
}

func TestPrefetchIsBoundedWhateverTheLoopDoes(t *testing.T) {
	t.Parallel()
	const shards = 6
	for _, tt := range []struct {
		name           string
		each, perShard int // bytes of a record, records of a shard
		bound          hold
	}{
		{"by bytes", 10_000, 1000, hold{records: 100_000, bytes: 25 << 20}},
		{"by records", 100, 6000, hold{records: 30_000, bytes: 50 << 20}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, shards, kstreamtest.Options{Limits: kstreamtest.Unlimited()}, func(l *lab) {
				for _, shard := range l.open() {
					for range tt.perShard {
						l.server.Put("s", kstreamtest.Record{PartitionKey: "k", ExplicitHashKey: shard.FirstHashKey, Data: make([]byte, tt.each-1)})
					}
				}
				l.holdPrefetch(shards*tt.perShard, tt.each, tt.bound)
			})
		})
	}
}

// holdPrefetch reads n records of the given size, key and data, and holds what is
// read ahead to its bound.
func (l *lab) holdPrefetch(n, each int, bound hold) {
	c := l.consumer(ConsumerConfig[string]{PrefetchRecords: bound.records, PrefetchBytes: bound.bytes})
	got, most := 0, 0
	for _, err := range c.Records(l.Context()) {
		if err != nil {
			l.Fatal(err)
		}
		if got++; got%500 != 0 {
			continue
		}
		time.Sleep(10 * time.Second) // all that can be read ahead is
		synctest.Wait()
		ahead := -got // of what the loop has taken
		for _, c := range l.server.Counters().Shards {
			ahead += int(c.RecordsOut)
		}
		if ahead > bound.records || ahead*each > bound.bytes {
			l.Errorf("%d records of %d bytes are read ahead", ahead, each)
		}
		most = max(most, ahead)
	}
	if got != n {
		l.Errorf("read %d records", got)
	}
	if most < min(bound.records, bound.bytes/each)/2 {
		l.Errorf("at most %d records were read ahead: it was not the bound that held them back", most)
	}
}
