package ratelimit

import (
	"math"
	"time"
)

// Limits are numbers of records and of bytes; as a rate, those of a second.
type Limits struct{ Records, Bytes int64 }

// An Adaptive paces what one producer writes to one shard, or to a whole stream, within limits that it may have to share
// with other producers it knows nothing of. It learns its share from which entries the service throttles:
//
//   - It starts at the limits, and never goes over ceiling times the limits.
//   - Every throttled record lowers the rate by one record a second (and bytes alike); by more while most of the entries
//     are throttled; but not by more than was throttled, and by half, within one round trip.
//   - Every second adds a constant times the square root of the share, and increasingly more the longer nothing has been
//     throttled. Over the limits, it only does so while more is asked for; and it doubles every second until an entry is
//     throttled for the first time.
//
// Several producers on a shard so come to rest where the throttled records cancel the increase. As whoever writes more is
// throttled more, that is where all have the same share; and as the increase is small, few entries are throttled there,
// well below 1 % for up to five producers. The shard's own bucket, which holds a second's worth, evens out the rest, so
// that the shard is used in full. Simulations in the tests hold all this.
//
// Make one with [NewAdaptive]. It is not safe for concurrent use.
type Adaptive struct {
	limits         Limits
	share, ceiling float64 // of the limits
	burst          float64 // of the limits, at a share of 1: less than fullBurst until that has proved to be there
	records, bytes Bucket

	raised    time.Time // when share was last raised
	throttled time.Time // when an entry was last throttled
	found     bool      // whether one ever was
	starved   bool      // whether tokens were missing since share was last raised

	recent   outcomes // in records, fading
	recentAt time.Time

	// A round starts with the first throttled entry that was sent after the last round's start, so after its cut.
	round      outcomes // in parts of the limits
	roundAt    time.Time
	roundShare float64
}

const (
	// fullBurst leaves a twentieth of the second's worth that a shard's bucket holds to changes in latency, which make entries
	// arrive closer together than they were sent.
	fullBurst = 0.95
	// firstBurst is what is sent before the first answer. From there the burst grows by burstGrowth times what is accepted,
	// so that several producers that start at once, or one on a busy shard, do not each send a whole second's worth.
	firstBurst  = fullBurst / 4
	burstGrowth = 2

	// minShare keeps a producer trying, so that it notices when there is room again.
	minShare = 0.01

	// slope is the increase of the share in a second, at a share of 1. Together with the cut of one record a second for
	// each throttled record it sets how many are throttled while producers share a shard: slope times the sum of the
	// square roots of their shares, so 0.2 % for two and 0.3 % for five, and a little more from what follows.
	slope = 0.0015
	// The increase is twice the slope after quietUnit without a throttled entry, and grows with the square of the time up
	// to quietMax: to claim what another producer has left.
	quietUnit = 3 * time.Second
	quietMax  = 30 * time.Second
	// raiseEvery is how often the share is raised: a rate that changes with every call would cost more than it gives.
	raiseEvery = 100 * time.Millisecond

	// steepness is how many more records a second each throttled one costs while nearly all are throttled.
	steepness = 20
	// fade is the time in which an outcome's weight for that falls to 1/e, prior the accepted records to assume at first:
	// a few large records say little.
	fade  = time.Second
	prior = 20
	// maxWeight bounds what one answer, which can be about a single large record, takes from the share, and maxRoundCut is
	// the part of the share that one round can.
	maxWeight   = 0.25
	maxRoundCut = 0.5
)

// NewAdaptive returns an Adaptive that starts at the limits, each at least 1. The ceiling, at least 1, is the multiple of
// the limits that it may grow to while more is asked for: 1 for a shard, whose limits are fixed; more for an on-demand
// stream as a whole.
func NewAdaptive(now time.Time, limits Limits, ceiling float64) *Adaptive {
	a := &Adaptive{
		limits: Limits{clamp(limits.Records), clamp(limits.Bytes)}, share: 1, ceiling: max(1, ceiling), burst: firstBurst,
		raised: now, throttled: now, recentAt: now,
	}
	a.records, a.bytes = NewBucket(1, 1), NewBucket(1, 1)
	a.apply(now)
	a.records.Return(now, a.limits.Records)
	a.bytes.Return(now, a.limits.Bytes)
	return a
}

// Take takes tokens for entries that are about to be sent, and reports whether it did: both kinds or none. Entries larger
// than the burst leave a debt, as with [Bucket.Take].
func (a *Adaptive) Take(now time.Time, n Limits) bool {
	a.raise(now)
	a.records.advance(now)
	a.bytes.advance(now)
	if a.records.level < a.records.needed(n.Records) || a.bytes.level < a.bytes.needed(n.Bytes) {
		a.starved = true
		return false
	}
	a.records.level -= nanotokens(n.Records)
	a.bytes.level -= nanotokens(n.Bytes)
	return true
}

// Wait returns how long after now Take(n) will succeed if nothing else is taken and no entry is throttled: 0 if it would
// now.
func (a *Adaptive) Wait(now time.Time, n Limits) time.Duration {
	a.raise(now)
	wait := max(a.records.Wait(now, n.Records), a.bytes.Wait(now, n.Bytes))
	a.starved = a.starved || wait > 0
	return wait
}

// Level returns the tokens that are there, negative in debt.
func (a *Adaptive) Level(now time.Time) Limits {
	a.raise(now)
	return Limits{a.records.Level(now), a.bytes.Level(now)}
}

// Share returns the present rate as a multiple of the limits.
func (a *Adaptive) Share() float64 { return a.share }

// Rate returns the present rate, in a second.
func (a *Adaptive) Rate() Limits { return Limits{a.records.Rate(), a.bytes.Rate()} }

// Inherit takes over what another one has learned: for a shard that has come out of another.
func (a *Adaptive) Inherit(now time.Time, from *Adaptive) {
	a.share, a.found, a.throttled = min(from.share, a.ceiling), from.found, from.throttled
	a.apply(now)
}

// Charge takes tokens, there or not: for entries that were sent already.
func (a *Adaptive) Charge(now time.Time, n Limits) {
	a.records.Charge(now, n.Records)
	a.bytes.Charge(now, n.Bytes)
}

// Return gives back tokens that were taken for entries that were not sent after all.
func (a *Adaptive) Return(now time.Time, n Limits) {
	a.records.Return(now, n.Records)
	a.bytes.Return(now, n.Bytes)
}

// Answer learns from the answer to entries that were sent at a certain time: how many were accepted, and how many were
// throttled. Entries that failed otherwise count as neither. What was throttled needs tokens again when it is sent again.
func (a *Adaptive) Answer(now, sent time.Time, accepted, throttled Limits) {
	a.raise(now)
	if passed := now.Sub(a.recentAt); passed > 0 {
		a.recent.fade(passed)
		a.recentAt = now
	}
	if throttled.Records > 0 && sent.After(a.roundAt) {
		a.round, a.roundAt, a.roundShare = outcomes{}, now, a.share
	}
	a.recent.add(float64(accepted.Records), float64(throttled.Records))
	a.round.add(a.weight(accepted), a.weight(throttled))
	if throttled.Records > 0 {
		a.cut(now, throttled)
	} else if a.burst < fullBurst {
		a.grow(now, accepted)
	}
}

// cut lowers the share. A throttled entry also says that the shard's bucket was empty when it arrived, so that the burst
// this one holds is not there: it is given up.
func (a *Adaptive) cut(now time.Time, throttled Limits) {
	part := a.recent.throttledPart(prior)
	cut := (1 + steepness*part*part) * min(a.weight(throttled), maxWeight)
	lowest := max(minShare, a.roundShare*max(1-maxRoundCut, 1-a.round.throttledPart(0)))
	a.share = min(a.share, max(lowest, a.share-cut))
	a.throttled, a.found = now, true
	a.burst = fullBurst
	a.apply(now)
	a.records.Empty(now)
	a.bytes.Empty(now)
}

// grow lets the burst follow what was accepted, until it is full.
func (a *Adaptive) grow(now time.Time, accepted Limits) {
	more := min(burstGrowth*a.weight(accepted), fullBurst-a.burst)
	a.burst += more
	a.apply(now)
	a.Return(now, a.limits.times(more))
}

// raise adds to the share what the time since the last raise brings.
func (a *Adaptive) raise(now time.Time) {
	passed := now.Sub(a.raised)
	if passed < raiseEvery {
		return
	}
	starved := a.starved
	a.raised, a.starved = now, false
	limit := 1.0 // an idle time only brings back the documented limits
	if a.share >= 1 {
		if !starved {
			return
		}
		limit, passed = a.ceiling, min(passed, time.Second)
	}
	if a.share >= 1 && !a.found {
		a.share *= math.Exp2(passed.Seconds())
	} else {
		quiet := min(now.Sub(a.throttled), quietMax).Seconds() / quietUnit.Seconds()
		a.share += passed.Seconds() * slope * math.Sqrt(a.share) * (1 + quiet*quiet)
	}
	a.share = min(a.share, limit)
	a.apply(now)
}

// apply gives the buckets the rates of the share.
func (a *Adaptive) apply(now time.Time) {
	rate, burst := a.limits.times(a.share), a.limits.times(a.share*a.burst)
	a.records.SetLimits(now, rate.Records, burst.Records)
	a.bytes.SetLimits(now, rate.Bytes, burst.Bytes)
}

// weight returns n as a part of the limits: of the one that it uses more of.
func (a *Adaptive) weight(n Limits) float64 {
	return max(float64(n.Records)/float64(a.limits.Records), float64(n.Bytes)/float64(a.limits.Bytes))
}

func (l Limits) times(f float64) Limits {
	return Limits{int64(float64(l.Records) * f), int64(float64(l.Bytes) * f)}
}

// outcomes sum up what was accepted and throttled.
type outcomes struct{ accepted, throttled float64 }

func (o *outcomes) add(accepted, throttled float64) {
	o.accepted += accepted
	o.throttled += throttled
}

// throttledPart returns the part that was throttled, as if so much more had been accepted before.
func (o outcomes) throttledPart(accepted float64) float64 {
	if o.throttled == 0 {
		return 0
	}
	return o.throttled / (o.throttled + o.accepted + accepted)
}

func (o *outcomes) fade(passed time.Duration) {
	left := math.Exp(-passed.Seconds() / fade.Seconds())
	o.accepted *= left
	o.throttled *= left
}
