package kstream

import (
	"github.com/kinesiskit/kinesiskit/internal/kpl"
	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// A hashRange is what decides whether a member of an aggregate is the shard's.
// The zero hashRange takes all.
type hashRange struct {
	keys    shardmap.Range
	limited bool
}

// hashRangeOf returns the range of a shard. On a stream that ignores partition
// keys no member is out of range, and neither is one on a stream of one shard.
func hashRangeOf(shard Shard, autoDistribution bool) hashRange {
	keys, err := shardmap.ParseRange(shard.FirstHashKey, shard.LastHashKey)
	if err != nil || autoDistribution {
		return hashRange{}
	}
	return hashRange{keys, keys != shardmap.Whole()}
}

// holds reports whether m belongs to the range: its explicit hash key, or else
// the hash of its partition key.
func (r *hashRange) holds(m kpl.Member) bool {
	if !r.limited {
		return true
	}
	if m.ExplicitHashKey != "" {
		key, err := shardmap.ParseHash(m.ExplicitHashKey)
		return err != nil || r.keys.Contains(key)
	}
	return r.keys.Contains(shardmap.OfKey(m.PartitionKey))
}
