package kstream

import (
	"sync/atomic"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// An Until says when a loop ends by itself, without an error. The zero Until
// means never: the loop waits for new records.
type Until struct {
	kind  untilKind
	time  time.Time
	count int64
}

type untilKind uint8

const (
	never untilKind = iota
	untilTip
	untilTime
	untilCount
)

// Tip ends the loop when every shard has been read to where it stood when the
// loop began. A shard's last answer may bring a few newer records with it;
// they are delivered too. The tip is recognised by the answer that reaches it,
// without a further call.
func Tip() Until { return Until{kind: untilTip} }

// UntilTime ends the loop when every shard has been read up to the records
// that arrived before t, by the service's approximate arrival times. If t is
// in the future, the loop waits for it.
func UntilTime(t time.Time) Until { return Until{kind: untilTime, time: t.Round(0)} }

// Count ends the loop after n records, those included that could not be
// decoded.
func Count(n int64) Until { return Until{kind: untilCount, count: n} }

// A stopRule is an Until at work in one loop. It is safe for concurrent use.
type stopRule struct {
	until     Until
	tip       atomic.Int64 // of untilTip: where the loop began on the service's clock, Unix milliseconds; 0: not known yet
	delivered atomic.Int64

	// ahead is by how much our clock is ahead of the service's, or, since that
	// tells whole seconds, up to one more.
	ahead time.Duration
}

// clockMargin is what the clocks behind arrival times may differ by.
const clockMargin = time.Second

// read looks at an answer, of which lag is how far it was behind the shard's
// newest record, and returns how many of its records are wanted, and whether
// none after them are.
func (s *stopRule) read(records *wire.Records, lag time.Duration, lagKnown bool) (wanted int, stop bool) {
	atTip := lagKnown && lag == 0
	switch s.until.kind {
	case untilTip:
		return records.Len(), atTip || s.pastTip(records, lag, lagKnown)
	case untilTime:
		for i := range records.Len() {
			if !records.Arrival(i).Before(s.until.time) {
				return i, true
			}
		}
		return records.Len(), atTip && time.Since(s.until.time)-s.ahead > clockMargin
	}
	return records.Len(), false
}

// pastTip reports whether the records reach beyond the moment at which the
// loop began. On a shard that is written to all the time, no answer ever
// reaches the newest record.
//
// The moment is taken from the first answer of any shard: an answer's last
// record arrived lag before the answer was made. So both sides of the
// comparison are the service's clock.
func (s *stopRule) pastTip(records *wire.Records, lag time.Duration, lagKnown bool) bool {
	if records.Len() == 0 || !lagKnown {
		return false
	}
	last := records.Arrival(records.Len() - 1)
	s.tip.CompareAndSwap(0, last.Add(lag).UnixMilli())
	return last.UnixMilli() > s.tip.Load()+clockMargin.Milliseconds()
}

// take reports whether one more record may be delivered.
func (s *stopRule) take() bool {
	return s.until.kind != untilCount || s.delivered.Add(1) <= s.until.count
}

// last reports whether the record that was delivered now is the last one.
func (s *stopRule) last() bool {
	return s.until.kind == untilCount && s.delivered.Load() >= s.until.count
}
