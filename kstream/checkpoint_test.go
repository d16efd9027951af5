package kstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A mortalStore is a Store of a process that can be killed: from then on
// nothing gets through.
type mortalStore struct {
	Store
	mu      sync.Mutex // guards what follows
	dead    bool
	updates int
	// beforeUpdate may fail the n-th update, before or after it was made.
	beforeUpdate, afterUpdate func(n int) error
}

func (s *mortalStore) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
}

var errDead = errors.New("process is dead")

func (s *mortalStore) Update(ctx context.Context, old, new Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return errDead
	}
	s.updates++
	for _, step := range []func() error{
		func() error { return callHook(s.beforeUpdate, s.updates) },
		func() error { return s.Store.Update(ctx, old, new) },
		func() error { return callHook(s.afterUpdate, s.updates) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func callHook(f func(int) error, n int) error {
	if f == nil {
		return nil
	}
	return f(n)
}

// positions returns what the store holds of the lab's stream.
func (l *lab) positions(store Store) map[string]string {
	l.Helper()
	info, err := DescribeStream(l.Context(), l.client, "s")
	if err != nil {
		l.Fatal(err)
	}
	leases, err := store.List(l.Context(), streamID(info))
	if err != nil {
		l.Fatal(err)
	}
	positions := make(map[string]string)
	for _, lease := range leases {
		positions[lease.ShardID] = lease.Position.String()
	}
	return positions
}

func TestLoopsGoOnFromTheCheckpoint(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		cfg := ConsumerConfig[string]{Store: new(MemoryStore)}
		var got []string
		for range 4 {
			l.put(30, 7)
			got = append(got, l.read(cfg)...)
			l.split(0)
			l.put(30, 7)
			got = append(got, l.read(cfg)...)
			l.merge(1)
		}
		l.wantAll(got, 0)
		for shard, position := range l.positions(cfg.Store) {
			l.Log(shard, position)
		}
	})
}

func TestABrokenOffRecordIsDeliveredAgain(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 1)
		cfg := ConsumerConfig[string]{Store: new(MemoryStore)}
		var got []string
		for i := range 10 {
			func() {
				defer func() { _ = recover() }()
				n := 0
				for rec, err := range l.consumer(cfg).Records(l.Context()) {
					if err != nil {
						l.Fatal(err)
					}
					got = append(got, rec.Value)
					if n++; n == 2 && i%2 == 0 {
						break
					} else if n == 2 {
						panic("body")
					}
				}
			}()
		}
		// Each round does one record and leaves the second.
		l.wantAll(got, 9)
		if len(got) != 19 {
			l.Errorf("%d deliveries, want 19", len(got))
		}
	})
}

// What is delivered again after the process was killed is no more than the
// bounds say: CheckpointRecords of each shard, and the record in work.
func TestKilledAtRandomPoints(t *testing.T) {
	t.Parallel()
	const kills, every = 100, 5
	inLab(t, 3, kstreamtest.Options{Seed: 7}, func(l *lab) {
		random := rand.New(rand.NewPCG(1, 2))
		leases := new(MemoryStore)
		l.every(time.Second, 200, func() { l.put(40, 12) })
		l.every(18*time.Second, 10, l.reshardAtRandom(rand.New(rand.NewPCG(3, 4))))
		var got []string
		allowed := 0
		for range kills {
			store := &mortalStore{Store: leases}
			c := l.consumer(ConsumerConfig[string]{Store: store, Until: Count(1e6), CheckpointRecords: every, CheckpointInterval: -1})
			n, at := 0, 1+random.IntN(120)
			shards := make(map[string]bool)
			for rec, err := range c.Records(l.Context()) {
				if err != nil {
					l.Fatal(err)
				}
				got = append(got, rec.Value)
				shards[rec.ShardID] = true
				if n++; n == at {
					store.kill()
					break
				}
			}
			allowed += min(at, every*len(shards))
		}
		for rec, err := range l.consumer(ConsumerConfig[string]{Store: leases, Until: UntilTime(time.Now().Add(4 * time.Minute))}).Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			got = append(got, rec.Value)
		}
		l.Logf("%d deliveries of %d records; %d repeats are allowed", len(got), l.puts, allowed)
		l.wantAll(got, allowed)
	})
}

func TestCheckpointsAreSavedAtIntervals(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		store := new(MemoryStore)
		l.put(10, 1)
		c := l.consumer(ConsumerConfig[string]{Store: store, CheckpointInterval: 5 * time.Second})
		n := 0
		for rec, err := range c.Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			if n++; n == 5 {
				time.Sleep(6 * time.Second) // the body is at work on the fifth
				before := AfterRecord(previous(l, rec.SequenceNumber), 0).String()
				if got := l.positions(store)[rec.ShardID]; got != before {
					l.Errorf("the checkpoint is %s, want %s", got, before)
				}
			}
		}
	})
}

// previous returns the sequence number of the record before another one.
func previous(l *lab, seq string) string {
	before := ""
	for _, r := range l.server.Records("s") {
		if r.SequenceNumber == seq {
			return before
		}
		before = r.SequenceNumber
	}
	return ""
}

func TestAStreamMadeAgainStartsAnew(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		cfg := ConsumerConfig[string]{Store: new(MemoryStore)}
		l.put(10, 1)
		l.wantAll(l.read(cfg), 0)
		if err := DeleteStream(l.Context(), l.client, "s"); err != nil {
			l.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		l.server.CreateStream("s", 1)
		l.puts = 0
		l.put(5, 1)
		l.wantAll(l.read(cfg), 0)
	})
}

func TestLatestIsRememberedByTheStore(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		l.split(0)
		l.server.Put("s", kstreamtest.Record{PartitionKey: "k", Data: []byte("old:0")})
		time.Sleep(5 * time.Second)
		cfg := ConsumerConfig[string]{Store: new(MemoryStore), Start: Latest()}
		if got := l.read(cfg); len(got) != 0 {
			l.Errorf("read %q", got)
		}
		l.put(10, 10)
		l.split(2)
		l.put(10, 10)
		l.wantAll(l.read(cfg), 0) // neither of them was there when the first loop ran
	})
}

func TestTwoProcessesWithOneStoreConflict(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		store := new(MemoryStore)
		l.put(10, 1)
		if got := l.read(ConsumerConfig[string]{Store: store, Until: Count(1)}); len(got) != 1 {
			l.Fatal(got)
		}
		n := 0
		var last error
		for _, err := range l.consumer(ConsumerConfig[string]{Store: store, CheckpointRecords: 1}).Records(l.Context()) {
			last = err
			if n++; n == 3 {
				l.read(ConsumerConfig[string]{Store: store, Until: Count(2)})
			}
		}
		if !errors.Is(last, ErrConflict) || n != 4 {
			l.Errorf("after %d records: %v", n, last)
		}
	})
}

// A dyingStore is a Store of a process that is killed when it has created some
// leases.
type dyingStore struct {
	Store
	mu   sync.Mutex // guards what follows
	left int
	kill context.CancelCauseFunc
}

func (s *dyingStore) Create(ctx context.Context, lease Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.left < 0 {
		s.kill(errDead)
		return errDead
	}
	return s.Store.Create(ctx, lease)
}

// The next loop has some leases of a first one that was killed while it created
// them. It must neither begin the other shards anew, nor where the Store knows
// nothing, at their beginning.
func TestKilledBeforeAllLeasesWereCreated(t *testing.T) {
	const shards = 4
	for _, start := range []string{"LATEST", "a time", "shards"} {
		for left := 1; left <= shards; left++ {
			t.Run(fmt.Sprintf("%s, %d leases", start, left), func(t *testing.T) {
				inLab(t, shards, kstreamtest.Options{}, func(l *lab) {
					l.put(20, 20)
					l.puts = 0
					time.Sleep(10 * time.Second)
					cfg := ConsumerConfig[string]{Start: Latest()}
					switch start {
					case "a time":
						cfg.Start = AtTime(time.Now())
					case "shards":
						cfg.StartShards = make(map[string]Position)
						for _, r := range l.server.Records("s") {
							cfg.StartShards[r.Shard] = AfterRecord(r.SequenceNumber, 0)
						}
					}
					ctx, kill := context.WithCancelCause(l.Context())
					store := new(MemoryStore)
					cfg.Store = &dyingStore{Store: store, left: left, kill: kill}
					l.after(3*time.Second, func() { kill(errDead) })
					cfg.Until = Count(1000)
					if got, _ := errorsOf(l.consumer(cfg).Records(ctx)); len(got) > 0 {
						l.Errorf("the first loop read %q", got)
					}
					l.put(10, 10) // while no process runs
					time.Sleep(time.Minute)
					l.split(1) // one that was open when the first loop began
					l.put(10, 10)
					time.Sleep(time.Minute)
					cfg.Store, cfg.Until = store, Tip()
					l.wantAll(l.read(cfg), 0)
				})
			})
		}
	}
}

// The loop ends before all shards have been asked for the first time.
func TestAnEarlyBreakKeepsTheStartOfAllShards(t *testing.T) {
	slow := kstreamtest.Fault{Kind: kstreamtest.Throttle, Operation: "GetShardIterator", Chance: 0.5}
	inLab(t, 8, kstreamtest.Options{Faults: []kstreamtest.Fault{slow}}, func(l *lab) {
		l.put(50, 50)
		l.puts = 0
		time.Sleep(10 * time.Second)
		cfg := ConsumerConfig[string]{Start: AtTime(time.Now()), Store: new(MemoryStore)}
		l.put(50, 50)
		var got []string
		for rec, err := range l.consumer(cfg).Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			if got = append(got, rec.Value); len(got) == 2 {
				break
			}
		}
		l.wantAll(append(got, l.read(cfg)...), 1)
	})
}

func TestTrimmedRecordsAreReported(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		cfg := ConsumerConfig[string]{Store: new(MemoryStore)}
		l.put(10, 1)
		l.read(cfg)
		l.put(10, 1)
		time.Sleep(25 * time.Hour) // the stream keeps its records for 24
		l.put(3, 1)
		got, errs := errorsOf(l.consumer(cfg).Records(l.Context()))
		if len(got) != 3 || len(errs) != 1 {
			l.Fatalf("values %q, errors %v", got, errs)
		}
		gap, ok := errors.AsType[*GapError](errs[0])
		stored := l.server.Records("s")
		if !ok || gap.Next != stored[len(stored)-3].SequenceNumber || gap.ShardID == "" || gap.After.seq == "" {
			l.Errorf("error %#v", errs[0])
		}
		if got, errs := errorsOf(l.consumer(cfg).Records(l.Context())); len(got)+len(errs) != 0 {
			l.Errorf("the next loop yielded %q, %v", got, errs)
		}
	})
}

func TestTrimmedShardsAreReported(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		cfg := ConsumerConfig[string]{Store: new(MemoryStore)}
		l.put(10, 1)
		l.read(cfg)
		l.put(10, 1)
		l.split(0)
		time.Sleep(30 * time.Hour) // the closed shard is gone
		l.put(3, 3)
		got, errs := errorsOf(l.consumer(cfg).Records(l.Context()))
		if len(got) != 3 || len(errs) != 1 {
			l.Fatalf("values %q, errors %v", got, errs)
		}
		if gap, ok := errors.AsType[*GapError](errs[0]); !ok || gap.ShardID != "shardId-000000000000" {
			l.Errorf("error %v", errs[0])
		}
		if got, errs := errorsOf(l.consumer(cfg).Records(l.Context())); len(got)+len(errs) != 0 {
			l.Errorf("the next loop yielded %q, %v", got, errs)
		}
	})
}

// slowDeletes is a Store that takes a while to delete a lease.
type slowDeletes struct {
	MemoryStore
	pause time.Duration
}

func (s *slowDeletes) Delete(ctx context.Context, old Lease) error {
	if err := sleep(ctx, s.pause); err != nil {
		return err
	}
	return s.MemoryStore.Delete(ctx, old)
}

func TestLeasesOfShardsThatVanishedAreDeleted(t *testing.T) {
	tests := []struct {
		name  string
		pause time.Duration
	}{
		{"while the loop reads", 0},
		{"after the loop, which is over sooner than the deletion", 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
				cfg := ConsumerConfig[string]{Store: &slowDeletes{pause: tt.pause}}
				l.put(10, 5)
				l.read(cfg)
				l.split(0)
				l.read(cfg)
				if n := len(l.positions(cfg.Store)); n != 4 {
					l.Errorf("%d leases after the split, want 4", n)
				}
				for range 3 { // the closed shard vanishes, the others are never far behind
					time.Sleep(10 * time.Hour)
					l.put(10, 5)
					l.read(cfg)
				}
				if n := len(l.positions(cfg.Store)); n != 3 {
					l.Errorf("%d leases in the end, want 3", n)
				}
			})
		})
	}
}

func TestManualDoneSavesTheContiguousPrefix(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		cfg := ConsumerConfig[string]{Store: new(MemoryStore), ManualDone: true}
		l.put(10, 1)
		c := l.consumer(cfg)
		var records []Record[string]
		for rec, err := range c.Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			records = append(records, rec)
		}
		for _, i := range []int{1, 2, 4, 0, 4, 9} { // 3 is missing
			records[i].Done()
		}
		if err := c.Checkpoint(l.Context()); err != nil {
			l.Error(err)
		}
		if got := l.read(cfg); len(got) != 7 || got[0] != "key-0:3" {
			l.Errorf("delivered again: %q", got)
		}
	})
}

func TestManualDoneWithWorkersThroughReshards(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		cfg := ConsumerConfig[string]{Store: new(MemoryStore), ManualDone: true, CheckpointRecords: 10}
		l.reshard()
		c := l.consumer(cfg)
		work := make(chan Record[string])
		var workers sync.WaitGroup
		for range 5 {
			workers.Go(func() {
				for rec := range work {
					time.Sleep(rand.N(time.Second))
					rec.Done()
				}
			})
		}
		n := 0
		for rec, err := range c.Records(l.Context()) {
			if err != nil {
				l.Fatal(err)
			}
			n++
			work <- rec
		}
		close(work)
		workers.Wait()
		if err := c.Checkpoint(l.Context()); err != nil || n != l.puts {
			l.Errorf("%d records of %d; %v", n, l.puts, err)
		}
		if got := l.read(cfg); len(got) != 0 {
			l.Errorf("%d records are delivered again", len(got))
		}
	})
}

func TestForgottenDoneEndsTheLoop(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(100, 1)
		cfg := ConsumerConfig[string]{Store: new(MemoryStore), ManualDone: true, PrefetchRecords: 50}
		got, errs := errorsOf(l.consumer(cfg).Records(l.Context()))
		if len(got) != 50 || len(errs) != 1 || !errors.Is(errs[0], ErrUndone) {
			l.Errorf("%d records, errors %v", len(got), errs)
		}
	})
}

func TestBatches(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		cfg := ConsumerConfig[string]{Store: new(MemoryStore), Until: Count(95)}
		l.put(75, 10)
		l.after(time.Minute, func() { l.put(20, 10) })
		var got []string
		var sizes []int
		began := time.Now()
		for batch, err := range l.consumer(cfg).Batches(l.Context(), 30, 10*time.Second) {
			if err != nil {
				l.Fatal(err)
			}
			sizes = append(sizes, len(batch))
			for _, rec := range batch {
				got = append(got, rec.Value)
			}
			if len(sizes) == 3 && time.Since(began) > 11*time.Second {
				l.Errorf("the incomplete batch came after %v", time.Since(began))
			}
		}
		l.wantAll(got, 0)
		if fmt.Sprint(sizes) != "[30 30 15 20]" {
			l.Errorf("batches of %v", sizes)
		}
		cfg.Until = Tip()
		if got := l.read(cfg); len(got) != 0 {
			l.Errorf("%d records are delivered again", len(got))
		}
	})
}

func TestBatchesAreMarkedAfterTheBody(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		cfg := ConsumerConfig[string]{Store: new(MemoryStore), Codec: upper{}}
		l.putTexts("a", "b", "c", "poison", "d", "e")
		var seen []string
		for batch, err := range l.consumer(cfg).Batches(l.Context(), 2, time.Second) {
			text := ""
			for _, rec := range batch {
				text += rec.Value
			}
			if err != nil {
				text = "error"
			}
			seen = append(seen, text)
			if text == "DE" {
				break
			}
		}
		if fmt.Sprint(seen) != "[AB C error DE]" {
			l.Errorf("batches %v", seen)
		}
		if got := l.read(cfg); fmt.Sprint(got) != "[D E]" {
			l.Errorf("delivered again: %v", got)
		}
	})
}

func TestEachShardKeepsCheckpoints(t *testing.T) {
	inLab(t, 3, kstreamtest.Options{}, func(l *lab) {
		l.reshard()
		cfg := ConsumerConfig[string]{Store: new(MemoryStore)}
		var mu sync.Mutex
		var got []string
		for range 100 {
			before := len(got)
			err := l.consumer(cfg).EachShard(l.Context(), func(ctx context.Context, shard Shard, records iter.Seq2[Record[string], error]) error {
				n := 0
				for rec, err := range records {
					if err != nil {
						return err
					}
					mu.Lock()
					got = append(got, rec.Value)
					mu.Unlock()
					if n++; n == 20 {
						break // the last one is delivered again
					}
				}
				return nil
			})
			if err != nil {
				l.Fatal(err)
			}
			if len(got) == before {
				break
			}
		}
		l.wantAll(got, 100)
	})
}
