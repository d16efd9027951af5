package kstreamtest

import (
	"slices"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// Quotas of UpdateShardCount (API reference).
const (
	maxStreamShards = 10000
	scalingsADay    = 10
)

// updateShardCount implements UpdateShardCount.
func (s *Server) updateShardCount(c *call) error {
	st, err := s.streamOf(c)
	if err != nil {
		return err
	}
	target := int(c.in.int("TargetShardCount"))
	accountShards := s.openShards(c.now)
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.mustBeActive(); err != nil {
		return err
	}
	current := len(st.opened)
	if err := st.checkScaling(current, target); err != nil {
		return err
	}
	if accountShards-current+target > s.opts.Limits.Shards {
		return errorf(limitExceeded, "This request would exceed the limit of %d shards for the account %s.", s.opts.Limits.Shards, s.opts.Account)
	}
	if s.opts.Limits.Control >= 0 && !st.scalings.allow(c.now, scalingsADay) {
		return errorf(limitExceeded, "UpdateShardCount was called %d times for stream %s within 24 hours.", scalingsADay, st.name)
	}
	st.change(c.now, updating, s.opts.StateChange, func(now time.Time) {
		s.scale(st, target, now)
		st.status = active
	})
	w := c.out
	w.Object()
	w.Key("StreamName")
	w.String(st.name)
	w.Key("StreamARN")
	w.String(st.arn)
	w.Key("CurrentShardCount")
	w.Int(int64(current))
	w.Key("TargetShardCount")
	w.Int(int64(target))
	w.End()
	return nil
}

// checkScaling holds the bounds on the new number of shards. The stream's lock
// is held.
func (st *stream) checkScaling(current, target int) error {
	switch {
	case st.mode == onDemand:
		return errorf(validationException, "UpdateShardCount is not supported for stream %s under account %s in ON_DEMAND mode.", st.name, st.account)
	case target > maxStreamShards:
		return errorf(limitExceeded, "Target shard count or number of open shards cannot be greater than %d. Current open shard count: %d, Target shard count: %d", maxStreamShards, current, target)
	case target > 2*current:
		return errorf(limitExceeded, "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: %d Target shard count: %d", current, target)
	case 2*target < current:
		return errorf(limitExceeded, "UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: %d Target shard count: %d", current, target)
	}
	return nil
}

// scale makes n shards of equal width by splits and merges, as the service does:
// first each shard is split at every new border inside it, then the pieces of
// each new range are merged. Shards that live only in between have no records.
// The stream's lock is held.
func (s *Server) scale(st *stream, n int, now time.Time) {
	ranges := shardmap.Even(n)
	for _, r := range ranges[1:] {
		s.splitAt(st, r.Start, now)
	}
	st.route()
	for _, r := range ranges {
		var pieces []*shard
		for _, sh := range st.opened {
			if r.Contains(sh.hashes.Start) {
				pieces = append(pieces, sh)
			}
		}
		for len(pieces) > 1 {
			merged := s.merge(st, pieces[0], pieces[1], now)
			pieces = slices.Replace(pieces, 0, 2, merged)
		}
	}
	st.route()
}

// splitAt splits the open shard that holds the hash key, unless it begins there.
func (s *Server) splitAt(st *stream, key shardmap.Hash, now time.Time) {
	for _, sh := range st.shards {
		if sh.isOpen() && sh.hashes.Contains(key) && sh.hashes.Start != key {
			s.split(st, sh, key, now)
			return
		}
	}
}

// A quota counts events in the last 24 hours.
type quota struct{ times []time.Time }

// allow reports whether fewer than n events lie in the 24 hours before now, and
// counts one more if so.
func (q *quota) allow(now time.Time, n int) bool {
	q.times = slices.DeleteFunc(q.times, func(t time.Time) bool { return now.Sub(t) >= 24*time.Hour })
	if len(q.times) >= n {
		return false
	}
	q.times = append(q.times, now)
	return true
}
