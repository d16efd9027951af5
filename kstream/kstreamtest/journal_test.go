package kstreamtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// memory is all that a server knows, as a client sees it.
type memory struct {
	Summaries map[string]*types.StreamDescriptionSummary
	Shards    map[string][]types.Shard
	Consumers map[string][]types.Consumer
	Tags      map[string][]types.Tag
	Records   map[string][]Record
}

func remember(t *testing.T, s *Server, streams ...string) memory {
	t.Helper()
	m := memory{map[string]*types.StreamDescriptionSummary{}, map[string][]types.Shard{}, map[string][]types.Consumer{}, map[string][]types.Tag{}, map[string][]Record{}}
	client := s.Client(noRetry)
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	for _, name := range streams {
		summary, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &name})
		must(err)
		m.Summaries[name] = summary.StreamDescriptionSummary
		shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &name})
		must(err)
		m.Shards[name] = shards.Shards
		consumers, err := client.ListStreamConsumers(t.Context(), &kinesis.ListStreamConsumersInput{StreamARN: summary.StreamDescriptionSummary.StreamARN})
		must(err)
		m.Consumers[name] = consumers.Consumers
		tags, err := client.ListTagsForStream(t.Context(), &kinesis.ListTagsForStreamInput{StreamName: &name})
		must(err)
		m.Tags[name] = tags.Tags
		m.Records[name] = s.Records(name)
	}
	return m
}

var exported = cmpopts.IgnoreUnexported(types.StreamDescriptionSummary{}, types.StreamModeDetails{}, types.EnhancedMetrics{},
	types.Shard{}, types.HashKeyRange{}, types.SequenceNumberRange{}, types.Consumer{}, types.Tag{})

// live does a bit of everything with the streams books and films.
func live(t *testing.T, s *Server) {
	t.Helper()
	ctx, client := t.Context(), s.Client(noRetry)
	books, films := aws.String("books"), aws.String("films")
	arn := aws.String(streamARN("us-east-1", "123456789012", "books"))
	steps := []func() error{
		func() error {
			_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: books, ShardCount: aws.Int32(2), Tags: map[string]string{"a": "b"}})
			return err
		},
		func() error { s.CreateStream("films", 1); return nil },
		func() error { return putOne(t, client) },
		func() error {
			_, err := client.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: books, ShardToSplit: aws.String(shardID(1)), NewStartingHashKey: aws.String("200000000000000000000000000000000000000")})
			return err
		},
		func() error {
			s.Put("books", Record{PartitionKey: "é\n", Data: []byte{0, 255}}, Record{PartitionKey: "k", ExplicitHashKey: "17"})
			return nil
		},
		func() error {
			_, err := client.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: books, TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling})
			return err
		},
		func() error { return putOne(t, client) },
		func() error {
			_, err := client.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: films, RetentionPeriodHours: aws.Int32(48)})
			return err
		},
		func() error {
			_, err := client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: aws.String("reader")})
			return err
		},
		func() error {
			_, err := client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: films, Tags: map[string]string{"x": "y"}})
			return err
		},
		func() error {
			_, err := client.StartStreamEncryption(ctx, &kinesis.StartStreamEncryptionInput{StreamName: books, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/k")})
			return err
		},
		func() error { return putOne(t, client) },
		func() error { s.Put("films", Record{PartitionKey: "old", Data: []byte("gone")}); return nil },
		func() error {
			_, err := client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: films})
			return err
		},
		func() error { s.CreateStream("films", 3); return nil },
		func() error { s.Put("films", Record{PartitionKey: "new", Data: []byte("here")}); return nil },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		time.Sleep(3 * time.Second)
	}
}

// TestRestart compares all that a server knows with what the next one in the
// same folder knows.
func TestRestart(t *testing.T) {
	for _, change := range []time.Duration{0, 2 * time.Second} {
		t.Run(change.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opts := Options{Dir: t.TempDir(), StateChange: change}
				s := NewServer(opts)
				live(t, s)
				want := remember(t, s, "books", "films")
				it, err := s.Client().GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
					StreamName: aws.String("books"), ShardId: aws.String(shardID(0)), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
				if err != nil {
					t.Fatal(err)
				}
				s.Close()

				for range 2 {
					s = NewServer(opts)
					if diff := cmp.Diff(want, remember(t, s, "books", "films"), exported); diff != "" {
						t.Errorf("(-before +after):\n%s", diff)
					}
					if _, err := s.Client().GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator}); err != nil {
						t.Errorf("an iterator of the first server: %v", err)
					}
					s.Close()
					opts.StateChange = 4 * time.Second // what was allowed stays allowed
				}
			})
		})
	}
}

// TestTornJournal cuts the file at each length: what was before the cut is
// there, nothing fails, and the server goes on.
func TestTornJournal(t *testing.T) {
	dir := t.TempDir()
	s := NewServer(Options{Dir: dir})
	s.CreateStream("books", 1)
	for i := range 20 {
		s.Put("books", Record{PartitionKey: "k", Data: fmt.Appendf(nil, "record %d", i)})
	}
	s.Close()
	path := filepath.Join(dir, journalName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for n := 0; n <= len(whole); n += 4 + n%11 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", n, len(whole), err)
		}
		if s.find("books", time.Now()) == nil {
			s.CreateStream("books", 1)
		}
		records := s.Records("books")
		if len(records) < count {
			t.Errorf("cut at %d: %d records, with less there were %d", n, len(records), count)
		}
		count = len(records)
		for i, r := range records {
			if want := fmt.Sprintf("record %d", i); string(r.Data) != want {
				t.Errorf("cut at %d: %q, want %q", n, r.Data, want)
			}
		}
		s.Close()
	}
	if count < 19 {
		t.Errorf("%d records from the whole file", count)
	}
}

// TestJournalRefused is about folders that cannot be used.
func TestJournalRefused(t *testing.T) {
	dir := t.TempDir()
	s := NewServer(Options{Dir: dir})
	if _, err := Open(Options{Dir: dir}); err == nil {
		t.Error("two servers in one folder")
	}
	s.Close()
	if err := os.WriteFile(filepath.Join(dir, journalName), []byte("something else, and long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); err == nil {
		t.Error("a file that is no journal")
	}
	if _, err := Open(Options{Dir: filepath.Join(dir, journalName)}); err == nil {
		t.Error("a file in the place of the folder")
	}
}

// TestCloseTwice closes a server twice at once: after either, its folder is free.
func TestCloseTwice(t *testing.T) {
	opts := Options{Dir: t.TempDir()}
	for range 20 {
		s := NewServer(opts)
		var other sync.WaitGroup
		other.Go(s.Close)
		<-s.lifetime.Done() // the other is at it
		s.Close()
		next, err := Open(opts)
		if err != nil {
			t.Fatal(err)
		}
		next.Close()
		other.Wait()
	}
}

// TestJournalRewrite leaves out what is gone.
func TestJournalRewrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := NewServer(Options{Dir: dir})
		s.CreateStream("books", 1)
		big := make([]byte, 1<<20-1)
		for range 70 {
			s.Put("books", Record{PartitionKey: "k", Data: big})
		}
		time.Sleep(25 * time.Hour)
		last := s.Put("books", Record{PartitionKey: "k", Data: []byte("new")})
		s.Records("books")
		s.Close()
		for range 2 {
			s = NewServer(Options{Dir: dir})
			s.Records("books")
			s.Close()
		}
		info, err := os.Stat(filepath.Join(dir, journalName))
		if err != nil || info.Size() > 4096 {
			t.Errorf("%d bytes are left, %v", info.Size(), err)
		}
		s = NewServer(Options{Dir: dir})
		defer s.Close()
		if diff := cmp.Diff(last, s.Records("books")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestJournalRewriteKeepsNumbers goes on with the sequence numbers of a shard all
// of whose records are gone: who has read it must not miss those that follow.
func TestJournalRewriteKeepsNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := NewServer(Options{Dir: dir})
		s.CreateStream("books", 1)
		var last string
		for range 70 {
			last = s.Put("books", Record{PartitionKey: "k", Data: make([]byte, 1<<20-1)})[0].SequenceNumber
		}
		time.Sleep(25 * time.Hour)
		s.Close()
		for range 2 {
			s = NewServer(Options{Dir: dir})
			s.Close()
		}
		s = NewServer(Options{Dir: dir})
		defer s.Close()
		next := s.Put("books", Record{PartitionKey: "k", Data: []byte("new")})[0].SequenceNumber
		if next <= last {
			t.Errorf("%s comes after %s", next, last)
		}
		client := s.Client(noRetry)
		it, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: aws.String("books"), ShardId: aws.String(shardID(0)),
			ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: &last})
		if err != nil {
			t.Fatal(err)
		}
		out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
		if err != nil || len(out.Records) != 1 {
			t.Errorf("after the last number: %d records, %v", len(out.Records), err)
		}
	})
}

// TestRestartAfterRefusal gives a stream the same creation time again although
// another could not be created in the same millisecond.
func TestRestartAfterRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := Options{Dir: t.TempDir()}
		s := NewServer(opts)
		s.CreateStream("books", 1)
		_, err := s.Client(noRetry).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("books"), ShardCount: aws.Int32(1)})
		if code(err) != resourceInUse {
			t.Fatal(err)
		}
		s.CreateStream("films", 1)
		want := remember(t, s, "books", "films")
		s.Close()
		s = NewServer(opts)
		defer s.Close()
		if diff := cmp.Diff(want, remember(t, s, "books", "films"), exported); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
}

// TestReplayOutOfTime registers a consumer again a moment before the first one of
// the name was gone, as its entry says: a request that came later, and read, had
// seen that it was.
func TestReplayOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := Options{Dir: t.TempDir(), StateChange: time.Second}
		s := NewServer(opts)
		s.CreateStream("books", 1)
		body := []byte(`{"StreamARN":"` + streamARN("us-east-1", "123456789012", "books") + `","ConsumerName":"reader"}`)
		now := time.Now()
		s.journalRequest("RegisterStreamConsumer", now, document.JSON, body)
		s.journalRequest("DeregisterStreamConsumer", now.Add(2*time.Second), document.JSON, body)
		s.journalRequest("RegisterStreamConsumer", now.Add(3*time.Second-1), document.JSON, body)
		s.Close()
		time.Sleep(10 * time.Second)
		s, err := Open(opts)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if n := len(remember(t, s, "books").Consumers["books"]); n != 1 {
			t.Errorf("%d consumers, want 1", n)
		}
	})
}

// FuzzJournal replays damaged journals: whatever is in the file, the server
// starts or says why not.
func FuzzJournal(f *testing.F) {
	dir := f.TempDir()
	s := NewServer(Options{Dir: dir})
	s.CreateStream("books", 2)
	s.Put("books", Record{PartitionKey: "k", Data: []byte("v"), ExplicitHashKey: "7"})
	s.Close()
	whole, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil {
		f.Fatal(err)
	}
	_, err = readJournal(bytes.NewReader(whole), func(kind byte, payload []byte) error {
		f.Add(kind, bytes.Clone(payload))
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(journalRequest), []byte("12345678\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0aSplitShard{}"))
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		s := NewServer(Options{})
		defer s.Close()
		s.CreateStream("books", 2)
		s.replay(kind, payload)
		s.Records("books")
	})
}
