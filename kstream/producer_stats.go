package kstream

// ProducerStats counts what a Producer has done since it was made. The values
// that are under way are those that it has taken, less the first three numbers.
type ProducerStats struct {
	Delivered      int64 // values that the stream has acknowledged
	Failed         int64 // values that are not in the stream; of SendAll, those that could not be sent too
	MaybeDelivered int64 // values that may be

	Calls            int64 // PutRecords calls that have ended
	FailedCalls      int64 // of them, those that failed as a whole
	Entries          int64 // records written: values, or aggregates of them
	ThrottledEntries int64 // records refused for the shard's rate, and tried again
	Retries          int64 // times that a value was queued again
	Bytes            int64 // of the records written, keys included
	PayloadUnits     int64 // of 25 KB, of the records written: what PUTs are billed by

	// BufferedRecords and BufferedBytes are what takes room in the buffer: the
	// values that are under way, and those that are settled but OnSettled has
	// not returned for, or that have failed and nobody has fetched. Bytes are
	// of data and keys.
	BufferedRecords int
	BufferedBytes   int

	// Shards are the shards that are open, as far as the Producer knows, in
	// the order of their hash keys, and a row for everything else if there is
	// any: their numbers add up to those above.
	Shards []ProducerShardStats
}

// ProducerShardStats counts what a Producer has written to one shard, as it
// predicted it.
type ProducerShardStats struct {
	// ShardID is "" for what belongs to no open shard: what was written before
	// the shards were listed, or to shards that were closed; and all of it if
	// they could not be listed, or the service chooses the shard.
	ShardID          string
	Entries          int64
	ThrottledEntries int64
	Bytes            int64
	BufferedRecords  int
	BufferedBytes    int
	Rate             float64 // part of the shard's limit in use, less than 1 after throttling; 0: not paced
}

// counters are the sender's own part of ProducerStats.
type counters struct {
	outcomes    [MaybeDelivered + 1]int64
	calls       int64
	failedCalls int64
	retries     int64
	entries     int64
	throttled   int64
	bytes       int64
	units       int64
}

// settle counts a parcel that has its verdict.
func (c *counters) settle(p *parcel) { c.outcomes[p.verdict.outcome]++ }

// countRefused counts a parcel that failed before it was queued.
func (s *sender) countRefused(p *parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.settle(p)
}

// countEntry counts an entry that was answered.
func (s *sender) countEntry(e *callEntry, a *answer) {
	shard := &e.queue.counts
	switch a.fate {
	case written:
		s.counts.entries++
		s.counts.bytes += int64(e.sent)
		s.counts.units += int64((e.sent + payloadUnit - 1) / payloadUnit)
		shard.Entries++
		shard.Bytes += int64(e.sent)
	case throttled:
		s.counts.throttled++
		shard.ThrottledEntries++
	}
}

func (s *sender) stats() ProducerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sortIn()
	st := s.sums()
	if s.routes == nil {
		return st
	}
	other := ProducerShardStats{
		Entries: st.Entries, ThrottledEntries: st.ThrottledEntries, Bytes: st.Bytes,
		BufferedRecords: st.BufferedRecords, BufferedBytes: st.BufferedBytes,
	}
	st.Shards = make([]ProducerShardStats, 0, len(s.routes.queues)+1)
	for _, q := range s.routes.queues {
		shard := q.counts
		shard.BufferedRecords, shard.BufferedBytes, shard.Rate = q.records, q.bytes, q.pace.share()
		if q.shard.ID == "" { // the only one, for all
			other.Rate = shard.Rate
			st.Shards = append(st.Shards, other)
			return st
		}
		other.subtract(&shard)
		st.Shards = append(st.Shards, shard)
	}
	if other != (ProducerShardStats{}) {
		st.Shards = append(st.Shards, other)
	}
	return st
}

func (s *ProducerShardStats) subtract(shard *ProducerShardStats) {
	s.Entries -= shard.Entries
	s.ThrottledEntries -= shard.ThrottledEntries
	s.Bytes -= shard.Bytes
	s.BufferedRecords -= shard.BufferedRecords
	s.BufferedBytes -= shard.BufferedBytes
}

// totals returns the statistics without those of the shards.
func (s *sender) totals() ProducerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sums()
}

// sums does so too; the lock is held.
func (s *sender) sums() ProducerStats {
	c := &s.counts
	return ProducerStats{
		Delivered:        c.outcomes[Delivered],
		Failed:           c.outcomes[Failed],
		MaybeDelivered:   c.outcomes[MaybeDelivered],
		Calls:            c.calls,
		FailedCalls:      c.failedCalls,
		Entries:          c.entries,
		ThrottledEntries: c.throttled,
		Retries:          c.retries,
		Bytes:            c.bytes,
		PayloadUnits:     c.units,
		BufferedRecords:  s.records,
		BufferedBytes:    s.bytes,
	}
}
