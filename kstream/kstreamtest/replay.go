package kstreamtest

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// createNow is what the journal calls Server.CreateStream.
const createNow = "kstreamtest.CreateStream"

// newStreamNow is createNow's request.
type newStreamNow struct {
	Name   string
	Shards int
}

// restore opens the journal of Options.Dir and makes the state that it tells of.
// What was allowed once is allowed again, whatever the limits are now.
func (s *Server) restore() error {
	limits, stateChange := s.opts.Limits, s.opts.StateChange
	s.opts.Limits = Unlimited()
	s.opts.Limits.Shards, s.opts.Limits.OnDemandStreams = math.MaxInt32, math.MaxInt32
	salted := false
	j, err := openJournal(s.opts.Dir, cmp.Or(s.opts.Sync, defaultSync), func(kind byte, payload []byte) error {
		salted = salted || kind == journalSalt
		return s.replay(kind, payload)
	})
	s.opts.Limits, s.opts.StateChange = limits, stateChange
	if err != nil {
		return err
	}
	if err := s.compact(j); err != nil {
		return errors.Join(err, j.close())
	}
	s.journal = j
	for _, st := range s.streams {
		for _, sh := range st.shards {
			sh.journal, sh.limits = j, newShardLimits(limits)
		}
	}
	if !salted {
		j.append(journalSalt, s.salt[:])
	}
	j.flushEvery(s.lifetime.Done())
	return j.commit()
}

func (s *Server) replay(kind byte, payload []byte) error {
	switch kind {
	case journalSalt:
		copy(s.salt[:], payload)
		return nil
	case journalRequest:
		return s.replayRequest(payload)
	case journalRecord:
		return s.replayRecord(payload)
	}
	return fmt.Errorf("an entry of the unknown kind %q", kind)
}

// compact writes the journal anew without the records that are gone when they
// are most of it.
func (s *Server) compact(j *journal) error {
	const slack = 64 << 20
	s.trimAll(time.Now())
	if j.size() <= 2*s.bytes.Load()+slack {
		return nil
	}
	return j.rewrite(func(kind byte, payload []byte) bool {
		if kind != journalRecord {
			return true
		}
		e, err := parseRecordEntry(payload)
		if err != nil {
			return false
		}
		st := s.streams[e.stream]
		return st != nil && !st.gone && st.created.UnixMilli() == e.created && st.shards[e.shard].wants(e.index)
	})
}

// wants reports whether the journal needs the record with the index: one that is
// there, or the newest, which tells that the shard's numbers go on after it.
func (sh *shard) wants(index uint64) bool {
	return index >= sh.log.first || index+1 == sh.log.next
}

// journalChange runs a request that changes streams and writes it down. Its time
// is taken in its turn, so that the journal's times go forward.
func (s *Server) journalChange(c *call) error {
	s.journal.order.Lock()
	defer s.journal.order.Unlock()
	c.now = time.Now()
	if err := c.op.run(s, c); err != nil {
		return err
	}
	s.journalRequest(c.op.name, c.now, c.format, c.scratch.body)
	return nil
}

// journalRequest writes down a request:
//
//	time, nanoseconds since 1970 8 | Options.StateChange then 8 | format 1 | length of the name 1 | name | body
func (s *Server) journalRequest(name string, now time.Time, format document.Format, body []byte) {
	head := binary.LittleEndian.AppendUint64(nil, uint64(now.UnixNano()))
	head = binary.LittleEndian.AppendUint64(head, uint64(s.opts.StateChange))
	head = append(head, byte(format), byte(len(name)))
	s.journal.append(journalRequest, append(head, name...), body)
}

var errDamaged = errors.New("a damaged entry")

func (s *Server) replayRequest(payload []byte) error {
	const head = 8 + 8 + 1 + 1
	if len(payload) < head || len(payload) < head+int(payload[head-1]) {
		return errDamaged
	}
	s.opts.StateChange = time.Duration(binary.LittleEndian.Uint64(payload[8:]))
	now := time.Unix(0, int64(binary.LittleEndian.Uint64(payload)))
	name, body := string(payload[head:head+int(payload[head-1])]), payload[head+int(payload[head-1]):]
	if name == createNow {
		var stream newStreamNow
		if err := json.Unmarshal(body, &stream); err != nil {
			return errDamaged
		}
		s.addStream(stream.Name, stream.Shards, now)
		return nil
	}
	op := s.operations[name]
	if op == nil {
		return fmt.Errorf("a request of the unknown operation %q", name)
	}
	c := &call{ctx: context.Background(), op: op, format: document.Format(payload[head-2]), now: now}
	doc, err := document.Parse(body, c.format)
	if err != nil {
		return errDamaged
	}
	if c.in, err = bind(doc, op.members, c.format); err != nil {
		return err
	}
	if err := validate(c.in, op.members); err != nil {
		return err
	}
	c.out = document.NewWriter(c.format, nil)
	if op.run(s, c) == nil {
		return nil
	}
	// A change that was under way may have been over when the request was looked
	// at, though not at the time that it bears, because a later one, which only
	// read, had looked before; or it took less time then.
	s.settleAll()
	if err := op.run(s, c); err != nil {
		return fmt.Errorf("%s of %v no longer works: %w", name, now.UTC(), err)
	}
	return nil
}

// settleAll ends every change that is under way.
func (s *Server) settleAll() {
	for _, st := range s.streams {
		st.settleNow()
	}
}

// settleNow ends the changes of a stream and of its consumers.
func (st *stream) settleNow() {
	st.mu.Lock()
	defer st.mu.Unlock()
	for name, con := range st.consumers {
		con.active = con.created
		if !con.ended.IsZero() {
			delete(st.consumers, name)
		}
	}
	if st.pending != nil {
		st.settleLocked(st.pending.at)
	}
}

// record writes down a record:
//
//	length of the stream's name 1 | its creation 8 | shard 4 | index 8 | flags 1 | arrival 8 |
//	hash key 16 | length of the key 2 | name | key | data
func (j *journal) record(sh *shard, index uint64, r *storedRecord) {
	head := make([]byte, 0, recordEntryHead+128)
	head = append(head, byte(len(sh.stream)))
	head = binary.LittleEndian.AppendUint64(head, uint64(sh.streamCreated))
	head = binary.LittleEndian.AppendUint32(head, sh.index)
	head = binary.LittleEndian.AppendUint64(head, index)
	head = append(head, r.flags)
	head = binary.LittleEndian.AppendUint64(head, uint64(r.arrival))
	head = binary.LittleEndian.AppendUint64(head, r.hash.Hi)
	head = binary.LittleEndian.AppendUint64(head, r.hash.Lo)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(r.key)))
	j.append(journalRecord, append(head, sh.stream...), r.key, r.data)
}

const recordEntryHead = 1 + 8 + 4 + 8 + 1 + 8 + 16 + 2

type recordEntry struct {
	stream  string
	created int64
	shard   uint32
	index   uint64
	record  storedRecord
}

func parseRecordEntry(payload []byte) (recordEntry, error) {
	if len(payload) < recordEntryHead {
		return recordEntry{}, errDamaged
	}
	b, rest := payload[1:recordEntryHead], payload[recordEntryHead:]
	nameLen, keyLen := int(payload[0]), int(binary.LittleEndian.Uint16(b[45:]))
	if len(rest) < nameLen+keyLen {
		return recordEntry{}, errDamaged
	}
	return recordEntry{
		stream:  string(rest[:nameLen]),
		created: int64(binary.LittleEndian.Uint64(b)),
		shard:   binary.LittleEndian.Uint32(b[8:]),
		index:   binary.LittleEndian.Uint64(b[12:]),
		record: storedRecord{
			flags:   b[20],
			arrival: int64(binary.LittleEndian.Uint64(b[21:])),
			hash:    shardmap.Hash{Hi: binary.LittleEndian.Uint64(b[29:]), Lo: binary.LittleEndian.Uint64(b[37:])},
			key:     rest[nameLen : nameLen+keyLen],
			data:    rest[nameLen+keyLen:],
		},
	}, nil
}

func (s *Server) replayRecord(payload []byte) error {
	e, err := parseRecordEntry(payload)
	if err != nil {
		return err
	}
	r := e.record
	// A change that was due within the record's millisecond may have come first.
	st := s.find(e.stream, time.UnixMilli(r.arrival+1))
	if st == nil {
		return errDamaged
	}
	if uint64(e.shard) >= uint64(len(st.shards)) {
		st.settleNow()
	}
	if uint64(e.shard) >= uint64(len(st.shards)) {
		return errDamaged
	}
	sh := st.shards[e.shard]
	if sh.log.first == sh.log.next && e.index > sh.log.next {
		sh.log.first, sh.log.next = e.index, e.index // those before were gone, and left out
	}
	if e.index != sh.log.next {
		return errDamaged
	}
	sh.log.append(&r)
	s.bytes.Add(r.memory())
	return nil
}
