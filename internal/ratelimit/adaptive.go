package ratelimit

import (
	"math"
	"time"
)

// Limits are numbers of records and of bytes; as a rate, those of a second.
type Limits struct{ Records, Bytes int64 }

// An Adaptive paces what one producer writes to one shard, or to a whole stream, within limits that it may have to share
// with other producers it knows nothing of. It learns its share from which entries the service throttles. The law is that
// of TCP, additive increase and multiplicative decrease, with what is known here and not there: the limits.
//
//   - Start: at the limits, with a small burst that grows with what is accepted, as nobody knows what the shard's bucket
//     holds. An entry that is throttled before the burst is full says that the bucket held less than was assumed, and no
//     more: what was sent up to then does not lower the share.
//   - Level: a throttled entry found the shard's bucket empty, so what this one holds is given up.
//   - Doubt: an entry that is throttled while a later one of its call, at least as large, is accepted did not find an empty
//     bucket: it was overtaken. That is excused, as if it had not been sent, up to excusedPart of what is accepted; not
//     always, because it also happens to who writes too much where entries come to one of several buckets, as those for a
//     stream as a whole do.
//   - Down: a throttled record costs steepness times its part of the limits, or less while it is one among many that were
//     accepted; and all those of a round trip cost at most maxRoundCut of the share.
//   - Up: each second adds slope times (1 - share)^2 * share / (1 + share). That is much less for who has much, which is what
//     makes the shares of several producers equal, within about half a minute: they come to rest where what throttled
//     entries take from a share is what it gains. And it is less for who has little, which keeps down how many entries it
//     takes to hold that balance: where many share a shard, or where records are large, each throttled one is a larger
//     part of a share.
//   - Claim: when nothing has been throttled for a while, somebody has left, and the share grows ever faster.
//   - Over the limits it grows only while more is asked for: doubled every second until an entry is throttled for the first
//     time, by the claim later. It never goes over ceiling times the limits.
//   - Outage: of what producers that share a shard send, some always gets through. If nothing does in several calls, it is
//     the service that takes nothing, which says nothing about the share. So the share from before is remembered; meanwhile
//     minShare keeps asking; and as soon as something is accepted again, the share grows back, fourfold in a round trip.
//
// The shard's own bucket, which holds a second's worth, evens out the rest, so that the shard is used in full. Simulations in
// the tests hold all this, over many seeds; they need callers that do not all call at the same regular times, or the same one
// would always find the bucket that another has just emptied.
//
// A service that throttles some entries by chance, whatever the rate, looks like other producers as far as it is not
// excused, and is given way to alike. With one of two hundred a lone producer still writes nine tenths of the limits or
// more, in records of 4 KB or less; with one of a hundred as much in small records, and about seven tenths in those of 4 KB;
// with one of fifty a half and a fifth. Of larger records few are in one call, so few are overtaken: with one of a hundred,
// those of 10 and 25 KB get to between five and six tenths.
//
// A shard takes a record when its bucket holds as much. Producers that find their share keep that bucket nearly empty, and
// where small records do so, those who write them never notice that a large one found too little: beside records of 4 KB
// one of 20 KB gets four fifths of an even share, one of 100 KB hardly any. No law for the one that is refused can
// change that; only others that ask for less can. Where the limits that all are given add up to no more than the shard's,
// its bucket stays as full as they leave it at the start, and each gets all of its own.
//
// Make one with [NewAdaptive]. It is not safe for concurrent use.
type Adaptive struct {
	limits         Limits
	share, ceiling float64 // of the limits
	burst          float64 // of the limits, at a share of 1: less than fullBurst until that has proved to be there
	size           float64 // of a record, as a part of the limits, on average
	records, bytes Bucket
	excuses        float64 // how many overtaken entries may still be excused

	raised    time.Time // when share was last raised
	throttled time.Time // when an entry was last throttled
	found     bool      // whether one ever was
	starved   bool      // whether tokens were missing since share was last raised
	assumed   time.Time // what was sent up to then relied on the burst at the start

	// A round starts with the first throttled entry that was sent after the last round's start, so after its cut.
	round      outcomes // in parts of the limits
	roundAt    time.Time
	roundShare float64

	// A spell of throttling lasts until something is accepted that was sent after the last throttled entry, and calm later.
	spell    bool
	before   float64   // the share before the spell
	refused  float64   // in parts of the limits, since anything was accepted
	refusals int       // the answers with that
	outage   bool      // the share is to go back to what it was before the spell
	stepped  time.Time // when it last made a step
}

const (
	// fullBurst leaves a twentieth of the second's worth that a shard's bucket holds to changes in latency, which make entries
	// arrive closer together than they were sent.
	fullBurst = 0.95
	// firstBurst is what is sent before the first answer, and throttled if the bucket is empty; a smaller one would make an
	// upload of less than a second's worth, which a full bucket takes at once, wait for more round trips. From there
	// the burst grows by burstGrowth times what is accepted, so that several producers that start at once, or one on a
	// busy shard, do not each send a whole second's worth.
	firstBurst  = fullBurst / 4
	burstGrowth = 2

	// minShare keeps a producer trying, so that it notices when there is room again: ten records a second of a shard.
	minShare = 0.01

	// slope sets how fast shares become equal, and with that how many entries are throttled meanwhile: about 0.5 % with two
	// producers and 1.5 % with five. It is halved for fewRecords records a second, but for large ones not below leastSlope
	// of it.
	slope      = 0.35
	fewRecords = 20
	leastSlope = 0.2
	// raiseEvery is how often the share is raised: a rate that changes with every call would cost more than it gives.
	raiseEvery = 100 * time.Millisecond

	// The claim begins quiet after the last throttled entry, longer than producers at rest mostly go without one, and
	// adds claim times the square of the seconds since then, up to claimMax: what was left is taken after about seven.
	quiet    = 3 * time.Second
	claim    = 0.02
	claimMax = 10 * time.Second

	// excusedPart of the entries that are accepted is how many overtaken ones may be excused; that gathers up to maxExcuses,
	// so that others who come are noticed at once.
	excusedPart = 0.02
	maxExcuses  = 5

	// steepness is how many records a second a throttled record costs: enough that one that hits the empty bucket of a shard
	// stops it from being hit again; in full when fullPart of its round are throttled.
	steepness = 30
	fullPart  = 0.2
	// maxRoundCut is small because the entries that hit the empty bucket are throttled together, and hit one producer or
	// another by chance.
	maxRoundCut = 0.2

	// calm is for how long nothing must be throttled before a share counts as one that held.
	calm = 500 * time.Millisecond
	// It is an outage when nothing was accepted in so many answers, and for such a part of the share's second: the one alone
	// happens where large records share a shard, the other where calls are small.
	outageAnswers = 3
	outagePart    = 0.1
	// outageDebt bounds the debt of a large record, in time: in an outage it took nothing, and the share is so low that
	// the next attempt would be minutes away.
	outageDebt = 2 * time.Second
	// After an outage the share grows by the factor comeback in a round trip, or by burstGrowth times what was accepted.
	comeback = 4
)

// NewAdaptive returns an Adaptive that starts at the limits, each at least 1. The ceiling, at least 1, is the multiple of
// the limits that it may grow to while more is asked for: 1 for a shard, whose limits are fixed; more for an on-demand
// stream as a whole.
func NewAdaptive(now time.Time, limits Limits, ceiling float64) *Adaptive {
	a := &Adaptive{
		limits: Limits{clamp(limits.Records), clamp(limits.Bytes)}, share: 1, ceiling: max(1, ceiling), burst: firstBurst,
		raised: now, throttled: now, before: 1,
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
	a.spell, a.outage, a.before = from.spell, from.outage, min(from.before, a.ceiling)
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

// Answer learns from the answer to entries that were sent at a certain time: how many were accepted, how many were
// throttled, and how many of these were overtaken, so throttled before an accepted one of the same call that is not smaller.
// Entries that failed otherwise count as neither. What was throttled needs tokens again when it is sent again.
func (a *Adaptive) Answer(now, sent time.Time, accepted, throttled, overtaken Limits) {
	a.raise(now)
	if a.excuse(accepted, overtaken) {
		throttled = Limits{throttled.Records - overtaken.Records, throttled.Bytes - overtaken.Bytes}
	}
	if throttled.Records > 0 && sent.After(a.roundAt) {
		a.round, a.roundAt, a.roundShare = outcomes{}, now, a.share
	}
	all := outcomes{a.weight(accepted), a.weight(throttled)}
	a.round.add(all)
	if n := float64(accepted.Records + throttled.Records); n > 0 {
		a.size += (all.sum()/n - a.size) / 8
	}
	a.judge(now, sent, all)
	switch {
	case all.throttled > 0:
		a.cut(now, sent, all.throttled)
	case a.burst < fullBurst:
		a.grow(now, all.accepted)
	case a.outage && sent.After(a.throttled) && sent.After(a.stepped):
		a.comeBack(now, all.accepted)
	}
}

// excuse tells whether the overtaken entries of a call may be excused.
func (a *Adaptive) excuse(accepted, overtaken Limits) bool {
	a.excuses = min(maxExcuses, a.excuses+excusedPart*float64(accepted.Records))
	if float64(overtaken.Records) > a.excuses {
		return false
	}
	a.excuses -= float64(overtaken.Records)
	return true
}

// judge notices where spells and outages begin and end.
func (a *Adaptive) judge(now, sent time.Time, all outcomes) {
	if all.throttled > 0 && !a.spell {
		a.spell, a.before = true, a.share
	}
	if all.accepted == 0 {
		a.refusals++
		a.refused += all.throttled
		a.outage = a.outage || a.refusals >= outageAnswers && a.refused >= outagePart*a.before
		return
	}
	a.refusals, a.refused = 0, 0
	if all.throttled > 0 {
		a.outage = false // some get through, so that is how much
	} else if sent.After(a.throttled) && now.Sub(a.throttled) >= calm {
		a.spell = a.outage
	}
}

// cut lowers the share for a throttled part of the limits, and gives up what is in the buckets. The burst of the start has
// proved to be there or not by now: from here on tokens gather up to a full one.
func (a *Adaptive) cut(now, sent time.Time, throttled float64) {
	if !a.found && a.burst < fullBurst {
		a.assumed = now
	}
	a.throttled, a.found, a.burst = now, true, fullBurst
	if sent.After(a.assumed) {
		lost := steepness * throttled * min(1, a.round.throttledPart()/fullPart)
		lowest := max(minShare, a.roundShare*(1-maxRoundCut))
		a.share = min(a.share, max(lowest, a.share-lost))
	}
	a.apply(now)
	least := Limits{-MaxTokens, -MaxTokens}
	if a.outage {
		least = a.limits.times(-a.share * outageDebt.Seconds())
	}
	a.records.Clamp(now, least.Records, 0)
	a.bytes.Clamp(now, least.Bytes, 0)
}

// comeBack raises the share after an outage, towards what it was before.
func (a *Adaptive) comeBack(now time.Time, accepted float64) {
	a.share = min(max(comeback*a.share, a.share+burstGrowth*accepted), a.before)
	a.outage = a.share < a.before
	a.stepped = now
	a.apply(now)
}

// grow lets the burst follow what was accepted, until it is full.
func (a *Adaptive) grow(now time.Time, accepted float64) {
	more := min(burstGrowth*accepted, fullBurst-a.burst)
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
		a.share += passed.Seconds() * a.increase(now)
	}
	a.share = min(a.share, limit)
	a.apply(now)
}

// increase returns what a second adds to the share.
func (a *Adaptive) increase(now time.Time) float64 {
	room := max(0, 1-a.share)
	fair := slope * room * room * a.share / (1 + a.share)
	if a.size > 0 {
		perSecond := a.share / a.size
		fair *= max(leastSlope, perSecond/(perSecond+fewRecords))
	}
	since := min(max(0, now.Sub(a.throttled)-quiet), claimMax).Seconds()
	return fair + claim*since*since
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

// outcomes are parts of the limits that were accepted and throttled.
type outcomes struct{ accepted, throttled float64 }

func (o *outcomes) add(more outcomes) {
	o.accepted += more.accepted
	o.throttled += more.throttled
}

func (o outcomes) sum() float64 { return o.accepted + o.throttled }

// throttledPart returns which part was throttled. There must be some.
func (o outcomes) throttledPart() float64 { return o.throttled / o.sum() }
