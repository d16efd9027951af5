package kstream

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

func TestSendAllInterrupted(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		interrupted := errors.New("interrupted")
		ctx, cancel := context.WithTimeoutCause(context.Background(), 2500*time.Millisecond, interrupted)
		defer cancel()
		summary, err := p.SendAll(ctx, numbered(100_000))
		if !errors.Is(err, interrupted) {
			t.Fatalf("SendAll: %v", err)
		}
		inStream := int64(len(srv.Records("s")))
		if summary.Delivered != inStream || summary.MaybeDelivered != 0 || summary.Resume != inStream {
			t.Errorf("%+v, but %d values are in the stream", summary, inStream)
		}
		wantStored(t, srv, int(summary.Resume))
		failed, ok := errors.AsType[*FailedError[string]](err)
		if !ok || int64(len(failed.Failed)) != summary.Failed {
			t.Fatalf("%d values handed back, %d failed", len(failed.Failed), summary.Failed)
		}
		closeProducer(t, p)
	})
}

// TestResumeIsWhatNeedNotBeSentAgain ends SendAll in different ways. Its values
// are "good:", or something that keeps them from being delivered.
func TestResumeIsWhatNeedNotBeSentAgain(t *testing.T) {
	stall := kstreamtest.Fault{Kind: kstreamtest.Stall, Operation: "PutRecords"}
	for _, tt := range []struct {
		name   string
		faults []kstreamtest.Fault
		ttl    time.Duration
		want   Summary
	}{
		{"delivered, but for one with an illegal key", nil, 0, Summary{Delivered: 3, Failed: 1, Resume: 4}},
		{"expired", []kstreamtest.Fault{{Kind: kstreamtest.FailEntry}}, 10 * time.Second, Summary{Failed: 4, Resume: 4}},
		{"no answer before ctx ended", []kstreamtest.Fault{stall}, 0, Summary{Failed: 1, MaybeDelivered: 3}},
		{"withdrawn when ctx ended", []kstreamtest.Fault{{Kind: kstreamtest.FailEntry}}, 0, Summary{Failed: 4}},
		{"refused for all", []kstreamtest.Fault{{Kind: kstreamtest.Fail, Operation: "PutRecords", Code: "AccessDeniedException"}}, 0, Summary{Failed: 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: tt.faults}
			inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.TimeToLive = tt.ttl })
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				summary, _ := p.SendAll(ctx, func(yield func(string, error) bool) {
					_ = yield("good:0", nil) && yield("good:1", nil) && yield(":no key", nil) && yield("good:3", nil)
				})
				if diff := cmp.Diff(tt.want, summary); diff != "" {
					t.Errorf("summary (-want +got):\n%s", diff)
				}
				ended, cancelClose := context.WithTimeout(context.Background(), time.Second)
				defer cancelClose()
				p.Close(ended) // a call that stalls is still under way
			})
		})
	}
}

// TestResumeOfAValueInTheMiddle goes on far beyond the first value that has to
// be sent again.
func TestResumeOfAValueInTheMiddle(t *testing.T) {
	b := newBatch()
	for range 700 {
		b.settle(b.add(), &verdict{outcome: Delivered})
	}
	lost, ahead := b.add(), b.add()
	b.settle(ahead, &verdict{outcome: Delivered})
	b.settle(lost, &verdict{outcome: MaybeDelivered})
	for range 10_000 {
		b.settle(b.add(), &verdict{outcome: Delivered})
	}
	want := Summary{Delivered: 10_701, MaybeDelivered: 1, Resume: 700}
	if diff := cmp.Diff(want, b.summary()); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if len(b.passed) != 1024 {
		t.Errorf("%d values are remembered behind one that no Resume can pass", len(b.passed))
	}
}

// TestSendAllOfNothing asks for an empty sequence, and for none at all.
func TestSendAllOfNothing(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		if s, err := p.SendAll(context.Background(), numbered(0)); err != nil || s != (Summary{}) {
			t.Errorf("SendAll of an empty sequence: %+v, %v", s, err)
		}
		if s, err := p.SendAll(context.Background(), nil); err == nil || s != (Summary{}) {
			t.Errorf("SendAll of nil: %+v, %v", s, err)
		}
		closeProducer(t, p)
	})
}

func TestSendAllReportsWhatItsSourceYields(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		broken := errors.New("broken file")
		summary, err := p.SendAll(context.Background(), func(yield func(string, error) bool) {
			_ = yield("good:1", nil) && yield(":no key", nil) && yield("good:2", nil) && yield("", broken) && yield("never:", nil)
		})
		if diff := cmp.Diff(Summary{Delivered: 2, Failed: 1, Resume: 3}, summary); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		failed, _ := errors.AsType[*FailedError[string]](err)
		key, _ := errors.AsType[*KeyError](err)
		if !errors.Is(err, broken) || failed == nil || failed.Failed[0].Value != ":no key" || key == nil {
			t.Errorf("SendAll: %v", err)
		}
		closeProducer(t, p)
	})
}

// TestSummaryWhileOnSettledBlocks counts values whose outcome is known, though
// OnSettled has not returned for them: Resume does not pass them.
func TestSummaryWhileOnSettledBlocks(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		unblock := make(chan struct{})
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.OnSettled = func(Settlement[string]) { <-unblock } })
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		summary, err := p.SendAll(ctx, func(yield func(string, error) bool) { _ = yield("good:0", nil) && yield(":no key", nil) })
		if diff := cmp.Diff(Summary{Delivered: 1, Failed: 1}, summary); diff != "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("SendAll: %v, summary (-want +got):\n%s", err, diff)
		}
		close(unblock)
		closeProducer(t, p)
	})
}

// TestASourceThatPanics leaves what SendAll had taken to Flush.
func TestASourceThatPanics(t *testing.T) {
	inBubble(t, refusing(), 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		func() {
			defer func() { _ = recover() }()
			_, _ = p.SendAll(context.Background(), func(yield func(string, error) bool) {
				_ = yield("fails:before", nil)
				time.Sleep(time.Second)
				panic("source")
			})
		}()
		wantFailed(t, "Flush", p.Flush(context.Background()), 1)
		func() {
			defer func() { _ = recover() }()
			_, _ = p.SendAll(context.Background(), func(yield func(string, error) bool) {
				_ = yield("fails:after", nil)
				panic("source")
			})
		}()
		wantFailed(t, "Close", p.Close(context.Background()), 1)
	})
}
