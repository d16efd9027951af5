package kstreamtest

import (
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// One GetRecords answer holds at most 10,000 records and 10 MiB (GetRecords, API
// reference).
const (
	maxGetRecords = 10000
	maxGetBytes   = 10 << 20
)

// getRecords implements GetRecords.
func (s *Server) getRecords(c *call) error {
	cur, st, err := s.iteratorInput(c)
	if err != nil {
		return err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if err := st.readable(); err != nil {
		return err
	}
	if cur.shard >= uint64(len(st.shards)) {
		return st.address().noShard(shardID(uint32(cur.shard)))
	}
	if cur.creation != st.creationID() {
		// The stream was deleted and made again: the iterator is good for the new
		// one's shard of that number, and before all that is in it (seen on the
		// service).
		cur.index = 0
	}
	sh := st.shards[cur.shard]
	if err := c.dryRun(); err != nil {
		return err
	}
	a, ok := answer{}, false
	if _, struck := s.strike(Throttle, target{"GetRecords", st.name, sh.id}, c.now); !struck {
		a, ok = s.read(st, sh, cur.index, c.in.limit("Limit", maxGetRecords), c.now)
	}
	if !ok {
		sh.counters.throttledReads.Add(1)
		return errorf(throughputExceeded, "%s", st.throttled(sh))
	}
	sh.counters.reads.Add(1)
	sh.counters.sent(a.page.count, a.page.bytes)
	s.writeAnswer(c, st, sh, a)
	return nil
}

// writeAnswer writes a page, and either where to go on or, at a shard's end and
// only there, the shards that continue it: KCL wants one without the other. The
// stream's lock is held.
func (s *Server) writeAnswer(c *call, st *stream, sh *shard, a answer) {
	w := c.out
	w.Object()
	w.Key("Records")
	sh.writeRecords(w, a.page)
	if a.ended {
		w.Key("ChildShards")
		sh.writeChildren(w)
	} else {
		w.Key("NextShardIterator")
		w.String(s.iterator(st, sh, a.next, c.now))
	}
	w.Key("MillisBehindLatest")
	w.Int(a.behind)
	w.End()
}

// iteratorInput opens the request's iterator and finds its stream.
func (s *Server) iteratorInput(c *call) (cursor, *stream, error) {
	cur, err := s.openIterator(c.in.string("ShardIterator"))
	if err != nil {
		return cursor{}, nil, err
	}
	_, struck := s.strike(ExpireIterator, target{"GetRecords", cur.stream, shardID(uint32(cur.shard))}, c.now)
	if struck || s.tooOld(cur.issued, c.now) {
		return cursor{}, nil, errorf(expiredIterator,
			"Iterator expired. The iterator was created at time %s while right now it is %s which is further in the future than the tolerated delay of %d milliseconds.",
			javaDate(cur.issued), javaDate(c.now), s.opts.Limits.IteratorAge.Milliseconds())
	}
	st := s.find(cur.stream, c.now)
	if st == nil {
		return cursor{}, nil, address{cur.stream, s.opts.Account}.noShard(shardID(uint32(cur.shard)))
	}
	if arn := c.in.string("StreamARN"); arn != "" && arn != st.arn {
		return cursor{}, nil, errorf(invalidArgument, "StreamARN %s does not match the stream of the ShardIterator.", arn)
	}
	return cur, st, nil
}

// An answer is a page of a shard and what follows it.
type answer struct {
	page   page
	next   uint64 // where the next page starts
	behind int64  // milliseconds behind the tip
	ended  bool   // the shard is closed and this was its last page
}

// read takes a page within the shard's read limits. The stream's lock is held.
func (s *Server) read(st *stream, sh *shard, from uint64, limit int, now time.Time) (answer, bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !sh.limits.takeRead(now) {
		return answer{}, false
	}
	s.trimLocked(st, sh, now)
	a := sh.page(from, limit, maxGetBytes, now)
	sh.limits.chargeRead(now, a.page.bytes)
	return a, true
}

// page returns the records from an index on. The stream's and the shard's locks
// are held.
func (sh *shard) page(from uint64, limit, maxBytes int, now time.Time) answer {
	a := answer{page: sh.log.page(from, limit, maxBytes)}
	a.next = a.page.from + uint64(a.page.count)
	if a.next >= sh.log.next {
		a.ended = !sh.isOpen()
		return a
	}
	a.behind = sh.behind(a.next, now)
	return a
}

// behind is how old, in milliseconds, the record before the index is: 0 at the
// tip, at least 1 before it. The shard's lock is held.
func (sh *shard) behind(index uint64, now time.Time) int64 {
	if index >= sh.log.next {
		return 0
	}
	last := max(index, sh.log.first+1) - 1
	return max(1, now.UnixMilli()-sh.log.at(last).arrival)
}

// writeRecords writes a page in the order of sequence numbers.
func (sh *shard) writeRecords(w *document.Writer, p page) {
	const perRecord = 230 // names, number, time, key
	w.Grow(p.bytes/3*4 + p.count*perRecord)
	var digits [sequenceDigits]byte
	w.Array()
	for index, r := range p.all() {
		w.Object()
		w.Key("SequenceNumber")
		w.Plain(sh.sequence(index, r.arrival).appendTo(digits[:0]))
		w.Key("ApproximateArrivalTimestamp")
		w.Millis(r.arrival)
		w.Key("Data")
		w.Blob(r.data)
		if r.flags&flagKey != 0 {
			w.Key("PartitionKey")
			w.Text(r.key)
		}
		if r.flags&flagEncrypted != 0 {
			w.Key("EncryptionType")
			w.String("KMS")
		}
		w.End()
	}
	w.End()
}

// writeChildren lists the shards that continue a closed one. The stream's lock
// is held.
func (sh *shard) writeChildren(w *document.Writer) {
	w.Array()
	for _, child := range sh.children {
		w.Object()
		w.Key("ShardId")
		w.String(child.id)
		w.Key("ParentShards")
		w.Array()
		for _, parent := range child.parents {
			w.String(parent.id)
		}
		w.End()
		child.writeHashes(w)
		w.End()
	}
	w.End()
}
