// Package ratelimit holds token buckets whose clock is their caller: every method is told the time, so the same code
// paces a producer, enforces a shard's limits in a test server, and runs in fake time. Nothing here starts a goroutine or
// waits.
//
//	records := ratelimit.NewBucket(1000, 1000)
//	if !records.Take(now, 1) {
//		timer.Reset(records.Wait(now, 1))
//	}
//
// No value is safe for concurrent use: the lock that guards the shard guards its buckets.
package ratelimit

import (
	"math"
	"time"
)

// MaxTokens is the largest rate, burst, take and debt: 2^32 tokens. Larger arguments count as this one.
const MaxTokens = 1 << 32

// A Bucket is a token bucket. It holds up to burst tokens, starts full and gains rate tokens each second. Make one with
// [NewBucket].
//
// Its arithmetic is exact: the level is counted in billionths of a token, of which rate arrive each nanosecond, so
// however often the bucket is asked, no fraction is lost or won.
type Bucket struct {
	rate  int64 // tokens a second, and so nanotokens a nanosecond
	burst int64 // nanotokens
	level int64 // nanotokens at time at; at most burst, negative in debt
	at    time.Time
}

const nano = 1_000_000_000 // nanotokens a token, nanoseconds a second

// NewBucket returns a full bucket of burst tokens that gains rate tokens a second. Both are at least 1.
func NewBucket(rate, burst int64) Bucket {
	b := Bucket{rate: clamp(rate), burst: clamp(burst) * nano}
	b.level = b.burst
	return b
}

// clamp bounds a number of tokens so that it can be counted in nanotokens: a full bucket and the deepest debt are each
// 4.3e18, less than half of an int64.
func clamp(tokens int64) int64 { return min(max(tokens, 1), MaxTokens) }

// Take takes n tokens if they are there, and reports whether it did. An n larger than the burst needs a full bucket and
// leaves a debt, which the rate repays before anything else can be taken: that is how a record larger than what a shard
// takes in a second is written at all, at the same rate in the long run. An n below 1 takes nothing and succeeds.
func (b *Bucket) Take(now time.Time, n int64) bool {
	b.advance(now)
	if b.level < b.needed(n) {
		return false
	}
	b.level -= nanotokens(n)
	return true
}

// Charge takes n tokens, there or not: for what has happened already. The debt is at most [MaxTokens].
func (b *Bucket) Charge(now time.Time, n int64) {
	b.advance(now)
	b.level = max(b.level-nanotokens(n), -MaxTokens*nano)
}

// Return gives back n tokens that were taken for something that did not happen. The bucket does not grow over its burst.
func (b *Bucket) Return(now time.Time, n int64) {
	b.advance(now)
	b.level = min(b.level+nanotokens(n), b.burst)
}

// Clamp raises the level to least or lowers it to most, if it is outside of them. It does not go over the burst.
func (b *Bucket) Clamp(now time.Time, least, most int64) {
	b.advance(now)
	b.level = min(max(b.level, tokens(least)), tokens(most), b.burst)
}

// Wait returns how long after now Take(n) will succeed if nothing else is taken: 0 if it would now. It is exact, to the
// nanosecond that is needed.
func (b *Bucket) Wait(now time.Time, n int64) time.Duration {
	b.advance(now)
	missing := b.needed(n) - b.level
	if missing <= 0 {
		return 0
	}
	wait := time.Duration((missing-1)/b.rate + 1)
	// A clock that went back has to catch up first.
	behind := max(0, b.at.Sub(now))
	return wait + min(behind, math.MaxInt64-wait)
}

// Level returns the whole tokens in the bucket, negative in debt.
func (b *Bucket) Level(now time.Time) int64 {
	b.advance(now)
	level := b.level / nano
	if b.level < 0 && b.level%nano != 0 {
		level-- // round down, so that a debt never reads as 0
	}
	return level
}

// Rate returns the tokens that are gained each second.
func (b *Bucket) Rate() int64 { return b.rate }

// SetLimits changes rate and burst from now on. What has been gained stays, up to the new burst.
func (b *Bucket) SetLimits(now time.Time, rate, burst int64) {
	b.advance(now)
	b.rate, b.burst = clamp(rate), clamp(burst)*nano
	b.level = min(b.level, b.burst)
}

// advance adds what was gained since the last call. A clock that goes back gains nothing, until it has caught up.
func (b *Bucket) advance(now time.Time) {
	elapsed := now.Sub(b.at)
	if elapsed <= 0 {
		return
	}
	b.at = now
	missing := b.burst - b.level
	if int64(elapsed) > missing/b.rate { // then elapsed*rate >= missing; tested so that it cannot overflow
		b.level = b.burst
		return
	}
	b.level += int64(elapsed) * b.rate
}

// needed returns the level, in nanotokens, at which n tokens can be taken.
func (b *Bucket) needed(n int64) int64 {
	if n < 1 {
		return math.MinInt64 / 2 // always there
	}
	return min(nanotokens(n), b.burst)
}

func nanotokens(n int64) int64 { return tokens(max(n, 0)) }

// tokens returns n tokens, or a debt of -n, in nanotokens.
func tokens(n int64) int64 { return min(max(n, -MaxTokens), MaxTokens) * nano }
