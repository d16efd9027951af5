package kstreamtest

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
)

// TestMemory fills a stream and weighs it: at most 1.3 times the bytes of keys
// and data.
func TestMemory(t *testing.T) {
	records := 200_000
	if os.Getenv("KINESISKIT_LONG") != "" {
		records = 10_000_000
	}
	s := NewServer(Options{MaxBytes: -1, Limits: Unlimited()})
	defer s.Close()
	s.CreateStream("books", 4)
	before := heap()
	bytes := 0
	data := make([]byte, 90)
	st := s.mustFind("books", time.Now())
	for i := range records {
		e := entry{data: data, key: fmt.Appendf(nil, "key-%06d", i%1_000_000), hasKey: true}
		st.store(st.shardOf(&e), &e, time.Now(), true)
		bytes += len(e.key) + len(e.data)
	}
	ratio := float64(heap()-before) / float64(bytes)
	t.Logf("%d records of 100 bytes: %.3f times their bytes", records, ratio)
	if ratio > 1.3 || ratio < 1 {
		t.Errorf("memory is %.3f times the records' bytes, want 1 to 1.3", ratio)
	}
	counted := int64(0)
	for _, sh := range st.shards {
		counted += sh.log.memory()
	}
	if want := int64(bytes + records*recordOverhead); counted != want {
		t.Errorf("the shards count %d bytes, there are %d", counted, want)
	}
}

// heap is the memory of the heap that is in use. What earlier tests have left in
// a sync.Pool is only gone after the second collection, and what waited for a
// finalizer after another one.
func heap() int64 {
	for range 4 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMaxBytes refuses writes when memory is full, and takes them again when
// records have grown old.
func TestMaxBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{MaxBytes: 10_000, Limits: Unlimited()})
		defer s.Close()
		s.CreateStream("books", 1)
		client := s.Client(noRetry)
		put := func() error {
			_, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("books"),
				Records: []types.PutRecordsRequestEntry{{PartitionKey: aws.String("k"), Data: make([]byte, 3000)}}})
			return err
		}
		for i := range 3 {
			if err := put(); err != nil {
				t.Fatalf("record %d: %v", i, err)
			}
		}
		if err := put(); code(err) != limitExceeded {
			t.Errorf("beyond the bound: %v", err)
		}
		time.Sleep(24*time.Hour + time.Second)
		if err := put(); err != nil {
			t.Errorf("a day later: %v", err)
		}
	})
}

// TestMaxBytesTogether holds writes up right before their records are stored, so
// that all have looked for room by then: only those for which there is room are
// written.
func TestMaxBytesTogether(t *testing.T) {
	s := NewServer(Options{MaxBytes: 10_000, Limits: Unlimited()})
	defer s.Close()
	s.CreateStream("books", 1)
	sh := s.mustFind("books", time.Now()).shards[0]
	sh.mu.Lock()
	codes := make(chan string)
	const writers = 8
	for range writers {
		client := s.Client(noRetry)
		go func() {
			_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{
				StreamName: aws.String("books"), PartitionKey: aws.String("k"), Data: make([]byte, 3000)})
			codes <- code(err)
		}()
	}
	const each = 3000 + 1 + recordOverhead
	for deadline := time.Now().Add(2 * time.Second); s.bytes.Load() < 3*each && time.Now().Before(deadline); {
		<-time.After(time.Millisecond)
	}
	sh.mu.Unlock()
	got := map[string]int{}
	for range writers {
		got[<-codes]++
	}
	if diff := cmp.Diff(map[string]int{"": 3, limitExceeded: 5}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if held := s.bytes.Load(); held != 3*each {
		t.Errorf("%d bytes are counted, want %d", held, 3*each)
	}
}

// TestMaxBytesGivenBack refuses writes for other reasons: what was reserved for
// them is free again.
func TestMaxBytesGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{Limits: Limits{WriteRecords: 2, Control: -1}})
		defer s.Close()
		s.CreateStream("books", 1)
		client := s.Client(noRetry)
		name, key := aws.String("books"), aws.String("k")
		entry := types.PutRecordsRequestEntry{PartitionKey: key, Data: make([]byte, 100)}
		out, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: name, Records: slices.Repeat([]types.PutRecordsRequestEntry{entry}, 10)})
		if err != nil || *out.FailedRecordCount != 8 {
			t.Fatal(out, err)
		}
		for want, in := range map[string]*kinesis.PutRecordInput{
			throughputExceeded:  {StreamName: name, PartitionKey: key, Data: entry.Data},
			dryRunOperation:     {StreamName: name, PartitionKey: key, Data: entry.Data, DryRun: aws.Bool(true)},
			invalidArgument:     {StreamName: name, PartitionKey: key, Data: entry.Data, SequenceNumberForOrdering: aws.String("1")},
			validationException: {StreamName: name, PartitionKey: key, Data: make([]byte, 1<<20+1)},
		} {
			if _, err := client.PutRecord(t.Context(), in); code(err) != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		_, err = client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: name, Records: []types.PutRecordsRequestEntry{entry}, DryRun: aws.Bool(true)})
		if code(err) != dryRunOperation {
			t.Error(err)
		}
		if held, want := s.bytes.Load(), int64(2*(100+1+recordOverhead)); held != want {
			t.Errorf("%d bytes are counted, want %d", held, want)
		}
	})
}

// TestMaxBytesWithHashKeys gives back for a record exactly what it took, also
// when it was put with an explicit hash key.
func TestMaxBytesWithHashKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{})
		defer s.Close()
		s.CreateStream("books", 1)
		for range 1000 {
			s.Put("books", Record{PartitionKey: "k", ExplicitHashKey: "17"}, Record{PartitionKey: "k", Data: []byte("v")})
		}
		time.Sleep(24*time.Hour + time.Second)
		s.Records("books")
		if left := s.bytes.Load(); left != 0 {
			t.Errorf("all records are gone, and the server counts %d bytes", left)
		}
	})
}

// TestMaxBytesAmongWriters refuses writes while the stream is changed all the
// time: a look at all streams must not wait for a lock that its caller holds.
func TestMaxBytesAmongWriters(t *testing.T) {
	s := NewServer(Options{MaxBytes: 100, Limits: Unlimited()})
	defer s.Close()
	s.CreateStream("books", 1)
	var all sync.WaitGroup
	for i := range 6 {
		client := s.Client(noRetry)
		all.Go(func() {
			for range 100 {
				var err error
				want := ""
				if i%2 == 0 {
					want = limitExceeded
					_, err = client.PutRecord(t.Context(), &kinesis.PutRecordInput{
						StreamName: aws.String("books"), PartitionKey: aws.String("k"), Data: make([]byte, 200)})
				} else {
					_, err = client.AddTagsToStream(t.Context(), &kinesis.AddTagsToStreamInput{
						StreamName: aws.String("books"), Tags: map[string]string{"a": "b"}})
				}
				if code(err) != want {
					t.Errorf("%v, want %q", err, want)
				}
			}
		})
	}
	all.Wait()
}

// TestRetention trims what is too old, for every way to read, and does not
// bring it back.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{Limits: Unlimited()})
		defer s.Close()
		s.CreateStream("books", 1)
		client := s.Client(noRetry)
		old := s.Put("books", Record{PartitionKey: "k", Data: []byte("old")})[0]
		time.Sleep(12 * time.Hour)
		s.Put("books", Record{PartitionKey: "k", Data: []byte("new")})
		it, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: aws.String("books"), ShardId: aws.String(shardID(0)),
			ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: &old.SequenceNumber})
		if err != nil {
			t.Fatal(err)
		}
		read := func() (data string) {
			out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.Records {
				data += string(r.Data) + " "
			}
			return data
		}
		again := func() {
			if it, err = client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: aws.String("books"), ShardId: aws.String(shardID(0)),
				ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: &old.SequenceNumber}); err != nil {
				t.Fatal(err)
			}
		}
		if got := read(); got != "old new " {
			t.Errorf("at first %q", got)
		}
		time.Sleep(12*time.Hour + time.Minute)
		// Nobody has read since the first record grew too old: it is gone all the same.
		if _, err := client.IncreaseStreamRetentionPeriod(t.Context(), &kinesis.IncreaseStreamRetentionPeriodInput{
			StreamName: aws.String("books"), RetentionPeriodHours: aws.Int32(48)}); err != nil {
			t.Fatal(err)
		}
		again()
		if got := read(); got != "new " {
			t.Errorf("with a longer retention %q", got)
		}
		time.Sleep(36 * time.Hour)
		s.Put("books", Record{PartitionKey: "k", Data: []byte("newer")})
		again()
		if got := read(); got != "newer " {
			t.Errorf("when the second is too old %q", got)
		}
		time.Sleep(5*time.Minute + time.Second)
		if _, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator}); code(err) != expiredIterator {
			t.Errorf("an iterator of five minutes ago: %v", err)
		}
	})
}

// TestClosedShardsExpire leaves a closed shard out of the lists when its records
// have gone, and the shards at the horizon cover each hash key once all along.
func TestClosedShardsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{Limits: Unlimited()})
		defer s.Close()
		s.CreateStream("books", 1)
		client := s.Client(noRetry)
		time.Sleep(time.Hour)
		if _, err := client.SplitShard(t.Context(), &kinesis.SplitShardInput{StreamName: aws.String("books"),
			ShardToSplit: aws.String(shardID(0)), NewStartingHashKey: aws.String("1000")}); err != nil {
			t.Fatal(err)
		}
		list := func(filter types.ShardFilterType) (n int) {
			out, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("books"), ShardFilter: &types.ShardFilter{Type: filter}})
			if err != nil {
				t.Fatal(err)
			}
			return len(out.Shards)
		}
		for _, step := range []struct {
			wait       time.Duration
			all, first int
		}{{0, 3, 1}, {23 * time.Hour, 3, 1}, {59 * time.Minute, 3, 1}, {2 * time.Minute, 2, 2}} {
			time.Sleep(step.wait)
			if all, first := list(types.ShardFilterTypeFromTrimHorizon), list(types.ShardFilterTypeAtTrimHorizon); all != step.all || first != step.first {
				t.Errorf("at %v: %d shards, %d at the horizon; want %d and %d", time.Now(), all, first, step.all, step.first)
			}
		}
	})
}

// TestTokensExpire after five minutes.
func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{})
		defer s.Close()
		s.CreateStream("books", 2)
		client := s.Client(noRetry)
		out, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("books"), MaxResults: aws.Int32(1)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*time.Minute + time.Second)
		if _, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{NextToken: out.NextToken}); code(err) != expiredNextToken {
			t.Errorf("%v", err)
		}
	})
}
