package kstreamtest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// TestConsumerTags holds the tags that a consumer begins with to the rules of
// those that it gets later.
func TestConsumerTags(t *testing.T) {
	s := NewServer(Options{})
	defer s.Close()
	s.CreateStream("books", 1)
	client := s.Client(noRetry)
	for _, test := range []struct{ name, key, want string }{
		{"plain", "team", ""},
		{"reserved", "aws:team", invalidArgument},
		{"not a tag's character", "te*m", invalidArgument},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := client.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{
				StreamARN: aws.String(streamARN("us-east-1", "123456789012", "books")), ConsumerName: aws.String("reader"),
				Tags: map[string]string{test.key: "films"}})
			if code(err) != test.want {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}
