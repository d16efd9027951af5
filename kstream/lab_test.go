package kstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A lab is a server with a stream "s", and a client, in a bubble of fake time.
type lab struct {
	*testing.T
	server *kstreamtest.Server
	client *kinesis.Client
	puts   int

	background context.Context
	writers    sync.WaitGroup
}

// inLab runs a test on a stream of some shards.
func inLab(t *testing.T, shards int, opts kstreamtest.Options, test func(l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := kstreamtest.NewServer(opts)
		defer server.Close()
		server.CreateStream("s", shards)
		l := &lab{T: t, server: server, client: server.Client()}
		ctx, stop := context.WithCancel(t.Context())
		l.background = ctx
		defer l.writers.Wait()
		defer stop()
		test(l)
	})
}

// every runs f beside the test, n times with pauses, or until the test ends.
func (l *lab) every(pause time.Duration, n int, f func()) {
	l.writers.Go(func() {
		for ; n > 0; n-- {
			f()
			if sleep(l.background, pause) != nil {
				return
			}
		}
	})
}

// after runs f beside the test, unless that ends before its time has come. A
// timer of the test's own would not be waited for: its f could still be at work
// when the test, and its server, are over.
func (l *lab) after(d time.Duration, f func()) {
	l.writers.Go(func() {
		if sleep(l.background, d) == nil {
			f()
		}
	})
}

// put stores n records of "key-<i>:<counter>" for i below keys.
func (l *lab) put(n, keys int) {
	records := make([]kstreamtest.Record, n)
	for i := range records {
		key := fmt.Sprintf("key-%d", l.puts%keys)
		records[i] = kstreamtest.Record{PartitionKey: key, Data: fmt.Appendf(nil, "%s:%d", key, l.puts)}
		l.puts++
	}
	l.server.Put("s", records...)
}

// open lists the open shards in the order of their hash ranges.
func (l *lab) open() []Shard {
	l.Helper()
	listed, err := listShards(l.Context(), l.client, "s", nil)
	if err != nil {
		l.Fatal(err)
	}
	var open []Shard
	for _, s := range listed {
		if s.SequenceNumberRange.EndingSequenceNumber == nil {
			open = append(open, shardOf(s))
		}
	}
	slices.SortFunc(open, func(a, b Shard) int { return hashKey(a.FirstHashKey).Cmp(hashKey(b.FirstHashKey)) })
	return open
}

func hashKey(decimal string) *big.Int {
	n, _ := new(big.Int).SetString(decimal, 10)
	return n
}

// split splits the i-th open shard in two halves.
func (l *lab) split(i int) {
	l.Helper()
	shard := l.open()[i]
	middle := new(big.Int).Add(hashKey(shard.FirstHashKey), hashKey(shard.LastHashKey))
	middle.Rsh(middle, 1)
	_, err := l.client.SplitShard(l.Context(), &kinesis.SplitShardInput{
		StreamName: aws.String("s"), ShardToSplit: &shard.ID, NewStartingHashKey: aws.String(middle.String()),
	})
	if err != nil {
		l.Fatal(err)
	}
}

// merge merges the i-th open shard with the next one.
func (l *lab) merge(i int) {
	l.Helper()
	open := l.open()
	_, err := l.client.MergeShards(l.Context(), &kinesis.MergeShardsInput{
		StreamName: aws.String("s"), ShardToMerge: &open[i].ID, AdjacentShardToMerge: &open[i+1].ID,
	})
	if err != nil {
		l.Fatal(err)
	}
}

// reshardAtRandom returns a function that splits or merges a random shard, and
// keeps the stream at 1 to 6 open shards.
func (l *lab) reshardAtRandom(random *rand.Rand) func() {
	return func() {
		switch open := len(l.open()); {
		case open == 1, open < 6 && random.IntN(2) == 0:
			l.split(random.IntN(open))
		default:
			l.merge(random.IntN(open - 1))
		}
	}
}

// consumer makes a Consumer of strings that stops at the tip unless cfg says
// otherwise.
func (l *lab) consumer(cfg ConsumerConfig[string]) *Consumer[string] {
	l.Helper()
	cfg.Stream = cmp.Or(cfg.Stream, "s")
	if cfg.Until == (Until{}) {
		cfg.Until = Tip()
	}
	c, err := NewConsumer(l.client, cfg)
	if err != nil {
		l.Fatal(err)
	}
	return c
}

// read runs a loop to its end and returns the values.
func (l *lab) read(cfg ConsumerConfig[string]) []string {
	l.Helper()
	return values(l.T, l.consumer(cfg).Records(l.Context()))
}

func values(t *testing.T, records iter.Seq2[Record[string], error]) []string {
	t.Helper()
	var got []string
	for rec, err := range records {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rec.Value)
	}
	return got
}

// wantAll checks that got has everything that was put, each key's values in
// order, and no value more often than repeats allows.
func (l *lab) wantAll(got []string, repeats int) {
	l.Helper()
	if err := checkAll(got, l.puts, repeats); err != nil {
		l.Error(err)
	}
}

func checkAll(got []string, puts, repeats int) error {
	seen := make(map[int]int, puts)
	latest := make(map[string]int)
	extra := 0
	for _, v := range got {
		key, number, _ := strings.Cut(v, ":")
		var n int
		fmt.Sscan(number, &n)
		if seen[n]++; seen[n] > 1 {
			extra++
			continue
		}
		if n < latest[key] {
			return fmt.Errorf("%s came after %s:%d", v, key, latest[key])
		}
		latest[key] = n
	}
	if len(seen) != puts {
		return fmt.Errorf("%d different values of %d", len(seen), puts)
	}
	if extra > repeats {
		return fmt.Errorf("%d values came again, more than %d", extra, repeats)
	}
	return nil
}

// errorsOf runs a loop to its end and returns the values and the errors.
func errorsOf(records iter.Seq2[Record[string], error]) (values []string, errs []error) {
	for rec, err := range records {
		if err != nil {
			errs = append(errs, err)
		} else {
			values = append(values, rec.Value)
		}
	}
	return values, errs
}

// calls returns how often an operation was called.
func (l *lab) calls(operation string) int64 {
	return l.server.Counters().Operations[operation].Calls
}

var errBody = errors.New("body failed")
