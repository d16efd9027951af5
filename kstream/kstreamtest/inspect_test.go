package kstreamtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// panicOf returns what f panics with, as text.
func panicOf(f func()) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprint(v)
		}
	}()
	f()
	return ""
}

// TestMistakes makes what is a mistake of the test panic in words that say which.
func TestMistakes(t *testing.T) {
	s := NewServer(Options{StateChange: time.Hour})
	defer s.Close()
	s.CreateStream("books", 1)
	_, err := s.Client(noRetry).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("films"), ShardCount: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		do   func()
		want string
	}{
		{"no such stream", func() { s.Put("plays") }, `no stream "plays"`},
		{"a stream that is being created", func() { s.Put("films", Record{PartitionKey: "k"}) }, "put: the stream films is CREATING"},
		{"no key", func() { s.Put("books", Record{}) }, "partition key of 0 characters"},
		{"a key of 257 characters", func() { s.Put("books", Record{PartitionKey: strings.Repeat("é", 257)}) }, "partition key of 257 characters"},
		{"a key longer than a record log counts", func() { s.Put("books", Record{PartitionKey: strings.Repeat("k", 70_000)}) }, "partition key of 70000 characters"},
		{"too much data", func() { s.Put("books", Record{PartitionKey: "k", Data: make([]byte, 1<<20)}) }, "1048576 bytes of data"},
		{"a hash key too large", func() { s.Put("books", Record{PartitionKey: "k", ExplicitHashKey: strings.Repeat("9", 39)}) }, "Invalid ExplicitHashKey"},
		{"a stream that exists", func() { s.CreateStream("books", 1) }, "it exists"},
		{"no shards", func() { s.CreateStream("plays", 0) }, "with 0 shards"},
		{"more shards than the account has", func() { s.CreateStream("plays", 20_001) }, "with 20001 shards"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := panicOf(test.do); !strings.Contains(got, test.want) {
				t.Errorf("panic %q, want %q", got, test.want)
			}
		})
	}
	if n := len(s.Records("books")); n != 0 {
		t.Errorf("%d records arrived", n)
	}
	s.Put("books", Record{PartitionKey: strings.Repeat("é", 256)})
}

// TestPutWithoutKey takes what a stream with AUTO record distribution takes.
func TestPutWithoutKey(t *testing.T) {
	s := NewServer(Options{})
	defer s.Close()
	_, err := s.Client(noRetry).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("books"),
		StreamModeDetails:          &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand},
		RecordDistributionStrategy: types.RecordDistributionStrategyAuto})
	if err != nil {
		t.Fatal(err)
	}
	want := s.Put("books", Record{Data: []byte("a")}, Record{Data: []byte("b")}, Record{Data: []byte("c")})
	if diff := cmp.Diff(want, s.Records("books"), cmpopts.SortSlices(func(a, b Record) bool { return string(a.Data) < string(b.Data) })); diff != "" {
		t.Errorf("(-put +there):\n%s", diff)
	}
}

// TestRegions gives ARNs of the region's partition, and finds streams by them.
func TestRegions(t *testing.T) {
	for region, want := range map[string]string{
		"":              "arn:aws:kinesis:us-east-1:123456789012:stream/books",
		"eu-central-1":  "arn:aws:kinesis:eu-central-1:123456789012:stream/books",
		"cn-north-1":    "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/books",
		"us-gov-west-1": "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/books",
	} {
		s := NewServer(Options{Region: region})
		s.CreateStream("books", 1)
		out, err := s.Client(noRetry).DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamARN: &want})
		if err != nil {
			t.Errorf("%s: %v", region, err)
		} else if got := *out.StreamDescriptionSummary.StreamARN; got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
		s.Close()
	}
}

// TestShardsWithoutLimit lets an account have more shards than the service does,
// though not any number.
func TestShardsWithoutLimit(t *testing.T) {
	s := NewServer(Options{Limits: Limits{Shards: -1}})
	defer s.Close()
	client := s.Client(noRetry)
	for _, test := range []struct {
		shards int32
		want   string
	}{{20_001, ""}, {1_000_000, limitExceeded}} {
		_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("books" + fmt.Sprint(test.shards)), ShardCount: &test.shards})
		if code(err) != test.want {
			t.Errorf("%d shards: %v, want %q", test.shards, err, test.want)
		}
	}
}
