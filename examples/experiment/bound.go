package main

import (
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// limits are what one shard accepts and gives. They come from the server that
// enforces them; real AWS documents the same.
type limits struct {
	records int64         // written a second
	bytes   int64         // written a second, partition keys included
	bucket  time.Duration // for how long an idle shard saves up what it does not use
}

// load is what one shard has to take.
type load struct{ records, bytes int64 }

// loadsOf divides records among the shards of a new stream as the service
// does: by the MD5 of the partition key, over even ranges.
func loadsOf(records []record, shards int) []load {
	ranges := shardmap.Even(shards)
	loads := make([]load, shards)
	for _, r := range records {
		hash := shardmap.OfKey(r.key)
		for i := range ranges {
			if ranges[i].Contains(hash) {
				loads[i].records++
				loads[i].bytes += r.size()
				break
			}
		}
	}
	return loads
}

// bound returns the least time in which shards can take their loads: that of
// the slowest, by its records or by its bytes, whichever takes longer. With
// full buckets each shard takes at once what it has saved up; with empty ones
// everything flows at its rate.
func (l limits) bound(loads []load, full bool) time.Duration {
	var saved time.Duration
	if full {
		saved = l.bucket
	}
	var slowest time.Duration
	for _, shard := range loads {
		slowest = max(slowest, flow(shard.records, l.records)-saved, flow(shard.bytes, l.bytes)-saved)
	}
	return slowest
}

// flow returns how long n takes at a rate a second.
func flow(n, rate int64) time.Duration {
	if rate <= 0 { // not limited
		return 0
	}
	return time.Duration(float64(n) / float64(rate) * float64(time.Second))
}
