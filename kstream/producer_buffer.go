package kstream

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
)

// A share never is less than this, while the whole buffer has room: it is what
// keeps a shard busy for a quarter of a second, or a round trip.
const (
	minShareRecords = 256
	minShareBytes   = 256 << 10
)

// admission is whether a parcel may enter the buffer.
type admission int

const (
	admitted   admission = iota
	shareFull            // its shard's share is full
	bufferFull           // the whole buffer is full
	unflushed            // and only with failed values, which only Flush removes
)

// A roomWaiter is a caller of Send that waits for room.
type roomWaiter struct {
	ready chan error
	over  bool // ready is, or will be; guarded by sender.mu
}

// wakeups are what has to be told once the sender's lock is released.
type wakeups struct {
	callers []wakeup
	nudge   *sender // whose dispatch has to look; or nil
}

type wakeup struct {
	waiter *roomWaiter
	err    error
}

func (w wakeups) tell() {
	for _, wake := range w.callers {
		wake.waiter.ready <- wake.err
	}
	if w.nudge != nil {
		w.nudge.nudge()
	}
}

// enqueue puts p into the buffer and its shard's queue, and waits for room
// there until ctx ends. If it returns an error, p was not accepted.
func (s *sender) enqueue(ctx context.Context, p *parcel) error {
	if ctx.Err() != nil {
		return s.refusal(context.Cause(ctx))
	}
	s.mu.Lock()
	if s.routes != nil && s.routes.early && !s.closing && s.now() >= s.lister.notBefore {
		s.startListing()
	}
	for s.routes == nil || s.routes.early && p.size > s.routes.maxRecord {
		s.mu.Unlock()
		if err := s.awaitRoutes(ctx); err != nil {
			return err
		}
		s.mu.Lock()
	}
	if err := s.check(p); err != nil {
		s.mu.Unlock()
		return err
	}
	s.numbers++
	p.number = s.numbers
	if s.canArrive(p) {
		p.accepted = s.arrivalTime()
		s.acceptAndUnlock(p)
		return nil
	}
	p.accepted = s.now()
	s.sortIn()
	s.route(p)
	if s.starved || p.queue.waiting > 0 || !s.keyed && s.waiting.head != nil {
		return s.wait(ctx, p)
	}
	switch s.admit(p) {
	case admitted:
		s.acceptAndUnlock(p)
		return nil
	case unflushed:
		s.mu.Unlock()
		return s.refusal(ErrUnflushed)
	}
	return s.wait(ctx, p)
}

// refusal says why a value was not taken.
func (s *sender) refusal(err error) error {
	return fmt.Errorf("kstream: send to %s: %w", s.stream, err)
}

// check tells why p cannot be accepted at all.
func (s *sender) check(p *parcel) error {
	switch r := s.routes; {
	case s.closing:
		return s.refusal(ErrClosed)
	case p.size > r.maxRecord:
		if p.size <= maxRecordBytes && s.now() >= s.lister.notBefore {
			s.startListing() // the stream may take more by now: for the next time
		}
		return &RecordSizeError{Size: p.size, Limit: r.maxRecord}
	case r.auto && s.ordered:
		return s.refusal(ErrOrderAuto)
	}
	return nil
}

// admit tells whether p fits into the buffer and its queue's share of it.
func (s *sender) admit(p *parcel) admission {
	q := p.queue
	if q.records > 0 && (q.records >= s.routes.shareRecords || q.bytes+p.size > s.routes.shareBytes) {
		if q.held == q.records {
			return unflushed
		}
		return shareFull
	}
	if s.full(p) {
		if s.held == s.records {
			return unflushed
		}
		return bufferFull
	}
	return admitted
}

// full tells whether the whole buffer has no room for p.
func (s *sender) full(p *parcel) bool {
	return s.records > 0 && (s.records >= s.maxRecords || s.bytes+p.size > s.maxBytes)
}

// acceptAndUnlock accepts p, unlocks the sender, and has dispatch look if it should.
func (s *sender) acceptAndUnlock(p *parcel) {
	nudge := s.accept(p)
	s.mu.Unlock()
	if nudge {
		s.nudge()
		// Let dispatch have its turn while the parcels are in the cache,
		// rather than when this goroutine's time is up, thousands later.
		runtime.Gosched()
	}
}

// accept charges p to the buffer and queues it. It reports whether dispatch
// should look.
func (s *sender) accept(p *parcel) bool {
	p.epoch = s.epoch
	p.epoch.pending++
	s.records++
	s.bytes += p.size
	s.queued++
	s.queuedBytes += p.size
	if p.queue == nil {
		s.arrive(p)
	} else {
		s.charge(p)
		s.queue(p)
	}
	return s.expireLater(p) || p.hurried || s.queued >= s.wakeQueued || s.queuedBytes >= s.wakeBytes || p.accepted+s.linger < s.wakeTime
}

// wait queues p for room, unlocks the sender, and waits for the outcome.
func (s *sender) wait(ctx context.Context, p *parcel) error {
	w := &roomWaiter{ready: make(chan error, 1)}
	p.waiter = w
	p.queue.waiting++
	s.waiting.pushBack(p)
	woken := s.grant() // p too may fit: then only others' places were respected
	s.mu.Unlock()
	woken.tell()
	select {
	case err := <-w.ready:
		return err
	case <-ctx.Done():
	}
	s.mu.Lock()
	if w.over { // granted or refused meanwhile: p may be another value's by now
		s.mu.Unlock()
		return <-w.ready
	}
	s.leaveWaiting(p)
	woken = s.grant()
	s.mu.Unlock()
	woken.tell()
	return s.refusal(context.Cause(ctx))
}

func (s *sender) leaveWaiting(p *parcel) {
	s.waiting.remove(p)
	p.queue.waiting--
	p.waiter.over = true
	p.waiter = nil
}

// grant accepts waiting parcels, as far as there is room. For each shard, and
// for the whole buffer, first come is first served, lest small parcels keep a
// large one out for ever; but nobody waits for another shard's share. Parcels
// that brought no key wait in one line, for any shard.
func (s *sender) grant() wakeups {
	var woken wakeups
	s.starved = false
	s.grants++
	for p := s.waiting.head; p != nil; {
		next := p.next
		if p.queue.fullAt == s.grants {
			p = next
			continue
		}
		wake := wakeup{waiter: p.waiter}
		switch s.admitWaiting(p) {
		case bufferFull:
			s.starved = true
			return woken
		case shareFull:
			if !s.keyed { // nor is there room elsewhere
				return woken
			}
			p.queue.fullAt = s.grants
			p = next
			continue
		case admitted:
			s.leaveWaiting(p)
			if s.accept(p) {
				woken.nudge = s
			}
		case unflushed:
			s.leaveWaiting(p)
			wake.err = s.refusal(ErrUnflushed)
		}
		woken.callers = append(woken.callers, wake)
		p = next
	}
	return woken
}

// admitWaiting is admit for a parcel that waits. One that brought no key goes
// wherever there is room.
func (s *sender) admitWaiting(p *parcel) admission {
	a := s.admit(p)
	if s.keyed || a == admitted || a == bufferFull {
		return a
	}
	p.queue.waiting--
	s.route(p)
	p.queue.waiting++
	return s.admit(p)
}

// refuseWaiting has all waiting callers told that the sender is closed.
func (s *sender) refuseWaiting() wakeups {
	var woken wakeups
	for p := s.waiting.head; p != nil; p = s.waiting.head {
		woken.callers = append(woken.callers, wakeup{p.waiter, s.refusal(ErrClosed)})
		s.leaveWaiting(p)
	}
	s.starved = false
	return woken
}

// concludedTogether is how many parcels conclude goes through at a time: few
// enough to be in the cache still at the second and the third look.
const concludedTogether = 128

// conclude tells the owners of parcels that have their verdict, and frees the
// room of those that are finished. It takes the sender's lock.
func (s *sender) conclude(parcels []*parcel) {
	for some := range slices.Chunk(parcels, concludedTogether) {
		s.concludeSome(some)
	}
}

func (s *sender) concludeSome(parcels []*parcel) {
	over := parcels[:0]
	var failed []*parcel
	for _, p := range parcels {
		switch p.owner.settled() {
		case finished:
			over = append(over, p)
		case held:
			failed = append(failed, p)
		}
	}
	s.mu.Lock()
	for _, p := range over {
		s.free(p)
	}
	for _, p := range failed {
		s.hold(p)
	}
	woken := s.grant()
	s.mu.Unlock()
	woken.tell()
	for _, p := range over {
		p.owner.done()
	}
}

// release frees the room of parcels whose owner kept them.
func (s *sender) release(parcels []*parcel) {
	s.mu.Lock()
	for _, p := range parcels {
		s.free(p)
	}
	woken := s.grant()
	s.mu.Unlock()
	woken.tell()
	for _, p := range parcels {
		p.owner.done()
	}
}

// hold keeps a failed parcel, charged, until somebody fetches it. It no longer
// keeps Flush waiting, which is what fetches it.
func (s *sender) hold(p *parcel) {
	p.held = true
	s.held++
	p.queue.held++
	g := p.group
	if g.heir != nil {
		g = g.heir
	}
	g.failed.pushBack(p)
	p.owner.inGroup()
	p.epoch.settleOne()
}

// free takes a parcel's charge off the buffer.
func (s *sender) free(p *parcel) {
	s.records--
	s.bytes -= p.size
	s.uncharge(p)
	if !p.held {
		p.epoch.settleOne()
		return
	}
	p.held = false
	s.held--
	p.queue.held--
}

// fetch takes the failed parcels of a group, in the order in which they were
// sent: whoever sends them again keeps that of their keys. They stay charged
// until they are released.
func (s *sender) fetch(g *group) []*parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &g.failed
	out := make([]*parcel, 0, l.records)
	for p := l.popFront(); p != nil; p = l.popFront() {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *parcel) int { return cmp.Compare(a.number, b.number) })
	return out
}
