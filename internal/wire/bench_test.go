package wire_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire"
	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
)

// The benchmarks' names are made for benchstat: -col /impl puts what they
// compare side by side.

const (
	entriesPerPut  = 500
	recordsPerGet  = 10_000
	sequenceNumber = "49650000000000000000000000000000000000000000000000000012" // 56 digits
)

var benchmarkSizes = []int{200, 400, 1200}

// benchmarkClient returns a client with real credentials to sign with, whose
// requests are drained and answered with body.
func benchmarkClient(contentType string, body []byte) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://kinesis.invalid"),
		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: clientFunc(func(req *http.Request) (*http.Response, error) {
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return nil, err
			}
			resp := response(http.StatusOK, body)
			resp.Header.Set("Content-Type", contentType)
			return resp, nil
		}),
	})
}

func randomData(n int) []byte {
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
}

func putRecordsInput(size int) *kinesis.PutRecordsInput {
	in := &kinesis.PutRecordsInput{StreamName: aws.String("books")}
	data := randomData(size * entriesPerPut)
	for i := range entriesPerPut {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{
			Data:         data[i*size:][:size],
			PartitionKey: aws.String(fmt.Sprintf("partition-key-%06d", i)),
		})
	}
	return in
}

const jsonType = "application/x-amz-json-1.1"

func putRecordsAnswer() []byte {
	entry := `{"SequenceNumber":"` + sequenceNumber + `","ShardId":"shardId-000000000012"}`
	return []byte(`{"FailedRecordCount":0,"Records":[` + entry + strings.Repeat(","+entry, entriesPerPut-1) + `]}`)
}

// inCBOR writes an answer in CBOR.
func inCBOR(b *testing.B, body []byte) []byte {
	return appendCBOR(nil, rand.New(definite{}), "", generic(b, body))
}

// definite is the source of a generator that chooses known lengths.
type definite struct{}

func (definite) Uint64() uint64 { return 1 << 63 }

func BenchmarkPutRecords(b *testing.B) {
	for _, size := range benchmarkSizes {
		in := putRecordsInput(size)
		var call wire.PutCall
		asJSON := putRecordsAnswer
		asCBOR := func() []byte { return inCBOR(b, asJSON()) }
		for _, impl := range []struct {
			name        string
			options     []func(*kinesis.Options)
			contentType string
			answer      func() []byte
		}{
			{"sdk", nil, jsonType, asJSON},
			{"wire", []func(*kinesis.Options){wire.PutRecords}, jsonType, asJSON},
			{"wire-call", []func(*kinesis.Options){call.PutRecords}, jsonType, asJSON},
			{"cbor", []func(*kinesis.Options){wire.PutRecordsCBOR}, cborType, asCBOR},
			{"cbor-call", []func(*kinesis.Options){call.PutRecordsCBOR}, cborType, asCBOR},
		} {
			b.Run(fmt.Sprintf("bytes=%d/impl=%s", size, impl.name), func(b *testing.B) {
				client := benchmarkClient(impl.contentType, impl.answer())
				b.ReportAllocs()
				for b.Loop() {
					out, err := client.PutRecords(b.Context(), in, impl.options...)
					if err != nil || len(out.Records) != entriesPerPut {
						b.Fatal(err)
					}
				}
				perRecord(b, entriesPerPut)
			})
		}
		b.Run(fmt.Sprintf("bytes=%d/impl=floor", size), func(b *testing.B) { benchmarkPutFloor(b, in) })
	}
}

// benchmarkPutFloor does what no producer can do without: MD5 of the key, base64
// of the data, SHA-256 of the body for the signature, and one copy of the body.
func benchmarkPutFloor(b *testing.B, in *kinesis.PutRecordsInput) {
	_, body := serialize(b, newSDKProtocol(), putRecordsOp, in)
	sent := make([]byte, len(body))
	text := make([]byte, b64.EncodedLen(len(in.Records[0].Data)))
	b.ReportAllocs()
	for b.Loop() {
		for i := range in.Records {
			r := &in.Records[i]
			md5.Sum([]byte(*r.PartitionKey))
			b64.Encode(text, r.Data)
		}
		sha256.Sum256(body)
		copy(sent, body)
	}
	perRecord(b, entriesPerPut)
}

func getRecordsAnswer(size int) []byte {
	data := randomData(size * recordsPerGet)
	var body bytes.Buffer
	body.WriteString(`{"MillisBehindLatest":0,"NextShardIterator":"` + strings.Repeat("A", 250) + `","Records":[`)
	for i := range recordsPerGet {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"ApproximateArrivalTimestamp":1760000000.%03d,"Data":"%s","PartitionKey":"partition-key-%06d","SequenceNumber":"%s"}`,
			i%1000, b64.AppendEncode(nil, data[i*size:][:size]), i, sequenceNumber)
	}
	body.WriteString(`]}`)
	return body.Bytes()
}

func BenchmarkGetRecords(b *testing.B) {
	in := &kinesis.GetRecordsInput{ShardIterator: aws.String("AAAA")}
	for _, size := range []int{400} {
		asJSON := func() []byte { return getRecordsAnswer(size) }
		asCBOR := func() []byte { return inCBOR(b, asJSON()) }
		var call wire.GetCall
		for _, impl := range []struct {
			name        string
			options     []func(*kinesis.Options)
			contentType string
			answer      func() []byte
		}{
			{"sdk", nil, jsonType, asJSON},
			{"wire", []func(*kinesis.Options){call.GetRecords}, jsonType, asJSON},
			{"cbor", []func(*kinesis.Options){call.GetRecordsCBOR}, cborType, asCBOR},
		} {
			b.Run(fmt.Sprintf("bytes=%d/impl=%s", size, impl.name), func(b *testing.B) {
				client := benchmarkClient(impl.contentType, impl.answer())
				b.ReportAllocs()
				for b.Loop() {
					out, err := client.GetRecords(b.Context(), in, impl.options...)
					if err != nil {
						b.Fatal(err)
					}
					if records := call.Records(out); records.Len() != recordsPerGet {
						b.Fatalf("%d records", records.Len())
					}
					call.Reset()
				}
				perRecord(b, recordsPerGet)
			})
		}
	}
}

func perRecord(b *testing.B, records int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records), "ns/record")
}
