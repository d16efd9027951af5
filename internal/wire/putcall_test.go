package wire_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

func testClient(do clientFunc) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://kinesis.invalid"),
		Credentials:  aws.AnonymousCredentials{},
		HTTPClient:   do,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
}

// echo answers each entry with its data as the sequence number and its key as the
// shard, or with its key as the error, if there is no data.
func echo(req *http.Request) (*http.Response, error) {
	var in kinesis.PutRecordsInput
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		return nil, err
	}
	var out kinesis.PutRecordsOutput
	for _, r := range in.Records {
		entry := types.PutRecordsResultEntry{SequenceNumber: aws.String(string(r.Data)), ShardId: r.PartitionKey}
		if len(r.Data) == 0 {
			entry = types.PutRecordsResultEntry{ErrorCode: r.PartitionKey, ErrorMessage: r.PartitionKey}
		}
		out.Records = append(out.Records, entry)
	}
	body, err := json.Marshal(map[string]any{"Records": out.Records})
	return response(http.StatusOK, body), err
}

func entries(prefix string, n int) *kinesis.PutRecordsInput {
	in := &kinesis.PutRecordsInput{StreamName: aws.String("books")}
	for i := range n {
		data := fmt.Sprintf("%s-%d", prefix, i)
		if i%7 == 3 {
			data = ""
		}
		in.Records = append(in.Records, types.PutRecordsRequestEntry{
			Data: []byte(data), PartitionKey: aws.String(fmt.Sprintf("shardId-%012d", i)),
		})
	}
	return in
}

func TestPutCallIsUsedAgain(t *testing.T) {
	client := testClient(echo)
	var call wire.PutCall
	type kept struct{ got, want string }
	var strings []kept
	for round, n := range []int{3, 500, 0, 1, 100, 500, 2} {
		in := entries(fmt.Sprint(round), n)
		if n == 0 {
			in.Records = []types.PutRecordsRequestEntry{}
		}
		out, err := client.PutRecords(t.Context(), in, call.PutRecords)
		if err != nil || len(out.Records) != n {
			t.Fatalf("round %d: %d entries, error %v", round, len(out.Records), err)
		}
		for i, r := range out.Records {
			key := *in.Records[i].PartitionKey
			if i%7 == 3 {
				strings = append(strings, kept{*r.ErrorCode, key}, kept{*r.ErrorMessage, key})
			} else {
				strings = append(strings, kept{*r.ShardId, key}, kept{*r.SequenceNumber, fmt.Sprintf("%d-%d", round, i)})
			}
		}
	}
	for _, s := range strings {
		if s.got != s.want {
			t.Fatalf("a string of an earlier output is %q, was %q", s.got, s.want)
		}
	}
}

func TestLentStrings(t *testing.T) {
	client := testClient(echo)
	call := wire.PutCall{Lend: true}
	first, err := client.PutRecords(t.Context(), entries("first", 3), call.PutRecords)
	if err != nil {
		t.Fatal(err)
	}
	number, shard := *first.Records[1].SequenceNumber, *first.Records[1].ShardId
	if number != "first-1" || shard != "shardId-000000000001" {
		t.Errorf("an entry is %q in %q", number, shard)
	}
	if _, err := client.PutRecords(t.Context(), entries("later", 3), call.PutRecords); err != nil {
		t.Fatal(err)
	}
	if number != "later-1" {
		t.Errorf("the number is %q after another call: it was not lent", number)
	}
	if shard != "shardId-000000000001" {
		t.Errorf("the shard is %q after another call: it was lent", shard)
	}
}

func TestOutputsOfPutRecordsAreApart(t *testing.T) {
	client := testClient(echo)
	first, err := client.PutRecords(t.Context(), entries("first", 5), wire.PutRecords)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutRecords(t.Context(), entries("second", 5), wire.PutRecords); err != nil {
		t.Fatal(err)
	}
	if got := *first.Records[4].SequenceNumber; got != "first-4" {
		t.Errorf("the first output changed to %q", got)
	}
}

// TestLateReaderOfTheBody: net/http may read a request's body when the call is
// over already; it must then find the end, not the next request.
func TestLateReaderOfTheBody(t *testing.T) {
	var bodies []io.ReadCloser
	client := testClient(func(req *http.Request) (*http.Response, error) {
		if _, err := io.ReadFull(req.Body, make([]byte, 10)); err != nil {
			return nil, err
		}
		bodies = append(bodies, req.Body)
		return response(http.StatusOK, []byte(`{"Records":[]}`)), nil
	})
	var call wire.PutCall
	for _, option := range []func(*kinesis.Options){call.PutRecords, wire.PutRecords} {
		for range 3 {
			if _, err := client.PutRecords(t.Context(), entries("x", 100), option); err != nil {
				t.Fatal(err)
			}
			for _, body := range bodies {
				if rest, err := io.ReadAll(body); len(rest) > 0 || err != nil {
					t.Errorf("read %q, %v after the call", rest, err)
				}
			}
		}
	}
}

func TestRetrySendsTheSameBody(t *testing.T) {
	var bodies []string
	client := testClient(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		bodies = append(bodies, string(body))
		if len(bodies) < 3 {
			return response(http.StatusInternalServerError, []byte(`{"__type":"InternalFailure"}`)), err
		}
		return response(http.StatusOK, []byte(`{"Records":[]}`)), err
	})
	if _, err := client.PutRecords(t.Context(), entries("x", 10), wire.PutRecords); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != 3 || bodies[0] != bodies[1] || bodies[1] != bodies[2] || !strings.Contains(bodies[0], "shardId-000000000009") {
		t.Errorf("sent %q", bodies)
	}
}

func TestOptionsCure(t *testing.T) {
	var put wire.PutCall
	var get wire.GetCall
	for name, option := range map[string]func(*kinesis.Options){
		"PutRecords": wire.PutRecords, "PutRecordsCBOR": wire.PutRecordsCBOR,
		"PutCall.PutRecords": put.PutRecords, "PutCall.PutRecordsCBOR": put.PutRecordsCBOR,
		"GetCall.GetRecords": get.GetRecords, "GetCall.GetRecordsCBOR": get.GetRecordsCBOR, "SubscribeToShard": wire.SubscribeToShard,
	} {
		for _, protocol := range []*sdkProtocol{nil, newSDKProtocol()} {
			o := kinesis.Options{HTTPClient: http.DefaultClient}
			if protocol != nil {
				o.Protocol = protocol
			}
			option(&o)
			if o.HTTPClient != wire.Client(http.DefaultClient) {
				t.Errorf("%s leaves the HTTP client uncured", name)
			}
			if protocol == nil && o.Protocol != nil {
				t.Errorf("%s sets a protocol without one to fall back to", name)
			}
		}
	}
}

// TestAllocations holds what the codec is for: no allocation for a record.
func TestAllocations(t *testing.T) {
	var call wire.PutCall
	puts := benchmarkClient(jsonType, putRecordsAnswer())
	in := putRecordsInput(200)
	if n := testing.AllocsPerRun(5, func() {
		if _, err := puts.PutRecords(t.Context(), in, call.PutRecords); err != nil {
			t.Fatal(err)
		}
	}); n > entriesPerPut {
		t.Errorf("%v allocations for %d entries", n, entriesPerPut)
	}
	gets := benchmarkClient(jsonType, getRecordsAnswer(40))
	if n := testing.AllocsPerRun(5, func() {
		if _, err := gets.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: aws.String("A")}, new(wire.GetCall).GetRecords); err != nil {
			t.Fatal(err)
		}
	}); n > recordsPerGet/20 {
		t.Errorf("%v allocations for %d records", n, recordsPerGet)
	}
}
