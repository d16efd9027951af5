package kstreamtest

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// The states of a stream and of a consumer.
const (
	creating = "CREATING"
	active   = "ACTIVE"
	updating = "UPDATING"
	deleting = "DELETING"
)

// A stream is one stream of the account.
type stream struct {
	name    string
	arn     string
	account string
	created time.Time

	// mu guards everything below. Writes of records hold it for reading, so a
	// reshard, which holds it for writing, never closes a shard under a write.
	mu      sync.RWMutex
	status  string
	pending *transition // the change that the status waits for
	gone    bool        // deleted: it is no longer in the account

	shards []*shard // by index, the closed ones too
	open   *shardmap.Map
	opened []*shard      // the open shards, as open numbers them
	turn   atomic.Uint64 // of a stream with AUTO distribution: counts its records

	retention    time.Duration
	mode         string
	distribution string
	maxRecordKiB int
	warmMiBps    int
	encryption   string // "" or KMS
	keyID        string
	metrics      []string
	tags         map[string]string
	policy       string
	consumers    map[string]*consumer
	scalings     quota // UpdateShardCount
	modeChanges  quota // UpdateStreamMode
}

// A transition is a change that takes effect some time after it was asked for.
type transition struct {
	at    time.Time
	apply func(now time.Time)
}

const (
	defaultRetention = 24 * time.Hour
	maxRetention     = 8760 * time.Hour
	defaultRecordKiB = 1024
	onDemandShards   = 4 // of a new on-demand stream
)

func streamARN(region, account, name string) string {
	return "arn:" + partition(region) + ":kinesis:" + region + ":" + account + ":stream/" + name
}

// partition names the group of regions that a region is in
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// settle applies a transition whose time has come.
func (st *stream) settle(now time.Time) {
	st.mu.RLock()
	due := st.pending != nil && !now.Before(st.pending.at)
	st.mu.RUnlock()
	if !due {
		return
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.settleLocked(now)
}

func (st *stream) settleLocked(now time.Time) {
	if t := st.pending; t != nil && !now.Before(t.at) {
		st.pending = nil
		t.apply(t.at)
	}
}

// change puts the stream into a state that ends after delay with apply, which
// sets the next one. The stream's lock is held.
func (st *stream) change(now time.Time, status string, delay time.Duration, apply func(now time.Time)) {
	st.status = status
	st.pending = &transition{at: now.Add(delay), apply: apply}
	for _, sh := range st.shards {
		sh.mu.Lock()
		sh.wake()
		sh.mu.Unlock()
	}
	st.settleLocked(now)
}

// route maps the open shards anew. The stream's lock is held.
func (st *stream) route() {
	var open []shardmap.Shard
	byID := make(map[string]*shard)
	for _, sh := range st.shards {
		if sh.isOpen() {
			open = append(open, shardmap.Shard{ID: sh.id, Range: sh.hashes})
			byID[sh.id] = sh
		}
	}
	st.open = shardmap.New(open)
	st.opened = st.opened[:0:0]
	for i := range st.open.Len() {
		st.opened = append(st.opened, byID[st.open.Shard(i).ID])
	}
}

// shardFor returns the open shard that holds the hash key.
func (st *stream) shardFor(h shardmap.Hash) *shard {
	i, ok := st.open.Find(h)
	if !ok {
		return nil // only a stream without shards
	}
	return st.opened[i]
}

// addShards opens a shard for each range of a new stream. The stream's lock is
// held.
func (s *Server) addShards(st *stream, now time.Time, ranges []shardmap.Range) {
	for _, r := range ranges {
		s.openShard(st, r, now)
	}
	st.route()
}

// openShard opens a shard. The caller holds the stream's lock and calls route
// when it has opened all.
func (s *Server) openShard(st *stream, r shardmap.Range, now time.Time, parents ...*shard) *shard {
	sh := newShard(uint32(len(st.shards)), r, now, parents...)
	sh.limits = newShardLimits(s.opts.Limits)
	sh.counters = s.counters.forShard(st.name, sh.id)
	sh.stream, sh.streamCreated, sh.journal = st.name, st.created.UnixMilli(), s.journal
	st.shards = append(st.shards, sh)
	return sh
}

// close ends a shard. The stream's lock is held.
func (st *stream) close(sh *shard, now time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.closed = now
	sh.wake()
}

// nextShard returns the open shards in turn: the service spreads the records of
// a stream with AUTO record distribution as it likes.
func (st *stream) nextShard() *shard {
	return st.opened[st.turn.Add(1)%uint64(len(st.opened))]
}

// shard finds a shard by its ID; it is nil for another stream's.
func (st *stream) shard(id string) *shard {
	number, ok := shardIndex(id)
	if !ok || number >= uint64(len(st.shards)) {
		return nil
	}
	return st.shards[number]
}

// shardIndex reads the number of a shard ID, which has 31 bits. The number alone
// names the shard, whatever stands before the hyphen: shardId-000000000001,
// shard-1 and 1 are the same one (seen on the service).
func shardIndex(id string) (uint64, bool) {
	if _, after, found := strings.Cut(id, "-"); found {
		id = after
	}
	n, err := strconv.ParseUint(id, 10, 31)
	return n, err == nil
}

// fullShardID returns the ID that a shard has in answers, of one as a request
// may write it.
func fullShardID(id string) string {
	if n, ok := shardIndex(id); ok {
		return shardID(uint32(n))
	}
	return id
}

// horizon is the arrival of the oldest record that retention keeps.
func (st *stream) horizon(now time.Time) time.Time { return now.Add(-st.retention) }

// maxRecordBytes is the largest record, partition key included.
func (st *stream) maxRecordBytes() int { return st.maxRecordKiB << 10 }

func (st *stream) address() address { return address{st.name, st.account} }

func (st *stream) notFound() error { return st.address().notFound() }

// readable fails unless records can be put and read, which is so while the
// stream is ACTIVE or UPDATING. The stream's lock is held.
func (st *stream) readable() error {
	if st.status == creating || st.status == deleting {
		return st.notFound()
	}
	return nil
}

// mustBeActive fails unless the stream can be changed. The stream's lock is held.
func (st *stream) mustBeActive() error {
	if st.status == active {
		return nil
	}
	return errorf(resourceInUse, "Stream %s under account %s not ACTIVE, instead in state %s", st.name, st.account, st.status)
}

func (st *stream) throttled(sh *shard) string {
	return fmt.Sprintf("Rate exceeded for shard %s in stream %s under account %s.", sh.id, st.name, st.account)
}
