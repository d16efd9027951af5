package kstream

// A delivery hands the records of pages to the body of one loop.
type delivery[T any] struct {
	run   *run
	codec Codec[T]
	yield func(Record[T], error) bool

	// tickets: records are marked by their Done, not when the body finishes.
	tickets bool

	unpack unpacker
}

// An outcome says how the delivery of something ended.
type outcome uint8

const (
	goOn      outcome = iota // the body finished
	leftLoop                 // by break or return: what it was given counts as unread
	enough                   // the Until's count is reached
	cancelled                // the run has ended, with the reason as its cause
)

func (c *Consumer[T]) delivery(run *run, yield func(Record[T], error) bool) *delivery[T] {
	return &delivery[T]{run: run, codec: c.codec, yield: yield, tickets: c.cfg.manualDone, unpack: unpacker{decompressor: run.decompressor}}
}

// page delivers a page's records.
func (d *delivery[T]) page(p *page) outcome {
	if p.gap != nil {
		p.shard.meter.gaps.Add(1)
		if !d.yield(Record[T]{}, p.gap) {
			return leftLoop
		}
	}
	readBefore := p.readBefore
	for from, n := 0, p.records.Len(); from < n; from += lookahead {
		for i, aggregated := range d.unpack.look(&p.records, from, min(from+lookahead, n)) {
			if out := d.record(p, from+i, aggregated, readBefore); out != goOn {
				return out
			}
			readBefore = -1
		}
	}
	return goOn
}

// record delivers the record with the index i, or its members after readBefore.
func (d *delivery[T]) record(p *page, i int, aggregated bool, readBefore int64) outcome {
	rec := Record[T]{
		Data:           p.records.Data(i),
		PartitionKey:   p.records.PartitionKey(i),
		ShardID:        p.shard.ID,
		SequenceNumber: p.records.SequenceNumber(i),
		Arrival:        p.records.Arrival(i),
		Lag:            p.lag,
	}
	aggregated, err := d.unpack.open(rec.Data, aggregated)
	switch {
	case aggregated && err == nil:
		return d.aggregate(p, &rec, readBefore)
	case readBefore >= 0:
		return goOn
	}
	return d.one(p, &rec, err)
}

// aggregate delivers the members of an aggregated record. Those that are not
// the shard's are left out: the stream was resharded between the moment at
// which the producer put them together and the one at which the service took
// them, and the producer sends them again.
func (d *delivery[T]) aggregate(p *page, rec *Record[T], readBefore int64) outcome {
	for sub, m := range d.unpack.members.All() {
		if int64(sub) <= readBefore {
			continue
		}
		if !p.shard.holds(m) {
			p.shard.meter.outOfRange.Add(1)
			continue
		}
		rec.SubSequence = int64(sub)
		rec.Data, rec.PartitionKey, rec.ExplicitHashKey = m.Data, m.PartitionKey, m.ExplicitHashKey
		if out := d.one(p, rec, nil); out != goOn {
			return out
		}
	}
	return goOn
}

// one gives the body one record, or the error that says why not.
func (d *delivery[T]) one(p *page, rec *Record[T], err error) outcome {
	select {
	case <-d.run.work.Done():
		return cancelled
	default:
	}
	if !d.run.rule.take() {
		return enough
	}
	if err == nil {
		rec.Value, err = d.codec.Decode(rec.Data)
	}
	var out outcome
	if err != nil {
		out = d.poison(p, rec, err)
	} else {
		out = d.body(p, rec)
	}
	if out == goOn && d.run.rule.last() {
		return enough
	}
	return out
}

// body runs the loop's body with a record, and marks it.
func (d *delivery[T]) body(p *page, rec *Record[T]) outcome {
	saved := p.shard.saved
	if saved != nil && d.tickets {
		if !d.hand(saved, rec) {
			return cancelled
		}
		saved = nil
	}
	if !d.yield(*rec, nil) {
		return leftLoop
	}
	return d.mark(saved, rec)
}

// mark takes note that a record is done, and saves when that is due.
func (d *delivery[T]) mark(saved *savedShard, rec *Record[T]) outcome {
	if saved == nil {
		return goOn
	}
	since := saved.mark(rec.SequenceNumber, rec.SubSequence)
	if err := d.run.saver.marked(d.run.work, saved, since); err != nil {
		d.run.abort(err)
		return cancelled
	}
	return goOn
}

// hand gives rec a ticket, unless too many are out.
func (d *delivery[T]) hand(saved *savedShard, rec *Record[T]) bool {
	if saved.undone.Load() >= int64(d.run.cfg.prefetchRecords) {
		d.run.abort(d.run.errorf(rec.ShardID, "read", ErrUndone))
		return false
	}
	rec.done, rec.ticket = saved, saved.hand(rec.SequenceNumber, rec.SubSequence)
	return true
}

// poison deals with a record that cannot be decoded.
func (d *delivery[T]) poison(p *page, rec *Record[T], err error) outcome {
	p.shard.meter.poison.Add(1)
	poison := &DecodeError{
		Stream: d.run.cfg.stream, ShardID: rec.ShardID,
		SequenceNumber: rec.SequenceNumber, SubSequence: rec.SubSequence,
		PartitionKey: rec.PartitionKey, Data: rec.Data, Err: err,
	}
	saved := p.shard.saved
	if saved != nil && d.tickets { // so that it keeps its place among the others
		if !d.hand(saved, rec) {
			return cancelled
		}
		saved = nil
		defer func() { rec.done = nil }()
	}
	if handle := d.run.cfg.onDecodeError; handle != nil {
		if err := handle(poison); err != nil {
			d.run.abort(err)
			return cancelled
		}
	} else if !d.yield(Record[T]{}, poison) {
		return leftLoop
	}
	rec.Done()
	return d.mark(saved, rec)
}
