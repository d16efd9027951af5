package kstream_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
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
