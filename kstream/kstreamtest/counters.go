package kstreamtest

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Counters are what a Server has counted since it was made, at one moment.
type Counters struct {
	// Operations has an entry for each operation that was called, by name.
	Operations map[string]OperationCounters
	// Shards has an entry for each shard that was written to or read.
	Shards map[ShardKey]ShardCounters
	// Faults counts the hits of injected faults.
	Faults map[FaultKind]int64
}

// A ShardKey names a shard of a stream.
type ShardKey struct{ Stream, Shard string }

// OperationCounters count the calls of one operation.
type OperationCounters struct {
	Calls  int64            // that were looked at, whatever came of them
	Errors map[string]int64 // answers by exception, such as ProvisionedThroughputExceededException
}

// ShardCounters count what went into a shard and out of it. Bytes are those of
// data and partition keys.
type ShardCounters struct {
	RecordsIn, BytesIn   int64
	RecordsOut, BytesOut int64 // by GetRecords and SubscribeToShard
	Reads                int64 // GetRecords calls that were answered
	ThrottledWrites      int64 // records refused for the shard's limits
	ThrottledReads       int64 // GetRecords and GetShardIterator calls refused
}

// Counters returns what was counted so far.
func (s *Server) Counters() Counters { return s.counters.snapshot() }

type counters struct {
	mu         sync.Mutex // guards the maps
	faults     map[FaultKind]int64
	operations map[string]*OperationCounters
	shards     map[ShardKey]*shardCounters
}

type shardCounters struct {
	recordsIn, bytesIn, recordsOut, bytesOut atomic.Int64
	reads, throttledWrites, throttledReads   atomic.Int64
}

func (c *counters) operation(name string) *OperationCounters {
	o := c.operations[name]
	if o == nil {
		if c.operations == nil {
			c.operations = make(map[string]*OperationCounters)
		}
		o = &OperationCounters{Errors: make(map[string]int64)}
		c.operations[name] = o
	}
	return o
}

func (c *counters) call(operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.operation(operation).Calls++
}

func (c *counters) failed(operation, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.operation(operation).Errors[code]++
}

func (c *counters) fault(kind FaultKind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faults == nil {
		c.faults = make(map[FaultKind]int64)
	}
	c.faults[kind]++
}

// forShard returns the counters of a new shard.
func (c *counters) forShard(stream, id string) *shardCounters {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shards == nil {
		c.shards = make(map[ShardKey]*shardCounters)
	}
	key := ShardKey{stream, id}
	if c.shards[key] == nil {
		c.shards[key] = new(shardCounters)
	}
	return c.shards[key]
}

func (c *shardCounters) wrote(bytes int) {
	c.recordsIn.Add(1)
	c.bytesIn.Add(int64(bytes))
}

func (c *shardCounters) sent(records, bytes int) {
	c.recordsOut.Add(int64(records))
	c.bytesOut.Add(int64(bytes))
}

func (c *counters) snapshot() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := Counters{
		Operations: make(map[string]OperationCounters),
		Shards:     make(map[ShardKey]ShardCounters),
		Faults:     maps.Clone(c.faults),
	}
	for name, o := range c.operations {
		all.Operations[name] = OperationCounters{Calls: o.Calls, Errors: maps.Clone(o.Errors)}
	}
	for key, sh := range c.shards {
		all.Shards[key] = ShardCounters{
			RecordsIn: sh.recordsIn.Load(), BytesIn: sh.bytesIn.Load(),
			RecordsOut: sh.recordsOut.Load(), BytesOut: sh.bytesOut.Load(),
			Reads:           sh.reads.Load(),
			ThrottledWrites: sh.throttledWrites.Load(), ThrottledReads: sh.throttledReads.Load(),
		}
	}
	return all
}
