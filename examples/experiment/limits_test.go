package main

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestProducerKeepsToTheLimits writes both of the experiment's sets, in fake
// time, in which the clock shows delays and pauses and nothing else. What the
// shards took is asked of the server, not of the clock.
func TestProducerKeepsToTheLimits(t *testing.T) {
	for _, rows := range []int{212, 8786} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			in, err := generated(rows, 1)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { checkLimits(t, in, options{}.plan(rows)) })
		})
	}
}

func checkLimits(t *testing.T, in input, p plan) {
	server := kstreamtest.NewServer(kstreamtest.Options{Delay: p.delay})
	defer server.Close()
	server.CreateStream("books", p.shards)
	svc := serviceOn(server)
	up, err := produce(t.Context(), svc.client, "books", in.records, p.ways[0].config)
	if err != nil {
		t.Fatal(err)
	}
	if got := up.summary.Delivered; got != int64(len(in.records)) {
		t.Errorf("%d of %d records are delivered", got, len(in.records))
	}
	checkCounters(t, server, svc.limits, in, p.shards, up.took)
	checkWindows(t, server, svc.limits)

	bound := svc.limits.bound(loadsOf(in.records, p.shards), true)
	if most := bound*110/100 + 2*p.delay; up.took > most {
		t.Errorf("the Producer took %v, more than %v: 1.10 times the bound of %v and two round trips", up.took, most, bound)
	}
}

// checkCounters compares what the server counted with what its limits allow in
// all, and with what the bound was computed from.
func checkCounters(t *testing.T, server *kstreamtest.Server, l limits, in input, shards int, took time.Duration) {
	t.Helper()
	all := server.Counters().Shards
	var throttled int64
	for i, want := range loadsOf(in.records, shards) {
		shard := fmt.Sprintf("shardId-%012d", i)
		got := all[kstreamtest.ShardKey{Stream: "books", Shard: shard}]
		throttled += got.ThrottledWrites
		if (load{got.RecordsIn, got.BytesIn}) != want {
			t.Errorf("%s took %d records and %d bytes; the bound is computed from %+v", shard, got.RecordsIn, got.BytesIn, want)
		}
		if most := l.records + int64(float64(l.records)*took.Seconds()); got.RecordsIn > most {
			t.Errorf("%s took %d records in %v; its limit allows %d", shard, got.RecordsIn, took, most)
		}
		if most := l.bytes + int64(float64(l.bytes)*took.Seconds()); got.BytesIn > most {
			t.Errorf("%s took %d bytes in %v; its limit allows %d", shard, got.BytesIn, took, most)
		}
	}
	if entries := throttled + int64(len(in.records)); throttled*100 > entries {
		t.Errorf("%d of %d entries were throttled, more than 1 %%", throttled, entries)
	}
}

// checkWindows looks at every stretch of time: from any arrival to any later
// one, a shard must not take more than a full bucket and what flows in
// meanwhile. Arrivals are known to the millisecond.
func checkWindows(t *testing.T, server *kstreamtest.Server, l limits) {
	t.Helper()
	type arrival struct {
		time time.Time
		load
	}
	shards := make(map[string][]arrival)
	for _, r := range server.Records("books") {
		list := shards[r.Shard]
		if n := len(list); n == 0 || !list[n-1].time.Equal(r.Arrived) {
			list = append(list, arrival{time: r.Arrived})
		}
		last := &list[len(list)-1]
		last.records++
		last.bytes += int64(len(r.PartitionKey) + len(r.Data))
		shards[r.Shard] = list
	}
	for shard, list := range shards {
		for i := range list {
			var taken load
			for _, a := range list[i:] {
				taken.records += a.records
				taken.bytes += a.bytes
				span := (a.time.Sub(list[i].time) + time.Millisecond).Seconds()
				most := load{l.records + int64(float64(l.records)*span), l.bytes + int64(float64(l.bytes)*span)}
				if taken.records > most.records || taken.bytes > most.bytes {
					t.Fatalf("%s took %+v within %.3f s; its limits allow %+v", shard, taken, span, most)
				}
			}
		}
	}
}
