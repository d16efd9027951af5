package kstream

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
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

// Members of an aggregate share the record's sequence number, so Lambda delivers
// again all of them; nothing behind the failure has been handled.
func TestLambdaRetriesFromTheFailedRecord(t *testing.T) {
	event := lambdaEventOf([]byte("a"), aggregateOf("b", "c", "d"), sealed(t, aggregateOf("e", "f")), []byte("g"))
	for at := range 7 {
		var seen []string
		fails := true
		handler := LambdaHandler[string]{Record: func(_ context.Context, rec Record[string]) error {
			if len(seen) == at && fails {
				fails = false
				return errBody
			}
			seen = append(seen, rec.Value)
			return nil
		}}
		response, err := handler.Handle(t.Context(), event)
		if err != nil || len(response.BatchItemFailures) != 1 {
			t.Fatalf("failure at %d: %+v, %v", at, response, err)
		}
		// Lambda's next event begins with the record that was named.
		var e struct{ Records []json.RawMessage }
		if err := json.Unmarshal(event, &e); err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(string(e.Records[0]), `"sequenceNumber": "`+response.BatchItemFailures[0].ItemIdentifier+`"`) {
			e.Records = e.Records[1:]
		}
		again, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		before := len(seen)
		if response, err = handler.Handle(t.Context(), again); err != nil || len(response.BatchItemFailures) != 0 {
			t.Fatalf("second time: %+v, %v", response, err)
		}
		repeated := []int{0, 0, 1, 2, 0, 1, 0}[at]
		want := "abcdefg"[:before] + "abcdefg"[before-repeated:]
		if got := strings.Join(seen, ""); got != want {
			t.Errorf("failure at %d: handled %s, want %s", at, got, want)
		}
	}
}

// The forms are those of the Lambda Developer Guide, "How Lambda processes records
// from stream and queue-based event sources" and the pages on Kinesis.
func TestLambdaEventForms(t *testing.T) {
	record := func(kinesis string) string {
		return `{"Records": [{"eventSource": "aws:kinesis", "eventID": "shardId-000000000000:7", "kinesis": {"sequenceNumber": "7"` + kinesis + `}}]}`
	}
	tests := []struct {
		name, event string
		want        string // value and arrival time of each record
		bad         bool   // the whole event
	}{
		{"tumbling window", `{"Records": [{"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": "7", "data": "YQ=="}}],
			"window": {"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z"}, "state": {"1": 282}, "shardId": "shardId-000000000006",
			"eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/s", "isFinalInvokeForWindow": false, "isWindowTerminatedEarly": false}`, "a -62135596800000", false},
		{"end of a window", `{"Records": [], "isFinalInvokeForWindow": true}`, "", false},
		{"whole seconds", record(`, "data": "YQ==", "approximateArrivalTimestamp": 1545084650`), "a 1545084650000", false},
		{"milliseconds", record(`, "data": "YQ==", "approximateArrivalTimestamp": 1545084650.987`), "a 1545084650987", false},
		{"more digits", record(`, "data": "YQ==", "approximateArrivalTimestamp": 1.5450846509870002E9`), "a 1545084650987", false},
		{"no arrival time", record(`, "data": "YQ=="`), "a -62135596800000", false},
		{"a null", record(`, "data": "YQ==", "approximateArrivalTimestamp": null, "partitionKey": null`), "a -62135596800000", false},
		{"arrival time is no number", record(`, "data": "YQ==", "approximateArrivalTimestamp": "2020-12-09T07:04:00Z"`), "", true},
		{"no data", record(``), " -62135596800000", false},
		{"null data", record(`, "data": null`), " -62135596800000", false},
		{"data of no bytes", record(`, "data": ""`), " -62135596800000", false},
		{"unpadded base64", record(`, "data": "YQ"`), "", true},
		{"base64 of another alphabet", record(`, "data": "_-8="`), "", true},
		{"unknown fields", record(`, "data": "YQ==", "encryptionType": "KMS", "x": {"y": [1, 2, {"z": null}]}`), "a -62135596800000", false},
		{"a record twice", strings.Replace(record(`, "data": "YQ=="`), `]}`, `, {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": "7", "data": "YQ=="}}]}`, 1), "a -62135596800000 a -62135596800000", false},
		{"no sequence number", `{"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": "YQ=="}}]}`, "", true},
		{"null Records", `{"Records": null}`, "", true},
		{"Records of another type", `{"Records": {}}`, "", true},
		{"null", `null`, "", true},
		{"nothing", ``, "", true},
		{"a table's", `{"Records": [{"eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": "111"}}]}`, "", true},
		{"a delivery stream's", `{"invocationId": "i", "deliveryStreamArn": "arn", "records": [{"recordId": "1", "data": "YQ=="}]}`, "", true},
		{"another source behind ours", strings.Replace(record(`, "data": "YQ=="`), `]}`, `, {"eventSource": "aws:sqs", "body": "x"}]}`, 1), "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			handler := LambdaHandler[string]{Record: func(_ context.Context, rec Record[string]) error {
				got = append(got, fmt.Sprint(rec.Value, " ", rec.Arrival.UnixMilli()))
				return nil
			}}
			response, err := handler.Handle(t.Context(), json.RawMessage(tt.event))
			if (err != nil) != tt.bad || len(response.BatchItemFailures) > 0 {
				t.Errorf("response %+v, error %v", response, err)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An aggregate that is damaged is one record; the others are handled.
func TestLambdaMalformedAggregates(t *testing.T) {
	for _, tt := range brokenAggregates(t) {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for rec, err := range LambdaRecords[string](lambdaEventOf([]byte("x"), tt.data, aggregateOf("a", "b")), nil) {
				if err == nil {
					got = append(got, rec.Value)
					continue
				}
				poison, ok := errors.AsType[*DecodeError](err)
				if !ok || !errors.Is(err, ErrMalformedAggregate) || poison.SequenceNumber == "" || poison.PartitionKey != "key 1" {
					t.Fatalf("%s: error %#v", tt.reason, err)
				}
				got = append(got, "malformed "+string(poison.Data))
			}
			raw := string(tt.data)
			if tt.malformed {
				raw = "malformed " + raw
			}
			if diff := cmp.Diff([]string{"x", raw, "a", "b"}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
			}
		})
	}
}

// Lambda ends the function at its deadline. What was handled by then must not be
// handled again.
func TestLambdaAnswersBeforeItsDeadline(t *testing.T) {
	for _, timeout := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			n := 0
			handler := LambdaHandler[string]{Record: func(ctx context.Context, rec Record[string]) error {
				n++
				return sleep(ctx, timeout/3)
			}}
			response, err := handler.Handle(ctx, lambdaEventOf([]byte("a"), []byte("b"), []byte("c"), []byte("d")))
			if err != nil || len(response.BatchItemFailures) != 1 || response.BatchItemFailures[0].ItemIdentifier[55:] != "2" || n != 3 {
				t.Errorf("%v: %d handled, response %+v, error %v; want the third to have failed", timeout, n, response, err)
			}
			deadline, _ := ctx.Deadline()
			if left := time.Until(deadline); left < timeout/20 && left < answerTime || left > answerTime {
				t.Errorf("%v: answered with %v left", timeout, left)
			}
		})
	}
}

func TestLambdaPanicsAreThoseOfHandle(t *testing.T) {
	event := lambdaEventOf([]byte("a"), []byte("panic"), []byte("poison"))
	for name, handler := range map[string]*LambdaHandler[string]{
		"decoder panicked": {Codec: upper{}, Record: func(context.Context, Record[string]) error { return nil }},
		"record panicked":  {Record: func(context.Context, Record[string]) error { panic("record panicked") }},
	} {
		func() {
			defer func() {
				if v := recover(); v != name {
					t.Errorf("recovered %v, want %s", v, name)
				}
			}()
			_, err := handler.Handle(t.Context(), event)
			t.Errorf("Handle returned %v", err)
		}()
	}
}

// Six MB is the most that Lambda passes.
func TestLambdaHugeEvents(t *testing.T) {
	data := make([][]byte, 40)
	for i := range data {
		data[i] = []byte(strings.Repeat("x", 100_000))
	}
	n := 0
	for rec, err := range LambdaRecords[[]byte](lambdaEventOf(data...), nil) {
		if err != nil || len(rec.Value) != 100_000 {
			t.Fatalf("%d bytes, error %v", len(rec.Value), err)
		}
		n++
	}
	if n != len(data) {
		t.Errorf("%d records", n)
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
