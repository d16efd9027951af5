package kstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

const (
	// keysPerShard is how many random keys a queue uses in turn.
	keysPerShard = 4

	// randomKeyLength is the length of a random key, in hexadecimal digits.
	randomKeyLength = 12

	// After a listing the next one waits, longer if the last had nothing new.
	firstRelist = time.Second
	maxRelist   = 30 * time.Second
)

// routes are the queues that parcels go to. They are replaced, under
// sender.mu, when the stream was resharded.
type routes struct {
	shards *shardmap.Map // nil if parcels cannot be predicted
	queues []*sendQueue  // by index in shards; else one
	auto   bool          // the service chooses the shards and ignores keys

	maxRecord    int // bytes
	maxCalls     int
	shareRecords int
	shareBytes   int

	turn     int // the queue that parcels without a key go to
	turnLeft int // bytes until the next one's turn
}

// lister lists the shards, once at a time and not too often.
type lister struct {
	running   *shardListing
	notBefore time.Duration
	delay     time.Duration
}

type shardListing struct {
	done chan struct{}
	err  error // set before done is closed
}

// awaitRoutes lists the stream's shards for the first time.
func (s *sender) awaitRoutes(ctx context.Context) error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return ErrClosed
	}
	l := s.startListing()
	s.mu.Unlock()
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// startListing lists the shards, unless that is being done; the lock is held.
// After close it is called only by goroutines that close joins.
func (s *sender) startListing() *shardListing {
	if s.lister.running == nil {
		l := &shardListing{done: make(chan struct{})}
		s.lister.running = l
		s.joined.Go(func() { s.list(l) })
	}
	return s.lister.running
}

func (s *sender) list(l *shardListing) {
	s.mu.Lock()
	pause := s.lister.notBefore - s.now()
	s.mu.Unlock()
	l.err = sleep(s.ctx, pause)
	var info StreamInfo
	var shards *shardmap.Map
	if l.err == nil {
		info, shards, l.err = s.survey()
	}
	s.mu.Lock()
	changed := false
	if l.err == nil {
		changed = s.install(info, shards)
	}
	s.lister.running = nil
	s.lister.delay = min(max(2*s.lister.delay, firstRelist), maxRelist)
	if changed {
		s.lister.delay = firstRelist
	}
	s.lister.notBefore = s.now() + s.lister.delay
	woken := s.grant()
	s.mu.Unlock()
	close(l.done)
	woken.tell()
	s.nudge()
	if changed && info.Name != "" {
		s.logger.Debug("kstream: shards listed", "stream", s.stream, "open", info.OpenShards)
	}
}

// survey asks for what the sender has to know of the stream. Who may only
// write to the stream gets no prediction: all goes through one queue.
func (s *sender) survey() (StreamInfo, *shardmap.Map, error) {
	info, err := DescribeStream(s.ctx, s.client, s.stream)
	if denied(err) {
		info = StreamInfo{MaxRecordBytes: maxRecordBytes}
	} else if err != nil {
		return info, nil, err
	}
	if info.Status == types.StreamStatusCreating {
		return info, nil, fmt.Errorf("kstream: stream %s is being created: WaitActive waits for it", s.stream)
	}
	listed, err := listShards(s.ctx, s.client, s.stream, &types.ShardFilter{Type: types.ShardFilterTypeAtLatest})
	if denied(err) {
		s.logger.Warn("kstream: shards are not known: no permission to list them", "stream", s.stream)
		return info, nil, nil
	}
	if err != nil {
		return info, nil, err
	}
	var open []shardmap.Shard
	for _, shard := range listed {
		if shard.SequenceNumberRange != nil && shard.SequenceNumberRange.EndingSequenceNumber != nil {
			continue
		}
		hashes, err := shardmap.ParseRange(*shard.HashKeyRange.StartingHashKey, *shard.HashKeyRange.EndingHashKey)
		if err != nil {
			return info, nil, fmt.Errorf("kstream: list shards of stream %s: %w", s.stream, err)
		}
		open = append(open, shardmap.Shard{ID: *shard.ShardId, Range: hashes})
	}
	if len(open) == 0 {
		return info, nil, fmt.Errorf("kstream: stream %s has no open shards", s.stream)
	}
	info.OpenShards = len(open)
	return info, shardmap.New(open), nil
}

func denied(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "AccessDeniedException"
}

// install makes queues for the shards, keeping those of shards that are still
// there, and moves the parcels of the others. It reports whether any changed.
func (s *sender) install(info StreamInfo, shards *shardmap.Map) bool {
	old := s.routes
	if info.AutoDistribution {
		shards = nil
	}
	r := &routes{shards: shards, auto: info.AutoDistribution, maxRecord: info.MaxRecordBytes}
	changed := old == nil
	if shards == nil {
		changed = r.single(s, old, info.OpenShards) || changed
	} else {
		changed = r.perShard(s, old) || changed
	}
	n := len(r.queues)
	r.maxCalls = or(s.maxCalls, min(max(defaultCalls, info.OpenShards/8), 100))
	r.shareRecords = max(s.maxRecords/n, min(minShareRecords, s.maxRecords))
	r.shareBytes = max(s.maxBytes/n, min(minShareBytes, s.maxBytes))
	s.routes = r
	s.cursor = 0
	if old != nil && changed {
		s.move(old)
	}
	return changed
}

// single makes the one queue of a stream that cannot be predicted.
func (r *routes) single(s *sender, old *routes, openShards int) bool {
	if old != nil && old.shards == nil {
		r.queues = old.queues
		return false
	}
	q := &sendQueue{pace: newShardPace(s.born, float64(max(1, openShards)), s.rate)}
	q.pace.mayGrow = true
	for range keysPerShard {
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
		if q == nil {
			changed = true
			q = &sendQueue{shard: shard, pace: newShardPace(s.born, 1, s.rate)}
			q.counts.ShardID = shard.ID
			if old != nil && old.shards != nil {
				if at, ok := old.shards.Find(shard.Start); ok {
					q.pace.inherit(&old.queues[at].pace)
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
		for p := q.retry.head; p != nil; p = q.retry.head {
			q.remove(p)
			s.rehome(p)
			p.queue.pushRetry(p)
		}
		for p := q.fresh.head; p != nil; p = q.fresh.head {
			q.remove(p)
			s.rehome(p)
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
		p.queue = s.queueOf(p.hash)
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

// rehome charges a parcel to the queue of its shard.
func (s *sender) rehome(p *parcel) {
	q := s.queueOf(p.hash)
	if q == p.queue {
		return
	}
	p.queue.records--
	p.queue.bytes -= p.size
	p.queue = q
	q.records++
	q.bytes += p.size
}

// route finds the queue for a new parcel, and a key if it brought none.
func (s *sender) route(p *parcel) {
	if s.keyed {
		p.queue = s.queueOf(p.hash)
		return
	}
	r := s.routes
	if r.turnLeft <= 0 {
		r.turnLeft = s.aggregateBytes // 0: one parcel
		r.turn = (r.turn + 1) % len(r.queues)
	}
	p.queue = r.queues[r.turn]
	for range r.queues {
		if s.admit(p) != shareFull {
			break
		}
		r.turnLeft = s.aggregateBytes
		r.turn = (r.turn + 1) % len(r.queues)
		p.queue = r.queues[r.turn]
	}
	q := p.queue
	r.turnLeft -= p.size
	if r.turnLeft <= 0 {
		q.next = (q.next + 1) % len(q.keys)
	}
	key := q.keys[q.next%len(q.keys)]
	p.key, p.hashKey, p.hash = key.text, key.explicit, key.hash
}

// relist lists the shards if the answers of a call name others than predicted.
// It waits for that if an aggregate is concerned: see written.
func (s *sender) relist(c *call) {
	var l *shardListing
	wait := false
	for i := range c.entries {
		e, a := &c.entries[i], &c.answers[i]
		if a.fate != written || e.queue.shard.ID == "" || a.shard == e.queue.shard.ID {
			continue
		}
		if l == nil {
			s.mu.Lock()
			if at := s.shardIndex(a.shard); at < 0 {
				l = s.startListing()
			}
			s.mu.Unlock()
		}
		wait = wait || len(e.parcels) > 1
	}
	if wait && l != nil {
		<-l.done
	}
}

// written tells whether an entry that was written to another shard than
// predicted counts as delivered. An aggregate does if all its members belong
// to that shard: the Kinesis Client Library drops one with other members.
func (s *sender) written(e *callEntry, shard string) bool {
	if len(e.parcels) == 1 || e.queue.shard.ID == "" {
		return true
	}
	at := s.shardIndex(shard)
	if at < 0 {
		return false
	}
	for _, p := range e.parcels {
		if !s.routes.shards.Covers(at, p.hash) {
			return false
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
