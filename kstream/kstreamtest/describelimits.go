package kstreamtest

import "time"

// describeLimits implements DescribeLimits.
func (s *Server) describeLimits(c *call) error {
	w := c.out
	w.Object()
	w.Key("ShardLimit")
	w.Int(int64(s.opts.Limits.Shards))
	w.Key("OpenShardCount")
	w.Int(int64(s.openShards(c.now)))
	w.Key("OnDemandStreamCount")
	w.Int(int64(s.onDemandStreams(c.now)))
	w.Key("OnDemandStreamCountLimit")
	w.Int(int64(s.opts.Limits.OnDemandStreams))
	w.End()
	return nil
}

// onDemandStreams counts the on-demand streams of the account.
func (s *Server) onDemandStreams(now time.Time) (n int) {
	for _, st := range s.all(now) {
		st.mu.RLock()
		if st.mode == onDemand {
			n++
		}
		st.mu.RUnlock()
	}
	return n
}

// roomOnDemand checks that the account may have one more on-demand stream. No
// stream's lock is held.
func (s *Server) roomOnDemand(now time.Time) error {
	if limit := s.opts.Limits.OnDemandStreams; s.onDemandStreams(now) >= limit {
		return errorf(limitExceeded, "This request would exceed the limit of %d streams in ON_DEMAND mode for the account %s.", limit, s.opts.Account)
	}
	return nil
}
