package kstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// readMembers returns what a reader of the stream gets: each shard's records
// in order, unpacked, parents before children. Members that do not belong to
// the shard they are in make readers drop them, and so are left out.
func readMembers(t *testing.T, srv *kstreamtest.Server) []kpl.Member {
	t.Helper()
	return membersIn(t, srv, true)
}

// membersIn does so too, and leaves out none if the stream ignores keys.
func membersIn(t *testing.T, srv *kstreamtest.Server, byKey bool) []kpl.Member {
	t.Helper()
	_, open := envelopeTools(t)
	ranges := shardRanges(t, srv)
	var members []kpl.Member
	for _, r := range srv.Records("s") {
		data := r.Data
		if isEnveloped(data) {
			inner, err := open(data)
			if err != nil {
				t.Fatal(err)
			}
			data = inner
		}
		var d kpl.Decoder
		aggregated, err := d.Reset(data)
		if err != nil {
			t.Fatal(err)
		}
		if !aggregated {
			members = append(members, kpl.Member{PartitionKey: r.PartitionKey, ExplicitHashKey: r.ExplicitHashKey, Data: data})
			continue
		}
		for _, m := range d.All() {
			if byKey && !ranges[r.Shard].Contains(memberHash(t, m)) {
				break // the Kinesis Client Library drops the whole aggregate: so must nothing in it count
			}
			members = append(members, m)
		}
	}
	return members
}

func memberHash(t *testing.T, m kpl.Member) shardmap.Hash {
	t.Helper()
	if m.ExplicitHashKey == "" {
		return shardmap.OfKey(m.PartitionKey)
	}
	h, err := shardmap.ParseHash(m.ExplicitHashKey)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// shardRanges lists all shards of the stream "s", closed ones too.
func shardRanges(t *testing.T, srv *kstreamtest.Server) map[string]shardmap.Range {
	t.Helper()
	shards, err := listShards(context.Background(), srv.Client(), "s", nil)
	if err != nil {
		t.Fatal(err)
	}
	ranges := make(map[string]shardmap.Range)
	for _, s := range shards {
		r, err := shardmap.ParseRange(*s.HashKeyRange.StartingHashKey, *s.HashKeyRange.EndingHashKey)
		if err != nil {
			t.Fatal(err)
		}
		ranges[*s.ShardId] = r
	}
	return ranges
}

// split splits an open shard of the stream "s" in the middle, and merge merges
// the first two.
func split(t *testing.T, srv *kstreamtest.Server) {
	t.Helper()
	shards := openNow(t, srv)
	s := shards[0]
	r, err := shardmap.ParseRange(*s.HashKeyRange.StartingHashKey, *s.HashKeyRange.EndingHashKey)
	if err != nil {
		t.Fatal(err)
	}
	middle := shardmap.Hash{Hi: r.Start.Hi/2 + r.End.Hi/2}
	_, err = srv.Client().SplitShard(context.Background(), &kinesis.SplitShardInput{
		StreamName: aws.String("s"), ShardToSplit: s.ShardId, NewStartingHashKey: aws.String(middle.String()),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func merge(t *testing.T, srv *kstreamtest.Server) {
	t.Helper()
	shards := openNow(t, srv)
	_, err := srv.Client().MergeShards(context.Background(), &kinesis.MergeShardsInput{
		StreamName: aws.String("s"), ShardToMerge: shards[0].ShardId, AdjacentShardToMerge: shards[1].ShardId,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// openNow lists the open shards in the order of their hash keys.
func openNow(t *testing.T, srv *kstreamtest.Server) []types.Shard {
	t.Helper()
	shards, err := listShards(context.Background(), srv.Client(), "s", nil)
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]types.Shard)
	open, err := openShards(shards)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shards {
		ids[*s.ShardId] = s
	}
	m := shardmap.New(open)
	var sorted []types.Shard
	for i := range m.Len() {
		sorted = append(sorted, ids[m.Shard(i).ID])
	}
	return sorted
}

// troubles are faults of every kind, and one answer in fifty lost.
func troubles(lost bool) []kstreamtest.Fault {
	const put = "PutRecords"
	faults := []kstreamtest.Fault{
		{Kind: kstreamtest.FailEntry, Chance: 0.05},
		{Kind: kstreamtest.Fail, Operation: put, Chance: 0.01},
		{Kind: kstreamtest.ResetBefore, Operation: put, Chance: 0.01},
		{Kind: kstreamtest.Fail, Operation: put, Code: "ExpiredTokenException", Skip: 20, Count: 2},
		{Kind: kstreamtest.Stall, Operation: put, Delay: 10 * time.Second, Skip: 30, Count: 2},
	}
	if lost {
		faults = append(faults, kstreamtest.Fault{Kind: kstreamtest.ResetAfter, Operation: put, Chance: 0.01},
			kstreamtest.Fault{Kind: kstreamtest.CutBody, Operation: put, Chance: 0.01})
	}
	return faults
}

// TestOrderOfEachKey sends counters under a few keys while everything goes
// wrong and the stream reshards. Each key's first copies have to come in order.
func TestOrderOfEachKey(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*ProducerConfig[string])
	}{
		{"plain", func(*ProducerConfig[string]) {}},
		{"aggregated", func(cfg *ProducerConfig[string]) { cfg.Aggregate = true }},
		{"small aggregates", func(cfg *ProducerConfig[string]) { cfg.Aggregate, cfg.AggregateBytes = true, 200 }},
		{"compressed", func(cfg *ProducerConfig[string]) { cfg.Compress = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: troubles(true), Seed: 3}
			inBubble(t, opts, 2, func(t *testing.T, srv *kstreamtest.Server) {
				l := newLedger()
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
					cfg.Ordered, cfg.OnSettled, cfg.MaxBufferedRecords = true, l.add, 2000
					tt.change(cfg)
				})
				const n, keys = 6000, 300
				r := rand.New(rand.NewPCG(1, 1))
				next := make(map[int]int)
				for i := range n {
					switch i {
					case n / 4:
						split(t, srv)
					case n / 2:
						merge(t, srv)
					}
					k := r.IntN(keys)
					if err := p.Send(context.Background(), fmt.Sprintf("k%d:%d", k, next[k])); err != nil {
						t.Fatal(err)
					}
					next[k]++
					if i%8 == 0 {
						time.Sleep(time.Millisecond)
						checkCrowd(t, p.sender)
					}
				}
				closeProducer(t, p)
				if got := l.outcomes()[Delivered]; got != n || len(l.settled) != n {
					t.Errorf("%d values delivered, %d settled, want %d", got, len(l.settled), n)
				}
				wantCounters(t, srv, n)
				if len(p.sender.lanes) != 0 {
					t.Errorf("%d keys are still remembered", len(p.sender.lanes))
				}
			})
		})
	}
}

// wantCounters checks that the first copies of each key's counter come in
// order and without a gap, n of them in all.
func wantCounters(t *testing.T, srv *kstreamtest.Server, n int) {
	t.Helper()
	seen := make(map[string]int)
	total := 0
	for _, m := range readMembers(t, srv) {
		key, text, _ := strings.Cut(string(m.Data), ":")
		i, _ := strconv.Atoi(text)
		if m.PartitionKey != key || i > seen[key] {
			t.Fatalf("key %s: value %d came when %d were there", key, i, seen[key])
		}
		if i == seen[key] {
			seen[key]++
			total++
		}
	}
	if total != n {
		t.Errorf("%d values are in the stream, want %d", total, n)
	}
}

func TestOrderIsRefusedOnAnAutoStream(t *testing.T) {
	inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
		ctx := context.Background()
		if _, err := CreateStream(ctx, srv.Client(), "auto", StreamOptions{AutoDistribution: true}); err != nil {
			t.Fatal(err)
		}
		p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Stream, cfg.Ordered = "auto", true })
		if err := p.Send(ctx, "k:v"); !errors.Is(err, ErrOrderAuto) {
			t.Errorf("Send: %v", err)
		}
		closeProducer(t, p)
	})
}

// TestAutoStream writes without keys, plain and aggregated.
func TestAutoStream(t *testing.T) {
	for _, aggregate := range []bool{false, true} {
		inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
			ctx := context.Background()
			if _, err := CreateStream(ctx, srv.Client(), "auto", StreamOptions{AutoDistribution: true}); err != nil {
				t.Fatal(err)
			}
			p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) {
				cfg.Stream, cfg.PartitionKey, cfg.Aggregate = "auto", nil, aggregate
			})
			if _, err := p.SendAll(ctx, numbered(5000)); err != nil {
				t.Fatal(err)
			}
			if st := p.Stats(); st.Retries > 0 || aggregate && st.Entries > 100 {
				t.Errorf("%d retries, %d entries", st.Retries, st.Entries)
			}
			closeProducer(t, p)
			if n := srv.Counters().Operations["ListShards"].Calls; n > 2 {
				t.Errorf("the shards were listed %d times", n)
			}
			keyed := 0
			for _, r := range srv.Records("auto") {
				if r.PartitionKey != "" {
					keyed++
				}
			}
			if !aggregate && keyed > 2000 { // some leave before the stream is known
				t.Errorf("%d records have a key", keyed)
			}
		})
	}
}

// TestReshard sends while shards split and merge. What is aggregated must be
// where readers look for it, and nothing may be doubled for plain records.
func TestReshard(t *testing.T) {
	for _, aggregate := range []bool{false, true} {
		t.Run(fmt.Sprint("aggregated ", aggregate), func(t *testing.T) {
			inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 2, func(t *testing.T, srv *kstreamtest.Server) {
				p := newTestProducer(t, srv, func(cfg *ProducerConfig[string]) { cfg.Aggregate, cfg.MaxBufferedRecords = aggregate, 1000 })
				const n = 12_000
				i := 0
				for v := range numbered(n) {
					switch i++; {
					case i == n/4, i == n/3:
						split(t, srv)
					case i == n/2:
						merge(t, srv)
					case i%10 == 0:
						time.Sleep(5 * time.Millisecond)
					}
					if err := p.Send(context.Background(), v); err != nil {
						t.Fatal(err)
					}
				}
				known := 0
				for _, shard := range p.Stats().Shards {
					if shard.ShardID != "" {
						known++
					}
				}
				if open := len(openNow(t, srv)); known != open {
					t.Errorf("the Producer knows %d shards, there are %d", known, open)
				}
				closeProducer(t, p)
				found := make(map[string]int)
				for _, m := range readMembers(t, srv) {
					found[string(m.Data)]++
				}
				if len(found) != n {
					t.Errorf("readers find %d values, want %d", len(found), n)
				}
				if !aggregate {
					wantStored(t, srv, n)
				}
			})
		})
	}
}
