package kstream

import (
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// A sendQueue holds the parcels that are predicted for one shard, or all of a
// stream whose shards cannot be predicted. It is guarded by sender.mu.
type sendQueue struct {
	shard shardmap.Shard // the zero Shard: any
	pace  shardPace
	keys  []randomKey // that lead to this shard
	next  int         // of them

	fresh   parcelList // not tried yet, in the order they were accepted, unless
	jumbled bool       // set after a merge, for example
	retry   parcelList // to be tried again, by notBefore

	hurried              int  // in fresh
	records, bytes, held int  // charged, in calls and settled ones too
	waiting              int  // callers that wait for room here
	fullAt               int  // the last grant that found no room here
	crowded              bool // see sender.crowd
	gone                 bool // replaced: nothing new is charged to it
	misleads             bool // its shard is closed, and the shards are being listed
	counts               ProducerShardStats
}

// A randomKey is a partition key for a parcel that brought none.
type randomKey struct {
	text     string
	explicit string // hash key, decimal; mostly ""
	hash     shardmap.Hash
}

// push queues p behind the others, unless it is older than the first: that one
// tells when a call should leave.
func (q *sendQueue) push(p *parcel) {
	if first := q.fresh.head; first != nil && first.accepted > p.accepted {
		q.fresh.pushFront(p)
	} else {
		q.jumbled = q.jumbled || first != nil && q.fresh.tail.accepted > p.accepted
		q.fresh.pushBack(p)
	}
	if p.hurried {
		q.hurried++
	}
}

// pushRetry queues p by its notBefore. Most belong near the end.
func (q *sendQueue) pushRetry(p *parcel) {
	after := q.retry.tail
	for after != nil && after.notBefore > p.notBefore {
		after = after.prev
	}
	q.retry.insert(after, p)
}

func (q *sendQueue) remove(p *parcel) {
	if p.list == &q.fresh && p.hurried {
		q.hurried--
	}
	p.list.remove(p)
}

// first returns the parcel that leaves next, nil if none may leave yet.
func (q *sendQueue) first(now time.Duration) *parcel {
	if p := q.retry.head; p != nil && p.notBefore <= now {
		return p
	}
	return q.fresh.head
}

// behind returns how much can leave together if p, which is first, does.
func (q *sendQueue) behind(p *parcel) (records, bytes int) {
	records, bytes = q.fresh.records+q.retry.records, q.fresh.bytes+q.retry.bytes
	if p.lane != nil {
		records += p.lane.waiting.records
		bytes += p.lane.waiting.bytes
	}
	return records, bytes
}

// An outlook is what dispatch has to know of a queue before it begins a call.
type outlook struct {
	entries int           // that could leave now
	bytes   int           // of those
	urgent  bool          // some should
	at      time.Duration // else: when to look again
}

// look estimates what could leave q now. It does not walk through the queue:
// sizes are taken for average.
func (s *sender) look(q *sendQueue, now time.Duration) outlook {
	p := q.first(now)
	if p == nil || q.misleads {
		if q.retry.head == nil || q.misleads {
			return outlook{at: farAway}
		}
		return outlook{at: q.retry.head.notBefore}
	}
	records, bytes := q.fresh.records+q.retry.records, q.fresh.bytes+q.retry.bytes
	aggregates := s.aggregateBytes > 0 && s.routes.aggregates()
	if aggregates {
		records, bytes = q.behind(p)
	}
	bytes = s.packing.estimate(bytes)
	average := max(1, bytes/records)
	entries := records
	if aggregates {
		entries = bytes/s.aggregateBytes + 1
		average = max(1, bytes/entries)
	}
	var o outlook
	leastEntries, leastBytes := q.pace.quantum()
	leastEntries = min(entries, leastEntries)
	leastBytes = min(bytes, max(leastBytes, s.packing.estimate(p.size), s.aggregateBytes))
	if wait := q.pace.wait(now, leastEntries, leastBytes); wait > 0 {
		o.at = now + wait
	} else {
		records, tokens := q.pace.level(now)
		o.entries = min(entries, records, 1+tokens/average)
		o.bytes = o.entries * average
		due := p.accepted + s.linger
		if aggregates && bytes >= s.aggregateBytes { // the aggregate is full: only the call is not
			due = p.accepted + min(s.linger, defaultLinger)
		}
		o.urgent = q.hurried > 0 || p.list == &q.retry || p.epoch != s.epoch || due <= now
		o.at = due
	}
	if p := q.retry.head; p != nil && p.notBefore > now {
		o.at = min(o.at, p.notBefore)
	}
	return o
}
