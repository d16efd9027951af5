package kstream

import (
	"fmt"
	"math/rand/v2"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

const (
	// keysPerShard is how many random keys a queue uses in turn.
	keysPerShard = 4

	// keysPerStream is how many there are when nobody knows their shards.
	keysPerStream = 1024

	// randomKeyLength is the length of a random key, in hexadecimal digits.
	randomKeyLength = 12

	// earlyShards is for how many shards early parcels are paced. An Adaptive
	// begins with a quarter of a second's worth: half of one shard's bucket.
	earlyShards = 2
)

// routes are the queues that parcels go to. They are replaced, under
// sender.mu, when the stream was resharded.
type routes struct {
	shards *shardmap.Map // nil if parcels cannot be predicted
	queues []*sendQueue  // by index in shards; else one
	many   bool          // the keys of parcels tell which of several shards they go to
	anyKey bool          // all keys lead to one queue: nobody has to know their hash keys
	early  bool          // the shards are still being listed: see earlyRoutes
	auto   bool          // the service chooses the shards and ignores keys

	keyless bool // it does so although it does not say so

	maxRecord    int // bytes
	maxCalls     int
	shareRecords int
	shareBytes   int

	turn     int // the queue that parcels without a key go to
	turnLeft int // bytes until the next one's turn
}

// aggregates tells whether parcels are packed: those of an aggregate must all
// belong to the shard where it goes.
func (r *routes) aggregates() bool { return r.shards != nil || r.auto }

// An earlyEntry was sent before the shards were known.
type earlyEntry struct {
	hash shardmap.Hash
	size int
}

// earlyRoutes lets parcels leave while the shards are being listed, so that a
// program that writes a little waits for one round trip, not two. It is less
// than one shard takes at once, so that no shard can find it too much.
func (s *sender) earlyRoutes() *routes {
	r := &routes{early: true, maxRecord: minRecordLimit, maxCalls: or(s.maxCalls, defaultCalls)}
	r.single(s, nil, 1)
	r.queues[0].pace = newShardPace(s.born, s.now(), earlyShards, s.rate, 1)
	r.shareRecords, r.shareBytes = s.maxRecords, s.maxBytes
	return r
}

type shardListing struct {
	done chan struct{}
	err  error // set before done is closed
}

// install makes queues for the shards, keeping those of shards that are still
// there, and moves the parcels of the others. It reports whether any changed.
func (s *sender) install(info StreamInfo, shards *shardmap.Map) bool {
	old := s.routes
	if info.AutoDistribution {
		shards = nil
	}
	r := &routes{shards: shards, auto: info.AutoDistribution, maxRecord: info.MaxRecordBytes}
	var changed bool
	if shards == nil {
		changed = r.single(s, old, info.OpenShards)
	} else {
		changed = r.perShard(s, old)
	}
	n := len(r.queues)
	r.many = s.keyed && shards != nil && n > 1
	r.anyKey = shards == nil || n == 1 && shards.Check() == nil
	r.maxCalls = or(s.maxCalls, min(max(defaultCalls, info.OpenShards/4), 100))
	r.shareRecords = max(s.maxRecords/n, min(minShareRecords, s.maxRecords))
	r.shareBytes = max(s.maxBytes/n, min(minShareBytes, s.maxBytes))
	r.keyless = !changed && (old != nil && old.keyless || s.lister.doubt)
	s.routes = r
	s.cursor = 0
	if old != nil && changed {
		s.move(old)
	}
	s.crowded = 0
	for _, q := range r.queues {
		q.crowded = false
		s.crowd(q)
	}
	s.hint()
	now := s.now()
	for _, e := range s.lister.early {
		s.queueOf(e.hash).pace.charge(now, e.size)
	}
	return changed
}

// single makes the one queue of a stream that cannot be predicted.
func (r *routes) single(s *sender, old *routes, openShards int) bool {
	if old != nil && old.shards == nil && !old.early {
		r.queues = old.queues
		return false
	}
	q := &sendQueue{pace: newShardPace(s.born, s.now(), float64(max(1, openShards)), s.rate, wholeCeiling)}
	for !s.keyed && len(q.keys) < keysPerStream {
		q.keys = append(q.keys, drawKey())
	}
	r.queues = []*sendQueue{q}
	return true
}

// perShard makes a queue for each shard.
func (r *routes) perShard(s *sender, old *routes) bool {
	known := make(map[string]*sendQueue)
	if old != nil {
		for _, q := range old.queues {
			known[q.shard.ID] = q
		}
	}
	changed := false
	for i := range r.shards.Len() {
		shard := r.shards.Shard(i)
		q := known[shard.ID]
		if q == nil || q.shard != shard { // names are used again when a stream is
			changed = true
			q = &sendQueue{shard: shard, pace: newShardPace(s.born, s.now(), 1, s.rate, 1)}
			q.counts.ShardID = shard.ID
			if old != nil && old.shards != nil {
				if at, ok := old.shards.Find(shard.Start); ok {
					q.pace.inherit(s.now(), &old.queues[at].pace)
				}
			}
		}
		r.queues = append(r.queues, q)
	}
	if changed && !s.keyed {
		r.drawKeys()
	}
	return changed || old == nil || len(old.queues) != len(r.queues)
}

// drawKeys finds random keys for each queue. A shard so narrow that chance
// does not meet it gets a key with an explicit hash key.
func (r *routes) drawKeys() {
	missing := 0
	for _, q := range r.queues {
		missing += max(0, keysPerShard-len(q.keys))
	}
	for range 64 * len(r.queues) {
		if missing == 0 {
			return
		}
		key := drawKey()
		at, ok := r.shards.Find(key.hash)
		if q := r.queues[at]; ok && len(q.keys) < keysPerShard {
			q.keys = append(q.keys, key)
			missing--
		}
	}
	for _, q := range r.queues {
		if len(q.keys) == 0 {
			key := drawKey()
			key.hash = q.shard.Start
			key.explicit = key.hash.String()
			q.keys = append(q.keys, key)
		}
	}
}

func drawKey() randomKey {
	text := fmt.Sprintf("%0*x", randomKeyLength, rand.Uint64N(1<<(4*randomKeyLength)))
	return randomKey{text: text, hash: shardmap.OfKey(text)}
}

// move puts the parcels of queues that are gone into those that replace them.
func (s *sender) move(old *routes) {
	current := make(map[*sendQueue]bool)
	for _, q := range s.routes.queues {
		current[q] = true
	}
	for _, q := range old.queues {
		if current[q] {
			continue
		}
		q.gone = true
		for p := q.retry.head; p != nil; p = q.retry.head {
			q.remove(p)
			s.reroute(p)
			p.queue.pushRetry(p)
		}
		for p := q.fresh.head; p != nil; p = q.fresh.head {
			q.remove(p)
			s.reroute(p)
			p.queue.push(p)
		}
	}
	for _, l := range s.lanes {
		for p := l.waiting.head; p != nil; p = p.next {
			s.rehome(p)
		}
	}
	for p := s.waiting.head; p != nil; p = p.next {
		p.queue.waiting--
		s.route(p)
		p.queue.waiting++
	}
}

// queueOf returns the queue of the shard that holds a hash key.
func (s *sender) queueOf(h shardmap.Hash) *sendQueue {
	r := s.routes
	if r.shards == nil {
		return r.queues[0]
	}
	at, ok := r.shards.Find(h)
	if !ok { // seen in the middle of a reshard
		s.startListing()
	}
	return r.queues[at]
}

// queueFor returns the queue that a parcel belongs to.
func (s *sender) queueFor(p *parcel) *sendQueue {
	if s.routes.anyKey {
		return s.routes.queues[0]
	}
	if !p.isPlaced {
		p.place(shardmap.OfKey(p.key))
	}
	return s.queueOf(p.placed)
}

// rehome charges a parcel to the queue of its shard.
func (s *sender) rehome(p *parcel) { s.recharge(p, s.queueFor(p)) }

// reroute does so too, and gives a parcel that brought no key a new one, lest
// all that came before the shards were known end up in a few of them.
func (s *sender) reroute(p *parcel) {
	from := p.queue
	s.route(p)
	to := p.queue
	p.queue = from
	s.recharge(p, to)
}

func (s *sender) recharge(p *parcel, to *sendQueue) {
	s.uncharge(p)
	p.queue = to
	s.charge(p)
}

// charge charges p to its queue's share of the buffer.
func (s *sender) charge(p *parcel) {
	p.queue.records++
	p.queue.bytes += p.size
	s.crowd(p.queue)
}

func (s *sender) uncharge(p *parcel) {
	p.queue.records--
	p.queue.bytes -= p.size
	s.crowd(p.queue)
}

// route finds the queue for a new parcel, and a key if it brought none.
func (s *sender) route(p *parcel) {
	if s.keyed {
		p.queue = s.queueFor(p)
		return
	}
	r := s.routes
	if r.turnLeft <= 0 {
		r.turnLeft = s.aggregateBytes // 0: for one parcel
		r.turn = (r.turn + 1) % len(r.queues)
	}
	p.queue = r.queues[r.turn]
	if !s.turnTo(p, admitted, bufferFull) {
		s.turnTo(p, shareFull, shareFull) // there will be room, and elsewhere only after Flush
	}
	q := p.queue
	r.turnLeft -= p.size
	if r.turnLeft <= 0 {
		q.next = (q.next + 1) % len(q.keys)
	}
	key := q.keys[q.next%len(q.keys)]
	p.key, p.hashKey = key.text, key.explicit
	p.place(key.hash)
	if r.auto && s.aggregateBytes == 0 { // the members of an aggregate need some key
		p.key, p.hashKey = "", ""
	}
}

// turnTo finds the next queue that admits p in one of two ways. It reports false
// if there is none, and leaves p where it was.
func (s *sender) turnTo(p *parcel, this, that admission) bool {
	r := s.routes
	for range r.queues {
		if a := s.admit(p); a == this || a == that {
			return true
		}
		r.turnLeft = s.aggregateBytes
		r.turn = (r.turn + 1) % len(r.queues)
		p.queue = r.queues[r.turn]
	}
	return false
}

// written tells whether an entry that was written to another shard than
// predicted counts as delivered. An aggregate does if all its members belong
// to that shard: the Kinesis Client Library drops one with other members.
func (s *sender) written(e *callEntry, shard string) bool {
	if len(e.parcels) == 1 || e.queue.shard.ID == "" || s.routes.auto {
		return true
	}
	at := s.shardIndex(shard)
	if at < 0 {
		return false
	}
	for _, p := range e.parcels {
		if !s.routes.shards.Covers(at, p.hash()) {
			return s.routes.keyless
		}
	}
	return true
}

// shardIndex returns the index of an open shard, -1 if it is not known.
func (s *sender) shardIndex(id string) int {
	if s.routes.shards == nil {
		return -1
	}
	for i, q := range s.routes.queues {
		if q.shard.ID == id {
			return i
		}
	}
	return -1
}
