package kstream

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go/metrics"
)

// A sender is a Producer without its type: it moves bytes. Its parts are in
// files of their own:
//
//	admission  producer_buffer.go    who may put how much into the buffer
//	routing    producer_routes.go    which shard a parcel will be in
//	           producer_lister.go    which shards there are
//	pacing     producer_pace.go      how fast a shard may be written
//	dispatch   producer_dispatch.go  when which parcels leave, in which call
//	calls      producer_call.go      PutRecords, and what its answer means
//	retries    producer_retry.go     which errors end what
//	order      producer_lane.go      one parcel of a key at a time, if asked
//
// It runs one goroutine, dispatch, from newSender to close, as many workers as
// there were calls at once, and one while the shards are listed; close joins
// them all.
type sender struct {
	senderConfig
	born   time.Time // the sender's clock counts from here
	ctx    context.Context
	cancel context.CancelCauseFunc
	wake   chan struct{}  // to dispatch: look again
	jobs   chan *call     // from dispatch to its workers
	joined sync.WaitGroup // dispatch, workers, listings

	workers int // that dispatch has started

	keysLater atomic.Bool // Send need not compute hash keys: see hint

	mu     sync.Mutex // guards all below, and the parcels that were accepted
	routes *routes    // nil until the shards were listed, if they must be known
	lister lister

	records, bytes, held int        // charged to the buffer; held are failures that nobody has fetched
	waiting              parcelList // not accepted yet: their callers wait for room
	starved              bool       // the first of them waits for the whole buffer's room
	numbers              int64      // the last that a parcel got
	grants               int        // how often they were looked through
	epoch                *epoch
	lanes                map[string]*lane // by partition key; nil unless ordered
	arrivals             arrivals
	crowded              int // queues without room for as many arrivals as there can be

	queued, queuedBytes   int           // accepted and not in a call
	wakeQueued, wakeBytes int           // tell dispatch when there is as much
	wakeTime              time.Duration // when dispatch looks again by itself
	cursor                int           // queue that the next call begins with
	inflight              int           // calls under way
	listening             int           // calls that are answered, but for what a listing has to tell
	failures              int           // calls in a row that failed as a whole
	answered              bool          // a call was, ever
	refusedSince          time.Duration // for the credentials, and no call answered since
	pauseUntil            time.Duration // no call before, after several such failures
	warnAfter             time.Duration // nor a line in the log
	nextExpiry            time.Duration // when the first time to live may end
	expired               []*parcel     // found by dispatch, to be reported
	spare                 []*call       // for reuse

	closing bool // no more parcels are accepted
	aborted bool // nor tried again

	packing packing
	counts  counters
	meters  []metrics.AsyncInstrument
}

const farAway = time.Duration(math.MaxInt64)

func newSender(cfg senderConfig) (*sender, error) {
	s := &sender{
		senderConfig: cfg,
		born:         time.Now(),
		wake:         make(chan struct{}, 1),
		jobs:         make(chan *call),
		epoch:        newEpoch(nil),
		refusedSince: farAway,
	}
	if cfg.timeToLive == 0 {
		s.nextExpiry = farAway
	}
	if cfg.compress {
		z, err := newCompressor()
		if err != nil {
			return nil, fmt.Errorf("kstream: new producer: %w", err)
		}
		s.packing = packing{compressor: z, ratio: firstRatio}
	}
	if cfg.ordered {
		s.lanes = make(map[string]*lane)
	}
	if !cfg.ordered && cfg.aggregateBytes == 0 {
		s.routes = s.earlyRoutes()
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	if err := s.measure(cfg.client.Options().MeterProvider); err != nil {
		return nil, fmt.Errorf("kstream: new producer: metrics: %w", err)
	}
	s.joined.Go(s.dispatch)
	return s, nil
}

// now returns the time since the sender was made. It is cheaper than
// time.Now, and half the size.
func (s *sender) now() time.Duration { return time.Since(s.born) }

// nudge has dispatch look at the queues.
func (s *sender) nudge() {
	select {
	case s.wake <- struct{}{}:
	default: // it has not yet seen the one before
	}
}

// flush waits until all parcels accepted before are settled. They leave
// without lingering.
func (s *sender) flush(ctx context.Context) error {
	for e := s.hurry(); e != nil; e = e.before {
		if err := await(ctx, e.done); err != nil {
			return err
		}
	}
	return nil
}

// await waits until done is closed, or ctx ends before that.
func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	default: // or the choice between both would be by chance
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// hurry begins a new epoch, so that what was accepted before does not linger,
// and returns the one that ended.
func (s *sender) hurry() *epoch {
	s.mu.Lock()
	ended := s.epoch
	ended.sealed = true
	if ended.pending == 0 {
		close(ended.done)
	}
	for ended.before != nil && ended.before.pending == 0 {
		ended.before = ended.before.before
	}
	s.epoch = newEpoch(ended)
	s.mu.Unlock()
	s.nudge()
	return ended
}

// close stops accepting, waits until everything is settled or ctx ends, gives
// up what is left then, and joins the sender's goroutines.
func (s *sender) close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	refused := s.refuseWaiting()
	s.mu.Unlock()
	refused.tell()
	err := s.flush(ctx)
	if err != nil {
		s.cancel(fmt.Errorf("%w: %w", ErrClosed, err))
	} else {
		s.cancel(ErrClosed)
	}
	s.joined.Wait()
	for _, m := range s.meters {
		m.Stop()
	}
	return err
}

// giveUp settles everything that is not in a call: the sender is closed.
func (s *sender) giveUp() {
	s.mu.Lock()
	s.aborted = true
	s.mu.Unlock()
	s.withdraw(func(*parcel) bool { return true }, context.Cause(s.ctx))
}

// withdraw fails all parcels that match and are not in a call.
func (s *sender) withdraw(match func(*parcel) bool, err error) {
	s.mu.Lock()
	s.sortIn()
	var out []*parcel
	take := func(l *parcelList) {
		for p := l.head; p != nil; {
			next := p.next
			if match(p) {
				s.unqueue(p)
				p.withdraw(err)
				s.counts.settle(p)
				out = append(out, p)
			}
			p = next
		}
	}
	for _, l := range s.lanes { // first: each that leaves a queue lets one out of its lane
		take(&l.waiting)
	}
	if s.routes != nil {
		for _, q := range s.routes.queues {
			take(&q.retry)
			take(&q.fresh)
		}
	}
	s.mu.Unlock()
	s.nudge() // others may have left their lanes
	s.conclude(out)
}

// endGroup withdraws the parcels of a group. Those in a call are not tried
// again.
func (s *sender) endGroup(g *group, err error) {
	s.mu.Lock()
	g.ended = err
	s.mu.Unlock()
	s.withdraw(func(p *parcel) bool { return p.group == g }, err)
}

// leaveGroup has heir answer for the parcels of g that are under way, or have
// failed and were not fetched.
func (s *sender) leaveGroup(g, heir *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.heir = heir
	for p := g.failed.popFront(); p != nil; p = g.failed.popFront() {
		heir.failed.pushBack(p)
	}
}

// abandon ends the wait of p's caller. It reports the verdict that the caller
// has to return; nil if p was settled meanwhile and its caller was told.
func (s *sender) abandon(p *parcel, err error) *verdict {
	s.mu.Lock()
	if p.verdict.outcome != 0 {
		s.mu.Unlock()
		return nil
	}
	p.abandoned = true
	if p.list == nil { // in a call, which will settle it
		v := verdict{outcome: MaybeDelivered, err: err, receipt: Receipt{Attempts: p.attempts}}
		s.mu.Unlock()
		return &v
	}
	s.unqueue(p)
	p.withdraw(err)
	v := p.verdict
	s.counts.settle(p)
	s.free(p)
	woken := s.grant()
	woken.nudge = s // p may have let another out of its lane
	s.mu.Unlock()
	woken.tell()
	p.owner.done()
	return &v
}

// unqueue takes a parcel that is not in a call out of the list it is in.
func (s *sender) unqueue(p *parcel) {
	s.queued--
	s.queuedBytes -= p.size
	if p.lane != nil && p.list == &p.lane.waiting {
		p.list.remove(p)
		return
	}
	p.queue.remove(p)
	if p.lane != nil {
		s.leaveLane(p)
	}
}
