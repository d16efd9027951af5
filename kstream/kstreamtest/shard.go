package kstreamtest

import (
	"fmt"
	"sync"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/ratelimit"
	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// A shard is one shard of a stream. What it was created with and, once it is
// closed, how it ended are guarded by the stream's lock.
type shard struct {
	id      string
	index   uint32
	hashes  shardmap.Range
	parents []*shard // none, one after a split, two after a merge
	created time.Time
	// createdSeconds is in the shard's sequence numbers. It is later than that of
	// the parents even when all was done within a second, so that a child's numbers
	// come after those of its parents.
	createdSeconds int64
	stream         string // its name
	streamCreated  int64  // milliseconds since 1970
	counters       *shardCounters
	journal        *journal // nil without Options.Dir

	closed   time.Time // zero while it is open
	children []*shard

	mu      sync.Mutex // guards everything below
	log     recordLog
	limits  shardLimits
	changed chan struct{} // closed and replaced at each write and at the close; nil while nobody waits
}

// shardLimits are the token buckets of a shard. A nil bucket does not limit.
type shardLimits struct {
	writeRecords, writeBytes            *ratelimit.Bucket
	readCalls, readBytes, iteratorCalls *ratelimit.Bucket
}

func newShardLimits(l Limits) shardLimits {
	return shardLimits{
		writeRecords:  newBucket(l.WriteRecords),
		writeBytes:    newBucket(l.WriteBytes),
		readCalls:     newBucket(l.ReadCalls),
		readBytes:     newBucket(l.ReadBytes),
		iteratorCalls: newBucket(l.IteratorCalls),
	}
}

// newBucket returns a bucket that holds one second and starts full.
func newBucket(rate int) *ratelimit.Bucket {
	if rate < 0 {
		return nil
	}
	b := ratelimit.NewBucket(int64(rate), int64(rate))
	return &b
}

func take(b *ratelimit.Bucket, now time.Time, n int) bool {
	return b == nil || b.Take(now, int64(n))
}

func shardID(index uint32) string { return fmt.Sprintf("shardId-%012d", index) }

func newShard(index uint32, hashes shardmap.Range, now time.Time, parents ...*shard) *shard {
	sh := &shard{
		id: shardID(index), index: index, hashes: hashes, parents: parents,
		created: now, createdSeconds: now.Unix(),
	}
	for _, p := range parents {
		sh.createdSeconds = max(sh.createdSeconds, p.createdSeconds+1)
		p.children = append(p.children, sh)
	}
	return sh
}

// sequence returns the sequence number of the record with the index, or of the
// shard's start (-1).
func (sh *shard) sequence(index uint64, arrival int64) sequence {
	return sequence{created: sh.createdSeconds, shard: sh.index, index: index + 1, seconds: arrival / 1000}
}

func (sh *shard) start() sequence {
	return sequence{created: sh.createdSeconds, shard: sh.index, seconds: sh.createdSeconds}
}

// end is the ending sequence number of a closed shard.
func (sh *shard) end() sequence {
	return sequence{created: sh.createdSeconds, shard: sh.index, index: lastIndex, seconds: sh.closed.Unix()}
}

func (sh *shard) isOpen() bool { return sh.closed.IsZero() }

// expired reports whether everything in a closed shard is older than the
// retention, so that the service no longer lists it.
func (sh *shard) expired(horizon time.Time) bool {
	return !sh.isOpen() && sh.closed.Before(horizon)
}

// put appends a record, if the shard's limits allow it or do not count. The
// caller holds the stream's lock, so that the shard stays open.
func (sh *shard) put(now time.Time, r *storedRecord, limited bool) (sequence, bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if limited && !sh.limits.takeWrite(now, r.size()) {
		return sequence{}, false
	}
	index := sh.log.append(r)
	if sh.journal != nil {
		sh.journal.record(sh, index, r)
	}
	sh.wake()
	return sh.sequence(index, sh.log.last), true
}

// takeWrite takes one record of the size from both buckets or from neither.
func (l *shardLimits) takeWrite(now time.Time, size int) bool {
	if !take(l.writeRecords, now, 1) {
		return false
	}
	if take(l.writeBytes, now, size) {
		return true
	}
	if l.writeRecords != nil {
		l.writeRecords.Return(now, 1)
	}
	return false
}

// wake tells those that wait for a change. The shard's lock is held.
func (sh *shard) wake() {
	if sh.changed != nil {
		close(sh.changed)
		sh.changed = nil
	}
}

// takeRead takes a GetRecords call, and reports whether bytes are left too.
func (l *shardLimits) takeRead(now time.Time) bool {
	if l.readBytes != nil && l.readBytes.Level(now) < 0 {
		return false
	}
	return take(l.readCalls, now, 1)
}

// chargeRead takes the bytes of an answer. An answer larger than what is left
// blocks the shard for its size / rate seconds: "if a call returns 10 MB,
// subsequent calls made within the next 5 seconds throw" (GetRecords, API
// reference), so what was left is forfeited.
func (l *shardLimits) chargeRead(now time.Time, bytes int) {
	if l.readBytes == nil {
		return
	}
	level := l.readBytes.Level(now)
	if int64(bytes) > level {
		l.readBytes.Charge(now, max(level, 0))
	}
	l.readBytes.Charge(now, int64(bytes))
}
