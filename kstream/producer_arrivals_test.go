package kstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// checkCrowd holds the sender's count of crowded queues against the queues.
func checkCrowd(t *testing.T, s *sender) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.routes == nil {
		return
	}
	crowded := 0
	for _, q := range s.routes.queues {
		want := q.records+maxArrivals > s.routes.shareRecords || q.bytes+maxArrivalBytes > s.routes.shareBytes
		if q.crowded != want {
			t.Fatalf("shard %s with %d records, %d bytes: crowded = %v", q.shard.ID, q.records, q.bytes, q.crowded)
		}
		if want {
			crowded++
		}
	}
	if s.crowded != crowded {
		t.Fatalf("%d queues are crowded, counted were %d", crowded, s.crowded)
	}
}

// TestASharesBoundHolds fills the buffer of a stream that takes nothing: the
// shard of a value is looked up after it was accepted, and yet no shard gets
// more than its share.
func TestASharesBoundHolds(t *testing.T) {
	const shards, records = 4, 2000
	inBubble(t, stalled(), shards, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.MaxBufferedRecords = records })
		keys := keysOf(shards)
		if err := p.Send(t.Context(), keys[0]+":first"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // the shards are listed
		refused := 0
		for i := range 2 * records {
			key := keys[0]
			if i%3 == 0 {
				key = keys[i/3%shards]
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if err := p.Send(ctx, fmt.Sprint(key, ":", i)); errors.Is(err, context.DeadlineExceeded) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
			cancel()
			if i%20 > 0 { // to look has the arrivals sorted in
				continue
			}
			checkCrowd(t, p.sender)
			for _, shard := range p.Stats().Shards {
				if shard.ShardID != "" && shard.BufferedRecords > records/shards {
					t.Errorf("after %d values shard %s has %d, its share is %d", i+1, shard.ShardID, shard.BufferedRecords, records/shards)
				}
			}
		}
		if got := p.Stats().Shards[0].BufferedRecords; got != records/shards || refused == 0 {
			t.Errorf("shard 0 has %d values, want its share, %d; %d were refused", got, records/shards, refused)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = p.Close(ctx)
	})
}

// TestLargeValuesKeepTheirPlace mixes values that are queued at once with such
// as wait for their shard to be looked up.
func TestLargeValuesKeepTheirPlace(t *testing.T) {
	inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Ordered = true })
		const n, keys = 600, 7
		for i := range n {
			v := fmt.Sprintf("k%d:%d", i%keys, i/keys)
			if i%5 == 4 { // the counter's digits end at the first that is not one
				v += ":" + strings.Repeat("x", maxArrivalBytes/maxArrivals)
			}
			if err := p.Send(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		closeProducer(t, p)
		next := make(map[string]int)
		for _, m := range readMembers(t, srv) {
			var i int
			key, rest, _ := strings.Cut(string(m.Data), ":")
			if _, err := fmt.Sscanf(rest, "%d", &i); err != nil || i != next[key] {
				t.Fatalf("key %s: value %d (%v) came in the place of %d", key, i, err, next[key])
			}
			next[key]++
		}
		if len(next) != keys {
			t.Errorf("%d keys were written, want %d", len(next), keys)
		}
	})
}

// TestPutAmongSends has values that nobody is told of, whose sequence numbers are
// not kept, in one call with one that is waited for.
func TestPutAmongSends(t *testing.T) {
	for _, aggregate := range []bool{false, true} {
		inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate = aggregate })
			receipts := make(map[string]Receipt)
			for round := range 5 {
				for i := range 40 {
					if err := p.Send(t.Context(), fmt.Sprintf("k%d:%d", i, round)); err != nil {
						t.Fatal(err)
					}
				}
				v := fmt.Sprintf("k7:put %d", round)
				r, err := p.Put(t.Context(), v)
				if err != nil {
					t.Fatal(err)
				}
				receipts[v] = r
			}
			closeProducer(t, p)
			for _, r := range srv.Records("s") {
				members, err := unpack(r.Data)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range members {
					if want, ok := receipts[v]; ok && (want.SequenceNumber != r.SequenceNumber || want.ShardID != r.Shard || want.SubSequence != int64(i)) {
						t.Errorf("%q is member %d of %s in %s, its receipt says %+v", v, i, r.SequenceNumber, r.Shard, want)
					}
					delete(receipts, v)
				}
			}
			if len(receipts) > 0 {
				t.Errorf("not in the stream: %v", receipts)
			}
		})
	}
}

// unpack returns what is in a record: the members of an aggregate, or itself.
func unpack(data []byte) ([]string, error) {
	var d kpl.Decoder
	aggregated, err := d.Reset(data)
	if err != nil || !aggregated {
		return []string{string(data)}, err
	}
	var members []string
	for _, m := range d.All() {
		members = append(members, string(m.Data))
	}
	return members, nil
}
