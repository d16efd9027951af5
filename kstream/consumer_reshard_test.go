package kstream

import (
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A shard is split while it is being read, and one of its children is merged
// with a shard that has been read already. The Consumer knows of the merge before
// it knows of that child.
func TestAMergeWaitsForParentsNotSeenYet(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.mergeBehindTheLoop(l.client, func() {})
	})
}

// mergeBehindTheLoop reads, through a client, the records of one key that is in the
// last quarter of the first of two shards. At the first record that shard is split,
// and what of it has the key is merged with the second one. None may come too early.
func (l *lab) mergeBehindTheLoop(client *kinesis.Client, merged func()) {
	l.Helper()
	key := keyIn(l.open()[0], 3)
	l.putKey(key, 20)
	reader := &lab{T: l.T, client: client}
	var got []string
	for rec, err := range reader.consumer(ConsumerConfig[string]{Until: Count(60), PrefetchRecords: 5}).Records(l.Context()) {
		if err != nil {
			l.Fatal(err)
		}
		if got = append(got, rec.Value); len(got) == 1 {
			l.split(0)
			l.putKey(key, 20)
			l.merge(1)
			l.putKey(key, 20)
			merged()
			sleep(l.Context(), time.Minute)
		}
	}
	l.wantAll(got, 0)
}

// putKey stores n records of one key.
func (l *lab) putKey(key string, n int) {
	for range n {
		l.server.Put("s", kstreamtest.Record{PartitionKey: key, Data: fmt.Appendf(nil, "%s:%d", key, l.puts)})
		l.puts++
	}
}

// keyIn returns a partition key whose hash is in a quarter, from 0, of a shard.
func keyIn(shard Shard, quarter int64) string {
	first, last := hashKey(shard.FirstHashKey), hashKey(shard.LastHashKey)
	width := new(big.Int).Sub(last, first)
	for i := 0; ; i++ {
		key := fmt.Sprint("key ", i)
		hash := new(big.Int).Sub(hashKey(shardmap.OfKey(key).String()), first)
		if hash.Sign() >= 0 && hash.Mul(hash, big.NewInt(4)).Div(hash, width).Int64() == quarter {
			return key
		}
	}
}

// The loop stands still for so long that the shard it reads is gone when it goes
// on, and so is one of that shard's children: nothing that is left names the way
// to the grandchildren.
func TestGrandchildrenOfShardsThatVanishedMeanwhileAreRead(t *testing.T) {
	t.Parallel()
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(1, 1)
		var got []string
		var gaps int
		for rec, err := range l.consumer(ConsumerConfig[string]{Until: Count(11), PrefetchRecords: 1}).Records(l.Context()) {
			if _, ok := errors.AsType[*GapError](err); ok {
				gaps++
				continue
			} else if err != nil {
				l.Fatal(err)
			}
			if got = append(got, rec.Value); len(got) > 1 {
				continue
			}
			for range 2 { // into two shards, then each into two; all but the last four are trimmed
				for i := range len(l.open()) {
					l.split(2 * i)
				}
				l.put(10, 10)
				sleep(l.Context(), 20*time.Hour)
			}
			sleep(l.Context(), 10*time.Hour)
			l.put(10, 10)
		}
		if len(got) != 11 || gaps == 0 {
			l.Errorf("read %q, %d gaps; want the first record and the last ten", got, gaps)
		}
	})
}

// To find out what became of a shard takes other calls than reads, and those fail
// as well.
func TestFaultsWhileShardsAreLookedForAreSurvived(t *testing.T) {
	t.Parallel()
	const tries = 3 // of the SDK, for each of these calls
	for _, operation := range []string{"ListShards", "DescribeStreamSummary"} {
		t.Run(operation, func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				l.put(1, 1)
				n := 0
				for _, err := range l.consumer(ConsumerConfig[string]{Until: Count(11), PrefetchRecords: 1}).Records(l.Context()) {
					if _, ok := errors.AsType[*GapError](err); ok {
						continue
					} else if err != nil {
						l.Fatal(err)
					}
					if n++; n == 1 {
						l.split(0)
						sleep(l.Context(), 30*time.Hour) // the shard that is being read vanishes
						l.split(0)
						l.put(10, 10)
						l.server.Inject(kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: operation, Count: 2 * tries})
					}
				}
				if hits := l.server.Counters().Faults[kstreamtest.Fail]; n != 11 || hits != 2*tries {
					l.Errorf("%d records, %d faults", n, hits)
				}
			})
		})
	}
}

// A child of a merge whose other parent is new is looked up in the list.
func TestFaultsWhileParentsAreLookedForAreSurvived(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.mergeBehindTheLoop(l.client, func() {
			l.server.Inject(kstreamtest.Fault{Kind: kstreamtest.Fail, Operation: "ListShards", Count: 6})
		})
		if hits := l.server.Counters().Faults[kstreamtest.Fail]; hits != 6 {
			l.Errorf("%d faults", hits)
		}
	})
}

// The shard is split when it has been listed and not been asked for LATEST yet:
// what is written to its children came after the loop began.
func TestLatestOfAShardThatIsSplitBeforeItsFirstIterator(t *testing.T) {
	for _, fanOut := range []string{"", "reader"} {
		t.Run(fanOut, func(t *testing.T) {
			var split func()
			hook := func(r kstreamtest.Request) *kstreamtest.Reply {
				if (r.Operation == "GetShardIterator" || r.Operation == "SubscribeToShard") && split != nil {
					now := split
					split = nil
					now()
				}
				return nil
			}
			inLab(t, 1, kstreamtest.Options{Hook: hook}, func(l *lab) {
				l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: []byte("old:0")})
				time.Sleep(5 * time.Second)
				split = func() {
					l.split(0)
					l.put(10, 5)
					l.merge(0)
					l.put(10, 5)
				}
				l.wantAll(l.read(ConsumerConfig[string]{Start: Latest(), FanOut: fanOut}), 0)
				if split != nil {
					l.Error("nothing was split: the test shows nothing")
				}
			})
		})
	}
}
