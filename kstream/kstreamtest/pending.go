package kstreamtest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A Pending is a request that has not been answered: it is being worked on, it is
// held by a Fault, or it is a subscription.
type Pending struct {
	Operation string
	Since     time.Time
}

// Pending returns the requests in flight, the oldest first; after Close those
// that Close has cut. A test that has ended all it started finds none.
func (s *Server) Pending() []Pending {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return slices.Clone(s.cut)
	}
	return s.pendingLocked()
}

// pendingLocked lists the requests in flight. The server's lock is held.
func (s *Server) pendingLocked() []Pending {
	var list []Pending
	for c := range s.inFlight {
		list = append(list, Pending{Operation: strings.TrimPrefix(c.target, targetPrefix), Since: c.came})
	}
	slices.SortFunc(list, func(a, b Pending) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Operation, b.Operation))
	})
	return list
}

// begin counts a request in, unless the server is closed.
func (s *Server) begin(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.inFlight[c] = struct{}{}
	s.calls.Add(1)
	return true
}

// finish counts it out.
func (s *Server) finish(c *call) {
	s.mu.Lock()
	delete(s.inFlight, c)
	s.mu.Unlock()
	s.calls.Done()
}
