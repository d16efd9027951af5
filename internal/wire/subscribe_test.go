package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/schemas"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/eventstream"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// frame encodes a message with headers of strings, given as name, value, ….
func frame(t testing.TB, payload string, headers ...string) []byte {
	t.Helper()
	m := eventstream.Message{Payload: []byte(payload)}
	for i := 0; i < len(headers); i += 2 {
		m.Headers.Set(headers[i], eventstream.StringValue(headers[i+1]))
	}
	var buf bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func recordsFrame(t testing.TB, payload string) []byte {
	return frame(t, payload, ":event-type", "SubscribeToShardEvent", ":content-type", "application/json", ":message-type", "event")
}

// An eventResult is what became of one event.
type eventResult struct {
	event smithy.Deserializable
	err   string
}

// readEvents reads a stream to its end, or its first error.
func readEvents(p smithyhttp.ClientProtocol, r io.Reader) (results []eventResult) {
	for {
		event, err := p.DeserializeEventMessage(schemas.SubscribeToShardEventStream, kinesis.TypeRegistry, r)
		results = append(results, eventResult{event, errorText(err)})
		if err != nil {
			return results
		}
	}
}

// sameEvents reads a stream with the option and with the SDK alone and demands
// the same outcome. It returns how many events were left to the SDK.
func sameEvents(t *testing.T, stream []byte, end error) int {
	t.Helper()
	read := func(p smithyhttp.ClientProtocol) []eventResult {
		// Some of the SDK's answers are parts of what it was given.
		r := io.MultiReader(iotest.OneByteReader(bytes.NewReader(bytes.Clone(stream))), iotest.ErrReader(end))
		return readEvents(p, r)
	}
	ours, sdk := withOption(wire.SubscribeToShard)
	got, want := read(ours), read(calmSDK{newSDKProtocol()})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q differs from the SDK's reading (-SDK +ours):\n%s", stream, diff(want, got))
	}
	return sdk.events
}

func TestSubscribeToShardEvents(t *testing.T) {
	broken := recordsFrame(t, `{}`)
	broken[len(broken)-1]++
	tests := []struct {
		name   string
		stream [][]byte
		end    error
		left   int // to the SDK, the end of the stream included
	}{
		{"nothing", nil, io.EOF, 1},
		{"events", [][]byte{recordsFrame(t, getResponses[0]), recordsFrame(t, getResponses[4])}, io.EOF, 1},
		{"end of the shard", [][]byte{recordsFrame(t, `{"Records":[],"ContinuationSequenceNumber":null,"MillisBehindLatest":0,"ChildShards":[]}`)}, io.EOF, 1},
		{"odd event", [][]byte{recordsFrame(t, `{"Records":[null]}`), recordsFrame(t, `{}`)}, io.EOF, 2},
		{"bad event", [][]byte{recordsFrame(t, `{"Records":1}`)}, io.EOF, 1},
		{"no payload", [][]byte{recordsFrame(t, "")}, io.EOF, 1},
		{"unknown event", [][]byte{frame(t, `{}`, ":event-type", "New", ":message-type", "event")}, io.EOF, 2},
		{"no event type", [][]byte{frame(t, `{}`, ":message-type", "event")}, io.EOF, 1},
		{"no headers", [][]byte{frame(t, `{}`)}, io.EOF, 1},
		{"exception", [][]byte{frame(t, `{"message":"taken over"}`, ":exception-type", "ResourceInUseException", ":message-type", "exception")}, io.EOF, 1},
		{"error", [][]byte{frame(t, ``, ":error-code", "InternalFailure", ":message-type", "error")}, io.EOF, 1},
		{"unknown message", [][]byte{frame(t, ``, ":message-type", "new")}, io.EOF, 1},
		{"broken checksum", [][]byte{broken, recordsFrame(t, `{}`)}, io.EOF, 1},
		{"cut in the prelude", [][]byte{recordsFrame(t, `{}`)[:5]}, io.EOF, 1},
		{"cut in the payload", [][]byte{recordsFrame(t, `{"Records":[]}`)[:100]}, io.EOF, 1},
		{"lost in the prelude", [][]byte{recordsFrame(t, `{}`)[:5]}, errors.New("connection reset"), 1},
		{"lost in the payload", [][]byte{recordsFrame(t, `{}`), recordsFrame(t, `{"Records":[]}`)[:100]}, errors.New("connection reset"), 1},
		{"no stream", [][]byte{[]byte(strings.Repeat("<html>", 10))}, io.EOF, 1},
		{"no length", [][]byte{make([]byte, 16)}, io.EOF, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if left := sameEvents(t, bytes.Join(tt.stream, nil), tt.end); left != tt.left {
				t.Errorf("%d events were left to the SDK, want %d", left, tt.left)
			}
		})
	}
}

func TestSubscribeToShardEventsOfRandomValues(t *testing.T) {
	for seed := range uint64(500) {
		f := newFiller(seed)
		f.full = seed < 10
		var want types.SubscribeToShardEvent
		f.fill(reflect.ValueOf(&want).Elem())
		stream := recordsFrame(t, string(sdkBody(t, &want)))
		sameEvents(t, stream, io.EOF)
		if f.full {
			ours, _ := withOption(wire.SubscribeToShard)
			if got := readEvents(ours, bytes.NewReader(stream))[0].event; !reflect.DeepEqual(got, &want) {
				t.Errorf("what was written is not what is read (-want +got):\n%s", diff(&want, got))
			}
		}
	}
}

// TestSubscriptionsShareNothing fails under the race detector if subscriptions of
// one client share the SDK's decoder.
func TestSubscriptionsShareNothing(t *testing.T) {
	shared := awsjson.New11(schemas.Kinesis_20131202)
	stream := bytes.Join([][]byte{
		frame(t, `{}`, ":event-type", "initial-response", ":message-type", "event"),
		recordsFrame(t, getResponses[0]),
		recordsFrame(t, `{"Records":[null]}`),
	}, nil)
	var subscriptions sync.WaitGroup
	for range 4 {
		subscriptions.Go(func() {
			o := kinesis.Options{Protocol: shared}
			wire.SubscribeToShard(&o)
			r := bytes.NewReader(stream)
			if err := o.Protocol.DeserializeInitialResponse(schemas.SubscribeToShardOutput, r, &kinesis.SubscribeToShardOutput{}); err != nil {
				t.Error(err)
			}
			if results := readEvents(o.Protocol, r); len(results) != 3 || results[2].err != io.EOF.Error() {
				t.Errorf("read %v", results)
			}
		})
	}
	subscriptions.Wait()
}

func FuzzSubscribeToShardEvent(f *testing.F) {
	for _, payload := range append(getResponses, oddGetResponses...) {
		f.Add([]byte(payload), "SubscribeToShardEvent", byte(7), uint16(0))
	}
	f.Fuzz(func(t *testing.T, payload []byte, eventType string, headerType byte, flip uint16) {
		stream := frame(t, string(payload), ":event-type", eventType[:min(len(eventType), 100)], ":message-type", "event")
		if headerType != 7 {
			// The type of the first header; the checksum is wrong then.
			stream[12+1+len(":event-type")] = headerType
		}
		if flip > 0 {
			i := int(flip) % len(stream)
			stream[i] ^= byte(flip >> 8)
			// A frame that is longer than it is makes the SDK wait for it all.
			if binary.BigEndian.Uint32(stream) > 1<<24 {
				return
			}
		}
		sameEvents(t, stream, io.EOF)
	})
}
