package kstreamtest

import (
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Fault is something that goes wrong on purpose. Its zero fields match
// everything: Fault{Kind: Throttle} refuses every read and write.
//
// Which of the matching requests it hits is decided by Skip, Count and Chance in
// this order. Each operation on each shard draws numbers of its own from
// Options.Seed, so a run in a synctest bubble can be repeated exactly, whichever
// of two shards comes first. Skip and Count count matches as they come: where
// several clients match at the same moment, name the Shard too. Counters tells
// how often each kind has hit: look there, lest a fault names a stream or a
// shard that there is not.
type Fault struct {
	Kind FaultKind

	// Operation, Stream (its name) and Shard (its ID) narrow down the requests. Of
	// PutRecords, a fault with a Shard can hit entries only (Throttle and
	// FailEntry), because the request may go to many shards.
	Operation string
	Stream    string
	Shard     string

	// Skip lets the first matches pass.
	Skip int
	// Count ends the fault after so many hits; 0 is no end.
	Count int
	// Chance is the share of matches that are hit, in 0..1; 0 stands for all.
	Chance float64
	// Begin and For bound the fault in time, from its injection on. With For zero
	// it does not end.
	Begin, For time.Duration

	// Code is the exception that Fail answers with: InternalFailure (HTTP 500) if
	// empty; ServiceUnavailable is HTTP 503, others are 400. FailEntry puts it into
	// the entry. For Cut it is the exception that ends the subscription; if empty
	// the connection breaks.
	Code string

	// Delay is how long Stall holds a request; 0 until the client gives up.
	Delay time.Duration
}

// FaultKind says what a Fault does.
type FaultKind string

const (
	// Throttle refuses records (in PutRecord and PutRecords), GetRecords and
	// GetShardIterator calls with ProvisionedThroughputExceededException, as a
	// shard over its limits does.
	Throttle FaultKind = "throttle"
	// FailEntry fails entries of PutRecords, with InternalFailure or Code.
	FailEntry FaultKind = "fail-entry"
	// Fail answers a request with an error before it has an effect.
	Fail FaultKind = "fail"
	// ResetBefore breaks the connection before the request has an effect.
	ResetBefore FaultKind = "reset-before"
	// ResetAfter breaks the connection instead of answering: the request had its
	// effect, and its sender cannot know.
	ResetAfter FaultKind = "reset-after"
	// CutBody loses the connection in the middle of the answer's body.
	CutBody FaultKind = "cut-body"
	// Stall holds a request before it has an effect.
	Stall FaultKind = "stall"
	// ExpireIterator answers GetRecords with ExpiredIteratorException.
	ExpireIterator FaultKind = "expire-iterator"
	// Cut ends a subscription of SubscribeToShard; each of its events counts as a
	// match.
	Cut FaultKind = "cut"
)

// Inject adds faults, beside those of Options.Faults. It panics for one that
// cannot be: of an unknown kind, with a number out of range, or for an operation
// that it could never hit.
func (s *Server) Inject(faults ...Fault) {
	for _, f := range faults {
		if err := f.validate(); err != nil {
			panic("kstreamtest: inject: " + err.Error())
		}
	}
	s.faults.inject(time.Now(), faults)
}

func (f Fault) validate() error {
	switch f.Kind {
	case Throttle, FailEntry, Fail, ResetBefore, ResetAfter, CutBody, Stall, ExpireIterator, Cut:
	default:
		return fmt.Errorf("a fault of the unknown kind %q", f.Kind)
	}
	if f.Chance < 0 || f.Chance > 1 || f.Skip < 0 || f.Count < 0 || f.Begin < 0 || f.For < 0 || f.Delay < 0 {
		return fmt.Errorf("a fault of the kind %s with a number out of range", f.Kind)
	}
	if f.Operation != "" && !f.canHit(f.Operation) {
		at := ""
		if f.Shard != "" {
			at = " of one shard"
		}
		return fmt.Errorf("a fault of the kind %s that can never hit the operation %q%s", f.Kind, f.Operation, at)
	}
	return nil
}

// canHit reports whether the fault can hit requests of an operation.
func (f Fault) canHit(operation string) bool {
	switch f.Kind {
	case Throttle:
		return slices.Contains([]string{"PutRecord", "PutRecords", "GetRecords", "GetShardIterator"}, operation)
	case FailEntry:
		return operation == "PutRecords"
	case ExpireIterator:
		return operation == "GetRecords"
	case Cut:
		return operation == "SubscribeToShard"
	case ResetAfter, CutBody:
		if operation == "SubscribeToShard" { // its answer does not end; Cut is for it
			return false
		}
	}
	// A PutRecords request may go to many shards.
	return indexOperations()[operation] != nil && (operation != "PutRecords" || f.Shard == "")
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() { s.faults.clear() }

type faults struct {
	active atomic.Bool // there are some: a look without the lock

	seed uint64

	mu       sync.Mutex // guards everything below
	injected uint64     // how many there have been
	list     []*liveFault
}

type liveFault struct {
	Fault
	injected time.Time
	seed     uint64
	matched  int
	hit      int
	draws    map[target]*rand.Rand // of those with a Chance
}

// maxDraws bounds how many targets a fault remembers: there is no bound on the
// streams that requests may name.
const maxDraws = 100_000

func (f *faults) inject(now time.Time, list []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range list {
		f.injected++
		f.list = append(f.list, &liveFault{Fault: fault, injected: now, seed: f.seed + f.injected, draws: make(map[target]*rand.Rand)})
	}
	f.active.Store(len(f.list) > 0)
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
	f.active.Store(false)
}

// target is what a fault is matched against.
type target struct{ operation, stream, shard string }

// strike reports whether a fault of the kind hits, and which.
func (s *Server) strike(kind FaultKind, t target, now time.Time) (Fault, bool) {
	if !s.faults.active.Load() {
		return Fault{}, false
	}
	fault, hit := s.faults.strike(kind, t, now)
	if hit {
		s.counters.fault(kind)
	}
	return fault, hit
}

func (f *faults) strike(kind FaultKind, t target, now time.Time) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.list {
		if fault.Kind == kind && fault.matches(t, now) && fault.hits(t) {
			return fault.Fault, true
		}
	}
	return Fault{}, false
}

func (f *liveFault) matches(t target, now time.Time) bool {
	age := now.Sub(f.injected)
	return (f.Operation == "" || f.Operation == t.operation) &&
		(f.Stream == "" || f.Stream == t.stream) &&
		(f.Shard == "" || f.Shard == t.shard) &&
		age >= f.Begin && (f.For == 0 || age < f.Begin+f.For)
}

func (f *liveFault) hits(t target) bool {
	f.matched++
	if f.matched <= f.Skip || f.Count > 0 && f.hit >= f.Count {
		return false
	}
	if f.Chance > 0 && f.draw(t) >= f.Chance {
		return false
	}
	f.hit++
	return true
}

// draw returns the target's next number in 0..1.
func (f *liveFault) draw(t target) float64 {
	random := f.draws[t]
	if random == nil {
		if len(f.draws) >= maxDraws {
			clear(f.draws)
		}
		h := fnv.New64a()
		io.WriteString(h, t.operation+"\x00"+t.stream+"\x00"+t.shard)
		random = rand.New(rand.NewPCG(f.seed, h.Sum64()))
		f.draws[t] = random
	}
	return random.Float64()
}
