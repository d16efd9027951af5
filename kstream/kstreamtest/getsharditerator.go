package kstreamtest

import (
	"strconv"
	"time"
)

// getShardIterator implements GetShardIterator.
func (s *Server) getShardIterator(c *call) error {
	st, at, err := s.lookUp(c)
	if err != nil {
		return err
	}
	if st == nil {
		return at.noShard(c.in.string("ShardId"))
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	sh, err := st.shardForRead(c.in.string("ShardId"), c.now)
	if err != nil {
		return err
	}
	p := position{kind: c.in.string("ShardIteratorType"), sequence: c.in.string("StartingSequenceNumber"),
		at: c.in.time("Timestamp"), timed: c.in.has("Timestamp")}
	index, err := s.locate(st, sh, p, c.now)
	if err != nil {
		return err
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	_, struck := s.strike(Throttle, target{"GetShardIterator", st.name, sh.id}, c.now)
	sh.mu.Lock()
	ok := take(sh.limits.iteratorCalls, c.now, 1)
	sh.mu.Unlock()
	if struck || !ok {
		sh.counters.throttledReads.Add(1)
		return errorf(throughputExceeded, "%s", st.throttled(sh))
	}
	c.out.Object()
	c.out.Key("ShardIterator")
	c.out.String(s.iterator(st, sh, index, c.now))
	c.out.End()
	return nil
}

// shardForRead finds a shard whose records can be read: any that retention still
// knows, closed ones included. The stream's lock is held.
func (st *stream) shardForRead(id string, now time.Time) (*shard, error) {
	if err := st.readable(); err != nil {
		return nil, err
	}
	sh := st.shard(id)
	if sh == nil || sh.expired(st.horizon(now)) {
		return nil, st.address().noShard(id)
	}
	return sh, nil
}

// A position is where reading starts, as GetShardIterator and SubscribeToShard
// are told.
type position struct {
	kind     string
	sequence string
	at       time.Time
	timed    bool // at was given
}

// locate returns the index of the record that a position points at. The stream's
// lock is held.
func (s *Server) locate(st *stream, sh *shard, p position, now time.Time) (uint64, error) {
	if err := p.check(now); err != nil {
		return 0, err
	}
	var seq sequence
	if p.sequence != "" {
		var err error
		if seq, err = st.parseStart(sh, p.sequence, now); err != nil {
			return 0, err
		}
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.trimLocked(st, sh, now)
	switch p.kind {
	case "TRIM_HORIZON":
		return sh.log.first, nil
	case "LATEST":
		return sh.log.next, nil
	case "AT_TIMESTAMP":
		return sh.log.search(p.at.UnixMilli()), nil
	case "AT_SEQUENCE_NUMBER":
		return min(max(seq.index, 1)-1, sh.log.next), nil
	}
	return min(seq.index, sh.log.next), nil
}

// check holds the rules on which fields a type goes with.
func (p position) check(now time.Time) error {
	bySequence := p.kind == "AT_SEQUENCE_NUMBER" || p.kind == "AFTER_SEQUENCE_NUMBER"
	if bySequence != (p.sequence != "") && p.kind != "AT_TIMESTAMP" || p.kind == "AT_TIMESTAMP" && p.sequence != "" {
		number := "no StartingSequenceNumber"
		if p.sequence != "" {
			number = "also a StartingSequenceNumber"
		}
		return errorf(invalidArgument, "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified %s and %s.", p.kind, number)
	}
	if p.kind != "AT_TIMESTAMP" {
		return nil
	}
	if !p.timed {
		return errorf(invalidArgument, "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.")
	}
	if p.at.After(now) {
		return errorf(invalidArgument, "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: %d, currentTimestampInMillis: %d",
			p.at.UnixMilli(), now.UnixMilli())
	}
	return nil
}

// parseStart reads a sequence number that must be of the shard.
func (st *stream) parseStart(sh *shard, number string, now time.Time) (sequence, error) {
	seq, err := parseSequence(number)
	if err != nil {
		return sequence{}, errorf(invalidArgument, "StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s under account %s is invalid.",
			number, sh.id, st.name, st.account)
	}
	if seq.shard != sh.index {
		return sequence{}, errorf(invalidArgument, "Invalid StartingSequenceNumber. It encodes %s, while it was used in a call to a shard with %s",
			shardID(seq.shard), sh.id)
	}
	if seq.created != sh.createdSeconds {
		return sequence{}, errorf(invalidArgument, "StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s under account %s is invalid because it did not come from this stream.",
			number, sh.id, st.name, st.account)
	}
	return seq, nil
}

// iterator returns a fresh shard iterator that points at the record with the
// index. No two are the same.
func (s *Server) iterator(st *stream, sh *shard, index uint64, now time.Time) string {
	return s.seal(now, "iterator", st.name, st.creationID(), strconv.FormatUint(uint64(sh.index), 36), strconv.FormatUint(index, 36))
}

// A cursor is what a shard iterator says.
type cursor struct {
	stream   string
	creation string
	shard    uint64
	index    uint64
	issued   time.Time
}

func (s *Server) openIterator(iterator string) (cursor, error) {
	f, issued, err := s.unseal(iterator, 5)
	if err != nil || f[0] != "iterator" {
		return cursor{}, errorf(invalidArgument, "Invalid ShardIterator.")
	}
	shard, errShard := strconv.ParseUint(f[3], 36, 32)
	index, errIndex := strconv.ParseUint(f[4], 36, 64)
	if errShard != nil || errIndex != nil {
		return cursor{}, errorf(invalidArgument, "Invalid ShardIterator.")
	}
	return cursor{stream: f[1], creation: f[2], shard: shard, index: index, issued: issued}, nil
}
