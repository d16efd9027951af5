package kstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A trustingTransport is a service that takes an old stream's iterators for those
// of the stream that was made under its name later, and then has a record of it
// in every answer.
type trustingTransport struct {
	*stubTransport
	again time.Time // when the second stream was made
}

func (s *trustingTransport) Do(req *http.Request) (*http.Response, error) {
	if time.Now().Before(s.again) {
		return s.stubTransport.Do(req)
	}
	switch _, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), "."); op {
	case "DescribeStreamSummary":
		return stubAnswer(fmt.Appendf(nil, `{"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/s","StreamStatus":"ACTIVE","StreamCreationTimestamp":%d,"RetentionPeriodHours":24,"OpenShardCount":2}}`, s.again.Unix())), nil
	case "GetRecords":
		var in struct{ ShardIterator string }
		if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
			return nil, err
		}
		return stubAnswer(stubPage([][]byte{[]byte("new")}, in.ShardIterator, 0)), nil
	}
	return s.stubTransport.Do(req)
}

// Nothing that the readers see tells them that they read another stream now, of
// which they don't know all shards.
func TestAStreamMadeAgainIsNoticedWhateverItsIteratorsDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := time.Now().Add(10 * time.Minute)
		stub := &trustingTransport{newStubTransport(1, 0, nil), again}
		client := kinesis.New(stub.client().Options(), func(o *kinesis.Options) { o.HTTPClient = stub })
		c, err := NewConsumer(client, ConsumerConfig[string]{Stream: "s", Store: new(MemoryStore)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, errs := errorsOf(c.Records(ctx))
		if len(errs) != 1 || !errors.Is(errs[0], ErrStreamNotFound) || !strings.Contains(errs[0].Error(), "another stream") {
			t.Errorf("errors %v, want one that says what happened", errs)
		}
		if late := time.Since(again); late > watchInterval+time.Second {
			t.Errorf("the loop ended %v after the stream was made again", late)
		}
	})
}

// A deletingTransport is a service that is deleting the stream: it still lists its
// shards, but doesn't read them.
type deletingTransport struct{ *stubTransport }

func (s deletingTransport) Do(req *http.Request) (*http.Response, error) {
	switch _, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), "."); {
	case s.left[0].Load() >= 0:
	case op == "DescribeStreamSummary":
		return stubAnswer([]byte(`{"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/s","StreamStatus":"DELETING","StreamCreationTimestamp":1700000000}}`)), nil
	case op == "GetRecords":
		answer := stubAnswer([]byte(`{"__type":"ResourceNotFoundException"}`))
		answer.StatusCode = http.StatusBadRequest
		return answer, nil
	}
	return s.stubTransport.Do(req)
}

func TestAStreamThatIsBeingDeletedIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stub := deletingTransport{newStubTransport(1, 1, stubPagePrefix([][]byte{[]byte("a")}, 5))}
		client := kinesis.New(stub.client().Options(), func(o *kinesis.Options) { o.HTTPClient = stub })
		c, err := NewConsumer(client, ConsumerConfig[string]{Stream: "s"})
		if err != nil {
			t.Fatal(err)
		}
		got, errs := errorsOf(c.Records(t.Context()))
		if len(got) != 1 || len(errs) != 1 || !errors.Is(errs[0], ErrStreamNotFound) {
			t.Errorf("values %q, errors %v", got, errs)
		}
	})
}

// The same with the server, where it takes a while until the stream is gone.
func TestAStreamIsDeletedSlowly(t *testing.T) {
	for _, fanOut := range []string{"", "reader"} {
		t.Run(fanOut, func(t *testing.T) {
			inLab(t, 2, kstreamtest.Options{StateChange: 30 * time.Second}, func(l *lab) {
				time.Sleep(time.Minute)
				l.put(100, 10)
				l.after(2*time.Minute, func() {
					in := &kinesis.DeleteStreamInput{StreamName: aws.String("s"), EnforceConsumerDeletion: aws.Bool(true)}
					if _, err := l.client.DeleteStream(l.Context(), in); err != nil {
						l.Error(err)
					}
				})
				got, errs := errorsOf(l.consumer(ConsumerConfig[string]{Until: Count(1e6), FanOut: fanOut}).Records(l.Context()))
				l.wantAll(got, 0)
				if len(errs) != 1 || !errors.Is(errs[0], ErrStreamNotFound) {
					l.Errorf("errors %v", errs)
				}
			})
		})
	}
}

// The stream keeps its records for three days when the loop begins, and then only
// for one: what a slow loop missed by that is a gap.
func TestAShorterRetentionIsNoticed(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		retention := func(hours int32, change func(context.Context, *string, *int32) error) {
			if err := change(l.Context(), aws.String("s"), &hours); err != nil {
				l.Error(err)
			}
		}
		retention(72, func(ctx context.Context, name *string, hours *int32) error {
			_, err := l.client.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: hours})
			return err
		})
		l.put(10, 1)
		n, gaps := 0, 0
		for _, err := range l.consumer(ConsumerConfig[string]{PrefetchRecords: 1, Until: Count(4)}).Records(l.Context()) {
			if _, ok := errors.AsType[*GapError](err); ok {
				gaps++
				continue
			} else if err != nil {
				l.Fatal(err)
			}
			if n++; n > 1 {
				continue
			}
			time.Sleep(30 * time.Hour)
			retention(24, func(ctx context.Context, name *string, hours *int32) error {
				_, err := l.client.DecreaseStreamRetentionPeriod(ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: hours})
				return err
			})
			l.put(5, 1)
			time.Sleep(5 * time.Minute)
		}
		if gaps != 1 {
			l.Errorf("%d gaps after %d records, want 1", gaps, n)
		}
	})
}
