package kstreamtest

import (
	"testing"
	"testing/synctest"
	"time"

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

// TestEarlierConsumersARN deregisters a consumer and registers another of its
// name: the first one's ARN is nobody's then, in whatever operation.
func TestEarlierConsumersARN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{})
		defer s.Close()
		s.CreateStream("books", 1)
		client := s.Client(noRetry)
		stream := aws.String(streamARN("us-east-1", "123456789012", "books"))
		register := func() *string {
			out, err := client.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{StreamARN: stream, ConsumerName: aws.String("reader")})
			if err != nil {
				t.Fatal(err)
			}
			return out.Consumer.ConsumerARN
		}
		earlier := register()
		if _, err := client.DeregisterStreamConsumer(t.Context(), &kinesis.DeregisterStreamConsumerInput{ConsumerARN: earlier}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // ARNs tell consumers apart by the second
		present := register()
		for _, test := range []struct {
			name string
			call func(arn *string) error
		}{
			{"DescribeStreamConsumer", func(arn *string) error {
				_, err := client.DescribeStreamConsumer(t.Context(), &kinesis.DescribeStreamConsumerInput{ConsumerARN: arn})
				return err
			}},
			{"TagResource", func(arn *string) error {
				_, err := client.TagResource(t.Context(), &kinesis.TagResourceInput{ResourceARN: arn, Tags: map[string]string{"a": "b"}})
				return err
			}},
			{"ListTagsForResource", func(arn *string) error {
				_, err := client.ListTagsForResource(t.Context(), &kinesis.ListTagsForResourceInput{ResourceARN: arn})
				return err
			}},
			{"PutResourcePolicy", func(arn *string) error {
				_, err := client.PutResourcePolicy(t.Context(), &kinesis.PutResourcePolicyInput{ResourceARN: arn, Policy: aws.String("{}")})
				return err
			}},
		} {
			if err := test.call(earlier); code(err) != resourceNotFound {
				t.Errorf("%s with the earlier ARN: %v", test.name, err)
			}
			if err := test.call(present); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	})
}
