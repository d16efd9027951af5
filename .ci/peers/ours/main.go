// Command ours does with kstream what Kpl.java and Kcl.java do with Amazon's
// libraries, and prints the CPU time that a record took, in nanoseconds:
//
//	ours put PORT plain|aggregated json|cbor WARM-UP COUNT
//	ours get PORT plain|aggregated json|cbor WARM-UP COUNT
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream"
)

// A job is what the command line asks for.
type job struct {
	client        *kinesis.Client
	aggregated    bool
	cbor          bool
	warmUp, count int // records, of which the second are measured
}

func main() {
	if len(os.Args) != 7 {
		log.Fatal("usage: ours put|get PORT plain|aggregated json|cbor WARM-UP COUNT")
	}
	j := job{client: client(os.Args[2]), aggregated: os.Args[3] == "aggregated", cbor: os.Args[4] == "cbor"}
	j.warmUp, _ = strconv.Atoi(os.Args[5])
	j.count, _ = strconv.Atoi(os.Args[6])
	work := j.get
	if os.Args[1] == "put" {
		work = j.put
	}
	if err := work(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func client(port string) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("https://127.0.0.1:" + port),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
		}),
	})
}

// A meter prints what the process has spent since it was made.
type meter struct {
	cpu   int64
	start time.Time
}

func newMeter() meter {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return meter{u.Utime.Nano() + u.Stime.Nano(), time.Now()}
}

func (m meter) print(records int) {
	fmt.Fprintf(os.Stderr, "%.0f/s\n", float64(records)/time.Since(m.start).Seconds())
	fmt.Println((newMeter().cpu - m.cpu) / int64(records))
}

const (
	valueBytes = 200
	keyCount   = 1_000_000
)

// A value is what a user hands to the Producer.
type value struct {
	key  string
	data []byte
}

// valueCodec takes the data as it is.
type valueCodec struct{}

func (valueCodec) Append(dst []byte, v value) ([]byte, error) { return append(dst, v.data...), nil }
func (valueCodec) Decode(data []byte) (value, error)          { return value{data: data}, nil }

// put writes warmUp values, waits for them, and measures count more.
func (j job) put(ctx context.Context) error {
	keys := make([]string, keyCount)
	for i := range keys {
		keys[i] = fmt.Sprintf("customer-%06d", i)
	}
	data := make([][]byte, 4096)
	for i := range data {
		text := fmt.Sprintf(`{"id":%d,"text":"%s"}`, i, strings.Repeat("lorem ipsum ", valueBytes/12+1))
		data[i] = []byte(text[:valueBytes])
	}
	delivered := 0
	cfg := kstream.ProducerConfig[value]{
		Stream:       "written",
		PartitionKey: func(v value) string { return v.key },
		Codec:        valueCodec{},
		Rate:         -1,
		Aggregate:    j.aggregated,
		CBOR:         j.cbor,
		OnSettled: func(s kstream.Settlement[value]) {
			if s.Err == nil {
				delivered++
			}
		},
	}
	if j.aggregated {
		cfg.AggregateBytes = 51_200 // KPL's default
	}
	p, err := kstream.NewProducer(j.client, cfg)
	if err != nil {
		return err
	}
	send := func(count int) error {
		for i := range count {
			if err := p.Send(ctx, value{keys[i*7919%keyCount], data[i%len(data)]}); err != nil {
				return err
			}
		}
		return p.Flush(ctx)
	}
	if err := send(j.warmUp); err != nil {
		return err
	}
	m := newMeter()
	if err := send(j.count); err != nil {
		return err
	}
	m.print(j.count)
	if err := p.Close(ctx); err != nil {
		return err
	}
	if delivered != j.warmUp+j.count {
		return fmt.Errorf("%d values delivered of %d", delivered, j.warmUp+j.count)
	}
	return nil
}

// get reads warmUp records and measures count more.
func (j job) get(ctx context.Context) error {
	stream := "plain"
	if j.aggregated {
		stream = "aggregated"
	}
	c, err := kstream.NewConsumer(j.client, kstream.ConsumerConfig[[]byte]{
		Stream: stream, CBOR: j.cbor, Until: kstream.Count(int64(j.warmUp + j.count)),
	})
	if err != nil {
		return err
	}
	n, size := 0, 0
	var m meter
	for rec, err := range c.Records(ctx) {
		if err != nil {
			return err
		}
		if n == j.warmUp {
			m = newMeter()
		}
		n++
		size += len(rec.Value)
	}
	m.print(j.count)
	if n != j.warmUp+j.count || size != 400*n {
		return fmt.Errorf("%d records of %d bytes", n, size)
	}
	return nil
}
