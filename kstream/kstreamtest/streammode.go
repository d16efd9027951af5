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
	committed, full := s.committed(), s.roomOnDemand(c.now)
	return s.change(c, func(st *stream) error {
		if err := c.checkWarmThroughput(mode, committed); err != nil {
			return err
		}
		if mode == onDemand && st.mode != onDemand && full != nil {
			return full
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

// checkWarmThroughput holds the rules on warm throughput that all operations
// share which take one: it is for on-demand streams, of accounts with
// MinimumThroughputBillingCommitment, and at most 10 GiB/s
// (UpdateStreamWarmThroughput, API reference). The exception for the first two is
// the one whose description fits, "is not supported, or can't be used", and which
// UpdateStreamRecordDistributionStrategy names for a provisioned stream.
func (c *call) checkWarmThroughput(mode string, committed bool) error {
	if !c.in.has("WarmThroughputMiBps") {
		return nil
	}
	mibps := c.in.int("WarmThroughputMiBps")
	switch {
	case mode != onDemand:
		return errorf(invalidArgument, "WarmThroughputMiBps is supported for streams in ON_DEMAND mode only.")
	case !committed:
		return errorf(invalidArgument, "WarmThroughputMiBps needs MinimumThroughputBillingCommitment, which is not enabled for the account.")
	case mibps > maxWarmMiBps:
		return errorf(limitExceeded, "Warm throughput of %d MiB/s exceeds the limit of %d.", mibps, maxWarmMiBps)
	}
	return nil
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
	committed := s.committed()
	var changed *stream
	err := s.change(c, func(st *stream) error {
		changed = st
		return c.checkWarmThroughput(st.mode, committed)
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
