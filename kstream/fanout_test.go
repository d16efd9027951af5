package kstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

func TestFanOutReadsAllGenerations(t *testing.T) {
	inLab(t, 3, kstreamtest.Options{StateChange: 3 * time.Second}, func(l *lab) {
		l.put(100, 20)
		for range 2 { // registers, then uses what is registered
			l.wantAll(l.read(ConsumerConfig[string]{FanOut: "reader"}), 0)
		}
		if n := l.calls("RegisterStreamConsumer"); n != 1 {
			l.Errorf("registered %d times", n)
		}
		if n := l.calls("GetRecords"); n != 0 {
			l.Errorf("polled %d times", n)
		}
	})
	inLab(t, 3, kstreamtest.Options{}, func(l *lab) {
		l.reshard()
		l.wantAll(l.read(ConsumerConfig[string]{FanOut: "reader"}), 0)
	})
}

// An hour of a stream with reshards, of subscriptions that are renewed, cut and
// refused, and of a loop that stands still for longer than a subscription lives.
func TestFanOutLosesNothing(t *testing.T) {
	faults := map[string][]kstreamtest.Fault{
		"none": nil,
		"cut":  {{Kind: kstreamtest.Cut, Chance: 0.02}},
		"cut with an exception": {
			{Kind: kstreamtest.Cut, Chance: 0.02, Code: "ResourceInUseException"},
			{Kind: kstreamtest.Cut, Chance: 0.01, Code: "InternalFailureException"},
		},
		"refused": {
			{Kind: kstreamtest.Cut, Chance: 0.02},
			{Kind: kstreamtest.Fail, Operation: "SubscribeToShard", Chance: 0.3, Code: "LimitExceededException"},
			{Kind: kstreamtest.ResetBefore, Operation: "SubscribeToShard", Chance: 0.2},
		},
	}
	for name, list := range faults {
		for _, start := range []Position{TrimHorizon(), Latest()} {
			t.Run(fmt.Sprintf("%s from %s", name, start), func(t *testing.T) {
				inLab(t, 2, kstreamtest.Options{Faults: list, Seed: 3}, func(l *lab) {
					const puts = 30
					l.every(time.Minute, puts, func() {
						time.Sleep(time.Second) // the loop has begun
						if l.puts%70 == 0 {
							l.split(0)
						} else if l.puts%70 == 40 {
							l.merge(0)
						}
						l.put(10, 7)
					})
					c := l.consumer(ConsumerConfig[string]{FanOut: "reader", Start: start, Until: Count(10 * puts)})
					var got []string
					ctx, cancel := context.WithTimeout(l.Context(), 2*time.Hour)
					defer cancel()
					for rec, err := range c.Records(ctx) {
						if err != nil {
							l.Errorf("after %d records: %v", len(got), err)
							break
						}
						if got = append(got, rec.Value); len(got) == 100 {
							time.Sleep(12 * time.Minute)
						}
					}
					l.wantAll(got, 0)
				})
			})
		}
	}
}

func TestFanOutIsNoticedAtOnce(t *testing.T) {
	var subscribed []time.Time
	hook := func(r kstreamtest.Request) *kstreamtest.Reply {
		if r.Operation == "SubscribeToShard" {
			subscribed = append(subscribed, time.Now())
		}
		return nil
	}
	inLab(t, 1, kstreamtest.Options{Hook: hook}, func(l *lab) {
		var put time.Time
		l.after(7*time.Minute, func() { put = time.Now(); l.put(1, 1) })
		l.read(ConsumerConfig[string]{FanOut: "reader", Until: Count(1)})
		if took := time.Since(put); took > 100*time.Millisecond {
			l.Errorf("the record came after %v", took)
		}
		if len(subscribed) != 2 || subscribed[1].Sub(subscribed[0]) >= 5*time.Minute {
			l.Errorf("subscribed at %v: want a second time before the five minutes are over", subscribed)
		}
	})
}

// Nothing is written for longer than the stream keeps records, while
// subscriptions are renewed: the last record is gone, but nothing was missed.
func TestFanOutOnAQuietStreamReportsNoGap(t *testing.T) {
	t.Parallel()
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(1, 1)
		l.after(30*time.Hour, func() { l.put(1, 1) })
		l.wantAll(l.read(ConsumerConfig[string]{FanOut: "reader", Until: Count(2)}), 0)
	})
}

func (l *lab) deregister(name string) {
	info, err := DescribeStream(l.Context(), l.client, "s")
	if err != nil {
		l.Error(err)
	}
	if _, err := l.client.DeregisterStreamConsumer(l.Context(), &kinesis.DeregisterStreamConsumerInput{
		StreamARN: &info.ARN, ConsumerName: &name,
	}); err != nil {
		l.Error(err)
	}
}

func TestFanOutFallsBackToPollingIfTold(t *testing.T) {
	for _, poll := range []bool{true, false} {
		t.Run(fmt.Sprint(poll), func(t *testing.T) {
			inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
				l.put(10, 5)
				l.after(time.Minute, func() { l.deregister("reader"); l.put(10, 5) })
				c := l.consumer(ConsumerConfig[string]{FanOut: "reader", FanOutOrPoll: poll, Until: Count(20)})
				got, errs := errorsOf(c.Records(l.Context()))
				if poll {
					l.wantAll(got, 0)
				} else if len(errs) != 1 || len(got) != 10 {
					l.Errorf("values %q, errors %v", got, errs)
				} else if _, ok := errors.AsType[*types.ResourceNotFoundException](errs[0]); !ok {
					l.Errorf("error %v", errs[0])
				}
			})
		})
	}
	refuse := kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "RegisterStreamConsumer", Code: "AccessDeniedException"}
	inLab(t, 2, kstreamtest.Options{Faults: []kstreamtest.Fault{refuse}}, func(l *lab) {
		l.put(10, 5)
		l.wantAll(l.read(ConsumerConfig[string]{FanOut: "reader", FanOutOrPoll: true}), 0)
		if _, errs := errorsOf(l.consumer(ConsumerConfig[string]{FanOut: "reader"}).Records(l.Context())); len(errs) != 1 {
			l.Errorf("errors %v", errs)
		}
	})
}

func TestFanOutKeepsCheckpoints(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.reshard()
		cfg := ConsumerConfig[string]{Store: new(MemoryStore), FanOut: "reader", Until: Count(30)}
		var got []string
		for len(got) < l.puts {
			cfg.Until.count = int64(min(30, l.puts-len(got)))
			got = append(got, l.read(cfg)...)
			time.Sleep(5 * time.Second)
		}
		l.wantAll(got, 0)
	})
}

func TestFanOutStreamDeletedInTheMiddle(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 5)
		l.after(time.Minute, func() {
			_, err := l.client.DeleteStream(l.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("s"), EnforceConsumerDeletion: aws.Bool(true)})
			if err != nil {
				l.Error(err)
			}
		})
		got, errs := errorsOf(l.consumer(ConsumerConfig[string]{FanOut: "reader", Until: Count(100)}).Records(l.Context()))
		l.wantAll(got, 0)
		if len(errs) != 1 || !errors.Is(errs[0], ErrStreamNotFound) {
			l.Errorf("errors %v", errs)
		}
	})
}

// A brokenBody fails in the middle of a subscription, as connections do.
type brokenBody struct {
	io.ReadCloser
	left int
	err  error
}

func (b *brokenBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// A breakingClient breaks every subscription after some bytes.
type breakingClient struct {
	kinesis.HTTPClient
	err error
}

func (c breakingClient) Do(req *http.Request) (*http.Response, error) {
	res, err := c.HTTPClient.Do(req)
	if err == nil && strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".SubscribeToShard") {
		res.Body = &brokenBody{res.Body, 50_000, c.err}
	}
	return res, err
}

// brokenConnections returns the ways in which the body of an answer can end early.
func brokenConnections() []error {
	return []error{
		io.ErrUnexpectedEOF, io.EOF,
		errors.New("http2: server sent GOAWAY and closed the connection"),
		&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET},
	}
}

func TestFanOutSurvivesAnyBreakOfTheConnection(t *testing.T) {
	for _, broken := range brokenConnections() {
		t.Run(broken.Error(), func(t *testing.T) {
			inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
				l.every(time.Second, 200, func() { l.put(10, 10) })
				options := l.client.Options()
				options.HTTPClient = breakingClient{options.HTTPClient, broken}
				l.client = kinesis.New(options)
				l.wantAll(l.read(ConsumerConfig[string]{FanOut: "app", Until: Count(2000)}), 0)
			})
		})
	}
}

// An emptyClient lets every subscription begin, and ends it in good order before
// its first event.
type emptyClient struct{ kinesis.HTTPClient }

func (c emptyClient) Do(req *http.Request) (*http.Response, error) {
	res, err := c.HTTPClient.Do(req)
	if err == nil && strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".SubscribeToShard") {
		res.Body = &firstMessage{ReadCloser: res.Body}
	}
	return res, err
}

// firstMessage reads one message of an event stream, whose first four bytes are
// its length.
type firstMessage struct {
	io.ReadCloser
	read, length int
}

func (m *firstMessage) Read(p []byte) (int, error) {
	if m.read < 4 {
		p = p[:min(len(p), 1)]
	} else if p = p[:min(len(p), m.length-m.read)]; len(p) == 0 {
		return 0, io.EOF
	}
	n, err := m.ReadCloser.Read(p)
	if m.read < 4 && n == 1 {
		m.length = m.length<<8 | int(p[0])
	}
	m.read += n
	return n, err
}

func TestSubscriptionsThatEndBeforeTheirFirstEventCountAsFaults(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		options := l.client.Options()
		options.HTTPClient = emptyClient{options.HTTPClient}
		l.client = kinesis.New(options)
		began := time.Now()
		ctx, cancel := context.WithTimeout(l.Context(), time.Hour)
		defer cancel()
		_, errs := errorsOf(l.consumer(ConsumerConfig[string]{FanOut: "app", RetryFor: time.Minute}).Records(ctx))
		if took := time.Since(began); len(errs) != 1 || !errors.Is(errs[0], errNoEvent) || took > 2*time.Minute {
			l.Errorf("after %v: errors %v", took, errs)
		}
	})
}
