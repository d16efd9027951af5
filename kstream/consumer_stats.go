package kstream

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ConsumerStats is what a Consumer has done since it was made. What is counted
// for shards is counted when their answers come, ahead of the loop. While a loop
// runs, the MeterProvider of the client is offered the same numbers: see Metrics
// in the package comment.
type ConsumerStats struct {
	Records      int64 // read from the service, aggregated ones once
	Bytes        int64 // of their data and partition keys
	Calls        int64 // answered reads
	EmptyCalls   int64 // those that brought no record
	Throttled    int64 // reads refused for coming too fast
	Faults       int64 // reads that failed and were tried again
	Renewals     int64 // iterators that had expired
	DecodeErrors int64
	Gaps         int64
	OutOfRange   int64 // members of aggregates that were not the shard's; see Records
	SaveFailures int64 // checkpoints that could not be saved at first

	// Shards are those that are being read, by ID.
	Shards []ShardStats
}

// ShardStats is what has been read of one shard in the current loop.
type ShardStats struct {
	ID      string
	Records int64
	Bytes   int64
	Lag     time.Duration // how far the last answer was behind the shard's newest record
}

// Stats returns what the Consumer has done. It may be called at any time.
func (c *Consumer[T]) Stats() ConsumerStats { return c.stats.snapshot() }

// A consumerMeter counts for all loops of a Consumer.
type consumerMeter struct {
	mu     sync.Mutex // guards shards and past
	shards map[string]*shardMeter
	past   ConsumerStats // sums of shards that are no longer read

	saveFailures atomic.Int64
}

// A shardMeter counts for one shard in one loop.
type shardMeter struct {
	records, bytes, calls, empty, throttled, faults, renewals, poison, gaps, outOfRange atomic.Int64

	lag atomic.Int64 // nanoseconds
}

func newConsumerMeter() *consumerMeter { return &consumerMeter{shards: make(map[string]*shardMeter)} }

// shard begins to count for a shard.
func (m *consumerMeter) shard(id string) *shardMeter {
	m.mu.Lock()
	defer m.mu.Unlock()
	meter := new(shardMeter)
	m.shards[id] = meter
	return meter
}

// finish adds a shard's counts to the past.
func (m *consumerMeter) finish(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if meter := m.shards[id]; meter != nil {
		meter.addTo(&m.past)
		delete(m.shards, id)
	}
}

// idle finishes all shards.
func (m *consumerMeter) idle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, meter := range m.shards {
		meter.addTo(&m.past)
	}
	clear(m.shards)
}

func (m *consumerMeter) snapshot() ConsumerStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := m.past
	sum.SaveFailures = m.saveFailures.Load()
	for id, meter := range m.shards {
		meter.addTo(&sum)
		sum.Shards = append(sum.Shards, ShardStats{
			ID:      id,
			Records: meter.records.Load(),
			Bytes:   meter.bytes.Load(),
			Lag:     time.Duration(meter.lag.Load()),
		})
	}
	slices.SortFunc(sum.Shards, func(a, b ShardStats) int { return strings.Compare(a.ID, b.ID) })
	return sum
}

func (m *shardMeter) addTo(sum *ConsumerStats) {
	sum.Records += m.records.Load()
	sum.Bytes += m.bytes.Load()
	sum.Calls += m.calls.Load()
	sum.EmptyCalls += m.empty.Load()
	sum.Throttled += m.throttled.Load()
	sum.Faults += m.faults.Load()
	sum.Renewals += m.renewals.Load()
	sum.DecodeErrors += m.poison.Load()
	sum.Gaps += m.gaps.Load()
	sum.OutOfRange += m.outOfRange.Load()
}

// answer counts an answer.
func (m *shardMeter) answer(records, bytes int, lag time.Duration) {
	m.calls.Add(1)
	if records == 0 {
		m.empty.Add(1)
	}
	m.records.Add(int64(records))
	m.bytes.Add(int64(bytes))
	m.lag.Store(int64(lag))
}

// fault counts a failed call.
func (m *shardMeter) fault(kind fault) {
	switch kind {
	case faultThrottled:
		m.throttled.Add(1)
	case faultExpired:
		m.renewals.Add(1)
	case faultTransient:
		m.faults.Add(1)
	}
}
