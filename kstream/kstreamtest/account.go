package kstreamtest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// find returns the stream with the name, if it is there, in the state of now.
func (s *Server) find(name string, now time.Time) *stream {
	s.mu.RLock()
	st := s.streams[name]
	s.mu.RUnlock()
	if st == nil {
		return nil
	}
	st.settle(now)
	st.mu.RLock()
	gone := st.gone
	st.mu.RUnlock()
	if !gone {
		return st
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[name] == st {
		delete(s.streams, name)
	}
	return nil
}

// all returns the account's streams in the order of their names.
func (s *Server) all(now time.Time) []*stream {
	s.mu.RLock()
	names := slices.Sorted(maps.Keys(s.streams))
	s.mu.RUnlock()
	var all []*stream
	for _, name := range names {
		if st := s.find(name, now); st != nil {
			all = append(all, st)
		}
	}
	return all
}

// streamOf finds the stream that a request names, by ARN or by name.
func (s *Server) streamOf(c *call) (*stream, error) {
	name := c.in.string("StreamName")
	if arn := c.in.string("StreamARN"); arn != "" {
		return s.streamByARN(arn, c.now)
	}
	if name == "" {
		return nil, errorf(invalidArgument, "Either StreamName or StreamARN must be specified.")
	}
	return s.streamByName(name, c.now)
}

// change finds the stream that a request names, which must be ACTIVE, and runs
// check under its lock. If that is nil, the stream is UPDATING for as long as
// the server's state changes take; then apply has its effect.
func (s *Server) change(c *call, check func(*stream) error, apply func(st *stream, now time.Time)) error {
	st, err := s.streamOf(c)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.mustBeActive(); err != nil {
		return err
	}
	if err := check(st); err != nil {
		return err
	}
	st.change(c.now, updating, s.opts.StateChange, func(now time.Time) {
		apply(st, now)
		st.status = active
	})
	return nil
}

func (s *Server) streamByName(name string, now time.Time) (*stream, error) {
	if st := s.find(name, now); st != nil {
		return st, nil
	}
	return nil, errorf(resourceNotFound, "Stream %s under account %s not found.", name, s.opts.Account)
}

// streamByARN finds a stream by its ARN, or by that of one of its consumers.
func (s *Server) streamByARN(arn string, now time.Time) (*stream, error) {
	prefix := streamARN(s.opts.Region, s.opts.Account, "")
	rest, ours := strings.CutPrefix(arn, prefix)
	name, _, _ := strings.Cut(rest, "/")
	if !ours {
		// Another region's or account's: the service cannot see it from here.
		_, name, _ = strings.Cut(arn, ":stream/")
		account := ""
		if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
			account = parts[4]
		}
		return nil, errorf(resourceNotFound, "Stream %s under account %s not found.", name, account)
	}
	return s.streamByName(name, now)
}

// openShards counts the open shards of the account.
func (s *Server) openShards(now time.Time) (n int) {
	for _, st := range s.all(now) {
		st.mu.RLock()
		n += len(st.opened)
		st.mu.RUnlock()
	}
	return n
}
