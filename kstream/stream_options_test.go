package kstream_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestNoStreamOnDemandByMistake: a number of shards that went wrong is no wish
// for a stream on demand.
func TestNoStreamOnDemandByMistake(t *testing.T) {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	tests := []struct {
		name string
		opts kstream.StreamOptions
		says []string
	}{
		{"negative shards", kstream.StreamOptions{Shards: -1}, []string{"the number of Shards is -1"}},
		{"small records", kstream.StreamOptions{Shards: 1, MaxRecordBytes: 1024}, []string{"MaxRecordBytes: 1024"}},
		{"negative records", kstream.StreamOptions{Shards: 1, MaxRecordBytes: -1}, []string{"MaxRecordBytes: -1"}},
		{"large records", kstream.StreamOptions{MaxRecordBytes: 10<<20 + 1}, []string{"MaxRecordBytes: 10485761"}},
		{
			"all at once", kstream.StreamOptions{Shards: 2, MaxRecordBytes: 1, AutoDistribution: true},
			[]string{"MaxRecordBytes: 1 ", "both Shards and AutoDistribution"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := kstream.CreateStream(t.Context(), server.Client(), "s", tt.opts)
			for _, want := range tt.says {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want one that says %q", err, want)
				}
			}
			if server.HasStream("s") {
				t.Error("there is a stream")
			}
		})
	}
}

// TestFileStoreWithoutPath: an unset variable is no place for checkpoints.
func TestFileStoreWithoutPath(t *testing.T) {
	if store, err := kstream.OpenFileStore(""); err == nil {
		store.Close()
		t.Error("opened")
	}
}

// TestStreamsAreNamedByNameOrARN: the constructors refuse what no call could be
// made with.
func TestStreamsAreNamedByNameOrARN(t *testing.T) {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	for _, tt := range []struct {
		stream string
		ok     bool
	}{
		{"books", true},
		{"arn:aws:kinesis:us-east-1:123456789012:stream/books", true},
		{"arn:aws-us-gov:kinesis:us-gov-west-1:000000000000:stream/a.b_c-d", true},
		{"", false},
		{"two words", false},
		{"arn:aws:nope", false},
		{"arn:aws:sqs:us-east-1:123456789012:books", false},
		{"arn:aws:kinesis:us-east-1:123456789012:stream/", false},
		{"arn:aws:kinesis:us-east-1:1234:stream/books", false},
		{"arn:aws:kinesis:us-east-1:123456789012:stream/books/consumer/c:1", false},
	} {
		producer, perr := kstream.NewProducer(server.Client(), kstream.ProducerConfig[string]{Stream: tt.stream})
		if perr == nil {
			defer producer.Close(t.Context())
		}
		_, cerr := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[string]{Stream: tt.stream})
		for _, err := range []error{perr, cerr} {
			if (err == nil) != tt.ok || !tt.ok && tt.stream != "" && !strings.Contains(err.Error(), fmt.Sprintf("%q", tt.stream)) {
				t.Errorf("stream %q: %v", tt.stream, err)
			}
		}
	}
}
