package wire_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/wire"
	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
)

const cborType = "application/x-amz-cbor-1.1"

// generic reads JSON of the protocol into maps, slices, strings and numbers.
func generic(t testing.TB, body []byte) map[string]any {
	t.Helper()
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// appendCBOR writes the same as CBOR, with rng choosing between the ways to do
// so. name is that of the member.
func appendCBOR(dst []byte, rng *rand.Rand, name string, v any) []byte {
	endless := rng.IntN(3) == 0
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		rng.Shuffle(len(names), reflect.Swapper(names))
		if endless {
			dst = append(dst, 0xbf)
		} else {
			dst = cborscan.AppendMap(dst, len(v))
		}
		for _, name := range names {
			dst = cborscan.AppendText(dst, name)
			dst = appendCBOR(dst, rng, name, v[name])
		}
	case []any:
		if endless {
			dst = append(dst, 0x9f)
		} else {
			dst = cborscan.AppendArray(dst, len(v))
		}
		for _, e := range v {
			dst = appendCBOR(dst, rng, "", e)
		}
	case string:
		appendAll := func(dst, p []byte) []byte { return cborscan.AppendText(dst, string(p)) }
		first, p := byte(0x7f), []byte(v)
		if name == "Data" {
			p, _ = base64.StdEncoding.DecodeString(v)
			first, appendAll = 0x5f, cborscan.AppendBytes
		}
		if !endless {
			return appendAll(dst, p)
		}
		half := len(p) / 2
		for half > 0 && p[half]&0xc0 == 0x80 && name != "Data" { // not within a character
			half--
		}
		dst = append(dst, first)
		dst = appendAll(dst, p[:half])
		dst = appendAll(dst, p[half:])
	case json.Number:
		if name == "ApproximateArrivalTimestamp" {
			seconds, _ := v.Float64()
			return cborscan.AppendInt(append(dst, 0xc1), int64(math.Round(seconds*1000)))
		}
		n, _ := v.Int64()
		return cborscan.AppendInt(dst, n)
	case bool:
		return cborscan.AppendBool(dst, v)
	case nil:
		return append(dst, 0xf6)
	}
	if endless {
		dst = append(dst, 0xff)
	}
	return dst
}

func cborResponse(status int, body []byte) *http.Response {
	resp := response(status, body)
	resp.Header.Set("Content-Type", cborType)
	return resp
}

// sameInCBOR demands that a response in CBOR is read as the SDK reads the same in
// JSON.
func sameInCBOR[Out any, P interface {
	*Out
	smithy.Deserializable
}](t *testing.T, option func(*kinesis.Options), op *smithy.OperationSchema, jsonBody, body []byte) P {
	t.Helper()
	ours, _ := withOption(option)
	got, want := P(new(Out)), P(new(Out))
	if err := deserialize(ours, op, cborResponse(http.StatusOK, body), got); err != nil {
		t.Fatalf("%x: %v", body, err)
	}
	slow, slowly := cborResponse(http.StatusOK, body), P(new(Out))
	slow.Body, slow.ContentLength = io.NopCloser(iotest.HalfReader(slow.Body)), -1
	if err := deserialize(ours, op, slow, slowly); err != nil || !reflect.DeepEqual(got, slowly) {
		t.Errorf("%x of unknown length, in parts: error %v (-at once +in parts):\n%s", body, err, diff(got, slowly))
	}
	// What is kept must not change when the buffers are used again.
	deserialize(ours, op, cborResponse(http.StatusOK, bytes.Repeat([]byte(" "), len(body))), P(new(Out)))
	if err := deserialize(newSDKProtocol(), op, response(http.StatusOK, jsonBody), want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%x, for %s (-SDK +ours):\n%s", body, jsonBody, diff(want, got))
	}
	return got
}

func TestCBORResponsesOfRandomValues(t *testing.T) {
	for seed := range uint64(500) {
		f := newFiller(seed)
		f.full, f.exactTimes = seed < 10, true
		var puts kinesis.PutRecordsOutput
		f.fill(reflect.ValueOf(&puts).Elem())
		body := sdkBody(t, &puts)
		sameInCBOR[kinesis.PutRecordsOutput](t, wire.PutRecordsCBOR, putRecordsOp, body, appendCBOR(nil, f.rng, "", generic(t, body)))

		var gets kinesis.GetRecordsOutput
		f.fill(reflect.ValueOf(&gets).Elem())
		body = sdkBody(t, &gets)
		sameInCBOR[kinesis.GetRecordsOutput](t, getRecordsCBOR, getRecordsOp, body, appendCBOR(nil, f.rng, "", generic(t, body)))
	}
}

func TestCBORResponsesWithUnknownMembersAndNulls(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, body := range []string{putResponses[3], putResponses[5], putResponses[8]} {
		sameInCBOR[kinesis.PutRecordsOutput](t, wire.PutRecordsCBOR, putRecordsOp, []byte(body), appendCBOR(nil, rng, "", generic(t, []byte(body))))
	}
	for _, body := range []string{getResponses[1], getResponses[4], getResponses[6]} {
		sameInCBOR[kinesis.GetRecordsOutput](t, getRecordsCBOR, getRecordsOp, []byte(body), appendCBOR(nil, rng, "", generic(t, []byte(body))))
	}
}

// TestCBORManyRecords crosses the ends of the pieces that records are kept in, with
// records of all sizes. What a program does to the data of one record must not
// be seen in any other.
func TestCBORManyRecords(t *testing.T) {
	more := bytes.Repeat([]byte("more"), 100)
	for _, size := range []int{0, 1, 100, 20_000, 200_000} {
		body := manyRecords(size)
		asCBOR := appendCBOR(nil, rand.New(rand.NewPCG(uint64(size), 1)), "", generic(t, body))
		out := sameInCBOR[kinesis.GetRecordsOutput](t, getRecordsCBOR, getRecordsOp, body, asCBOR)
		for i := range out.Records {
			r := &out.Records[i]
			for j := range r.Data {
				r.Data[j] = byte(i)
			}
			r.Data = append(r.Data, more...)
		}
		for i, r := range out.Records[1:] {
			data, ok := bytes.CutSuffix(r.Data, more)
			same := bytes.Count(data, []byte{byte(i + 1)}) == len(data)
			if !ok || !same || *r.PartitionKey != "key" || *r.SequenceNumber != "12345678901234567890" {
				t.Fatalf("a change of another record's data is seen in record %d", i+1)
			}
		}
	}
}

// genericCBOR reads a request, with byte strings as base64.
func genericCBOR(s *cborscan.Scanner, name string) any {
	switch name {
	case "":
		object := map[string]any{}
		for s.Object(); s.Member(); {
			name := string(s.Name())
			object[name] = genericCBOR(s, name)
		}
		return object
	case "Records":
		list := []any{}
		for s.Array(); s.Element(); {
			list = append(list, genericCBOR(s, ""))
		}
		return list
	case "Data":
		return base64.StdEncoding.EncodeToString(s.Bytes())
	case "DryRun":
		return s.Bool()
	case "Limit":
		return float64(s.Int())
	}
	return s.String()
}

// sameRequestInCBOR demands that a request says what the SDK's in JSON says.
func sameRequestInCBOR(t *testing.T, option func(*kinesis.Options), op *smithy.OperationSchema, in smithy.Serializable) {
	t.Helper()
	ours, _ := withOption(option)
	req, body := serialize(t, ours, op, in)
	sdkReq, jsonBody := serialize(t, newSDKProtocol(), op, in)
	s := cborscan.New(body)
	got := genericCBOR(&s, "")
	s.End()
	var want any
	if err := json.Unmarshal(jsonBody, &want); err != nil || s.Failed() {
		t.Fatalf("%x: failed = %v; %s: %v", body, s.Failed(), jsonBody, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("body (-SDK +ours):\n%s", d)
	}
	sdkReq.Header.Set("Content-Type", cborType)
	if d := cmp.Diff(sdkReq.Header, req.Header); d != "" || req.ContentLength != int64(len(body)) {
		t.Errorf("length %d of %d; header (-SDK +ours):\n%s", req.ContentLength, len(body), d)
	}
}

func TestCBORRequestsOfRandomValues(t *testing.T) {
	for seed := range uint64(500) {
		f := newFiller(seed)
		f.full = seed < 10
		var puts kinesis.PutRecordsInput
		f.fill(reflect.ValueOf(&puts).Elem())
		sameRequestInCBOR(t, wire.PutRecordsCBOR, putRecordsOp, &puts)
		var gets kinesis.GetRecordsInput
		f.fill(reflect.ValueOf(&gets).Elem())
		sameRequestInCBOR(t, getRecordsCBOR, getRecordsOp, &gets)
	}
}

func TestCBORErrors(t *testing.T) {
	text := func(pairs ...string) []byte {
		body := cborscan.AppendMap(nil, len(pairs)/2)
		for _, s := range pairs {
			body = cborscan.AppendText(body, s)
		}
		return body
	}
	tests := []struct {
		name string
		body []byte
		want error
	}{
		{"modelled", text("__type", "com.amazonaws.kinesis#ExpiredIteratorException", "message", `"late"`, "new", "x"),
			&types.ExpiredIteratorException{Message: aws.String(`"late"`)}},
		{"capital message", text("__type", "SerializationException", "Message", "bad"),
			&smithy.GenericAPIError{Code: "SerializationException", Message: "bad"}},
		{"nothing", nil, &smithy.GenericAPIError{Code: "UnknownError", Message: "UnknownError"}},
		{"malformed", []byte{0xbf}, &smithy.DeserializationError{}},
	}
	for _, tt := range tests {
		for _, call := range []struct {
			option func(*kinesis.Options)
			op     *smithy.OperationSchema
			out    smithy.Deserializable
		}{
			{wire.PutRecordsCBOR, putRecordsOp, &kinesis.PutRecordsOutput{}},
			{getRecordsCBOR, getRecordsOp, &kinesis.GetRecordsOutput{}},
		} {
			ours, _ := withOption(call.option)
			err := deserialize(ours, call.op, cborResponse(http.StatusBadRequest, tt.body), call.out)
			if got, want := errorOf(err), errorOf(tt.want); got != want {
				t.Errorf("%s, %s: error %s, want %s", tt.name, call.op.ID().Name, got, want)
			}
		}
	}
}

// errorOf returns the type of an error and what the service said.
func errorOf(err error) string {
	if api, ok := err.(smithy.APIError); ok {
		return fmt.Sprintf("%T %s %s", err, api.ErrorCode(), api.ErrorMessage())
	}
	return fmt.Sprintf("%T", err)
}

// TestCBORIsNotForced: whoever asks in CBOR understands an answer in JSON.
func TestCBORIsNotForced(t *testing.T) {
	for _, body := range append(putResponses, oddPutResponses...) {
		sameAsSDK[kinesis.PutRecordsOutput](t, wire.PutRecordsCBOR, putRecordsOp, http.StatusOK, []byte(body))
	}
	for _, body := range append(getResponses, oddGetResponses...) {
		sameAsSDK[kinesis.GetRecordsOutput](t, getRecordsCBOR, getRecordsOp, http.StatusOK, []byte(body))
	}
}

// FuzzCBORResponses holds that nothing panics, and that what is refused is refused
// with the right kind of error.
func FuzzCBORResponses(f *testing.F) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, body := range slices.Concat(putResponses[:4], getResponses[:5]) {
		f.Add(appendCBOR(nil, rng, "", generic(f, []byte(body))), http.StatusOK)
		f.Add(appendCBOR(nil, rng, "", generic(f, []byte(body))), http.StatusBadRequest)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		var p smithyhttp.ClientProtocol
		p, _ = withOption(wire.PutRecordsCBOR)
		checkCBORError(t, deserialize(p, putRecordsOp, cborResponse(status, body), &kinesis.PutRecordsOutput{}))
		p, _ = withOption(getRecordsCBOR)
		checkCBORError(t, deserialize(p, getRecordsOp, cborResponse(status, body), &kinesis.GetRecordsOutput{}))
	})
}

func checkCBORError(t *testing.T, err error) {
	t.Helper()
	switch err.(type) {
	case nil, smithy.APIError, *smithy.DeserializationError:
	default:
		t.Errorf("error of type %T: %v", err, err)
	}
}
