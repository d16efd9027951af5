package kstream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// A putStub answers the calls of a Producer, or of the SDK's client, in the
// process: it drains the body, and answers for the entries that it counted.
// It knows a stream of one shard, which takes everything.
type putStub struct {
	mu      sync.Mutex // guards the following
	body    bytes.Buffer
	answers map[int][]byte
}

func newPutStub() *putStub { return &putStub{answers: make(map[int][]byte)} }

func (s *putStub) client() *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region:     "us-east-1",
		HTTPClient: s,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		}),
	})
}

func (s *putStub) Do(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body.Reset()
	if _, err := s.body.ReadFrom(req.Body); err != nil {
		return nil, err
	}
	req.Body.Close()
	_, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	switch op {
	case "DescribeStreamSummary":
		return stubAnswer([]byte(`{"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/s","StreamStatus":"ACTIVE","StreamCreationTimestamp":1700000000,"RetentionPeriodHours":24,"OpenShardCount":1}}`)), nil
	case "ListShards":
		return stubAnswer([]byte(`{"Shards":[{"ShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},"SequenceNumberRange":{"StartingSequenceNumber":"1"}}]}`)), nil
	case "PutRecords":
		answer := s.answer(bytes.Count(s.body.Bytes(), []byte(`"Data":`)))
		r := stubAnswer()
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
		return r, nil
	}
	return nil, fmt.Errorf("stub: no %s", op)
}

func (s *putStub) answer(entries int) []byte {
	if a, ok := s.answers[entries]; ok {
		return a
	}
	var b bytes.Buffer
	b.WriteString(`{"FailedRecordCount":0,"Records":[`)
	for i := range entries {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"SequenceNumber":"49590338271490256608559692538361571095921575989136%06d","ShardId":"shardId-000000000000"}`, i)
	}
	b.WriteString(`]}`)
	s.answers[entries] = b.Bytes()
	return b.Bytes()
}
