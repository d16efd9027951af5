package kstreamtest

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// A Record is a record as a stream holds it.
type Record struct {
	// Shard and SequenceNumber say where the record is. Put sets them.
	Shard          string
	SequenceNumber string
	// Arrived is the service's ApproximateArrivalTimestamp. Put sets it.
	Arrived time.Time

	PartitionKey    string // empty only in a stream with AUTO record distribution
	ExplicitHashKey string // decimal; empty when the record was put without one
	Data            []byte
}

// ValidName reports whether a stream can have the name: 1 to 128 of the
// characters a-z, A-Z, 0-9, '_', '.' and '-'.
func ValidName(name string) bool {
	return len(name) <= 128 && namePattern.regex.MatchString(name)
}

// HasStream reports whether there is a stream of the name, in any state.
func (s *Server) HasStream(name string) bool { return s.find(name, time.Now()) != nil }

// CreateStream creates a provisioned stream that is ACTIVE at once. It panics
// when the name is in use or not a stream's, or shards is not in
// 1..Limits.Shards.
func (s *Server) CreateStream(name string, shards int) {
	if !ValidName(name) || shards < 1 || shards > s.opts.Limits.Shards {
		panic(fmt.Sprintf("kstreamtest: create stream %q with %d shards: not possible", name, shards))
	}
	if s.journal == nil {
		s.mustAddStream(name, shards, time.Now())
		return
	}
	body, err := json.Marshal(newStreamNow{name, shards})
	if err == nil {
		s.journalCreate(name, shards, body)
		err = s.journal.commit()
	}
	if err != nil {
		panic("kstreamtest: create stream: " + err.Error())
	}
}

// journalCreate adds a stream and writes it down.
func (s *Server) journalCreate(name string, shards int, body []byte) {
	s.journal.order.Lock()
	defer s.journal.order.Unlock()
	now := time.Now()
	s.mustAddStream(name, shards, now)
	s.journalRequest(createNow, now, document.JSON, body)
}

func (s *Server) mustAddStream(name string, shards int, now time.Time) {
	if s.find(name, now) != nil {
		panic(fmt.Sprintf("kstreamtest: create stream %q: it exists", name))
	}
	s.addStream(name, shards, now)
}

// addStream adds a stream that is ACTIVE.
func (s *Server) addStream(name string, shards int, now time.Time) {
	st := s.blankStream(name)
	st.created = s.creationTime(now)
	st.mu.Lock()
	s.addShards(st, now, shardmap.Even(shards))
	st.status = active
	st.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[name] = st
}

// Put appends records to a stream, whatever its limits, and returns them as
// they are stored. Of a Record it takes the key, the hash key and the data. It
// panics when there is no such stream, it is not one to write to yet or any
// more, or a record is not one the service takes.
func (s *Server) Put(stream string, records ...Record) []Record {
	if s.journal == nil {
		return s.put(stream, records)
	}
	s.journal.order.RLock()
	stored := s.put(stream, records)
	s.journal.order.RUnlock()
	if err := s.journal.commit(); err != nil {
		panic("kstreamtest: put: " + err.Error())
	}
	return stored
}

func (s *Server) put(stream string, records []Record) []Record {
	now := time.Now()
	st := s.mustFind(stream, now)
	st.mu.RLock()
	defer st.mu.RUnlock()
	if err := st.readable(); err != nil {
		panic(fmt.Sprintf("kstreamtest: put: the stream %s is %s", stream, st.status))
	}
	stored := make([]Record, len(records))
	for i, r := range records {
		e, err := st.entryOf(r)
		if err != nil {
			panic("kstreamtest: put: " + err.Error())
		}
		sh := st.shardOf(&e)
		seq, _ := st.store(sh, &e, now, false)
		s.bytes.Add(e.memory())
		r.Shard, r.SequenceNumber, r.Arrived = sh.id, seq.String(), time.UnixMilli(now.UnixMilli())
		stored[i] = r
	}
	return stored
}

// entryOf checks a record as the service does. The stream's lock is held.
func (st *stream) entryOf(r Record) (entry, error) {
	e := entry{data: r.Data, key: []byte(r.PartitionKey), hasKey: r.PartitionKey != ""}
	keyLen := utf8.RuneCountInString(r.PartitionKey)
	if keyLen > maxKeyLength || !e.hasKey && st.distribution != autoDistribution || len(e.data)+len(e.key) > st.maxRecordBytes() {
		return e, fmt.Errorf("a record with a partition key of %d characters and %d bytes of data", keyLen, len(r.Data))
	}
	if r.ExplicitHashKey == "" {
		return e, nil
	}
	err := e.setHash(r.ExplicitHashKey)
	return e, err
}

// Records returns what is in a stream: all its shards, closed ones too, in the
// order of their numbers, and each shard's records in the order of their
// sequence numbers. It panics when there is no such stream.
func (s *Server) Records(stream string) []Record {
	now := time.Now()
	st := s.mustFind(stream, now)
	st.mu.RLock()
	defer st.mu.RUnlock()
	var all []Record
	for _, sh := range st.shards {
		s.trim(st, sh, now)
		all = append(all, sh.records()...)
	}
	return all
}

func (s *Server) mustFind(name string, now time.Time) *stream {
	st := s.find(name, now)
	if st == nil {
		panic(fmt.Sprintf("kstreamtest: no stream %q", name))
	}
	return st
}

func (sh *shard) records() []Record {
	sh.mu.Lock()
	p := sh.log.page(0, math.MaxInt, math.MaxInt)
	sh.mu.Unlock()
	records := make([]Record, 0, p.count)
	for index, r := range p.all() {
		record := Record{
			Shard: sh.id, SequenceNumber: sh.sequence(index, r.arrival).String(), Arrived: time.UnixMilli(r.arrival),
			PartitionKey: string(r.key), Data: append([]byte(nil), r.data...),
		}
		if r.flags&flagHash != 0 {
			record.ExplicitHashKey = r.hash.String()
		}
		records = append(records, record)
	}
	return records
}
