package kstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// inBubble runs a test in fake time, with a server that has a stream "s".
func inBubble(t *testing.T, opts kstreamtest.Options, shards int, run func(t *testing.T, srv *kstreamtest.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := kstreamtest.NewServer(opts)
		defer srv.Close()
		srv.CreateStream("s", shards)
		run(t, srv)
	})
}

// newTestProducer makes a Producer of strings that are their own keys, up to
// the first colon.
func newTestProducer(t *testing.T, srv *kstreamtest.Server, change func(*ProducerConfig[string])) *Producer[string] {
	t.Helper()
	cfg := ProducerConfig[string]{
		Stream:       "s",
		PartitionKey: func(v string) string { key, _, _ := strings.Cut(v, ":"); return key },
		Logger:       slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	p, err := NewProducer(srv.Client(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// numbered yields n values "<i>:<i>".
func numbered(n int) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("%d:value %d", i, i), nil) {
				return
			}
		}
	}
}

// stored counts how often each value is in the stream "s".
func stored(srv *kstreamtest.Server) map[string]int {
	found := make(map[string]int)
	for _, r := range srv.Records("s") {
		found[string(r.Data)]++
	}
	return found
}

// wantStored checks that each of numbered(n) is in the stream exactly once.
func wantStored(t *testing.T, srv *kstreamtest.Server, n int) {
	t.Helper()
	found := stored(srv)
	for v := range numbered(n) {
		if found[v] != 1 {
			t.Fatalf("%q is in the stream %d times", v, found[v])
		}
	}
	if len(found) != n {
		t.Fatalf("%d values are in the stream, want %d", len(found), n)
	}
}

func closeProducer[T any](t *testing.T, p *Producer[T]) {
	t.Helper()
	if err := p.Close(context.Background()); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestPut(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		if _, err := p.Put(context.Background(), "first: lists the shards"); err != nil {
			t.Fatal(err)
		}
		receipt, err := p.Put(context.Background(), "key:value")
		if err != nil {
			t.Fatal(err)
		}
		records := srv.Records("s")
		i := 0
		for ; string(records[i].Data) != "key:value"; i++ {
		}
		want := Receipt{ShardID: records[i].Shard, SequenceNumber: records[i].SequenceNumber, Attempts: 1, Latency: 30 * time.Millisecond}
		if diff := cmp.Diff(want, receipt); diff != "" {
			t.Errorf("receipt (-want +got), with no linger in its latency:\n%s", diff)
		}
		if records[i].PartitionKey != "key" {
			t.Errorf("partition key %q", records[i].PartitionKey)
		}
		closeProducer(t, p)
	})
}

func TestSendAllDeliversEverythingOnce(t *testing.T) {
	for _, shards := range []int{1, 2, 16} {
		t.Run(fmt.Sprint(shards, " shards"), func(t *testing.T) {
			inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, shards, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, nil)
				summary, err := p.SendAll(context.Background(), numbered(5000))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(Summary{Delivered: 5000, Resume: 5000}, summary); diff != "" {
					t.Errorf("summary (-want +got):\n%s", diff)
				}
				wantStored(t, srv, 5000)
				closeProducer(t, p)
			})
		})
	}
}

func TestSendAndFlush(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Linger = time.Minute })
		ctx := context.Background()
		for v := range numbered(100) {
			if err := p.Send(ctx, v); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if err := p.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 30*time.Millisecond {
			t.Errorf("Flush took %v, want one round trip and no linger", waited)
		}
		wantStored(t, srv, 100)
		st := p.Stats()
		st.Shards = nil
		want := ProducerStats{Delivered: 100, Calls: 1, Entries: 100, Bytes: st.Bytes, PayloadUnits: 100}
		if diff := cmp.Diff(want, st); diff != "" {
			t.Errorf("stats (-want +got):\n%s", diff)
		}
		closeProducer(t, p)
	})
}

func TestCloseDelivers(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Linger = time.Minute })
		for v := range numbered(10) {
			if err := p.Send(context.Background(), v); err != nil {
				t.Fatal(err)
			}
		}
		closeProducer(t, p)
		wantStored(t, srv, 10)
		if err := p.Send(context.Background(), "late"); !errors.Is(err, ErrClosed) {
			t.Errorf("Send after Close: %v", err)
		}
		closeProducer(t, p)
	})
}
