package kstreamtest

import (
	"cmp"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// An entry is a record as a request brings it. Its slices are the request's.
type entry struct {
	data    []byte
	key     []byte
	hasKey  bool
	hash    shardmap.Hash // the explicit hash key
	hasHash bool
}

// putRecord implements PutRecord.
func (s *Server) putRecord(c *call) error {
	st, err := s.streamForPut(c, c.in.has("PartitionKey"), "partitionKey")
	if err != nil {
		return err
	}
	e, err := newEntry(c.in)
	if err != nil {
		return err
	}
	if err := s.reserve(e.memory(), c.now); err != nil {
		return err
	}
	if err := s.putEntry(c, st, &e); err != nil {
		s.release(e.memory())
		return err
	}
	return nil
}

// putEntry writes a record, for which there is room, and answers.
func (s *Server) putEntry(c *call, st *stream, e *entry) error {
	st.mu.RLock()
	defer st.mu.RUnlock()
	if err := st.checkPut(c, []entry{*e}); err != nil {
		return err
	}
	if err := st.checkOrdering(c); err != nil {
		return err
	}
	sh := st.shardOf(e)
	seq, refused := s.append(c, st, sh, e)
	if refused != nil {
		return refused
	}
	c.out.Object()
	c.out.Key("ShardId")
	c.out.String(sh.id)
	c.out.Key("SequenceNumber")
	c.out.String(seq.String())
	st.writeEncryption(c.out)
	c.out.End()
	return nil
}

// streamForPut finds the stream of a write, and holds the rule that records
// without a partition key are for streams with AUTO record distribution. The
// path names the key in the message.
func (s *Server) streamForPut(c *call, keyed bool, path string) (*stream, error) {
	st, err := s.streamOf(c)
	if keyed {
		return st, err
	}
	if err == nil {
		st.mu.RLock()
		defer st.mu.RUnlock()
		if st.distribution == autoDistribution {
			return st, nil
		}
	}
	var v violations
	v.missing(path)
	return nil, v.err()
}

// newEntry reads the members of a record.
func newEntry(in params) (entry, error) {
	e := entry{data: in.blob("Data"), key: []byte(in.string("PartitionKey")), hasKey: in.has("PartitionKey")}
	if h := in.string("ExplicitHashKey"); h != "" {
		return e, e.setHash(h)
	}
	return e, nil
}

func (e *entry) setHash(decimal string) error {
	h, err := shardmap.ParseHash(decimal)
	if err != nil {
		return errorf(invalidArgument, "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %s", decimal)
	}
	e.hash, e.hasHash = h, true
	return nil
}

// checkPut makes the checks of a write that depend on the stream. The stream's
// lock is held.
func (st *stream) checkPut(c *call, entries []entry) error {
	if err := st.readable(); err != nil {
		return err
	}
	for i := range entries {
		if len(entries[i].data)+len(entries[i].key) > st.maxRecordBytes() {
			return st.recordTooLarge(c, i, &entries[i])
		}
	}
	return c.dryRun()
}

// dryRun ends a request that has passed all checks and asked for no more.
func (c *call) dryRun() error {
	if c.in.bool("DryRun") {
		return errorf(dryRunOperation, "The request would have succeeded, but the DryRun parameter was set.")
	}
	return nil
}

// recordTooLarge words the failure of the i-th record.
func (st *stream) recordTooLarge(c *call, i int, e *entry) error {
	if len(e.data) <= st.maxRecordBytes() {
		return errorf(invalidArgument, "The record of %d bytes with its partition key is larger than the stream's maximum of %d bytes.",
			len(e.data)+len(e.key), st.maxRecordBytes())
	}
	var v violations
	path := "data"
	if c.op.name == "PutRecords" {
		path = entryPath(i, path)
	}
	v.value(&member{bounds: &bounds{0, int64(st.maxRecordBytes())}}, e.data, path)
	return v.err()
}

// checkOrdering looks at SequenceNumberForOrdering, which may be of any shard, but
// not of a time to come (seen on the service).
func (st *stream) checkOrdering(c *call) error {
	number := c.in.string("SequenceNumberForOrdering")
	if number == "" {
		return nil
	}
	seq, err := parseSequence(number)
	if err != nil || seq.seconds > c.now.Unix() {
		return errorf(invalidArgument, "ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account %s is invalid.",
			number, st.name, st.account)
	}
	return nil
}

// shardOf returns the shard that a record goes to. The stream's lock is held.
func (st *stream) shardOf(e *entry) *shard {
	if st.distribution == autoDistribution {
		return st.nextShard()
	}
	return st.shardFor(e.hashKey())
}

// append adds a record to its shard, or says why not: the shard's limits, or a
// fault. The stream's lock is held.
func (s *Server) append(c *call, st *stream, sh *shard, e *entry) (sequence, *apiError) {
	if s.faults.active.Load() {
		t := target{operation: c.op.name, stream: st.name, shard: sh.id}
		if _, hit := s.strike(Throttle, t, c.now); hit {
			return sequence{}, st.refuse(sh)
		}
		if f, hit := s.strikeEntry(t, c.now); hit {
			return sequence{}, &apiError{code: cmp.Or(f.Code, internalFailure), message: "Internal Service Failure"}
		}
	}
	seq, ok := st.store(sh, e, c.now, true)
	if !ok {
		return sequence{}, st.refuse(sh)
	}
	return seq, nil
}

func (s *Server) strikeEntry(t target, now time.Time) (Fault, bool) {
	if t.operation != "PutRecords" {
		return Fault{}, false
	}
	return s.strike(FailEntry, t, now)
}

// refuse counts a record that was throttled.
func (st *stream) refuse(sh *shard) *apiError {
	sh.counters.throttledWrites.Add(1)
	return &apiError{code: throughputExceeded, message: st.throttled(sh)}
}

// store appends a record, for which there is room, to its shard, if the shard's
// limits allow it or do not count. The stream's lock is held.
func (st *stream) store(sh *shard, e *entry, now time.Time, limited bool) (sequence, bool) {
	r := e.record(now.UnixMilli())
	if st.encryption != "" {
		r.flags |= flagEncrypted
	}
	seq, ok := sh.put(now, &r, limited)
	if ok {
		sh.counters.wrote(r.size())
	}
	return seq, ok
}

// record is the entry as a log holds it.
func (e *entry) record(arrival int64) storedRecord {
	r := storedRecord{arrival: arrival, key: e.key, data: e.data, hash: e.hash}
	if e.hasKey {
		r.flags |= flagKey
	}
	if e.hasHash {
		r.flags |= flagHash
	}
	return r
}

// memory is what the record will take.
func (e *entry) memory() int64 {
	r := e.record(0)
	return r.memory()
}

func (st *stream) writeEncryption(w *document.Writer) {
	if st.encryption != "" {
		w.Key("EncryptionType")
		w.String(st.encryption)
	}
}
