package kstream

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// A stubTransport answers the calls of a Consumer from prepared bytes, so that
// a benchmark measures the client alone. Each shard gives the same page a
// number of times, then an empty answer at its tip, for ever.
type stubTransport struct {
	shards int
	pages  int // of each shard
	page   []byte
	cbor   bool // page is in CBOR

	left []atomic.Int64 // pages, by shard
}

func newStubTransport(shards, pages int, page []byte) *stubTransport {
	s := &stubTransport{shards: shards, pages: pages, page: page, left: make([]atomic.Int64, shards)}
	s.rewind()
	return s
}

func (s *stubTransport) rewind() {
	for i := range s.left {
		s.left[i].Store(int64(s.pages))
	}
}

func (s *stubTransport) client() *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region:     "us-east-1",
		HTTPClient: s,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		}),
	})
}

func (s *stubTransport) Do(req *http.Request) (*http.Response, error) {
	var in struct {
		ShardIterator string
		Shard         string `json:"ShardId"`
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if req.Header.Get("Content-Type") == cborType { // the iterators end in #
		end := bytes.IndexByte(body, '#')
		in.ShardIterator = string(body[bytes.LastIndexFunc(body[:end], func(r rune) bool { return r < '0' || r > '9' })+1 : end+1])
	} else if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	req.Body.Close()
	_, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	switch op {
	case "DescribeStreamSummary":
		return stubAnswer([]byte(`{"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/s","StreamStatus":"ACTIVE","StreamCreationTimestamp":1700000000,"RetentionPeriodHours":24,"OpenShardCount":1}}`)), nil
	case "ListShards":
		var b bytes.Buffer
		for i, keys := range shardmap.Even(s.shards) {
			fmt.Fprintf(&b, `,{"ShardId":"shardId-%012d","HashKeyRange":{"StartingHashKey":"%s","EndingHashKey":"%s"},"SequenceNumberRange":{"StartingSequenceNumber":"1"}}`, i, keys.Start, keys.End)
		}
		return stubAnswer([]byte(`{"Shards":[` + b.String()[1:] + `]}`)), nil
	case "GetShardIterator":
		return stubAnswer(fmt.Appendf(nil, `{"ShardIterator":%q}`, strings.TrimLeft(strings.TrimPrefix(in.Shard, "shardId-"), "0")+"#")), nil
	case "GetRecords":
		shard, _ := strconv.Atoi(strings.TrimSuffix(in.ShardIterator, "#"))
		if s.left[shard].Add(-1) < 0 {
			return stubAnswer(stubPage(nil, in.ShardIterator, 0)), nil
		}
		if s.cbor {
			answer := stubAnswer(s.page, appendCBORText(nil, in.ShardIterator))
			answer.Header.Set("Content-Type", cborType)
			return answer, nil
		}
		return stubAnswer(s.page, []byte(strconv.Quote(in.ShardIterator)), []byte("}")), nil
	}
	return nil, fmt.Errorf("stub: no %s", op)
}

func stubAnswer(parts ...[]byte) *http.Response {
	readers := make([]io.Reader, len(parts))
	length := 0
	for i, part := range parts {
		readers[i] = bytes.NewReader(part)
		length += len(part)
	}
	return &http.Response{
		StatusCode: 200, ContentLength: int64(length),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body:   io.NopCloser(io.MultiReader(readers...)),
	}
}

// stubPage makes a GetRecords answer that holds the records' data, and ends
// with an iterator.
func stubPage(data [][]byte, iterator string, lag int) []byte {
	return fmt.Appendf(nil, `%s%q}`, stubPagePrefix(data, lag), iterator)
}

// stubPagePrefix makes an answer that still lacks the iterator and the brace.
func stubPagePrefix(data [][]byte, lag int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i, d := range data {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"SequenceNumber":"49590338271490256608559692538361571095921575989136%06d","ApproximateArrivalTimestamp":1700000000.%03d,"Data":"%s","PartitionKey":"customer-%d"}`,
			i, i%1000, base64.StdEncoding.EncodeToString(d), i)
	}
	fmt.Fprintf(&b, `],"MillisBehindLatest":%d,"NextShardIterator":`, lag)
	return b.Bytes()
}

// benchData makes n records' data of a size.
func benchData(n, size int) [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	data := make([][]byte, n)
	for i := range data {
		data[i] = make([]byte, size)
		for j := range data[i] {
			data[i][j] = byte(' ' + random.IntN(90))
		}
	}
	return data
}

// benchConsumer makes a Consumer that leaves the data as it is, and doesn't
// wait for a service.
func benchConsumer(tb testing.TB, stub *stubTransport) *Consumer[[]byte] {
	tb.Helper()
	c, err := NewConsumer(stub.client(), ConsumerConfig[[]byte]{Stream: "s", Until: Tip()})
	if err != nil {
		tb.Fatal(err)
	}
	c.cfg.readLimits = readLimits{0, math.MaxInt}
	return c
}

// readStub reads everything once and returns the number of records.
func readStub(tb testing.TB, c *Consumer[[]byte], stub *stubTransport) int {
	stub.rewind()
	n := 0
	for _, err := range c.Records(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		n++
	}
	return n
}

const cborType = "application/x-amz-cbor-1.1"

// stubCBORPagePrefix is stubPagePrefix in CBOR.
func stubCBORPagePrefix(data [][]byte, lag int) []byte {
	const list, object = 4 << 5, 5 << 5
	b := appendCBORHead(nil, object, 3)
	b = appendCBORText(b, "Records")
	b = appendCBORHead(b, list, len(data))
	for i, d := range data {
		b = appendCBORHead(b, object, 4)
		b = appendCBORText(b, "SequenceNumber")
		b = appendCBORText(b, fmt.Sprintf("49590338271490256608559692538361571095921575989136%06d", i))
		b = appendCBORText(b, "ApproximateArrivalTimestamp")
		b = append(b, 6<<5|1) // a time,
		b = appendCBORHead(b, 0, 1_700_000_000_000+int64(i%1000))
		b = appendCBORText(b, "Data")
		b = append(appendCBORHead(b, 2<<5, len(d)), d...)
		b = appendCBORText(b, "PartitionKey")
		b = appendCBORText(b, fmt.Sprintf("customer-%d", i))
	}
	b = appendCBORText(b, "MillisBehindLatest")
	b = appendCBORHead(b, 0, lag)
	return appendCBORText(b, "NextShardIterator")
}

// appendCBORHead appends a major type and its number, in the shortest form.
func appendCBORHead[N int | int64](b []byte, major byte, n N) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), uint64(n))
}

func appendCBORText(b []byte, s string) []byte {
	return append(appendCBORHead(b, 3<<5, len(s)), s...)
}
