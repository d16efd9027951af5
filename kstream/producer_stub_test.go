package kstream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
)

// A putStub answers the calls of a Producer, or of the SDK's client, in the
// process: it drains the body, and answers for the entries that it counted.
// It knows a stream of one shard or two, of which the first takes everything.
type putStub struct {
	twoShards bool

	mu      sync.Mutex // guards the following
	body    bytes.Buffer
	answers map[int]stubAnswers
}

// stubAnswers are an answer in both formats.
type stubAnswers struct{ json, cbor []byte }

func newPutStub() *putStub { return &putStub{answers: make(map[int]stubAnswers)} }

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
		return stubAnswer(fmt.Appendf(nil, `{"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/s","StreamStatus":"ACTIVE","StreamCreationTimestamp":1700000000,"RetentionPeriodHours":24,"OpenShardCount":%d}}`, len(s.ranges()))), nil
	case "ListShards":
		var shards []string
		for i, r := range s.ranges() {
			shards = append(shards, fmt.Sprintf(`{"ShardId":"shardId-%012d","HashKeyRange":{"StartingHashKey":"%v","EndingHashKey":"%v"},"SequenceNumberRange":{"StartingSequenceNumber":"1"}}`, i, r.Start, r.End))
		}
		return stubAnswer([]byte(`{"Shards":[` + strings.Join(shards, ",") + `]}`)), nil
	case "PutRecords":
		return s.putAnswer(req.Header.Get("Content-Type")), nil
	}
	return nil, fmt.Errorf("stub: no %s", op)
}

// ranges returns the hash keys of the shards.
func (s *putStub) ranges() []shardmap.Range {
	whole := shardmap.Whole()
	if !s.twoShards {
		return []shardmap.Range{whole}
	}
	half := shardmap.Hash{Hi: 1 << 63}
	below := shardmap.Hash{Hi: 1<<63 - 1, Lo: math.MaxUint64}
	return []shardmap.Range{{Start: whole.Start, End: below}, {Start: half, End: whole.End}}
}

// putAnswer answers in the format of the request.
func (s *putStub) putAnswer(format string) *http.Response {
	cbor := strings.Contains(format, "cbor")
	// Each entry is an object, in one that is the request; base64 has no braces,
	// nor have the keys. One byte is found many times faster than several.
	entries := bytes.Count(s.body.Bytes(), []byte("{")) - 1
	if cbor {
		entries = bytes.Count(s.body.Bytes(), cborscan.AppendText(nil, "Data"))
	}
	answers := s.answer(entries)
	r, body := stubAnswer(), answers.json
	if cbor {
		body = answers.cbor
		r.Header.Set("Content-Type", format)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return r
}

func (s *putStub) answer(entries int) stubAnswers {
	if a, ok := s.answers[entries]; ok {
		return a
	}
	const shard, number = "shardId-000000000000", "49590338271490256608559692538361571095921575989136"
	var text bytes.Buffer
	text.WriteString(`{"FailedRecordCount":0,"Records":[`)
	cbor := cborscan.AppendMap(nil, 2)
	cbor = cborscan.AppendInt(cborscan.AppendText(cbor, "FailedRecordCount"), 0)
	cbor = cborscan.AppendArray(cborscan.AppendText(cbor, "Records"), entries)
	for i := range entries {
		if i > 0 {
			text.WriteByte(',')
		}
		sequence := fmt.Sprintf("%s%06d", number, i)
		fmt.Fprintf(&text, `{"SequenceNumber":%q,"ShardId":%q}`, sequence, shard)
		cbor = cborscan.AppendMap(cbor, 2)
		cbor = cborscan.AppendText(cborscan.AppendText(cbor, "SequenceNumber"), sequence)
		cbor = cborscan.AppendText(cborscan.AppendText(cbor, "ShardId"), shard)
	}
	text.WriteString(`]}`)
	a := stubAnswers{text.Bytes(), cbor}
	s.answers[entries] = a
	return a
}
