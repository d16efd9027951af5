package kstream

import (
	"math"
	"time"
)

// dispatch decides what leaves when, until the sender is closed. It does none
// of the work of a call itself.
func (s *sender) dispatch() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	defer close(s.jobs)
	for s.ctx.Err() == nil {
		now := s.now()
		s.mu.Lock()
		s.sortIn()
		s.expire(now)
		c, at := s.nextCall(now)
		at = min(at, s.nextExpiry)
		expired := s.expired
		s.expired = nil
		s.mu.Unlock()
		s.conclude(expired)
		if c != nil {
			s.start(c)
			continue
		}
		timer.Reset(at - s.now())
		select {
		case <-s.wake:
		case <-timer.C:
		case <-s.ctx.Done():
		}
	}
	s.giveUp()
}

// start hands a call to a worker that is idle, or to a new one: there are never
// more than there were calls at once. Workers outlive their calls because the
// SDK needs a deep stack, which a new goroutine would have to grow every time.
func (s *sender) start(c *call) {
	select {
	case s.jobs <- c:
		return
	default:
	}
	if s.workers > c.rank {
		s.jobs <- c // one of them is just finishing
		return
	}
	s.workers++
	s.joined.Go(func() {
		s.run(c)
		for c := range s.jobs {
			s.run(c)
		}
	})
}

// nextCall forms the call that should leave now. If there is none, it returns
// when to look again, and sets what has accept wake dispatch before that.
//
// A call leaves when it would be full, or when a parcel in it should not wait
// any longer. It then takes along whatever else its shards have room for.
func (s *sender) nextCall(now time.Duration) (*call, time.Duration) {
	s.wakeQueued, s.wakeBytes, s.wakeTime = math.MaxInt, math.MaxInt, 0
	switch {
	case s.routes == nil || s.inflight >= s.routes.maxCalls || s.inflight+s.listening >= 2*s.routes.maxCalls:
		return nil, now + time.Hour // the end of a call, or of the listing, wakes dispatch
	case now < s.pauseUntil:
		return nil, s.pauseUntil
	}
	var entries, bytes int
	at, urgent := now+time.Hour, false
	for _, q := range s.routes.queues {
		o := s.look(q, now)
		entries += o.entries
		bytes += o.bytes
		urgent = urgent || o.urgent
		at = min(at, o.at)
	}
	if urgent || entries >= maxCallRecords || bytes >= fullCallBytes {
		if c := s.fill(now); c != nil {
			return c, 0
		}
		at = max(at, now+time.Millisecond) // averages promised what no parcel keeps
	}
	s.wakeQueued = s.queued + maxCallRecords - entries
	s.wakeBytes = s.queuedBytes + fullCallBytes - bytes
	s.wakeTime = at
	return nil, at
}

// fill takes parcels for one call from all queues in turn, from where the last
// call became full. It returns nil if none can leave.
func (s *sender) fill(now time.Duration) *call {
	c := s.newCall()
	queues := s.routes.queues
	for i := range queues {
		at := (s.cursor + i) % len(queues)
		s.take(queues[at], c, now)
		if c.full {
			s.cursor = (at + 1) % len(queues)
			break
		}
	}
	if len(c.entries) == 0 {
		s.recycleCall(c)
		return nil
	}
	c.rank = s.inflight + s.listening
	s.inflight++
	return c
}

// take moves what may leave now from q to c.
func (s *sender) take(q *sendQueue, c *call, now time.Duration) {
	for !c.full && !q.misleads {
		p := q.first(now)
		if p == nil {
			return
		}
		if p.group != nil && p.group.ended != nil {
			p.withdraw(p.group.ended)
			s.drop(p)
			continue
		}
		var ok bool
		if s.aggregateBytes > 0 && s.routes.aggregates() {
			ok = s.takeAggregate(q, c, p, now)
		} else {
			ok = s.takeOne(q, c, p, now)
		}
		if !ok {
			return
		}
	}
}

// expireLater has expire look for p in time, which was not queued when it looked
// the last time. It reports whether that is earlier than it would have been.
func (s *sender) expireLater(p *parcel) bool {
	end := p.accepted + s.timeToLive
	if s.timeToLive == 0 || end >= s.nextExpiry {
		return false
	}
	s.nextExpiry = end
	return true
}

// expire drops the parcels whose time to live has ended, and sets when to look
// for others.
func (s *sender) expire(now time.Duration) {
	if now < s.nextExpiry || s.timeToLive == 0 {
		return
	}
	s.nextExpiry = now + s.timeToLive
	for _, l := range s.lanes {
		s.expireIn(&l.waiting, now, true)
	}
	if s.routes != nil {
		for _, q := range s.routes.queues {
			if q.jumbled {
				q.fresh.sort()
				q.jumbled = false
			}
			s.expireIn(&q.retry, now, false)
			s.expireIn(&q.fresh, now, true)
		}
	}
	s.nextExpiry = max(s.nextExpiry, now+retryTick) // to look for many at a time
}

// expireIn looks through one list, which may be in the order in which its
// parcels were accepted.
func (s *sender) expireIn(l *parcelList, now time.Duration, inOrder bool) {
	for p := l.head; p != nil; {
		next := p.next
		if end := p.accepted + s.timeToLive; end <= now {
			p.fail(ErrExpired)
			s.drop(p)
		} else {
			s.nextExpiry = min(s.nextExpiry, end)
			if inOrder {
				return
			}
		}
		p = next
	}
}

// drop takes a parcel that has failed out of its queue. dispatch reports it.
func (s *sender) drop(p *parcel) {
	s.unqueue(p)
	s.counts.settle(p)
	s.expired = append(s.expired, p)
}

// takeOne moves one parcel to c, as an entry of its own.
func (s *sender) takeOne(q *sendQueue, c *call, p *parcel, now time.Duration) bool {
	if !c.fits(p.size) {
		c.full = true
		return false
	}
	if !q.pace.take(now, p.size) {
		return false
	}
	if s.routes.early {
		s.lister.early = append(s.lister.early, earlyEntry{p.hash(), p.size})
	}
	s.leave(q, p)
	c.begin(q, p.size)
	c.add(p)
	return true
}

// leave takes p out of its queue, or its lane, into a call.
func (s *sender) leave(q *sendQueue, p *parcel) {
	if p.lane != nil && p.list == &p.lane.waiting {
		p.lane.out++
	}
	q.remove(p)
	s.queued--
	s.queuedBytes -= p.size
	p.attempts++
}
