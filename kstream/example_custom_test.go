package kstream_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"sync"
	"testing"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
	"github.com/kinesiskit/kinesiskit/kstream/storetest"
)

type Point struct{ X, Y int32 }

// pointCodec has a point in eight bytes.
type pointCodec struct{}

func (pointCodec) Append(dst []byte, p Point) ([]byte, error) {
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.X))
	return binary.BigEndian.AppendUint32(dst, uint32(p.Y)), nil
}

func (pointCodec) Decode(data []byte) (Point, error) {
	if len(data) != 8 {
		return Point{}, fmt.Errorf("a point of %d bytes", len(data))
	}
	return Point{
		X: int32(binary.BigEndian.Uint32(data)),
		Y: int32(binary.BigEndian.Uint32(data[4:])),
	}, nil
}

// A format of one's own, or one such as Protocol Buffers, takes two methods.
func ExampleCodec() {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("points", 1)
	ctx, client := context.Background(), server.Client()

	producer, err := kstream.NewProducer(client, kstream.ProducerConfig[Point]{
		Stream: "points", Codec: pointCodec{},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := producer.Put(ctx, Point{3, -4}); err != nil {
		log.Fatal(err)
	}
	if err := producer.Close(ctx); err != nil {
		log.Fatal(err)
	}

	consumer, err := kstream.NewConsumer(client, kstream.ConsumerConfig[Point]{
		Stream: "points", Codec: pointCodec{}, Until: kstream.Tip(),
	})
	if err != nil {
		log.Fatal(err)
	}
	for rec, err := range consumer.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(rec.Data), "bytes:", rec.Value)
	}
	// Output: 8 bytes: {3 -4}
}

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

// What the example shows is a Store in earnest.
func TestExampleStore(t *testing.T) {
	storetest.Run(t, storetest.Config{
		New: func(*testing.T) kstream.Store { return new(tableStore) },
	})
}

// A Put that fails says whether its value may be in the stream all the same.
func ExampleDeliveryError() {
	server := kstreamtest.NewServer(kstreamtest.Options{
		Hook: func(r kstreamtest.Request) *kstreamtest.Reply {
			if r.Operation != "PutRecords" {
				return nil
			}
			return &kstreamtest.Reply{Code: "AccessDeniedException", Message: "not for you"}
		},
	})
	defer server.Close()
	server.CreateStream("orders", 1)
	ctx := context.Background()

	producer, err := kstream.NewProducer(server.Client(), kstream.ProducerConfig[string]{Stream: "orders"})
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close(ctx)
	_, err = producer.Put(ctx, "an order")
	if failed, ok := errors.AsType[*kstream.DeliveryError](err); ok {
		switch failed.Outcome {
		case kstream.Failed:
			fmt.Println("not in the stream, after", failed.Attempts, "attempt: sending it again makes no duplicate")
		case kstream.MaybeDelivered:
			fmt.Println("perhaps in the stream: sending it again may make a duplicate")
		}
	}
	// Output: not in the stream, after 1 attempt: sending it again makes no duplicate
}
