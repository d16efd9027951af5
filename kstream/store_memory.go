package kstream

import (
	"context"
	"sync"
)

// A MemoryStore keeps leases in memory: for tests, and for loops of one process
// that take up where the last one stopped. The zero MemoryStore is empty and
// ready. It must not be copied.
type MemoryStore struct {
	mu     sync.Mutex // guards leases
	leases leaseTable
}

var _ Store = (*MemoryStore)(nil)

// List implements [Store].
func (s *MemoryStore) List(ctx context.Context, stream StreamID) ([]Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leases.list(stream), ctx.Err()
}

// Create implements [Store].
func (s *MemoryStore) Create(ctx context.Context, lease Lease) error {
	return s.change(ctx, leaseChange{new: &lease})
}

// Update implements [Store].
func (s *MemoryStore) Update(ctx context.Context, old, new Lease) error {
	return s.change(ctx, leaseChange{old: &old, new: &new})
}

// Delete implements [Store].
func (s *MemoryStore) Delete(ctx context.Context, old Lease) error {
	return s.change(ctx, leaseChange{old: &old})
}

func (s *MemoryStore) change(ctx context.Context, c leaseChange) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leases.change(c)
}

// A leaseTable holds leases by stream and shard. The zero value is empty. It is
// not safe for concurrent use.
type leaseTable struct{ streams map[string]map[string]Lease }

// A leaseChange is a creation (no old), an update, or a deletion (no new).
type leaseChange struct{ old, new *Lease }

func (t *leaseTable) list(stream StreamID) []Lease {
	var leases []Lease
	for _, l := range t.streams[stream.String()] {
		leases = append(leases, l.clone())
	}
	return leases
}

// change makes a change if the stored lease is what it supposes.
func (t *leaseTable) change(c leaseChange) error {
	what, lease := c.subject()
	shards := t.streams[lease.Stream.String()]
	stored, exists := shards[lease.ShardID]
	if exists != (c.old != nil) || (exists && stored.Version != c.old.Version) {
		return leaseError(what, lease, ErrConflict)
	}
	if c.new == nil {
		delete(shards, lease.ShardID)
		return nil
	}
	if shards == nil {
		if t.streams == nil {
			t.streams = make(map[string]map[string]Lease)
		}
		shards = make(map[string]Lease)
		t.streams[lease.Stream.String()] = shards
	}
	shards[lease.ShardID] = c.new.clone()
	return nil
}

// subject names the change and the lease it is about.
func (c leaseChange) subject() (string, Lease) {
	switch {
	case c.old == nil:
		return "create", *c.new
	case c.new == nil:
		return "delete", *c.old
	}
	return "update", *c.old
}
