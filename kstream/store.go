package kstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrConflict says that a lease was not what the caller took it for: somebody
// else has created, changed or deleted it. A loop whose checkpoint meets it
// ends with it, since another process reads the same shards with the same Store.
var ErrConflict = errors.New("lease was changed by another")

// A Store keeps the checkpoints of one application: a lease for each shard of
// the streams that it reads. Two applications that each want all records of a
// stream need a Store each.
//
// All methods may be called from several goroutines. One whose ctx has ended
// returns an error and changes nothing; one that is at work when it ends should
// soon return, because a loop that ends waits for that. None may panic: most are
// called from goroutines of the loop, where that ends the process. The suite in
// package storetest is what an implementation must pass. See [MemoryStore] and
// [FileStore].
//
// A List that fails when a loop begins ends it, before anything is read. A Create
// that fails is tried again for RetryFor, and an Update with the next save, unless
// the error wraps ErrConflict or ErrStoreClosed: then the loop ends at once.
//
// A lease is found by its stream's ARN and creation time, and its shard's ID.
// Store every field of it: the Position as the text that it marshals to, whose
// form is this package's own.
type Store interface {
	// List returns all leases of a stream, in any order. None is no error.
	List(ctx context.Context, stream StreamID) ([]Lease, error)

	// Create adds a lease. If there is one for its shard already, the error
	// wraps ErrConflict.
	Create(ctx context.Context, lease Lease) error

	// Update puts new in the place of old, which is a lease of the same shard,
	// if the Version that is stored still is old's. Otherwise, and if there is
	// none, the error wraps ErrConflict and nothing has changed.
	Update(ctx context.Context, old, new Lease) error

	// Delete removes a lease if the Version that is stored still is old's.
	// Otherwise, and if there is none, the error wraps ErrConflict.
	Delete(ctx context.Context, old Lease) error
}

// A StreamID names one life of a stream. One that is deleted and made again
// under the same name is another stream: its checkpoints mean nothing there. It
// is the ARN of a [StreamInfo], and its Created to the second.
type StreamID struct {
	ARN     string
	Created time.Time // whole seconds, UTC
}

// String returns the ARN and the Unix time of the creation, with a colon between.
func (id StreamID) String() string { return fmt.Sprintf("%s:%d", id.ARN, id.Created.Unix()) }

// streamID returns the ID of the stream that info describes.
func streamID(info StreamInfo) StreamID {
	return StreamID{ARN: info.ARN, Created: time.Unix(info.Created.Unix(), 0).UTC()}
}

// A Lease is what a Store knows of a shard: how far it has been read, and by
// whom.
type Lease struct {
	Stream  StreamID
	ShardID string
	Parents []string // the shards that it was split or merged from

	// Position is where reading goes on.
	Position Position

	// Owner is the worker that reads the shard; empty: none in particular, as a
	// Consumer leaves it.
	Owner string

	// Version counts the changes. A lease that is created has Version 1, and an
	// update sets old's plus 1.
	Version int64
}

// Equal reports whether l and o are the same in every field.
func (l Lease) Equal(o Lease) bool {
	return l.Stream.ARN == o.Stream.ARN && l.Stream.Created.Equal(o.Stream.Created) && l.ShardID == o.ShardID &&
		slices.Equal(l.Parents, o.Parents) && l.Position.Equal(o.Position) && l.Owner == o.Owner && l.Version == o.Version
}

func (l Lease) clone() Lease {
	l.Parents = slices.Clone(l.Parents)
	return l
}

// leaseError says what was done to which lease when it failed.
func leaseError(what string, l Lease, err error) error {
	return fmt.Errorf("kstream: %s lease of %s, %s: %w", what, l.Stream.ARN, l.ShardID, err)
}
