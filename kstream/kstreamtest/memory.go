package kstreamtest

import "time"

// reserve takes room for n bytes of records before they are stored, so that
// writes at the same time cannot all find the same room. What is not stored is
// given back by release. No stream's lock is held.
func (s *Server) reserve(n int64, now time.Time) error {
	if s.tryReserve(n) {
		return nil
	}
	s.trimAll(now)
	if s.tryReserve(n) {
		return nil
	}
	return errorf(limitExceeded, "The server holds %d bytes of records and may hold %d (Options.MaxBytes).", s.bytes.Load(), s.opts.MaxBytes)
}

func (s *Server) tryReserve(n int64) bool {
	for {
		held := s.bytes.Load()
		if s.opts.MaxBytes >= 0 && held+n > s.opts.MaxBytes {
			return false
		}
		if s.bytes.CompareAndSwap(held, held+n) {
			return true
		}
	}
}

func (s *Server) release(n int64) { s.bytes.Add(-n) }

// trimAll lets go of what is older than the retention of its stream. No stream's
// lock is held.
func (s *Server) trimAll(now time.Time) {
	for _, st := range s.all(now) {
		st.mu.RLock()
		for _, sh := range st.shards {
			s.trim(st, sh, now)
		}
		st.mu.RUnlock()
	}
}

// trim drops a shard's records that retention no longer keeps. The stream's
// lock is held, the shard's is not.
func (s *Server) trim(st *stream, sh *shard, now time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.trimLocked(st, sh, now)
}

func (s *Server) trimLocked(st *stream, sh *shard, now time.Time) {
	s.release(sh.log.trim(st.horizon(now).UnixMilli()))
}
