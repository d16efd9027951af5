// Package storetest is the suite that every [kstream.Store] must pass.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Config{
//			New: func(t *testing.T) kstream.Store { return openMyStore(t) },
//		})
//	}
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream"
)

// Config says how the suite gets stores.
type Config struct {
	// New returns an empty store. It closes it, if need be, in a Cleanup of t.
	New func(t *testing.T) kstream.Store

	// Reopen closes the store and opens what it has kept. nil: it keeps nothing.
	Reopen func(t *testing.T, store kstream.Store) kstream.Store
}

// Run tests a kind of store, in subtests named after what each wants of it. It
// takes some seconds at most, if an update takes milliseconds.
func Run(t *testing.T, cfg Config) {
	tests := []struct {
		name string
		test func(t *testing.T, store kstream.Store)
	}{
		{"an empty store lists nothing", empty},
		{"what is created is listed", create},
		{"every field and position comes back", fields},
		{"a lease is created once", createTwice},
		{"an update replaces", update},
		{"an update of an old version conflicts", updateOld},
		{"an update of nothing conflicts", updateNothing},
		{"a deleted lease is gone", deleteOne},
		{"a deletion of an old version conflicts", deleteOld},
		{"streams are apart", streams},
		{"a stream made again is another", madeAgain},
		{"callers' slices are their own", slicesApart},
		{"one of many updates wins", race},
		{"one of many creations wins", raceToCreate},
		{"many shards at once", manyShards},
		{"a context that has ended is an error", endedContext},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, cfg.New(t)) })
	}
	if cfg.Reopen != nil {
		t.Run("a reopened store has everything", func(t *testing.T) { reopen(t, cfg) })
	}
}

// stream returns an ID that is like a real one.
func stream(name string) kstream.StreamID {
	return kstream.StreamID{
		ARN:     "arn:aws:kinesis:us-east-1:123456789012:stream/" + name,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func lease(shard int) kstream.Lease {
	return kstream.Lease{
		Stream:   stream("s"),
		ShardID:  fmt.Sprintf("shardId-%012d", shard),
		Position: kstream.TrimHorizon(),
		Version:  1,
	}
}

// moved returns what l is after reading on to n.
func moved(l kstream.Lease, n int) kstream.Lease {
	l.Position = kstream.AfterRecord(fmt.Sprintf("4959033827149025660855969253836157%020d", n), int64(n))
	l.Version++
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantConflict(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, kstream.ErrConflict) {
		t.Errorf("%s: error %v, want one that wraps ErrConflict", what, err)
	}
}

// wantLeases checks what the store holds of a stream.
func wantLeases(t *testing.T, store kstream.Store, id kstream.StreamID, want ...kstream.Lease) {
	t.Helper()
	got, err := store.List(t.Context(), id)
	must(t, err)
	byShard := func(a, b kstream.Lease) int { return strings.Compare(a.ShardID, b.ShardID) }
	slices.SortFunc(got, byShard)
	want = slices.Clone(want)
	slices.SortFunc(want, byShard)
	if !slices.EqualFunc(got, want, kstream.Lease.Equal) {
		t.Errorf("the store holds\n%+v, want\n%+v", got, want)
	}
}

func empty(t *testing.T, store kstream.Store) {
	wantLeases(t, store, stream("s"))
}

func create(t *testing.T, store kstream.Store) {
	must(t, store.Create(t.Context(), lease(1)))
	must(t, store.Create(t.Context(), lease(2)))
	wantLeases(t, store, stream("s"), lease(1), lease(2))
}

// quiet returns a position that also says when nothing followed it.
func quiet(t *testing.T) (p kstream.Position) {
	must(t, p.UnmarshalText([]byte("AFTER_SEQUENCE_NUMBER 49590338271490256608559692538361571095921575989136588898 1 2026-02-03T04:05:06Z")))
	return p
}

func fields(t *testing.T, store kstream.Store) {
	positions := []kstream.Position{
		kstream.TrimHorizon(),
		kstream.Latest(),
		kstream.AtTime(time.Date(2026, 2, 3, 4, 5, 6, 789_000_000, time.UTC)),
		kstream.AtSequenceNumber("0"),
		kstream.AfterSequenceNumber("49590338271490256608559692538361571095921575989136588898"),
		kstream.AfterRecord("49590338271490256608559692538361571095921575989136588898", 0),
		kstream.AfterRecord("49590338271490256608559692538361571095921575989136588898", 4711),
		quiet(t),
		kstream.ShardEnd(),
	}
	var want []kstream.Lease
	for i, p := range positions {
		l := lease(i)
		l.Position = p
		l.Version = int64(i) * 1000
		if i > 0 {
			l.Parents = []string{lease(0).ShardID, lease(i - 1).ShardID}[:1+i%2]
			l.Owner = fmt.Sprintf("worker \"%d\", ä", i)
		}
		must(t, store.Create(t.Context(), l))
		want = append(want, l)
	}
	wantLeases(t, store, stream("s"), want...)
}

func createTwice(t *testing.T, store kstream.Store) {
	must(t, store.Create(t.Context(), lease(1)))
	wantConflict(t, "second Create", store.Create(t.Context(), moved(lease(1), 5)))
	wantLeases(t, store, stream("s"), lease(1))
}

func update(t *testing.T, store kstream.Store) {
	first := lease(1)
	must(t, store.Create(t.Context(), first))
	second := moved(first, 5)
	second.Owner = "me"
	must(t, store.Update(t.Context(), first, second))
	third := moved(second, 6)
	third.Owner = ""
	third.Position = kstream.ShardEnd()
	must(t, store.Update(t.Context(), second, third))
	wantLeases(t, store, stream("s"), third)
}

func updateOld(t *testing.T, store kstream.Store) {
	first := lease(1)
	must(t, store.Create(t.Context(), first))
	second := moved(first, 5)
	must(t, store.Update(t.Context(), first, second))
	wantConflict(t, "Update of an old version", store.Update(t.Context(), first, moved(first, 7)))
	wantLeases(t, store, stream("s"), second)
}

func updateNothing(t *testing.T, store kstream.Store) {
	wantConflict(t, "Update of a lease that isn't there", store.Update(t.Context(), lease(1), moved(lease(1), 5)))
	wantLeases(t, store, stream("s"))
}

func deleteOne(t *testing.T, store kstream.Store) {
	must(t, store.Create(t.Context(), lease(1)))
	must(t, store.Create(t.Context(), lease(2)))
	must(t, store.Delete(t.Context(), lease(1)))
	wantLeases(t, store, stream("s"), lease(2))
	wantConflict(t, "second Delete", store.Delete(t.Context(), lease(1)))
	must(t, store.Create(t.Context(), lease(1)))
	wantLeases(t, store, stream("s"), lease(1), lease(2))
}

func deleteOld(t *testing.T, store kstream.Store) {
	must(t, store.Create(t.Context(), lease(1)))
	second := moved(lease(1), 5)
	must(t, store.Update(t.Context(), lease(1), second))
	wantConflict(t, "Delete of an old version", store.Delete(t.Context(), lease(1)))
	wantLeases(t, store, stream("s"), second)
}

func streams(t *testing.T, store kstream.Store) {
	other := lease(1)
	other.Stream = stream("other")
	must(t, store.Create(t.Context(), lease(1)))
	must(t, store.Create(t.Context(), other))
	changed := moved(other, 5)
	must(t, store.Update(t.Context(), other, changed))
	wantLeases(t, store, stream("s"), lease(1))
	wantLeases(t, store, stream("other"), changed)
}

func madeAgain(t *testing.T, store kstream.Store) {
	again := lease(1)
	again.Stream.Created = again.Stream.Created.Add(time.Hour)
	must(t, store.Create(t.Context(), lease(1)))
	wantLeases(t, store, again.Stream)
	must(t, store.Create(t.Context(), again))
	wantLeases(t, store, again.Stream, again)
	wantLeases(t, store, stream("s"), lease(1))
}

func slicesApart(t *testing.T, store kstream.Store) {
	l := lease(2)
	l.Parents = []string{"a", "b"}
	must(t, store.Create(t.Context(), l))
	l.Parents[0] = "changed"
	listed, err := store.List(t.Context(), stream("s"))
	must(t, err)
	if len(listed) == 1 {
		listed[0].Parents[1] = "changed"
	}
	l.Parents = []string{"a", "b"}
	wantLeases(t, store, stream("s"), l)
}

// race has several workers count in one lease: however they get into each
// other's way, no count may be lost.
func race(t *testing.T, store kstream.Store) {
	const workers, each = 8, 20
	must(t, store.Create(t.Context(), lease(1)))
	var group sync.WaitGroup
	var conflicts atomic.Int64
	for range workers {
		group.Go(func() {
			for done := 0; done < each; {
				listed, err := store.List(t.Context(), stream("s"))
				if err != nil || len(listed) != 1 {
					t.Errorf("listed %d leases, error %v", len(listed), err)
					return
				}
				_, sub := position(listed[0])
				switch err := store.Update(t.Context(), listed[0], moved(listed[0], sub+1)); {
				case err == nil:
					done++
				case errors.Is(err, kstream.ErrConflict):
					conflicts.Add(1)
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	listed, err := store.List(t.Context(), stream("s"))
	must(t, err)
	if _, sub := position(listed[0]); sub != workers*each || listed[0].Version != workers*each+1 {
		t.Errorf("counted to %d with version %d, want %d (%d conflicts)", sub, listed[0].Version, workers*each, conflicts.Load())
	}
}

func raceToCreate(t *testing.T, store kstream.Store) {
	const workers = 16
	var group sync.WaitGroup
	var created atomic.Int64
	for i := range workers {
		group.Go(func() {
			l := lease(1)
			l.Owner = fmt.Sprint(i)
			switch err := store.Create(t.Context(), l); {
			case err == nil:
				created.Add(1)
			case !errors.Is(err, kstream.ErrConflict):
				t.Error(err)
			}
		})
	}
	group.Wait()
	listed, err := store.List(t.Context(), stream("s"))
	must(t, err)
	if created.Load() != 1 || len(listed) != 1 {
		t.Errorf("%d creations, %d leases", created.Load(), len(listed))
	}
}

// position reads the two numbers of a position that moved made.
func position(l kstream.Lease) (seq string, sub int) {
	_, _ = fmt.Sscanf(l.Position.String(), "AFTER_SEQUENCE_NUMBER %s %d", &seq, &sub) // TRIM_HORIZON is 0
	return seq, sub
}

func manyShards(t *testing.T, store kstream.Store) {
	const shards, rounds = 40, 5
	want := make([]kstream.Lease, shards)
	var group sync.WaitGroup
	for i := range shards {
		group.Go(func() {
			l := lease(i)
			if err := store.Create(t.Context(), l); err != nil {
				t.Error(err)
			}
			for n := range rounds {
				next := moved(l, n)
				if err := store.Update(t.Context(), l, next); err != nil {
					t.Error(err)
				}
				l = next
			}
			want[i] = l
		})
	}
	group.Wait()
	wantLeases(t, store, stream("s"), want...)
}

func endedContext(t *testing.T, store kstream.Store) {
	must(t, store.Create(t.Context(), lease(1)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.List(ctx, stream("s")); err == nil {
		t.Error("List took it")
	}
	if store.Create(ctx, lease(2)) == nil {
		t.Error("Create took it")
	}
	if store.Update(ctx, lease(1), moved(lease(1), 5)) == nil {
		t.Error("Update took it")
	}
	if store.Delete(ctx, lease(1)) == nil {
		t.Error("Delete took it")
	}
	wantLeases(t, store, stream("s"), lease(1))
}

func reopen(t *testing.T, cfg Config) {
	store := cfg.New(t)
	must(t, store.Create(t.Context(), lease(1)))
	must(t, store.Create(t.Context(), lease(2)))
	must(t, store.Create(t.Context(), lease(3)))
	second := moved(lease(2), 5)
	second.Parents = []string{"a"}
	must(t, store.Update(t.Context(), lease(2), second))
	must(t, store.Delete(t.Context(), lease(3)))
	store = cfg.Reopen(t, store)
	wantLeases(t, store, stream("s"), lease(1), second)
	must(t, store.Update(t.Context(), second, moved(second, 6)))
}
