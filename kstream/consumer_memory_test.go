package kstream

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestRecordsAllocatesNothingForEachRecord(t *testing.T) {
	const pages, each = 5, 10_000
	stub := newStubTransport(1, pages, stubPagePrefix(benchData(each, 100), 5))
	c := benchConsumer(t, stub)
	readStub(t, c, stub)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if n := readStub(t, c, stub); n != pages*each {
		t.Fatalf("%d records", n)
	}
	runtime.ReadMemStats(&after)
	perRecord := float64(after.Mallocs-before.Mallocs) / (pages * each)
	t.Logf("%.3f allocations a record", perRecord)
	if perRecord > 0.1 {
		t.Errorf("%.3f allocations a record, want at most 0.1", perRecord)
	}
}

func TestIdleShardsAreSmall(t *testing.T) {
	const shards, limit = 256, 64 << 10
	synctest.Test(t, func(t *testing.T) {
		stub := newStubTransport(shards, 0, nil)
		c, err := NewConsumer(stub.client(), ConsumerConfig[string]{Stream: "s"})
		if err != nil {
			t.Fatal(err)
		}
		before := inUse()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range c.Records(ctx) {
			}
		}()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		perShard := (inUse() - before) / shards
		t.Logf("%d bytes a shard", perShard)
		if perShard > limit {
			t.Errorf("%d bytes a shard, want at most %d", perShard, limit)
		}
		if got := len(c.Stats().Shards); got != shards {
			t.Errorf("%d shards are being read", got)
		}
		cancel()
		<-done
	})
}

// inUse is the memory of heap and stacks that is in use.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
