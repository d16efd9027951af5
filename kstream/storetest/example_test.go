package storetest_test

import (
	"testing"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/storetest"
)

// A store's test: here of the one in memory, which keeps nothing to reopen.
func Example() {
	_ = func(t *testing.T) { // func TestStore(t *testing.T)
		storetest.Run(t, storetest.Config{
			New: func(*testing.T) kstream.Store { return new(kstream.MemoryStore) },
		})
	}
}
