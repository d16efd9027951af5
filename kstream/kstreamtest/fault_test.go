package kstreamtest

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// noRetry shows what the server answers, not what the SDK makes of it.
func noRetry(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }

func putOne(t *testing.T, client *kinesis.Client) error {
	_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{
		StreamName: aws.String("books"), PartitionKey: aws.String("k"), Data: []byte("v"),
	})
	return err
}

func readOne(t *testing.T, client *kinesis.Client) error {
	it, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
		StreamName: aws.String("books"), ShardId: aws.String(shardID(0)), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		return err
	}
	_, err = client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	return err
}

// code is the exception of an error, or "connection" for one that is no answer.
func code(err error) string {
	if err == nil {
		return ""
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return "connection"
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name   string
		fault  Fault
		call   func(*testing.T, *kinesis.Client) error
		want   []string // what each call comes to
		stored int
		took   time.Duration
	}{
		{name: "throttle a write", fault: Fault{Kind: Throttle, Count: 2}, call: putOne,
			want: []string{throughputExceeded, throughputExceeded, ""}, stored: 1},
		{name: "throttle the reads of a shard", fault: Fault{Kind: Throttle, Operation: "GetRecords", Shard: shardID(0)}, call: readOne,
			want: []string{throughputExceeded}},
		{name: "another shard is not hit", fault: Fault{Kind: Throttle, Shard: shardID(1)}, call: readOne, want: []string{""}},
		{name: "another stream is not hit", fault: Fault{Kind: Throttle, Stream: "films"}, call: putOne, want: []string{""}, stored: 1},
		{name: "skip", fault: Fault{Kind: Fail, Skip: 1, Count: 1}, call: putOne, want: []string{"", internalFailure, ""}, stored: 2},
		{name: "service unavailable", fault: Fault{Kind: Fail, Code: serviceUnavailable}, call: putOne, want: []string{serviceUnavailable}},
		{name: "reset before", fault: Fault{Kind: ResetBefore, Count: 1}, call: putOne, want: []string{"connection", ""}, stored: 1},
		{name: "reset after", fault: Fault{Kind: ResetAfter, Count: 1}, call: putOne, want: []string{"connection", ""}, stored: 2},
		{name: "lose the answer", fault: Fault{Kind: CutBody, Count: 1}, call: putOne, want: []string{"connection", ""}, stored: 2},
		{name: "stall", fault: Fault{Kind: Stall, Delay: 7 * time.Second, Count: 1}, call: putOne, want: []string{""}, stored: 1, took: 7 * time.Second},
		{name: "expire", fault: Fault{Kind: ExpireIterator, Count: 1}, call: readOne, want: []string{expiredIterator, ""}},
		{name: "not yet", fault: Fault{Kind: Fail, Begin: time.Second}, call: putOne, want: []string{""}, stored: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewServer(Options{Faults: []Fault{test.fault}})
				defer s.Close()
				s.CreateStream("books", 1)
				client := s.Client(noRetry)
				start := time.Now()
				var got []string
				for range test.want {
					got = append(got, code(test.call(t, client)))
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				if n := len(s.Records("books")); n != test.stored {
					t.Errorf("%d records stored, want %d", n, test.stored)
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
			})
		})
	}
}

// TestFaultChance fails about the given share of entries, and the same ones in
// each run with the same seed.
func TestFaultChance(t *testing.T) {
	run := func() (failed []int) {
		s := NewServer(Options{Seed: 7, Faults: []Fault{{Kind: FailEntry, Chance: 0.25}}})
		defer s.Close()
		s.CreateStream("books", 1)
		in := &kinesis.PutRecordsInput{StreamName: aws.String("books")}
		for range 400 {
			in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: []byte("v"), PartitionKey: aws.String("k")})
		}
		out, err := s.Client().PutRecords(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range out.Records {
			if r.ErrorCode != nil {
				failed = append(failed, i)
			}
		}
		if n := s.Counters().Faults[FailEntry]; int(n) != len(failed) {
			t.Errorf("counted %d faults, %d entries failed", n, len(failed))
		}
		return failed
	}
	first := run()
	if len(first) < 70 || len(first) > 130 {
		t.Errorf("%d of 400 failed, want about 100", len(first))
	}
	if diff := cmp.Diff(first, run()); diff != "" {
		t.Errorf("another run with the same seed (-first +second):\n%s", diff)
	}
}

// TestStallForGood is ended by the client.
func TestStallForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{Faults: []Fault{{Kind: Stall}}})
		defer s.Close()
		s.CreateStream("books", 1)
		client := s.Client(noRetry, func(o *kinesis.Options) { o.RetryMaxAttempts = 1 })
		start := time.Now()
		ctx := t.Context()
		go func() {
			time.Sleep(time.Hour)
			s.ClearFaults()
			s.Close()
		}()
		_, err := client.ListStreams(ctx, &kinesis.ListStreamsInput{})
		if code(err) != "connection" || time.Since(start) != time.Hour {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// TestFaultsRefused does not take faults that would never strike: a test that
// relies on one would pass for nothing.
func TestFaultsRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault Fault
		ok    bool
	}{
		{"no kind", Fault{Operation: "PutRecords"}, false},
		{"a chance over 1", Fault{Kind: Fail, Chance: 1.1}, false},
		{"an operation that there is not", Fault{Kind: Fail, Operation: "PutRecord s"}, false},
		{"any operation", Fault{Kind: Fail}, true},
		{"an operation on streams", Fault{Kind: Fail, Operation: "CreateStream"}, true},
		{"throttling no shard", Fault{Kind: Throttle, Operation: "ListShards"}, false},
		{"throttling a shard in PutRecords", Fault{Kind: Throttle, Operation: "PutRecords", Shard: shardID(0)}, true},
		{"failing a shard in PutRecords", Fault{Kind: Fail, Operation: "PutRecords", Shard: shardID(0)}, false},
		{"entries of PutRecord", Fault{Kind: FailEntry, Operation: "PutRecord"}, false},
		{"an iterator that is written to", Fault{Kind: ExpireIterator, Operation: "PutRecord"}, false},
		{"cutting what is no subscription", Fault{Kind: Cut, Operation: "GetRecords"}, false},
		{"the end of a subscription's answer", Fault{Kind: CutBody, Operation: "SubscribeToShard"}, false},
		{"the begin of a subscription", Fault{Kind: ResetBefore, Operation: "SubscribeToShard"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.fault.validate(); (err == nil) != test.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestHook(t *testing.T) {
	var seen []Request
	s := NewServer(Options{Hook: func(r Request) *Reply {
		seen = append(seen, Request{Operation: r.Operation, Stream: r.Stream, Shard: r.Shard})
		switch r.Operation {
		case "DescribeLimits":
			return &Reply{Body: []byte(`{"ShardLimit":7,"OpenShardCount":0,"OnDemandStreamCount":0,"OnDemandStreamCountLimit":0}`)}
		case "ListStreams":
			return &Reply{Code: accessDenied, Message: "not you"}
		}
		return nil
	}})
	defer s.Close()
	s.CreateStream("books", 1)
	client := s.Client(noRetry)
	if err := putOne(t, client); err != nil {
		t.Error(err)
	}
	if err := readOne(t, client); err != nil {
		t.Error(err)
	}
	if limits, err := client.DescribeLimits(t.Context(), &kinesis.DescribeLimitsInput{}); err != nil || *limits.ShardLimit != 7 {
		t.Errorf("DescribeLimits: %v, %v", limits, err)
	}
	if _, err := client.ListStreams(t.Context(), &kinesis.ListStreamsInput{}); code(err) != accessDenied {
		t.Errorf("ListStreams: %v", err)
	}
	arn := aws.String(streamARN("us-east-1", "123456789012", "books"))
	if _, err := client.TagResource(t.Context(), &kinesis.TagResourceInput{ResourceARN: arn, Tags: map[string]string{"a": "b"}}); err != nil {
		t.Error(err)
	}
	want := []Request{
		{Operation: "PutRecord", Stream: "books", Shard: shardID(0)},
		{Operation: "GetShardIterator", Stream: "books", Shard: shardID(0)},
		{Operation: "GetRecords", Stream: "books", Shard: shardID(0)},
		{Operation: "DescribeLimits"},
		{Operation: "ListStreams"},
		{Operation: "TagResource", Stream: "books"},
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestATimeInTheHookIsTheNetworks has a Hook delay a record: it arrives when the
// Hook has returned, and so is counted against what its shard takes then.
func TestATimeInTheHookIsTheNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{Hook: func(Request) *Reply {
			time.Sleep(3 * time.Second)
			return nil
		}})
		defer s.Close()
		s.CreateStream("books", 1)
		sent := time.Now()
		if err := putOne(t, s.Client(noRetry)); err != nil {
			t.Fatal(err)
		}
		if arrived := s.Records("books")[0].Arrived; arrived.Sub(sent) != 3*time.Second {
			t.Errorf("arrived after %v, want 3s", arrived.Sub(sent))
		}
	})
}

// A fault that could never hit is a mistake in a test, which Inject tells.
func TestInjectRefusesWhatCannotHit(t *testing.T) {
	tests := []struct {
		fault Fault
		want  string
	}{
		{Fault{Kind: "trottle"}, `a fault of the unknown kind "trottle"`},
		{Fault{Kind: Fail, Chance: 2}, "a fault of the kind fail with a number out of range"},
		{Fault{Kind: Throttle, Operation: "ListShards"}, `a fault of the kind throttle that can never hit the operation "ListShards"`},
		{Fault{Kind: Fail, Operation: "PutRecord5"}, `a fault of the kind fail that can never hit the operation "PutRecord5"`},
		{Fault{Kind: Fail, Operation: "PutRecords", Shard: "shardId-000000000000"}, `a fault of the kind fail that can never hit the operation "PutRecords" of one shard`},
	}
	server := NewServer(Options{})
	defer server.Close()
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			defer func() {
				if diff := cmp.Diff(any("kstreamtest: inject: "+tt.want), recover()); diff != "" {
					t.Errorf("panic (-want +got):\n%s", diff)
				}
			}()
			server.Inject(tt.fault)
		})
	}
}
