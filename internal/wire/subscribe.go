package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/schemas"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// SubscribeToShard is a per-call option for [kinesis.Client.SubscribeToShard]. Its
// events are read as [GetCall.GetRecords] reads responses, and their records share
// buffers in the same way. The option includes [Cure], and is no more than that on
// a client that doesn't speak awsJson 1.1.
//
// It also keeps apart what the SDK shares: all subscriptions of a client use one
// decoder of event streams, whose fields they write without a lock.
func SubscribeToShard(o *kinesis.Options) {
	setProtocol(o, func(sdk smithyhttp.ClientProtocol) smithyhttp.ClientProtocol {
		if _, shared := sdk.(*awsjson.Protocol); shared {
			sdk = awsjson.New11(schemas.Kinesis_20131202)
		}
		return subscribeProtocol{sdk, new(GetCall)}
	})
}

// subscribeProtocol is the protocol of one subscription.
type subscribeProtocol struct {
	smithyhttp.ClientProtocol
	memory *GetCall // for events, which are read one after the other
}

// DeserializeEventMessage reads the next event. It does events of records by
// itself, and gives every other frame, broken ones included, to the SDK as it is.
func (p subscribeProtocol) DeserializeEventMessage(
	union *smithy.Schema, registry *smithy.TypeRegistry, r io.Reader,
) (smithy.Deserializable, error) {
	if union != schemas.SubscribeToShardEventStream {
		return p.ClientProtocol.DeserializeEventMessage(union, registry, r)
	}
	buf := bodies.take()
	defer bodies.give(buf)
	frame, whole, err := readFrame(buf.bytes, r)
	buf.bytes = frame
	if whole {
		if event := new(types.SubscribeToShardEvent); p.scanEvent(frame, event) {
			return event, nil
		}
		r = bytes.NewReader(frame)
	} else if err != nil {
		r = io.MultiReader(bytes.NewReader(frame), failingReader{err})
	} else {
		r = io.MultiReader(bytes.NewReader(frame), r)
	}
	var event smithy.Deserializable
	err = withoutPanic(func() (err error) {
		event, err = p.ClientProtocol.DeserializeEventMessage(union, registry, r)
		return err
	})
	return event, err
}

// A frame of application/vnd.amazon.eventstream: the length of it all, the length
// of its headers and a checksum of both; the headers; the payload; a checksum of
// all before it. Numbers are big-endian, checksums are CRC-32 (IEEE).
const (
	preludeLen  = 12
	checksumLen = 4
	maxFrame    = 17 << 20 // 16 MiB of payload and 128 KiB of headers
)

// readFrame reads a frame into buf, if that is large enough. If there is no whole
// frame with the right checksums to be had, it returns what it has read of it.
func readFrame(buf []byte, r io.Reader) (frame []byte, whole bool, err error) {
	if frame, err = readTo(buf[:0], preludeLen, r); err != nil {
		return frame, false, err
	}
	size := binary.BigEndian.Uint32(frame)
	if size < preludeLen+checksumLen || size > maxFrame || !checksum(frame) {
		return frame, false, nil
	}
	if frame, err = readTo(frame, int(size), r); err != nil {
		return frame, false, err
	}
	return frame, checksum(frame), nil
}

// readTo reads until buf has size bytes.
func readTo(buf []byte, size int, r io.Reader) ([]byte, error) {
	have := len(buf)
	if cap(buf) < size {
		buf = append(make([]byte, 0, size), buf...)
	}
	n, err := io.ReadFull(r, buf[have:size])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return buf[:have+n], err
}

// checksum reports whether the last four bytes of p are that of the others.
func checksum(p []byte) bool {
	n := len(p) - checksumLen
	return crc32.ChecksumIEEE(p[:n]) == binary.BigEndian.Uint32(p[n:])
}

// failingReader ends a stream with the error that it ended with before.
type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// scanEvent reads a frame and reports whether it was a SubscribeToShardEvent that
// it could read. If it returns false, event holds nothing of use.
func (p subscribeProtocol) scanEvent(frame []byte, event *types.SubscribeToShardEvent) bool {
	headersLen := binary.BigEndian.Uint32(frame[4:])
	content := frame[preludeLen : len(frame)-checksumLen]
	if int64(headersLen) > int64(len(content)) || !isRecordsEvent(content[:headersLen]) {
		return false
	}
	p.memory.records.clear()
	defer p.memory.Reset()
	r := p.memory.newJSONRecords(content[headersLen:])
	if !readEvent(&r.scan, r.read, event) {
		return false
	}
	if event.Records != nil {
		event.Records = r.List()
	}
	return true
}

// stringHeader is the type of a header whose value is a string.
const stringHeader = 7

// isRecordsEvent reports whether the headers of a frame, all of them strings, say
// that it is a SubscribeToShardEvent.
func isRecordsEvent(headers []byte) bool {
	var message, event string
	for len(headers) > 0 {
		name, rest, ok := cutCounted(headers[1:], int(headers[0]))
		if !ok || len(rest) < 3 || rest[0] != stringHeader {
			return false
		}
		value, rest, ok := cutCounted(rest[3:], int(binary.BigEndian.Uint16(rest[1:])))
		if !ok {
			return false
		}
		switch string(name) {
		case ":message-type":
			message = jsonscan.Shared(value)
		case ":event-type":
			event = jsonscan.Shared(value)
		}
		headers = rest
	}
	return message == "event" && event == "SubscribeToShardEvent"
}

// cutCounted cuts p behind its first n bytes.
func cutCounted(p []byte, n int) (before, after []byte, ok bool) {
	if len(p) < n {
		return nil, nil, false
	}
	return p[:n], p[n:], true
}
