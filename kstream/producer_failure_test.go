package kstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestOnlyWhatFailedIsSentAgain sends through each kind of fault and looks at
// what is in the stream: duplicates appear only where an answer was lost.
func TestOnlyWhatFailedIsSentAgain(t *testing.T) {
	t.Parallel()
	const put = "PutRecords"
	for _, tt := range []struct {
		name       string
		fault      kstreamtest.Fault
		duplicates bool
	}{
		{name: "entries fail", fault: kstreamtest.Fault{Kind: kstreamtest.FailEntry, Chance: 0.3}},
		{name: "entries are throttled", fault: kstreamtest.Fault{Kind: kstreamtest.Throttle, Chance: 0.1}},
		{name: "calls fail with 500", fault: kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: put, Chance: 0.5}},
		{name: "calls fail with 503", fault: kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: put, Code: "ServiceUnavailable", Count: 5}},
		{name: "calls are cut short", fault: kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: put, Code: "RequestTimeout", Count: 5}},
		{name: "calls are throttled", fault: kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: put, Code: "LimitExceededException", Count: 5}},
		{name: "credentials expire", fault: kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: put, Code: "ExpiredTokenException", Count: 3}},
		{name: "reset before the write", fault: kstreamtest.Fault{Kind: kstreamtest.ResetBefore, Operation: put, Chance: 0.3}},
		{name: "stalls", fault: kstreamtest.Fault{Kind: kstreamtest.Stall, Operation: put, Delay: 10 * time.Second, Count: 3}},
		{name: "stalls for ever", fault: kstreamtest.Fault{Kind: kstreamtest.Stall, Operation: put, Count: 3}},
		{name: "reset after the write", fault: kstreamtest.Fault{Kind: kstreamtest.ResetAfter, Operation: put, Chance: 0.3}, duplicates: true},
		{name: "half an answer", fault: kstreamtest.Fault{Kind: kstreamtest.CutBody, Operation: put, Chance: 0.3}, duplicates: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Seed: 7, Faults: []kstreamtest.Fault{tt.fault}}
			inBubble(t, opts, 2, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Linger = -1 })
				const n = 1000
				for v := range numbered(n) {
					if err := p.Send(context.Background(), v); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Millisecond)
				}
				closeProducer(t, p)
				st := p.Stats()
				if st.Delivered != n || (st.Retries == 0 && tt.name != "stalls") {
					t.Errorf("%d values delivered, %d sent again; want %d, and some", st.Delivered, st.Retries, n)
				}
				if !tt.duplicates {
					wantStored(t, srv, n)
					return
				}
				found := stored(srv)
				if len(found) != n || len(srv.Records("s")) == n {
					t.Errorf("%d values in %d records, want %d values and some duplicates", len(found), len(srv.Records("s")), n)
				}
			})
		})
	}
}

// TestPoisonIsHandedBackAlone has the service refuse a call for one entry: the
// others of the call are delivered.
func TestPoisonIsHandedBackAlone(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 2, func(t *testing.T, srv *kstreamtest.Server) {
		client := srv.Client(func(o *kinesis.Options) { o.HTTPClient = poisonClient{o.HTTPClient} })
		p, err := NewProducer(client, ProducerConfig[string]{Stream: "s", PartitionKey: PartitionKey})
		if err != nil {
			t.Fatal(err)
		}
		summary, err := p.SendAll(context.Background(), func(yield func(string, error) bool) {
			for i := range 700 {
				v := fmt.Sprint("value ", i)
				if i == 123 || i == 600 {
					v = "poison"
				}
				if !yield(v, nil) {
					return
				}
			}
		})
		if diff := cmp.Diff(Summary{Delivered: 698, Failed: 2, Resume: 700}, summary); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		failed, ok := errors.AsType[*FailedError[string]](err)
		if !ok || len(failed.Failed) != 2 || failed.Failed[0].Value != "poison" {
			t.Errorf("SendAll: %v, want the two values", err)
		}
		closeProducer(t, p)
	})
}

// A poisonClient answers calls that carry the key "poison" as the service
// answers what it does not accept.
type poisonClient struct{ kinesis.HTTPClient }

func (c poisonClient) Do(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		return c.HTTPClient.Do(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	if !bytes.Contains(body, []byte(`"poison"`)) {
		return c.HTTPClient.Do(req)
	}
	answer := stubAnswer([]byte(`{"__type":"ValidationException","message":"1 validation error detected"}`))
	answer.StatusCode = http.StatusBadRequest
	return answer, nil
}

func TestWhatHoldsForAllStopsSendAll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault kstreamtest.Fault
		calls int64 // at most
	}{
		{"access denied", kstreamtest.Fault{Kind: kstreamtest.Fail, Code: "AccessDeniedException"}, 20},
		{"credentials that stay bad", kstreamtest.Fault{Kind: kstreamtest.Fail, Code: "UnrecognizedClientException"}, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: []kstreamtest.Fault{tt.fault}}, 1, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, nil)
				summary, err := p.SendAll(context.Background(), numbered(1_000_000))
				if err == nil || !strings.Contains(err.Error(), tt.fault.Code) {
					t.Errorf("SendAll: %v", err)
				}
				if summary.Delivered != 0 || summary.Failed == 0 || summary.Failed == 1_000_000 {
					t.Errorf("summary %+v", summary)
				}
				if calls := srv.Counters().Operations["PutRecords"].Calls; calls > tt.calls {
					t.Errorf("%d calls", calls)
				}
				closeProducer(t, p)
			})
		})
	}
}

func TestUnknownStream(t *testing.T) {
	for _, ordered := range []bool{false, true} { // ordered producers need the shards first
		inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Stream, cfg.Ordered = "other", ordered })
			if _, err := p.Put(context.Background(), "v"); !errors.Is(err, ErrStreamNotFound) {
				t.Errorf("Put, ordered %t: %v", ordered, err)
			}
			if _, err := p.SendAll(context.Background(), numbered(10_000)); !errors.Is(err, ErrStreamNotFound) {
				t.Errorf("SendAll, ordered %t: %v", ordered, err)
			}
			closeProducer(t, p)
		})
	}
}

// TestNoPermissionToList writes with a policy that allows PutRecords only.
func TestNoPermissionToList(t *testing.T) {
	faults := []kstreamtest.Fault{
		{Kind: kstreamtest.Fail, Code: "AccessDeniedException", Operation: "ListShards"},
		{Kind: kstreamtest.Fail, Code: "AccessDeniedException", Operation: "DescribeStreamSummary"},
	}
	for _, aggregate := range []bool{false, true} {
		inBubble(t, kstreamtest.Options{Faults: faults}, 4, func(t *testing.T, srv *kstreamtest.Server) {
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate = aggregate })
			if _, err := p.SendAll(context.Background(), numbered(5000)); err != nil {
				t.Fatal(err)
			}
			wantStored(t, srv, 5000) // not aggregated: members would not all belong where it goes
			closeProducer(t, p)
		})
	}
}

func TestCredentialsThatExpire(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		var fetched atomic.Int32
		client := srv.Client(func(o *kinesis.Options) {
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				if n := fetched.Add(1); n > 3 && n < 6 {
					return aws.Credentials{}, errors.New("no credentials now")
				}
				return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
			})
		})
		p, err := NewProducer(client, ProducerConfig[string]{Stream: "s", Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if _, err := p.Put(context.Background(), "v"); err != nil {
				t.Fatal(err)
			}
		}
		closeProducer(t, p)
	})
}

// TestAListingThatIsNotAnswered is given up, so that the next one can succeed.
func TestAListingThatIsNotAnswered(t *testing.T) {
	for _, operation := range []string{"ListShards", "DescribeStreamSummary"} {
		stall := kstreamtest.Fault{Kind: kstreamtest.Stall, Operation: operation, Count: 1}
		inBubble(t, kstreamtest.Options{Faults: []kstreamtest.Fault{stall}}, 1, func(t *testing.T, srv *kstreamtest.Server) {
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate = true })
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			for range 2 {
				_, _ = p.Put(ctx, "k:v")
			}
			if n := len(srv.Records("s")); n != 1 {
				t.Errorf("%s: %d records after two Puts and %v", operation, n, listTimeout)
			}
			closeProducer(t, p)
		})
	}
}

// TestListingsThatFailTakeNoMemory writes while the shards cannot be listed.
func TestListingsThatFailTakeNoMemory(t *testing.T) {
	failing := kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "ListShards"}
	inBubble(t, kstreamtest.Options{Faults: []kstreamtest.Fault{failing}}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		most := 0
		for range 3000 {
			if err := p.Send(context.Background(), "k:v"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
			p.sender.mu.Lock()
			most = max(most, len(p.sender.lister.early))
			p.sender.mu.Unlock()
		}
		if most > 1000 {
			t.Errorf("%d entries are remembered for when the shards are listed", most)
		}
		closeProducer(t, p)
	})
}

// TestAggregatesOnAStreamThatIgnoresKeys has no permission to find out that
// the stream's distribution is AUTO.
func TestAggregatesOnAStreamThatIgnoresKeys(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := CreateStream(ctx, srv.Client(), "auto", StreamOptions{AutoDistribution: true}); err != nil {
			t.Fatal(err)
		}
		srv.Inject(kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "DescribeStreamSummary", Code: "AccessDeniedException"})
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Stream, cfg.Aggregate = "auto", true })
		summary, _ := p.SendAll(ctx, numbered(1000))
		if st := p.Stats(); summary.Delivered != 1000 || st.Retries > 0 {
			t.Errorf("%+v, %d sent again although they were in the stream", summary, st.Retries)
		}
		closeProducer(t, p)
	})
}

// TestPoisonInEveryCallDoesNotPause has the service refuse each call for one
// of its entries.
func TestPoisonInEveryCallDoesNotPause(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		client := srv.Client(func(o *kinesis.Options) { o.HTTPClient = poisonClient{o.HTTPClient} })
		p, err := NewProducer(client, ProducerConfig[string]{Stream: "s", PartitionKey: PartitionKey, MaxCalls: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Put(context.Background(), "first: lists the shards"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for i := range 1000 {
			v := fmt.Sprint("value ", i)
			if i%10 == 0 {
				v = "poison"
			}
			if err := p.Send(context.Background(), v); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		_ = p.Flush(context.Background())
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %v", took)
		}
		if st := p.Stats(); st.Delivered != 901 || st.Failed != 100 || st.FailedCalls > 0 {
			t.Errorf("%d delivered, %d failed, %d calls failed as a whole", st.Delivered, st.Failed, st.FailedCalls)
		}
		_ = p.Close(context.Background())
	})
}

// TestAnEntryWithoutAnAnswer is sent again: nothing says that it was written.
func TestAnEntryWithoutAnAnswer(t *testing.T) {
	var calls atomic.Int32
	opts := kstreamtest.Options{Hook: func(r kstreamtest.Request) *kstreamtest.Reply {
		if r.Operation != "PutRecords" || calls.Add(1) > 3 {
			return nil
		}
		return &kstreamtest.Reply{Body: []byte(`{"FailedRecordCount":0,"Records":[{"ShardId":"shardId-000000000000"}]}`)}
	}}
	inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		r, err := p.Put(context.Background(), "k:v")
		if err != nil || r.SequenceNumber == "" || r.Attempts != 4 {
			t.Errorf("Put: %+v, %v", r, err)
		}
		closeProducer(t, p)
	})
}
