package wire_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// seenRecord is a record as the methods of Records show it.
type seenRecord struct {
	Data          []byte
	Sequence, Key string
	Arrival       time.Time
}

func seen(r wire.Records) []seenRecord {
	var all []seenRecord
	for i := range r.Len() {
		all = append(all, seenRecord{r.Data(i), r.SequenceNumber(i), r.PartitionKey(i), r.Arrival(i)})
	}
	return all
}

// TestRecordsShowWhatTheSDKReads compares what the methods show of records that were
// read here with what they show of those that the SDK has read.
func TestRecordsShowWhatTheSDKReads(t *testing.T) {
	for seed := range uint64(200) {
		f := newFiller(seed)
		f.exactTimes = true
		var filled kinesis.GetRecordsOutput
		f.fill(reflect.ValueOf(&filled).Elem())
		body := sdkBody(t, &filled)
		var sdk, out kinesis.GetRecordsOutput
		if err := deserialize(newSDKProtocol(), getRecordsOp, response(http.StatusOK, body), &sdk); err != nil {
			t.Fatal(err)
		}
		want := wire.RecordsOf(sdk.Records)

		var call wire.GetCall
		ours, _ := withOption(call.GetRecords)
		if err := deserialize(ours, getRecordsOp, response(http.StatusOK, body), &out); err != nil {
			t.Fatal(err)
		}
		got := call.Records(&out)
		if len(out.Records) > 0 {
			t.Errorf("%s was left to the SDK", body)
		}
		if diff := cmp.Diff(seen(want), seen(got)); diff != "" {
			t.Errorf("%s (-SDK +ours):\n%s", body, diff)
		}
		if got.Size() != want.Size() {
			t.Errorf("%s: %d bytes, want %d", body, got.Size(), want.Size())
		}
		if n := got.Len(); n > 1 {
			if diff := cmp.Diff(seen(want)[1:n-1], seen(got.Slice(1, n-1)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s, without the first and the last (-SDK +ours):\n%s", body, diff)
			}
			if sdks := want.Slice(1, n-1); sdks.Len() != n-2 {
				t.Errorf("%d records are left of %d of the SDK's", sdks.Len(), n)
			}
		}
	}
}

// TestRecordsOfOneAnswerOnly: what one answer brought is not seen in the next that
// has none, whoever reads that.
func TestRecordsOfOneAnswerOnly(t *testing.T) {
	for _, tt := range []struct{ name, next string }{
		{"empty", `{"Records":[]}`},
		{"no list", `{}`},
		{"the SDK's, empty", `{"ChildShards":[null],"Records":[]}`},
		{"begun, and the SDK's without records", `{"Records":[{"Data":"QUJD"}],"Records":null,"ChildShards":[null],"Records":[]}`},
		{"refused", `{"Records":[{"Data":"QUJD"}],"Records":1}`},
	} {
		var call wire.GetCall
		ours, _ := withOption(call.GetRecords)
		var first, next kinesis.GetRecordsOutput
		if err := deserialize(ours, getRecordsOp, response(http.StatusOK, []byte(getResponses[0])), &first); err != nil {
			t.Fatal(err)
		}
		if records := call.Records(&first); records.Len() != 1 {
			t.Fatalf("%d records, want 1", records.Len())
		}
		deserialize(ours, getRecordsOp, response(http.StatusOK, []byte(tt.next)), &next)
		if records := call.Records(&next); records.Len() != 0 {
			t.Errorf("%s: %d records, want none", tt.name, records.Len())
		}
	}
}
