package kstream

// A lane keeps the parcels of one partition key in order. One of them, or the
// members of one aggregate, are out: in a queue or a call. The others wait
// here for all of those to be settled, because neither the entries of a call
// nor two calls are written in any order.
type lane struct {
	key     string
	out     int
	waiting parcelList
}

// queue puts an accepted parcel where dispatch finds it, or in its lane.
func (s *sender) queue(p *parcel) {
	if s.lanes == nil {
		p.queue.push(p)
		return
	}
	l := s.lanes[p.key]
	if l == nil {
		l = &lane{key: p.key}
		s.lanes[p.key] = l
	}
	p.lane = l
	if l.out > 0 {
		l.waiting.pushBack(p)
		return
	}
	l.out++
	p.queue.push(p)
}

// follow takes the next parcel of p's key for the aggregate that p is in, if
// there is one that belongs to the same shard.
func (s *sender) follow(p *parcel) *parcel {
	if p.lane == nil {
		return nil
	}
	next := p.lane.waiting.head
	if next == nil || next.queue != p.queue {
		return nil
	}
	return next
}

// leaveLane takes a settled parcel out of its lane, and lets the next one out
// when it was the last.
func (s *sender) leaveLane(p *parcel) {
	l := p.lane
	p.lane = nil
	l.out--
	s.letOut(l)
}

func (s *sender) letOut(l *lane) {
	if l.out > 0 {
		return
	}
	p := l.waiting.popFront()
	if p == nil {
		delete(s.lanes, l.key)
		return
	}
	l.out++
	p.queue.push(p)
}

// putBack returns parcels of one entry, which will be tried again, to their
// lanes: the next aggregate may not have room for all of them.
func (s *sender) putBack(parcels []*parcel) {
	for i := len(parcels) - 1; i >= 0; i-- {
		p := parcels[i]
		p.lane.out--
		p.lane.waiting.pushFront(p)
	}
	for _, p := range parcels {
		if l := p.lane; l.out == 0 && l.waiting.head == p {
			l.waiting.remove(p)
			l.out++
			p.queue.pushRetry(p)
		}
	}
}
