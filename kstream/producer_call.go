package kstream

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/kinesiskit/kinesiskit/internal/ratelimit"
	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// A call is one PutRecords call. Its entries are parcels, or aggregates of
// them. dispatch fills it, then a worker has it alone.
type call struct {
	parcels []*parcel
	entries []callEntry
	bytes   int // of data and keys, as counted against the limit of a call
	full    bool
	rank    int // how many workers had a call when it began

	records []types.PutRecordsRequestEntry
	answers []answer // one for each entry
	done    []*parcel
	again   []*parcel
	packer  packer
	memory  wire.PutCall
	sent    time.Duration
}

// A callEntry is one record of the call.
type callEntry struct {
	queue   *sendQueue
	parcels []*parcel // part of call.parcels
	first   int
	raw     int  // of an aggregate, before it is compressed
	size    int  // charged to the queue's pace
	sent    int  // what it turned out to be
	hurried bool // somebody waits for one of its parcels
	astray  bool // an aggregate in a shard that is not known yet: see relist
}

// An answer is what became of an entry.
type answer struct {
	fate  fate
	shard string
	seq   string // if somebody will be told
	err   error
}

func (s *sender) newCall() *call {
	if n := len(s.spare); n > 0 {
		c := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return c
	}
	return new(call)
}

// recycleCall keeps c for another call, unless it has grown too large for
// that; the sender's lock is held.
func (s *sender) recycleCall(c *call) {
	if c.bytes > 2*fullCallBytes {
		return
	}
	clear(c.parcels)
	clear(c.entries)
	clear(c.records)
	clear(c.answers)
	c.parcels, c.entries, c.records, c.answers = c.parcels[:0], c.entries[:0], c.records[:0], c.answers[:0]
	c.bytes, c.full = 0, false
	s.spare = append(s.spare, c)
}

// fits reports whether an entry of a size has room in c.
func (c *call) fits(size int) bool {
	return len(c.entries) < maxCallRecords && c.bytes+size <= maxCallBytes
}

// begin begins an entry, add puts a parcel into it.
func (c *call) begin(q *sendQueue, size int) {
	c.entries = append(c.entries, callEntry{queue: q, first: len(c.parcels), size: size})
	c.bytes += size
	c.grown()
}

// grown notes whether c has become full.
func (c *call) grown() {
	c.full = c.full || len(c.entries) == maxCallRecords || c.bytes >= fullCallBytes
}

func (c *call) add(p *parcel) {
	c.parcels = append(c.parcels, p)
	if p.hurried {
		c.entries[len(c.entries)-1].hurried = true
	}
}

// run makes the call and deals with its answer.
func (s *sender) run(c *call) {
	for i := range c.entries {
		end := len(c.parcels)
		if i+1 < len(c.entries) {
			end = c.entries[i+1].first
		}
		c.entries[i].parcels = c.parcels[c.entries[i].first:end]
	}
	s.pack(c)
	c.answers = append(c.answers[:0], make([]answer, len(c.entries))...)
	c.sent = s.now()
	err := s.put(c, 0, len(c.entries))
	s.finish(c, err, s.relist(c))
}

// put writes the entries from..to and fills in their answers. The error is
// that of a call of which nothing was written.
//
// One entry that the service does not accept fails the whole call, so such a
// call is halved until the guilty entry is alone; but first, if it has entries
// without keys, it is repeated with them, because the stream may need some by now.
func (s *sender) put(c *call, from, to int) error {
	out, err := s.putRecords(c, c.records[from:to])
	if err == nil && len(out.Records) != to-from {
		err = fmt.Errorf("%d entries were answered by %d", to-from, len(out.Records))
	}
	if err == nil {
		for i := range out.Records {
			c.answers[from+i] = s.entryAnswer(&out.Records[i], &c.entries[from+i])
		}
		return nil
	}
	fate := callFate(err)
	if fate == invalid && s.addKeys(c, from, to) {
		return s.put(c, from, to)
	}
	if fate == invalid && to-from > 1 {
		middle := (from + to) / 2
		left, right := s.put(c, from, middle), s.put(c, middle, to)
		if right == nil {
			return nil // the service takes the others: no reason to pause
		}
		return left
	}
	if fate == refused || fate == credentials {
		err = fmt.Errorf("%w: %w", errCallRefused, err)
	}
	err = streamError("put records into", s.stream, err)
	for i := range c.answers[from:to] {
		c.answers[from+i] = answer{fate: fate, err: err}
	}
	return err
}

func (s *sender) putRecords(c *call, records []types.PutRecordsRequestEntry) (*kinesis.PutRecordsOutput, error) {
	ctx, cancel := context.WithTimeoutCause(s.ctx, s.callTimeout, errCallTimeout)
	defer cancel()
	in := &kinesis.PutRecordsInput{StreamName: s.ref.name, StreamARN: s.ref.arn, Records: records}
	c.memory.Lend = !s.receipts
	speak := c.memory.PutRecords
	if s.cbor {
		speak = c.memory.PutRecordsCBOR
	}
	sent := false
	out, err := s.client.PutRecords(ctx, in, speak, noRetries, noteSent(&sent))
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	if err != nil && !sent {
		err = &unsentError{err}
	}
	return out, err
}

// noteSent is a per-call option that sets sent when the request, which is signed
// by then, goes to the HTTP client.
func noteSent(sent *bool) func(*kinesis.Options) {
	note := middleware.DeserializeMiddlewareFunc("kinesiskit.NoteSent", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		*sent = true
		return next.HandleDeserialize(ctx, in)
	})
	return func(o *kinesis.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Deserialize.Add(note, middleware.Before)
		})
	}
}

// finish settles what the call settled and queues the rest again. What went
// astray has to wait for a listing; nil if nothing did.
func (s *sender) finish(c *call, callErr error, l *shardListing) {
	now := s.now()
	s.mu.Lock()
	s.inflight--
	s.judgeCall(now, callErr)
	if l != nil {
		s.listening++
	}
	s.judge(c, now, false)
	c.teachPaces(now)
	s.settle(c, now)
	if l != nil {
		<-l.done
		now = s.now()
		s.mu.Lock()
		s.listening--
		s.judge(c, now, true)
		s.settle(c, now)
	}
	s.mu.Lock()
	s.recycleCall(c)
	s.mu.Unlock()
}

// judge decides about the entries that went astray, or about the others.
func (s *sender) judge(c *call, now time.Duration, astray bool) {
	for i := range c.entries {
		if e := &c.entries[i]; e.astray == astray {
			s.judgeEntry(c, e, &c.answers[i], now)
		}
	}
}

// settle carries out what judge has decided since the last time, and unlocks the
// sender.
func (s *sender) settle(c *call, now time.Duration) {
	s.retry(c.again, now)
	s.mu.Unlock()
	s.nudge()
	s.conclude(c.done)
	c.done, c.again = c.done[:0], c.again[:0]
}

// judgeEntry decides about the parcels of one entry.
func (s *sender) judgeEntry(c *call, e *callEntry, a *answer, now time.Duration) {
	s.countEntry(e, a)
	s.packing.learn(e.raw, e.sent)
	e.queue.pace.correct(now, e.sent-e.size)
	switch a.fate {
	case written:
		if a.shard != e.queue.shard.ID && !s.written(e, a.shard) {
			// Some readers drop an aggregate with members of other shards.
			for _, p := range e.parcels {
				p.unsure = true // others do not
			}
			s.again(c, e, now, nil)
			return
		}
		for i, p := range e.parcels {
			p.verdict.outcome = Delivered
			p.verdict.receipt = Receipt{a.shard, a.seq, int64(i), p.attempts, now - p.accepted}
			s.end(c, p)
		}
		return
	case lost:
		for _, p := range e.parcels {
			p.unsure = true
		}
	}
	s.again(c, e, now, a)
}

// teachPaces tells each queue's pace what was accepted, what throttled, and
// what of the latter before an entry was accepted that is not smaller. The
// entries of a queue are next to each other.
func (c *call) teachPaces(now time.Duration) {
	var accepted, refused, overtaken ratelimit.Limits
	largest := 0 // of those in refused that are not in overtaken
	for i := range c.entries {
		e := &c.entries[i]
		switch c.answers[i].fate {
		case written:
			accepted.Records++
			accepted.Bytes += int64(e.sent)
			if e.sent >= largest {
				overtaken, largest = refused, 0
			}
		case throttled:
			refused.Records++
			refused.Bytes += int64(e.sent)
			largest = max(largest, e.sent)
		}
		if i+1 == len(c.entries) || c.entries[i+1].queue != e.queue {
			e.queue.pace.answer(now, c.sent, accepted, refused, overtaken)
			accepted, refused, overtaken, largest = ratelimit.Limits{}, ratelimit.Limits{}, ratelimit.Limits{}, 0
		}
	}
}
