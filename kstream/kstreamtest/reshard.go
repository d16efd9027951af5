package kstreamtest

import (
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// splitShard implements SplitShard.
func (s *Server) splitShard(c *call) error {
	st, err := s.streamToReshard(c, "ShardToSplit")
	if err != nil {
		return err
	}
	full := s.roomForShard(c.now) // looks at all streams: not under the lock of one
	st.mu.Lock()
	defer st.mu.Unlock()
	sh, err := st.shardToReshard(c.in.string("ShardToSplit"), c.now)
	if err != nil {
		return err
	}
	if full != nil {
		return full
	}
	key, err := st.splitKey(sh, c.in.string("NewStartingHashKey"))
	if err != nil {
		return err
	}
	st.change(c.now, updating, s.opts.StateChange, func(now time.Time) {
		s.split(st, sh, key, now)
		st.route()
		st.status = active
	})
	return nil
}

// splitKey reads where a shard is to be split. Its lower child must have two hash
// keys at least: a key of start+1 is refused (seen on the service).
func (st *stream) splitKey(sh *shard, decimal string) (shardmap.Hash, error) {
	key, err := shardmap.ParseHash(decimal)
	if err != nil || !sh.hashes.Start.Next().Less(key) || !key.Less(sh.hashes.End) {
		return key, errorf(invalidArgument, "NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s is not both greater than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
			decimal, sh.id, st.name, st.account, sh.hashes.Start, sh.hashes.End)
	}
	return key, nil
}

// split closes a shard and opens its children: the lower one first. The caller
// holds the stream's lock and calls route afterwards.
func (s *Server) split(st *stream, sh *shard, key shardmap.Hash, now time.Time) {
	st.close(sh, now)
	s.openShard(st, shardmap.Range{Start: sh.hashes.Start, End: key.Prev()}, now, sh)
	s.openShard(st, shardmap.Range{Start: key, End: sh.hashes.End}, now, sh)
}

// merge closes two shards, of which the second begins where the first ends, and
// opens the one that continues them. The caller holds the stream's lock and calls
// route afterwards.
func (s *Server) merge(st *stream, a, b *shard, now time.Time) *shard {
	st.close(a, now)
	st.close(b, now)
	return s.openShard(st, shardmap.Range{Start: a.hashes.Start, End: b.hashes.End}, now, a, b)
}

// roomForShard checks that the account may have one more shard.
func (s *Server) roomForShard(now time.Time) error {
	if s.openShards(now)+1 > s.opts.Limits.Shards {
		return s.tooManyShards(1, now)
	}
	return nil
}

// mergeShards implements MergeShards.
func (s *Server) mergeShards(c *call) error {
	st, err := s.streamToReshard(c, "ShardToMerge", "AdjacentShardToMerge")
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	a, err := st.shardToReshard(c.in.string("ShardToMerge"), c.now)
	if err != nil {
		return err
	}
	b, err := st.shardToReshard(c.in.string("AdjacentShardToMerge"), c.now)
	if err != nil {
		return err
	}
	if !a.hashes.Adjacent(b.hashes) { // in this order: the other way round is refused too (seen on the service)
		return errorf(invalidArgument, "Shards %s and %s in stream %s under account %s are not an adjacent pair of shards eligible for merging",
			a.id, b.id, st.name, st.account)
	}
	st.change(c.now, updating, s.opts.StateChange, func(now time.Time) {
		s.merge(st, a, b, now)
		st.route()
		st.status = active
	})
	return nil
}

// streamToReshard finds the stream of a request with shard IDs in the members. An
// ID that is none is told before a stream that is not there (seen on the service).
func (s *Server) streamToReshard(c *call, members ...string) (*stream, error) {
	st, at, err := s.lookUp(c)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		id := c.in.string(m)
		if _, ok := shardIndex(id); !ok {
			return nil, at.couldNotFindShard(id)
		}
	}
	if st == nil {
		return nil, at.notFound()
	}
	return st, nil
}

// shardToReshard finds an open shard of a provisioned stream that is ACTIVE. The
// stream's lock is held.
func (st *stream) shardToReshard(id string, now time.Time) (*shard, error) {
	if err := st.mustBeActive(); err != nil {
		return nil, err
	}
	if st.mode == onDemand {
		return nil, errorf(validationException, "Stream %s under account %s is in ON_DEMAND mode: its shards cannot be split or merged.", st.name, st.account)
	}
	sh := st.shard(id)
	if sh == nil || sh.expired(st.horizon(now)) {
		return nil, st.address().couldNotFindShard(id)
	}
	if !sh.isOpen() {
		return nil, errorf(invalidArgument, "Shard %s in stream %s under account %s is CLOSED and cannot be split or merged.", sh.id, st.name, st.account)
	}
	return sh, nil
}
