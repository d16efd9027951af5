package wire_test

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// getResponses are bodies that the codec must read by itself.
var getResponses = []string{
	`{"MillisBehindLatest":0,"NextShardIterator":"AAAA","Records":[{"ApproximateArrivalTimestamp":1760000000.123,"Data":"Zm91cg==","PartitionKey":"k","SequenceNumber":"49650000000000000000000000000000000000000000000000000012"}]}`,
	`{"Records":[{"Data":"","EncryptionType":"KMS"},{"Data":null,"EncryptionType":"NONE"},{"EncryptionType":"NEW"},{"EncryptionType":"\u004bMS"},{"EncryptionType":""},{}]}`,
	`{"Records":[{"Data":"QR=="},{"Data":"Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9v"}]}`,
	`{"Records":[{"ApproximateArrivalTimestamp":1.760000000123E9},{"ApproximateArrivalTimestamp":1760000000},{"ApproximateArrivalTimestamp":1760000000.1230000},{"ApproximateArrivalTimestamp":1.76e9},{"ApproximateArrivalTimestamp":176000000012.3e-2},{"ApproximateArrivalTimestamp":1760000000123e-3}]}`,
	`{"ChildShards":[{"ShardId":"shardId-000000000002","ParentShards":["shardId-000000000000","shardId-000000000001"],"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"}},{"HashKeyRange":{},"ParentShards":[]},{}],"MillisBehindLatest":9223372036854775807}`,
	`{"MillisBehindLatest":-9223372036854775808,"NextShardIterator":null,"ChildShards":null,"Records":null}`,
	" { \"New\" : [ { } , 1 ] , \"Records\" : [ { \"PartitionKey\" : \"\\u65e5\\\"\\ud83d\\ude00\" , \"Data\" : \"QUJD\" , \"New\" : null } ] } ",
	`{"Records":[{"Data":"QUJD","Data":"QUJDRA==","PartitionKey":"a","PartitionKey":"b"}],"Records":[{"Data":"QQ=="}]}`,
	"{\"Records\":[{\"PartitionKey\":\"\xff\"},{\"PartitionKey\":\"\\n\xff\"}]}",
	`{}`, `{"Records":[]}`,
}

// oddGetResponses are bodies that are left to the SDK, to read or to refuse.
var oddGetResponses = []string{
	``, `null`, `{"Records":[null]}`, `{"Records":[{}`, `{"Records":[{"Data":1}]}`, `{"Records":[{"Data":"QUJ"}]}`, `{"Records":[{"Data":"QUJDQUJD!UJD"}]}`,
	`{"Records":[{"Data":"QU\/D"}]}`, `{"Records":[{"Data":"QUJD\n"}]}`, `{"Records":[{"Data":"QUJD\"`, `{"Records":[{"Data":"QUJD`,
	`{"Records":[{"ApproximateArrivalTimestamp":"NaN"}]}`, `{"Records":[{"ApproximateArrivalTimestamp":"1760000000"}]}`, `{"Records":[{"ApproximateArrivalTimestamp":true}]}`,
	`{"Records":[{"ApproximateArrivalTimestamp":0}]}`, `{"Records":[{"ApproximateArrivalTimestamp":-1760000000.123}]}`, `{"Records":[{"ApproximateArrivalTimestamp":1000000000.123}]}`,
	`{"Records":[{"ApproximateArrivalTimestamp":1760000000.1239}]}`, `{"Records":[{"ApproximateArrivalTimestamp":1e300}]}`, `{"Records":[{"ApproximateArrivalTimestamp":1e400}]}`,
	`{"Records":[{"ApproximateArrivalTimestamp":-922337203685477580e9}]}`, `{"Records":[{"ApproximateArrivalTimestamp":1760000000.00000000000000000000}]}`,
	`{"ChildShards":[{"ParentShards":[null]}]}`, `{"ChildShards":[{"HashKeyRange":[]}]}`, `{"ChildShards":[null]}`, `{"MillisBehindLatest":1.5}`, `{"NextShardIterator":{}}`,
}

func TestGetRecordsResponse(t *testing.T) {
	for _, body := range getResponses {
		if _, alone := sameAsSDK[kinesis.GetRecordsOutput](t, getRecords, getRecordsOp, http.StatusOK, []byte(body)); !alone {
			t.Errorf("left to the SDK: %q", body)
		}
	}
	for _, body := range oddGetResponses {
		if _, alone := sameAsSDK[kinesis.GetRecordsOutput](t, getRecords, getRecordsOp, http.StatusOK, []byte(body)); alone {
			t.Errorf("not left to the SDK: %q", body)
		}
	}
}

func TestGetRecordsResponseOfRandomValues(t *testing.T) {
	for seed := range uint64(500) {
		f := newFiller(seed)
		f.full = seed < 10
		var want kinesis.GetRecordsOutput
		f.fill(reflect.ValueOf(&want).Elem())
		got, _ := sameAsSDK[kinesis.GetRecordsOutput](t, getRecords, getRecordsOp, http.StatusOK, sdkBody(t, &want))
		if f.full && !reflect.DeepEqual(got, &want) {
			t.Errorf("what was written is not what is read (-want +got):\n%s", diff(&want, got))
		}
	}
}

// TestGetRecordsManyRecords crosses the ends of the blocks that records are laid
// into, with records of all sizes.
func TestGetRecordsManyRecords(t *testing.T) {
	for _, size := range []int{0, 1, 100, 20_000, 200_000} {
		out, alone := sameAsSDK[kinesis.GetRecordsOutput](t, getRecords, getRecordsOp, http.StatusOK, manyRecords(size))
		if !alone {
			t.Errorf("records of %d groups were left to the SDK", size)
		}
		for i, r := range out.Records {
			if cap(r.Data) != len(r.Data) {
				t.Fatalf("append to the data of record %d would change the next one", i)
			}
		}
	}
}

// manyRecords makes a response of up to 2 MB, with records of no, one and two
// times size/2 groups of base64.
func manyRecords(size int) []byte {
	var body strings.Builder
	body.WriteString(`{"Records":[{}`)
	for i := range 2000 {
		if body.Len() > 2_000_000 {
			break
		}
		body.WriteString(`,{"PartitionKey":"key","SequenceNumber":"12345678901234567890","Data":"`)
		body.WriteString(strings.Repeat("QUJD", size*(i%3)/2))
		body.WriteString(`"}`)
	}
	body.WriteString(`]}`)
	return []byte(body.String())
}

// TestGetCallIsUsedAgain reads responses of all kinds with one GetCall. Nothing of
// one may be seen in the next, and what is kept of one must outlive that.
func TestGetCallIsUsedAgain(t *testing.T) {
	var call wire.GetCall
	type kept struct {
		data      []byte
		key       string
		wasData   string
		wasKey    string
		fromIndex int
	}
	var keep []kept
	for seed := range uint64(100) {
		f := newFiller(seed)
		var want kinesis.GetRecordsOutput
		f.fill(reflect.ValueOf(&want).Elem())
		bodies := [][]byte{sdkBody(t, &want), manyRecords(int(seed)), []byte(oddGetResponses[int(seed)%len(oddGetResponses)])}
		for i, body := range bodies {
			out, _ := sameAsSDK[kinesis.GetRecordsOutput](t, listed(&call, (*wire.GetCall).GetRecords), getRecordsOp, http.StatusOK, body)
			for _, r := range out.Records[:min(3, len(out.Records))] {
				key := aws.ToString(r.PartitionKey)
				keep = append(keep, kept{r.Data, key, string(r.Data), strings.Clone(key), i})
			}
			if seed%3 == 0 {
				call.Reset()
			}
		}
	}
	for _, k := range keep {
		if string(k.data) != k.wasData || k.key != k.wasKey {
			t.Fatalf("what was kept of response %d has changed: %q %q, it was %q %q", k.fromIndex, k.data, k.key, k.wasData, k.wasKey)
		}
	}
}

func TestResponseIsCut(t *testing.T) {
	errCut := errors.New("connection reset")
	cut := func(body string) *http.Response {
		resp := response(http.StatusOK, nil)
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), iotest.ErrReader(errCut)))
		return resp
	}
	bodies := map[string]string{jsonType: getResponses[0], cborType: "\xa2\x67Records\x80"}
	want := deserialize(newSDKProtocol(), getRecordsOp, cut(bodies[jsonType]), &kinesis.GetRecordsOutput{})
	for _, option := range []func(*kinesis.Options){getRecords, getRecordsCBOR} {
		for format, body := range bodies {
			ours, _ := withOption(option)
			resp := cut(body)
			resp.Header.Set("Content-Type", format)
			err := deserialize(ours, getRecordsOp, resp, &kinesis.GetRecordsOutput{})
			if errorText(err) != errorText(want) || !errors.Is(err, errCut) {
				t.Errorf("%s: error %v, the SDK's %v", format, err, want)
			}
		}
	}
}

func FuzzGetRecordsResponse(f *testing.F) {
	for _, body := range append(getResponses, oddGetResponses...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sameAsSDK[kinesis.GetRecordsOutput](t, getRecords, getRecordsOp, http.StatusOK, body)
	})
}
