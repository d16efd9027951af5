package kstreamtest

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// maxPutBytes bounds the data and partition keys of one PutRecords request
// (PutRecords, API reference).
const maxPutBytes = 10 << 20

// putRecords implements PutRecords.
func (s *Server) putRecords(c *call) error {
	entries, badEntry := c.entries, error(nil)
	if entries == nil {
		entries, badEntry = newEntries(c.in)
	}
	keyless := len(entries)
	total, memory := 0, int64(0)
	for i := range entries {
		total += len(entries[i].data) + len(entries[i].key)
		memory += entries[i].memory()
		if !entries[i].hasKey {
			keyless = min(keyless, i)
		}
	}
	st, err := s.streamForPut(c, keyless == len(entries), entryPath(keyless, "partitionKey"))
	if err != nil {
		return err
	}
	if badEntry != nil {
		return badEntry
	}
	if total > maxPutBytes {
		return errorf(invalidArgument, "Records size exceeds %d MB limit", maxPutBytes>>20)
	}
	if err := s.reserve(memory, c.now); err != nil {
		return err
	}
	stored, err := s.putEntries(c, st, entries)
	s.release(memory - stored)
	return err
}

func entryPath(i int, name string) string { return fmt.Sprintf("records.%d.member.%s", i+1, name) }

// newEntries reads the records of a request. The error is what is wrong with the
// first that is not well-formed.
func newEntries(in params) (entries []entry, bad error) {
	for _, record := range in.list("Records") {
		members, _ := record.(params)
		e, err := newEntry(members)
		entries = append(entries, e)
		if bad == nil {
			bad = err
		}
	}
	return entries, bad
}

// putEntries writes each entry, for which there is room, or fails it on its own,
// and answers. It returns the memory that the written ones take.
func (s *Server) putEntries(c *call, st *stream, entries []entry) (stored int64, err error) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	if err := st.checkPut(c, entries); err != nil {
		return 0, err
	}
	w := c.out
	w.Object()
	w.Key("Records")
	w.Array()
	failed := 0
	digits := make([]byte, 0, sequenceDigits)
	for i := range entries {
		sh := st.shardOf(&entries[i])
		seq, refused := s.append(c, st, sh, &entries[i])
		w.Object()
		if refused == nil {
			stored += entries[i].memory()
			w.Key("SequenceNumber")
			w.Plain(seq.appendTo(digits[:0]))
			w.Key("ShardId")
			w.String(sh.id)
		} else {
			failed++
			w.Key("ErrorCode")
			w.String(refused.code)
			w.Key("ErrorMessage")
			w.String(refused.message)
		}
		w.End()
	}
	w.End()
	w.Key("FailedRecordCount")
	w.Int(int64(failed))
	st.writeEncryption(w)
	w.End()
	return stored, nil
}

// keyHash is the hash key of a partition key.
func keyHash(key []byte) shardmap.Hash {
	sum := md5.Sum(key)
	return shardmap.Hash{Hi: binary.BigEndian.Uint64(sum[:8]), Lo: binary.BigEndian.Uint64(sum[8:])}
}
