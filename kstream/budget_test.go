package kstream

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestBudgetServesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10, 100)
		ctx := t.Context()
		if err := b.take(ctx, hold{6, 10}); err != nil {
			t.Fatal(err)
		}
		var got []string
		want := func(reason string, names ...string) {
			t.Helper()
			synctest.Wait()
			if diff := cmp.Diff(names, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", reason, diff)
			}
		}
		for _, w := range []struct {
			name string
			hold hold
		}{{"records", hold{5, 1}}, {"bytes", hold{1, 100}}, {"small", hold{1, 1}}} {
			go func() {
				if b.take(ctx, w.hold) == nil {
					got = append(got, w.name)
				}
			}()
			synctest.Wait()
		}
		want("the small one must not overtake")
		b.give(hold{6, 10})
		want("bytes are short now", "records")
		b.give(hold{5, 1})
		want("all bytes are taken", "records", "bytes")
		b.give(hold{1, 100})
		want("everything is free", "records", "bytes", "small")
	})
}

func TestBudgetAbandonedWaiterBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10, 100)
		if err := b.take(t.Context(), hold{9, 9}); err != nil {
			t.Fatal(err)
		}
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		var big error
		go func() { big = b.take(ctx, hold{10, 1}) }()
		synctest.Wait()
		served := false
		go func() { served = b.take(t.Context(), hold{1, 1}) == nil }()
		synctest.Wait()
		cancel(cause)
		synctest.Wait()
		if !errors.Is(big, cause) {
			t.Errorf("the cancelled one got %v, want the cause", big)
		}
		if !served {
			t.Error("the one behind it still waits")
		}
		b.give(hold{10, 10})
		if b.records != 10 || b.bytes != 100 {
			t.Errorf("%d records and %d bytes are left of 10 and 100", b.records, b.bytes)
		}
	})
}
