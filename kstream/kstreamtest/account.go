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
	st, at, err := s.lookUp(c)
	if err == nil && st == nil {
		err = at.notFound()
	}
	return st, err
}

// lookUp is streamOf for what words the failure itself: the stream is nil when
// there is none where the request says.
func (s *Server) lookUp(c *call) (*stream, address, error) {
	at := address{c.in.string("StreamName"), s.opts.Account}
	if arn := c.in.string("StreamARN"); arn != "" {
		var here bool
		if at, here = s.parseARN(arn); !here {
			return nil, at, nil
		}
	}
	if at.name == "" {
		return nil, at, errorf(invalidArgument, "Either StreamName or StreamARN must be specified.")
	}
	return s.find(at.name, c.now), at, nil
}

// An address is where a request says that its stream is.
type address struct{ name, account string }

func (a address) notFound() error {
	return errorf(resourceNotFound, "Stream %s under account %s not found.", a.name, a.account)
}

// noShard words the failure of a read from a shard that is not there, be it for
// want of the stream. An ID that is not in the form of one "could not be found".
func (a address) noShard(id string) error {
	if _, ok := shardIndex(id); !ok {
		return a.couldNotFindShard(id)
	}
	return errorf(resourceNotFound, "Shard %s in stream %s under account %s does not exist", fullShardID(id), a.name, a.account)
}

func (a address) couldNotFindShard(id string) error {
	return errorf(resourceNotFound, "Could not find shard %s in stream %s under account %s.", fullShardID(id), a.name, a.account)
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

// streamByARN finds a stream by its ARN, or by that of one of its consumers.
func (s *Server) streamByARN(arn string, now time.Time) (*stream, error) {
	at, here := s.parseARN(arn)
	if here {
		if st := s.find(at.name, now); st != nil {
			return st, nil
		}
	}
	return nil, at.notFound()
}

// parseARN takes an ARN of a stream, or of one of its consumers, apart. It is
// false for one of another region or account, which the service cannot see.
func (s *Server) parseARN(arn string) (address, bool) {
	rest, here := strings.CutPrefix(arn, streamARN(s.opts.Region, s.opts.Account, ""))
	if here {
		name, _, _ := strings.Cut(rest, "/")
		return address{name, s.opts.Account}, true
	}
	at := address{}
	_, at.name, _ = strings.Cut(arn, ":stream/")
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		at.account = parts[4]
	}
	return at, false
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
