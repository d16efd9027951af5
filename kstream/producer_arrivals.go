package kstream

import (
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

const (
	// maxArrivals is how many keys are worth hashing side by side: as many as
	// md5x has lanes.
	maxArrivals = 16

	// maxArrivalBytes bounds what a shard's share may be exceeded by, were it
	// not kept free: see sender.crowd.
	maxArrivalBytes = 64 << 10
)

// arrivals are parcels that are accepted, and in no queue yet. The hash keys
// that tell their queues are the MD5s of their partition keys, and those of
// sixteen take a fifth of the time that they take one after the other.
//
// Nobody waits for there to be many: dispatch sorts in what there is whenever
// it looks, and so does who needs the queues to be complete. They are guarded
// by sender.mu.
type arrivals struct {
	n       int
	parcels [maxArrivals]*parcel
}

// canArrive tells whether p may be accepted before its queue is known:
// whichever that is, there is room in it, and nobody waits for some.
func (s *sender) canArrive(p *parcel) bool {
	return s.routes.many && s.crowded == 0 && s.waiting.head == nil &&
		!p.hurried && p.size <= maxArrivalBytes/maxArrivals && !s.full(p)
}

// arrivalTime returns the time for a new arrival. To look at the clock takes longer
// than the rest of arriving; if nobody will be told how long a value was under way,
// the time of the first will do, which makes it linger no longer than it should.
func (s *sender) arrivalTime() time.Duration {
	if s.arrivals.n > 0 && !s.receipts && s.timeToLive == 0 {
		return s.arrivals.parcels[0].accepted
	}
	return s.now()
}

// arrive takes p, which the whole buffer is charged with.
func (s *sender) arrive(p *parcel) {
	a := &s.arrivals
	a.parcels[a.n] = p
	a.n++
	if a.n == maxArrivals {
		s.sortIn()
	}
}

// sortIn puts the arrivals into the queues of their shards, in order.
func (s *sender) sortIn() {
	if s.arrivals.n == 0 {
		return
	}
	parcels := s.arrivals.parcels[:s.arrivals.n]
	s.arrivals.n = 0
	placeAll(parcels)
	for _, p := range parcels {
		p.queue = s.queueFor(p)
		s.charge(p)
		s.queue(p)
	}
	clear(parcels)
}

// placeAll sets the hash keys of parcels that have none, at most maxArrivals.
func placeAll(parcels []*parcel) {
	var keys [maxArrivals]string
	var hashes [maxArrivals]shardmap.Hash
	var unplaced [maxArrivals]*parcel
	n := 0
	for _, p := range parcels {
		if !p.isPlaced {
			keys[n], unplaced[n] = p.key, p
			n++
		}
	}
	shardmap.OfKeys(hashes[:n], keys[:n])
	for i, p := range unplaced[:n] {
		p.place(hashes[i])
	}
}

// crowd notes whether q has room for all the arrivals that there can be,
// should they all be its own. It is called when q's charge has changed.
func (s *sender) crowd(q *sendQueue) {
	crowded := q.records+maxArrivals > s.routes.shareRecords || q.bytes+maxArrivalBytes > s.routes.shareBytes
	if crowded == q.crowded || q.gone {
		return
	}
	q.crowded = crowded
	if crowded {
		s.crowded++
	} else {
		s.crowded--
	}
	s.hint()
}

// hint tells Send whether it need not compute the hash keys of its values.
func (s *sender) hint() {
	s.keysLater.Store(s.routes.anyKey || s.routes.many && s.crowded == 0)
}
