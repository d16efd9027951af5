package kstreamtest

import "time"

// Quotas of the operations on a stream's capacity (API reference).
const (
	modeChangesADay = 2
	maxWarmMiBps    = 10 << 10
)

// updateStreamMode implements UpdateStreamMode. The shards stay as they are.
func (s *Server) updateStreamMode(c *call) error {
	mode := c.in.object("StreamModeDetails").string("StreamMode")
	return s.change(c, func(st *stream) error {
		if c.in.has("WarmThroughputMiBps") && mode != onDemand {
			return errorf(invalidArgument, "WarmThroughputMiBps is only valid when the stream is updated to ON_DEMAND mode.")
		}
		if s.opts.Limits.Control >= 0 && !st.modeChanges.allow(c.now, modeChangesADay) {
			return errorf(limitExceeded, "The mode of stream %s under account %s was changed %d times within 24 hours.", st.name, st.account, modeChangesADay)
		}
		return nil
	}, func(st *stream, now time.Time) {
		st.mode = mode
		st.warmMiBps = int(c.in.int("WarmThroughputMiBps"))
		if mode == provisioned {
			st.distribution = keyDistribution
		}
	})
}

// updateDistribution implements UpdateStreamRecordDistributionStrategy, which
// takes effect immediately.
func (s *Server) updateDistribution(c *call) error {
	st, err := s.streamOf(c)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.mustBeActive(); err != nil {
		return err
	}
	if st.mode != onDemand {
		return errorf(invalidArgument, "Stream %s under account %s is not in ON_DEMAND mode: it has no record distribution strategy.", st.name, st.account)
	}
	st.distribution = c.in.string("RecordDistributionStrategy")
	return nil
}

// updateWarmThroughput implements UpdateStreamWarmThroughput.
func (s *Server) updateWarmThroughput(c *call) error {
	mibps := int(c.in.int("WarmThroughputMiBps"))
	s.mu.RLock()
	committed := s.commitment != nil
	s.mu.RUnlock()
	var changed *stream
	err := s.change(c, func(st *stream) error {
		changed = st
		switch {
		case st.mode != onDemand:
			return errorf(validationException, "Stream %s under account %s is not in ON_DEMAND mode: it has no warm throughput.", st.name, st.account)
		case !committed:
			return errorf(validationException, "Warm throughput needs MinimumThroughputBillingCommitment, which is not enabled for account %s.", st.account)
		case mibps > maxWarmMiBps:
			return errorf(limitExceeded, "Warm throughput of %d MiB/s exceeds the limit of %d.", mibps, maxWarmMiBps)
		}
		return nil
	}, func(st *stream, now time.Time) { st.warmMiBps = mibps })
	if err != nil {
		return err
	}
	w := c.out
	w.Object()
	w.Key("StreamName")
	w.String(changed.name)
	w.Key("StreamARN")
	w.String(changed.arn)
	w.Key("WarmThroughput")
	writeWarmThroughput(w, mibps)
	w.End()
	return nil
}

// updateMaxRecordSize implements UpdateMaxRecordSize.
func (s *Server) updateMaxRecordSize(c *call) error {
	return s.change(c, func(*stream) error { return nil }, func(st *stream, now time.Time) {
		st.maxRecordKiB = int(c.in.int("MaxRecordSizeInKiB"))
	})
}
