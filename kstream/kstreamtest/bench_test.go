//go:build unix

package kstreamtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// batch is 500 records of 500 bytes.
func batch() *kinesis.PutRecordsInput {
	in := &kinesis.PutRecordsInput{StreamName: aws.String("books")}
	for i := range 500 {
		data := bytes.Repeat([]byte{byte(i)}, 490)
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: data, PartitionKey: aws.String(fmt.Sprintf("key-%06d", i))})
	}
	return in
}

// BenchmarkPutRecords writes batches through the SDK: as it is, and with the
// codec of internal/wire, which leaves more of the core to the server.
func BenchmarkPutRecords(b *testing.B) {
	for _, bench := range []struct {
		name string
		via  func(*Server) func(*kinesis.Options)
		opt  func(*kinesis.Options)
	}{
		{"memory", func(*Server) func(*kinesis.Options) { return noRetry }, noRetry},
		{"loopback", keptAlive, noRetry},
		{"memory, fast codec", func(*Server) func(*kinesis.Options) { return noRetry }, wire.PutRecords},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s := NewServer(Options{Limits: Unlimited(), MaxBytes: -1})
			defer s.Close()
			s.CreateStream("books", 4)
			client := s.Client(bench.via(s))
			in := batch()
			b.ReportAllocs()
			written := 0
			start := cpuTime()
			for b.Loop() {
				if _, err := client.PutRecords(b.Context(), in, bench.opt); err != nil {
					b.Fatal(err)
				}
				if written += 500; written%100_000 == 0 {
					s.forget("books")
				}
			}
			b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(b.N)*500/(cpuTime()-start).Seconds(), "records/cpu-s")
		})
	}
}

// keptAlive is loopback with connections that are used again.
func keptAlive(s *Server) func(*kinesis.Options) {
	return func(o *kinesis.Options) {
		o.BaseEndpoint = aws.String(s.URL())
		o.HTTPClient = wire.Client(&http.Client{Transport: &http.Transport{}})
	}
}

// cpuTime is what the process has used; on a busy machine the clock says less.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// forget drops what is in a stream, so that a benchmark does not measure memory.
func (s *Server) forget(name string) {
	st := s.mustFind(name, time.Now())
	st.mu.RLock()
	defer st.mu.RUnlock()
	for _, sh := range st.shards {
		s.release(sh.drop())
	}
}

// BenchmarkServerShare is the server's part alone: one record written by
// PutRecords in a batch of 500 and read by GetRecords in a page of 500, from the
// HTTP handler inwards.
func BenchmarkServerShare(b *testing.B) {
	s := NewServer(Options{Limits: Unlimited(), MaxBytes: -1})
	defer s.Close()
	s.CreateStream("books", 1)
	put := requestFor("PutRecords", putRecordsBody(batch()))
	b.ReportAllocs()
	n := 0
	start := cpuTime()
	for b.Loop() {
		if n++; n%200 == 0 {
			s.forget("books")
		}
		st := s.mustFind("books", time.Now())
		iterator := s.iterator(st, st.shards[0], st.shards[0].log.next, time.Now())
		s.serve(&discard{header: make(http.Header)}, put())
		get := requestFor("GetRecords", []byte(`{"ShardIterator":"`+iterator+`"}`))
		w := &discard{header: make(http.Header)}
		s.serve(w, get())
		if w.status != http.StatusOK || w.bytes < 500*500 {
			b.Fatal(w.status, w.bytes)
		}
	}
	b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/float64(b.N)/500, "cpu-ns/record")
}

func putRecordsBody(in *kinesis.PutRecordsInput) []byte {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i, r := range in.Records {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"Data":%q,"PartitionKey":%q}`, base64.StdEncoding.EncodeToString(r.Data), *r.PartitionKey)
	}
	fmt.Fprintf(&b, `],"StreamName":%q}`, *in.StreamName)
	return b.Bytes()
}

// requestFor returns a maker of signed requests.
func requestFor(operation string, body []byte) func() *http.Request {
	return func() *http.Request {
		r, _ := http.NewRequest(http.MethodPost, "http://kinesis.memory/", bytes.NewReader(body))
		r.Header.Set("Content-Type", jsonType)
		r.Header.Set("X-Amz-Target", targetPrefix+operation)
		r.Header.Set("X-Amz-Date", "20260101T000000Z")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c")
		return r
	}
}

type discard struct {
	header http.Header
	status int
	bytes  int
}

func (d *discard) Header() http.Header    { return d.header }
func (d *discard) WriteHeader(status int) { d.status = status }
func (d *discard) Write(p []byte) (int, error) {
	d.bytes += len(p)
	return io.Discard.Write(p)
}
