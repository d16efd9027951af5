package kstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// A stuckStore does not come back from an update before its context ends.
type stuckStore struct {
	MemoryStore
	stuck bool
}

func (s *stuckStore) Update(ctx context.Context, old, new Lease) error {
	if s.stuck {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return s.MemoryStore.Update(ctx, old, new)
}

// A Store that hangs holds up a loop that waits for it, and its end for ten
// seconds; what was not saved is delivered again.
func TestAStoreThatHangsDoesNotHoldUpTheEndForEver(t *testing.T) {
	for _, every := range []int{0, 3} {
		t.Run(fmt.Sprint(every), func(t *testing.T) {
			inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
				l.put(20, 10)
				store := &stuckStore{stuck: true}
				cfg := ConsumerConfig[string]{Store: store, CheckpointRecords: every, Until: Count(1e6)}
				ctx, cancel := context.WithTimeoutCause(l.Context(), time.Minute, errBody)
				defer cancel()
				began := time.Now()
				got, errs := errorsOf(l.consumer(cfg).Records(ctx))
				if len(errs) != 1 || !errors.Is(errs[0], errBody) {
					l.Errorf("errors %v, want the cause", errs)
				}
				if took := time.Since(began); took > time.Minute+lastSaveTimeout+time.Second {
					l.Errorf("the loop ended after %v", took)
				}
				store.stuck = false
				cfg.Until = Tip()
				l.wantAll(append(got, l.read(cfg)...), 20)
			})
		})
	}
}

// A slowStore needs its time for each update.
type slowStore struct{ MemoryStore }

func (s *slowStore) Update(ctx context.Context, old, new Lease) error {
	if err := sleep(ctx, 700*time.Millisecond); err != nil {
		return err
	}
	return s.MemoryStore.Update(ctx, old, new)
}

func TestASlowStoreLosesNothing(t *testing.T) {
	inLab(t, 4, kstreamtest.Options{}, func(l *lab) {
		l.put(80, 20)
		store := new(slowStore)
		var got []string
		for at := 1; at <= 80; at += 9 {
			cfg := ConsumerConfig[string]{Store: store, CheckpointRecords: 2, CheckpointInterval: time.Second, Until: Count(int64(at))}
			for rec, err := range l.consumer(cfg).Records(l.Context()) {
				if err != nil {
					l.Fatal(err)
				}
				if got = append(got, rec.Value); len(got)%at == 0 {
					break
				}
			}
		}
		l.wantAll(append(got, l.read(ConsumerConfig[string]{Store: store})...), 9)
	})
}

// A takenStore is one in which another process moves on a lease.
type takenStore struct {
	MemoryStore
	updates int
}

func (s *takenStore) Update(ctx context.Context, old, new Lease) error {
	if s.updates++; s.updates == 2 {
		other := old
		other.Owner, other.Version = "other", old.Version+1
		if err := s.MemoryStore.Update(ctx, old, other); err != nil {
			return err
		}
	}
	return s.MemoryStore.Update(ctx, old, new)
}

// Whoever has lost a shard to another must not go on with it, in any kind of loop.
func TestALostLeaseEndsEveryKindOfLoop(t *testing.T) {
	loops := map[string]func(l *lab, c *Consumer[string]) error{
		"Records": func(l *lab, c *Consumer[string]) (err error) {
			for _, err = range c.Records(l.Context()) {
			}
			return err
		},
		"Batches": func(l *lab, c *Consumer[string]) (err error) {
			for _, err = range c.Batches(l.Context(), 2, 0) {
				time.Sleep(time.Second)
			}
			return err
		},
		"EachShard": func(l *lab, c *Consumer[string]) error {
			return c.EachShard(l.Context(), func(_ context.Context, _ Shard, records iter.Seq2[Record[string], error]) error {
				for range records {
				}
				return nil
			})
		},
	}
	for name, loop := range loops {
		t.Run(name, func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				l.put(30, 10)
				c := l.consumer(ConsumerConfig[string]{Store: new(takenStore), CheckpointRecords: 2, Until: Count(1e6)})
				if err := loop(l, c); !errors.Is(err, ErrConflict) {
					l.Errorf("the loop ended with %v", err)
				}
				if err := c.Checkpoint(l.Context()); !errors.Is(err, ErrConflict) {
					l.Errorf("Checkpoint returned %v", err)
				}
			})
		})
	}
}

func TestStoreFailuresAreSurvived(t *testing.T) {
	errStore := errors.New("no connection")
	tests := []struct {
		name          string
		before, after func(n int) error
	}{
		{name: "before", before: func(n int) error {
			if n%3 != 0 {
				return errStore
			}
			return nil
		}},
		{name: "answer lost", after: func(n int) error {
			if n%3 == 1 {
				return errStore
			}
			return nil
		}},
		{name: "answer lost, then nothing gets through",
			before: func(n int) error {
				if n%4 == 2 || n%4 == 3 {
					return errStore
				}
				return nil
			},
			after: func(n int) error {
				if n%4 == 1 {
					return errStore
				}
				return nil
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				store := &mortalStore{Store: new(MemoryStore), beforeUpdate: tt.before, afterUpdate: tt.after}
				l.put(30, 1)
				c := l.consumer(ConsumerConfig[string]{Store: store, CheckpointRecords: 2, Until: Count(30)})
				got, errs := errorsOf(c.Records(l.Context()))
				l.wantAll(got, 0)
				for range 3 {
					if len(errs) > 0 { // the last save failed
						errs = nil
						if err := c.Checkpoint(l.Context()); err != nil {
							errs = []error{err}
						}
					}
				}
				if len(errs) > 0 || c.Stats().SaveFailures == 0 {
					l.Errorf("errors %v, stats %+v", errs, c.Stats())
				}
				if got := l.read(ConsumerConfig[string]{Store: store.Store}); len(got) != 0 {
					l.Errorf("%q is delivered again", got)
				}
			})
		})
	}
}

// A muteStore creates leases, but its first answer about each is lost.
type muteStore struct {
	Store
	told map[string]bool
}

func (s *muteStore) Create(ctx context.Context, lease Lease) error {
	err := s.Store.Create(ctx, lease)
	if !s.told[lease.ShardID] {
		s.told[lease.ShardID] = true
		err = errors.New("timeout")
	}
	return err
}

func TestALeaseWhoseCreationWasNotAnsweredIsNoConflict(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 1)
		l.wantAll(l.read(ConsumerConfig[string]{Store: &muteStore{new(MemoryStore), make(map[string]bool)}}), 0)
	})
}

// A deafStore loses the answer of each first try, and then that of the List that
// looks whether it was made.
type deafStore struct {
	MemoryStore
	mu    sync.Mutex // guards what follows
	tries map[string]int
	lists int
}

func (s *deafStore) lose(try string, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tries == nil {
		s.tries = make(map[string]int)
	}
	if s.tries[try]++; s.tries[try] == 1 {
		return errors.New("timeout")
	}
	return err
}

func (s *deafStore) Create(ctx context.Context, lease Lease) error {
	return s.lose("create", s.MemoryStore.Create(ctx, lease))
}

func (s *deafStore) Update(ctx context.Context, old, new Lease) error {
	return s.lose(new.Position.String(), s.MemoryStore.Update(ctx, old, new))
}

func (s *deafStore) List(ctx context.Context, stream StreamID) ([]Lease, error) {
	s.mu.Lock()
	s.lists++
	lost := s.lists%2 == 0
	s.mu.Unlock()
	if lost {
		return nil, errors.New("timeout")
	}
	return s.MemoryStore.List(ctx, stream)
}

// Only the Store's own word makes a conflict.
func TestAConflictThatCannotBeLookedIntoIsTriedAgain(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(20, 1)
		store := new(deafStore)
		c := l.consumer(ConsumerConfig[string]{Store: store, CheckpointRecords: 1})
		got, errs := errorsOf(c.Records(l.Context()))
		l.wantAll(got, 0)
		for range 3 {
			if err := c.Checkpoint(l.Context()); errors.Is(err, ErrConflict) {
				l.Error(err)
			}
		}
		if len(errs) > 1 || len(errs) == 1 && errors.Is(errs[0], ErrConflict) {
			l.Errorf("errors %v", errs)
		}
		if got := l.read(ConsumerConfig[string]{Store: &store.MemoryStore}); len(got) != 0 {
			l.Errorf("%q is delivered again", got)
		}
	})
}

// Records of a loop that has ended are marked, and saved while the next one begins.
func TestACheckpointOfTheLastLoopIsNoConflictForTheNext(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(10, 10)
		c := l.consumer(ConsumerConfig[string]{Store: new(slowStore), ManualDone: true, Until: Count(5)})
		var got []string
		loop := func() {
			for rec, err := range c.Records(l.Context()) {
				if err != nil {
					l.Fatal(err)
				}
				got = append(got, rec.Value)
				defer rec.Done()
			}
		}
		loop()
		l.writers.Go(func() {
			if err := c.Checkpoint(l.Context()); err != nil {
				l.Error(err)
			}
		})
		synctest.Wait() // it is saving
		loop()
		if err := c.Checkpoint(l.Context()); err != nil {
			l.Error(err)
		}
		l.wantAll(got, 0)
	})
}

func TestASaveThatTheEndOfTheLoopCutsOffIsNoWarning(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.put(1, 1)
		var log strings.Builder
		cfg := ConsumerConfig[string]{
			Store: new(slowStore), CheckpointInterval: time.Second, Until: Count(2),
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		}
		ctx, cancel := context.WithTimeout(l.Context(), 1500*time.Millisecond)
		defer cancel()
		if _, errs := errorsOf(l.consumer(cfg).Records(ctx)); len(errs) != 1 || log.Len() > 0 {
			l.Errorf("errors %v, log: %s", errs, log.String())
		}
		if got := l.positions(cfg.Store); !strings.Contains(fmt.Sprint(got), "AFTER_SEQUENCE_NUMBER") {
			l.Errorf("the store holds %v: the last save is missing", got)
		}
	})
}
