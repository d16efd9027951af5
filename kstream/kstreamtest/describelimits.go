package kstreamtest

// onDemandStreams is how many on-demand streams an account may have
// (DescribeLimits, API reference).
const onDemandStreams = 50

// describeLimits implements DescribeLimits.
func (s *Server) describeLimits(c *call) error {
	count := 0
	for _, st := range s.all(c.now) {
		st.mu.RLock()
		if st.mode == onDemand {
			count++
		}
		st.mu.RUnlock()
	}
	w := c.out
	w.Object()
	w.Key("ShardLimit")
	w.Int(int64(s.opts.Limits.Shards))
	w.Key("OpenShardCount")
	w.Int(int64(s.openShards(c.now)))
	w.Key("OnDemandStreamCount")
	w.Int(int64(count))
	w.Key("OnDemandStreamCountLimit")
	w.Int(onDemandStreams)
	w.End()
	return nil
}
