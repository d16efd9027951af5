package kstream

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/ratelimit"
)

const (
	// quantum is the time whose worth of tokens is let gather before a queue
	// that waits for tokens leaves with them: calls of one record each would
	// keep the rate too, at a far higher cost. On a shard that is shared it is
	// between half and one and a half of that, by chance: if all programs
	// called at the same intervals, the same one would always find the shard's
	// bucket just emptied by another.
	quantum = 40 * time.Millisecond

	// wholeCeiling is how far past the documented limits of its shards a stream
	// that is written as a whole may be found to go: it scales by itself.
	wholeCeiling = 1000
)

// A shardPace keeps a queue to what its shard takes. The zero shardPace does
// not limit.
type shardPace struct {
	adaptive *ratelimit.Adaptive
	born     time.Time // what the sender's clock counts from
	patience float64   // how many quanta to wait, by chance
}

// newShardPace makes a pace for a number of shards at a part of their limits.
func newShardPace(born time.Time, now time.Duration, shards, rate, ceiling float64) shardPace {
	if rate == 0 {
		return shardPace{}
	}
	limits := ratelimit.Limits{
		Records: int64(max(1, shards*rate*shardRecordRate)),
		Bytes:   int64(max(1, shards*rate*shardByteRate)),
	}
	return shardPace{ratelimit.NewAdaptive(born.Add(now), limits, ceiling), born, 1}
}

// inherit starts a shard's pace from that of the shard it came from.
func (p *shardPace) inherit(now time.Duration, from *shardPace) {
	if p.adaptive != nil && from.adaptive != nil {
		p.adaptive.Inherit(p.born.Add(now), from.adaptive)
	}
}

func (p *shardPace) unlimited() bool { return p.adaptive == nil }

// quantum returns what gathers in a quantum, at least 1.
func (p *shardPace) quantum() (records, bytes int) {
	if p.unlimited() {
		return 1, 1
	}
	rate, seconds := p.adaptive.Rate(), p.patience*quantum.Seconds()
	return max(1, int(float64(rate.Records)*seconds)), max(1, int(float64(rate.Bytes)*seconds))
}

// wait returns how long until a number of records and bytes may be written.
func (p *shardPace) wait(now time.Duration, records, bytes int) time.Duration {
	if p.unlimited() {
		return 0
	}
	return p.adaptive.Wait(p.born.Add(now), ratelimit.Limits{Records: int64(records), Bytes: int64(bytes)})
}

// level returns how many records and bytes may be written now.
func (p *shardPace) level(now time.Duration) (records, bytes int) {
	if p.unlimited() {
		return math.MaxInt32, math.MaxInt32
	}
	l := p.adaptive.Level(p.born.Add(now))
	return max(0, int(l.Records)), max(0, int(l.Bytes))
}

// take takes a record of a size, if it may be written now.
func (p *shardPace) take(now time.Duration, bytes int) bool {
	return p.unlimited() || p.adaptive.Take(p.born.Add(now), ratelimit.Limits{Records: 1, Bytes: int64(bytes)})
}

// charge takes a record that was written already.
func (p *shardPace) charge(now time.Duration, bytes int) {
	if !p.unlimited() {
		p.adaptive.Charge(p.born.Add(now), ratelimit.Limits{Records: 1, Bytes: int64(bytes)})
	}
}

// correct takes what a record turned out to be larger than taken for, or gives
// back what it was smaller.
func (p *shardPace) correct(now time.Duration, bytes int) {
	switch {
	case p.unlimited():
	case bytes > 0:
		p.adaptive.Charge(p.born.Add(now), ratelimit.Limits{Bytes: int64(bytes)})
	case bytes < 0:
		p.adaptive.Return(p.born.Add(now), ratelimit.Limits{Bytes: int64(-bytes)})
	}
}

// answer learns from the answer to entries of one call. Those that were
// overtaken are among the throttled.
func (p *shardPace) answer(now, sent time.Duration, accepted, throttled, overtaken ratelimit.Limits) {
	if !p.unlimited() && accepted.Records+throttled.Records > 0 {
		p.adaptive.Answer(p.born.Add(now), p.born.Add(sent), accepted, throttled, overtaken)
		p.patience = 1
		if p.adaptive.Share() < 1 {
			p.patience = 0.5 + rand.Float64()
		}
	}
}

// share returns the part of the limit in use, 0 if it is not limited.
func (p *shardPace) share() float64 {
	if p.unlimited() {
		return 0
	}
	return p.adaptive.Share()
}
