package kstream

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A readSoak is a long run on a stream that is written to, resharded and disturbed.
type readSoak struct {
	name     string
	duration time.Duration
	every    time.Duration // between two batches of records
	batch    int
	reshards int
}

// readSoaks returns the runs that the environment asks for: KINESISKIT_LONG=1 adds
// six hours with 50 reshards, KINESISKIT_WEEK=1 a week and 10 million records.
func readSoaks() []readSoak {
	list := []readSoak{{"half an hour", 30 * time.Minute, 10 * time.Second, 30, 20}}
	if os.Getenv("KINESISKIT_LONG") != "" {
		list = append(list, readSoak{"six hours", 6 * time.Hour, 5 * time.Second, 50, 50})
	}
	if os.Getenv("KINESISKIT_WEEK") != "" {
		list = append(list, readSoak{"a week", 7 * 24 * time.Hour, 30 * time.Second, 500, 400})
	}
	return list
}

// Throttling, failures, resets, broken answers, expiry, stalls and cut
// subscriptions, all at the same time.
func readFaults() []kstreamtest.Fault {
	return []kstreamtest.Fault{
		{Kind: kstreamtest.Throttle, Operation: "GetRecords", Chance: 0.03},
		{Kind: kstreamtest.Throttle, Operation: "GetShardIterator", Chance: 0.1},
		{Kind: kstreamtest.Fail, Operation: "GetRecords", Chance: 0.02},
		{Kind: kstreamtest.ResetBefore, Operation: "GetRecords", Chance: 0.01},
		{Kind: kstreamtest.ResetAfter, Operation: "GetRecords", Chance: 0.01},
		{Kind: kstreamtest.CutBody, Operation: "GetRecords", Chance: 0.01},
		{Kind: kstreamtest.ExpireIterator, Chance: 0.01},
		{Kind: kstreamtest.Stall, Operation: "GetRecords", Chance: 0.002, Delay: 40 * time.Second},
		{Kind: kstreamtest.Cut, Chance: 0.03},
		{Kind: kstreamtest.Cut, Chance: 0.02, Code: "InternalFailureException"},
		{Kind: kstreamtest.Fail, Operation: "SubscribeToShard", Chance: 0.1, Code: "LimitExceededException"},
	}
}

func TestConsumerSoak(t *testing.T) {
	t.Parallel()
	for _, s := range readSoaks() {
		for _, fanOut := range []string{"", "reader"} {
			t.Run(s.name+map[string]string{"": ", polled", "reader": ", fanned out"}[fanOut], func(t *testing.T) {
				inLab(t, 2, kstreamtest.Options{Faults: readFaults(), Seed: 11}, func(l *lab) { s.run(l, fanOut) })
			})
		}
	}
}

func (s readSoak) run(l *lab, fanOut string) {
	const keys = 40
	batches := int(s.duration / s.every)
	written := 0
	l.every(s.every, batches, func() {
		records := make([]kstreamtest.Record, s.batch)
		for i := range records {
			key := fmt.Sprintf("key-%d", written%keys)
			records[i] = kstreamtest.Record{PartitionKey: key, Data: fmt.Appendf(nil, "%s:%d", key, written/keys)}
			written++
		}
		l.server.Put("s", records...)
	})
	reshard := l.reshardAtRandom(rand.New(rand.NewPCG(5, 6)))
	l.every(s.duration/time.Duration(s.reshards), s.reshards, reshard)

	c := l.consumer(ConsumerConfig[string]{FanOut: fanOut, Until: Count(int64(batches * s.batch))})
	check := soakCheck{next: make(map[string]int), last: make(map[string]string)}
	for rec, err := range c.Records(l.Context()) {
		if err != nil {
			l.Fatal(err)
		}
		if err := check.record(&rec); err != nil {
			l.Fatal(err)
		}
	}
	hits := 0
	for _, n := range l.server.Counters().Faults {
		hits += int(n)
	}
	l.Logf("%d records of %d shards; %d faults; %+v", written, len(check.last), hits, c.Stats())
	if len(check.last) < s.reshards || hits < 20 {
		l.Errorf("%d shards and %d faults: the test shows little", len(check.last), hits)
	}
}

// A soakCheck holds each key's numbers to be 0, 1, 2 … and each shard's
// sequence numbers to grow.
type soakCheck struct {
	next map[string]int    // by key
	last map[string]string // by shard
}

func (c *soakCheck) record(rec *Record[string]) error {
	key, number, _ := strings.Cut(rec.Value, ":")
	if want := fmt.Sprint(c.next[key]); number != want {
		return fmt.Errorf("%s of %s came instead of %s", rec.Value, rec.ShardID, want)
	}
	c.next[key]++
	last := c.last[rec.ShardID]
	if cmp.Or(cmp.Compare(len(last), len(rec.SequenceNumber)), cmp.Compare(last, rec.SequenceNumber)) >= 0 {
		return fmt.Errorf("%s came after %s in %s", rec.SequenceNumber, last, rec.ShardID)
	}
	c.last[rec.ShardID] = rec.SequenceNumber
	return nil
}
