package kstream_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/kinesiskit/kinesiskit/kstream"
)

// tableStore keeps leases in a table, here a map, whose rows are replaced only
// if their version is the one expected: as UPDATE … WHERE version = ? does, or a
// conditional write.
type tableStore struct {
	mu   sync.Mutex
	rows map[rowKey]row
}

type rowKey struct {
	arn     string
	created int64
	shard   string
}

type row struct {
	position string
	parents  []string
	owner    string
	version  int64
}

func keyOf(l kstream.Lease) rowKey {
	return rowKey{l.Stream.ARN, l.Stream.Created.Unix(), l.ShardID}
}

// put replaces the row of a lease that has the version; 0 is no row.
func (s *tableStore) put(ctx context.Context, l kstream.Lease, version int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows[keyOf(l)].version != version {
		return fmt.Errorf("table: put: %w", kstream.ErrConflict)
	}
	if s.rows == nil {
		s.rows = make(map[rowKey]row)
	}
	s.rows[keyOf(l)] = row{l.Position.String(), append([]string(nil), l.Parents...), l.Owner, l.Version}
	return nil
}

func (s *tableStore) Create(ctx context.Context, l kstream.Lease) error { return s.put(ctx, l, 0) }

func (s *tableStore) Update(ctx context.Context, old, new kstream.Lease) error {
	return s.put(ctx, new, old.Version)
}

func (s *tableStore) Delete(ctx context.Context, old kstream.Lease) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.rows[keyOf(old)]; !ok || r.version != old.Version {
		return fmt.Errorf("table: delete: %w", kstream.ErrConflict)
	}
	delete(s.rows, keyOf(old))
	return nil
}

func (s *tableStore) List(ctx context.Context, stream kstream.StreamID) ([]kstream.Lease, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var leases []kstream.Lease
	for key, r := range s.rows {
		if key.arn != stream.ARN || key.created != stream.Created.Unix() {
			continue
		}
		l := kstream.Lease{
			Stream: stream, ShardID: key.shard, Owner: r.owner, Version: r.version,
			Parents: append([]string(nil), r.parents...),
		}
		if err := l.Position.UnmarshalText([]byte(r.position)); err != nil {
			return nil, err
		}
		leases = append(leases, l)
	}
	return leases, nil
}

// A database keeps the checkpoints: any that replaces a row only if it still is
// what the writer has seen. Package storetest tests such a Store.
func ExampleStore() {
	server := letters()
	defer server.Close()
	store := new(tableStore)
	for range 2 {
		consumer, err := kstream.NewConsumer(server.Client(), kstream.ConsumerConfig[string]{
			Stream: "letters", Until: kstream.Count(2), Store: store,
		})
		if err != nil {
			log.Fatal(err)
		}
		for rec, err := range consumer.Records(context.Background()) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(rec.Value, " ")
		}
	}
	// Output: a b c d
}
