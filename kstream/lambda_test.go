package kstream

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lambdaEventOf makes an event as AWS Lambda does, of records with these data.
func lambdaEventOf(data ...[]byte) []byte {
	var records []string
	for i, d := range data {
		records = append(records, fmt.Sprintf(`{
			"kinesis": {
				"kinesisSchemaVersion": "1.0",
				"partitionKey": "key %d",
				"sequenceNumber": "4959033827149025660855969253836157109592157598913658889%d",
				"data": %q,
				"approximateArrivalTimestamp": 1545084650.987
			},
			"eventSource": "aws:kinesis",
			"eventVersion": "1.0",
			"eventID": "shardId-000000000006:4959033827149025660855969253836157109592157598913658889%d",
			"eventName": "aws:kinesis:record",
			"invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
			"awsRegion": "us-east-2",
			"eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"
		}`, i, i, base64.StdEncoding.EncodeToString(d), i))
	}
	return []byte(`{"Records": [` + strings.Join(records, ",") + `]}`)
}

func TestLambdaRecords(t *testing.T) {
	event := lambdaEventOf([]byte("plain"), aggregateOf("a", "b"), sealed(t, aggregateOf("c", "d")))
	var got []string
	for rec, err := range LambdaRecords[string](event, nil) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(rec.Value, " ", rec.PartitionKey, " ", rec.SequenceNumber[55:], " ", rec.SubSequence))
		if rec.ShardID != "shardId-000000000006" || !rec.Arrival.Equal(time.UnixMilli(1545084650987)) {
			t.Errorf("shard %s, arrival %v", rec.ShardID, rec.Arrival)
		}
		rec.Done() // does nothing
	}
	want := []string{"plain key 0 0 0", "a key of a 1 0", "b key of b 1 1", "c key of c 2 0", "d key of d 2 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLambdaEventsRefused(t *testing.T) {
	for name, event := range map[string]string{
		"not JSON": "Records", "no records": "{}", "a queue's": `{"Records": [{"eventSource": "aws:sqs", "body": "x"}]}`,
		"bad base64": strings.Replace(string(lambdaEventOf([]byte("x"))), `"eA=="`, `"!"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			h := &LambdaHandler[string]{Record: func(context.Context, Record[string]) error { return nil }}
			if _, err := h.Handle(t.Context(), json.RawMessage(event)); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestLambdaPartialFailures(t *testing.T) {
	seq := func(i int) string { return fmt.Sprintf("4959033827149025660855969253836157109592157598913658889%d", i) }
	event := lambdaEventOf([]byte("a"), aggregateOf("b", "bad", "c"), []byte("poison"), []byte("d"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name    string
		ctx     context.Context
		handler LambdaHandler[string]
		bad     bool
		want    string
		seen    string
		err     error
	}{
		{name: "body fails in an aggregate", bad: true, want: seq(1), seen: "AB"},
		{name: "poison", want: seq(2), seen: "AB(BAD)C"},
		{name: "poison that is taken", handler: LambdaHandler[string]{OnDecodeError: func(*DecodeError) error { return nil }}, seen: "AB(BAD)CD"},
		{name: "poison that is not taken", handler: LambdaHandler[string]{OnDecodeError: func(err *DecodeError) error { return err }}, want: seq(2), seen: "AB(BAD)C"},
		{name: "whole batch", handler: LambdaHandler[string]{WholeBatch: true}, seen: "AB(BAD)C", err: errBody},
		{name: "no time left", ctx: ended, want: seq(0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := ""
			tt.handler.Codec = upper{}
			tt.handler.Record = func(_ context.Context, rec Record[string]) error {
				if rec.Value == "BAD" {
					if tt.bad {
						return errBody
					}
					rec.Value = "(BAD)"
				}
				seen += rec.Value
				return nil
			}
			if tt.ctx == nil {
				tt.ctx = t.Context()
			}
			response, err := tt.handler.Handle(tt.ctx, event)
			if !errors.Is(err, tt.err) || seen != tt.seen {
				t.Errorf("saw %s, error %v; want %s, %v", seen, err, tt.seen, tt.err)
			}
			text, _ := json.Marshal(response)
			want := `{"batchItemFailures":[]}`
			if tt.want != "" {
				want = fmt.Sprintf(`{"batchItemFailures":[{"itemIdentifier":"%s"}]}`, tt.want)
			}
			if diff := cmp.Diff(want, string(text)); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzLambdaRecords(f *testing.F) {
	f.Add(lambdaEventOf([]byte("plain"), aggregateOf("a", "b")))
	f.Add([]byte(`{"Records":[]}`))
	f.Add([]byte(`{"Records":[{"eventSource":"aws:kinesis"}]}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		last := false
		for rec, err := range LambdaRecords[[]byte](event, nil) {
			if last {
				t.Fatal("something came after an error about the whole event")
			}
			_, poison := errors.AsType[*DecodeError](err)
			last = err != nil && !poison
			if err == nil && rec.Data == nil && rec.Value != nil {
				t.Error("a value of no data")
			}
		}
	})
}
