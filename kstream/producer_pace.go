package kstream

import (
	"math"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/ratelimit"
)

const (
	// quantum is the time whose worth of tokens is let gather before a queue
	// that waits for tokens leaves with them: calls of one record each would
	// keep the rate too, at a far higher cost.
	quantum = 40 * time.Millisecond

	// burstShare is how much of the service's bucket, one second's worth, is
	// used at once. The rest makes up for calls that arrive faster than the
	// first one: the service begins to refill only when that has come.
	burstShare = 0.95

	// Learning: a throttled shard is written at cutTo of the rate, at most
	// once in cutPause, which covers the calls under way; the rate then grows
	// by growth of the limit a second. Additive growth and multiplicative cuts
	// give producers that share a shard equal parts of it in the end.
	cutTo    = 0.7
	cutPause = 200 * time.Millisecond
	growth   = 0.05
	minPart  = 0.01
)

// A shardPace keeps a queue to what its shard takes. It learns from throttling that
// there is less, because others write too. The zero shardPace does not limit.
type shardPace struct {
	born           time.Time
	records, bytes ratelimit.Bucket
	limitRecords   float64 // a second, when nobody else writes; 0: no limit
	limitBytes     float64
	part           float64 // of the limits, in use now
	mayGrow        bool    // past the limits: they are a guess
	cutAt          time.Duration
	grownAt        time.Duration
	throttled      bool // ever
}

// newShardPace makes a pace for a number of shards at a part of their limits.
func newShardPace(born time.Time, shards, rate float64) shardPace {
	p := shardPace{born: born, part: 1, cutAt: -cutPause}
	if rate == 0 {
		return p
	}
	p.limitRecords = max(1, shards*rate*shardRecordRate)
	p.limitBytes = max(1, shards*rate*shardByteRate)
	p.records = ratelimit.NewBucket(int64(p.limitRecords), int64(burstShare*p.limitRecords))
	p.bytes = ratelimit.NewBucket(int64(p.limitBytes), int64(burstShare*p.limitBytes))
	return p
}

// inherit starts a shard's pace from that of the shards it came from.
func (p *shardPace) inherit(from *shardPace) {
	p.part, p.throttled = from.part, from.throttled
}

func (p *shardPace) unlimited() bool { return p.limitRecords == 0 }

// quantumRecords and quantumBytes return what gathers in a quantum.
func (p *shardPace) quantumRecords() int { return max(1, int(p.limitRecords*p.part*quantum.Seconds())) }
func (p *shardPace) quantumBytes() int   { return max(1, int(p.limitBytes*p.part*quantum.Seconds())) }

// wait returns how long until a number of records and bytes may be written.
func (p *shardPace) wait(now time.Duration, records, bytes int) time.Duration {
	if p.unlimited() {
		return 0
	}
	p.grow(now)
	t := p.born.Add(now)
	return max(p.records.Wait(t, int64(records)), p.bytes.Wait(t, int64(bytes)))
}

// level returns how many records and bytes may be written now.
func (p *shardPace) level(now time.Duration) (records, bytes int) {
	if p.unlimited() {
		return math.MaxInt32, math.MaxInt32
	}
	t := p.born.Add(now)
	return int(p.records.Level(t)), int(p.bytes.Level(t))
}

// take takes a record of a size, if it may be written now.
func (p *shardPace) take(now time.Duration, bytes int) bool {
	if p.unlimited() {
		return true
	}
	t := p.born.Add(now)
	if p.bytes.Wait(t, int64(bytes)) > 0 || !p.records.Take(t, 1) {
		return false
	}
	return p.bytes.Take(t, int64(bytes))
}

// charge takes a record that was written already.
func (p *shardPace) charge(now time.Duration, bytes int) {
	if p.unlimited() {
		return
	}
	t := p.born.Add(now)
	p.records.Charge(t, 1)
	p.bytes.Charge(t, int64(bytes))
}

// correct charges what a record turned out to be larger than taken for, or
// gives back what it was smaller.
func (p *shardPace) correct(now time.Duration, bytes int) {
	if p.unlimited() {
		return
	}
	t := p.born.Add(now)
	if bytes > 0 {
		p.bytes.Charge(t, int64(bytes))
	} else {
		p.bytes.Return(t, int64(-bytes))
	}
}

// grow lets the rate recover.
func (p *shardPace) grow(now time.Duration) {
	elapsed := now - p.grownAt
	if elapsed < cutPause {
		return
	}
	p.grownAt = now
	if p.part == 1 && !p.mayGrow {
		return
	}
	if p.mayGrow && !p.throttled {
		p.part *= math.Exp2(min(elapsed.Seconds(), 1)) // until the limit is found
	} else {
		p.part += growth * min(elapsed.Seconds(), 1/growth)
	}
	if !p.mayGrow {
		p.part = min(p.part, 1)
	}
	p.setRates(now)
}

// cut slows down: the stream has throttled. What the buckets hold is void too.
func (p *shardPace) cut(now time.Duration) {
	if p.unlimited() || now-p.cutAt < cutPause {
		return
	}
	p.cutAt, p.grownAt, p.throttled = now, now, true
	p.part = max(minPart, p.part*cutTo)
	p.setRates(now)
	t := p.born.Add(now)
	p.records.Charge(t, max(0, p.records.Level(t)))
	p.bytes.Charge(t, max(0, p.bytes.Level(t)))
}

func (p *shardPace) setRates(now time.Duration) {
	t := p.born.Add(now)
	p.records.SetRate(t, int64(p.limitRecords*p.part))
	p.bytes.SetRate(t, int64(p.limitBytes*p.part))
}
