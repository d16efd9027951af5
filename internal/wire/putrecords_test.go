package wire_test

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

func samePutRequest(t *testing.T, in *kinesis.PutRecordsInput) {
	t.Helper()
	ours, _ := withOption(wire.PutRecords)
	req, got := serialize(t, ours, putRecordsOp, in)
	sdkReq, want := serialize(t, newSDKProtocol(), putRecordsOp, in)
	if !bytes.Equal(got, want) {
		t.Errorf("body\n%s\nthe SDK's\n%s", got, want)
	}
	if d := diff(sdkReq.Header, req.Header); d != "" {
		t.Errorf("header (-SDK +ours):\n%s", d)
	}
	if req.Method != sdkReq.Method || req.URL.Path != sdkReq.URL.Path || req.ContentLength != sdkReq.ContentLength {
		t.Errorf("%s %s, %d bytes; the SDK's %s %s, %d bytes",
			req.Method, req.URL.Path, req.ContentLength, sdkReq.Method, sdkReq.URL.Path, sdkReq.ContentLength)
	}
}

func TestPutRecordsRequest(t *testing.T) {
	tests := []struct {
		name string
		in   kinesis.PutRecordsInput
	}{
		{"nothing", kinesis.PutRecordsInput{}},
		{"no records", kinesis.PutRecordsInput{Records: []types.PutRecordsRequestEntry{}, StreamName: aws.String("s")}},
		{"an empty entry", kinesis.PutRecordsInput{Records: make([]types.PutRecordsRequestEntry, 2)}},
		{"empty data", kinesis.PutRecordsInput{Records: []types.PutRecordsRequestEntry{{Data: []byte{}, PartitionKey: aws.String("")}}}},
		{"dry run", kinesis.PutRecordsInput{DryRun: aws.Bool(true)}},
		{"no dry run", kinesis.PutRecordsInput{DryRun: aws.Bool(false), StreamId: aws.String("id")}},
		{"every kind of text", kinesis.PutRecordsInput{StreamName: aws.String(strings.Join(stringParts, ""))}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { samePutRequest(t, &tt.in) })
	}
}

func TestPutRecordsRequestOfRandomValues(t *testing.T) {
	for seed := range uint64(500) {
		f := newFiller(seed)
		f.full = seed < 10
		var in kinesis.PutRecordsInput
		f.fill(reflect.ValueOf(&in).Elem())
		samePutRequest(t, &in)
	}
}

func FuzzPutRecordsRequest(f *testing.F) {
	for _, part := range stringParts {
		f.Add([]byte(part), part, part)
	}
	f.Fuzz(func(t *testing.T, data []byte, key, hashKey string) {
		samePutRequest(t, &kinesis.PutRecordsInput{Records: []types.PutRecordsRequestEntry{
			{Data: data, PartitionKey: &key, ExplicitHashKey: &hashKey},
			{Data: data, PartitionKey: &key},
		}})
	})
}

// putResponses are bodies that the codec must read by itself.
var putResponses = []string{
	`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"49650000000000000000000000000000000000000000000000000012","ShardId":"shardId-000000000000"}]}`,
	`{"EncryptionType":"KMS","FailedRecordCount":1,"Records":[{"ErrorCode":"InternalFailure","ErrorMessage":"Internal Service Failure"},{"SequenceNumber":"1","ShardId":"s"}]}`,
	`{"Records":[]}`,
	`{}`,
	" {\n\t\"Records\" : [ { \"ShardId\" : \"s\" , \"Unknown\" : [1, -2.5e+7, {\"a\":[true,false,null]}, \"\\u00e9\"] } ] , \"New\" : {} }\r\n ",
	`{"Records":[{"ShardId":null,"SequenceNumber":"1"}],"FailedRecordCount":null,"EncryptionType":null}`,
	`{"Records":[{"ShardId":"a","ShardId":"b","ShardId":null}],"Records":[{"ErrorCode":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}]}`,
	`{"Re\u0063ords":[{"ErrorMessage":"\ud800 \udc00 \ud800\u0041"}],"records":[{"shardid":"x"}]}`,
	`{"FailedRecordCount":-0}`,
	`{"FailedRecordCount":2147483647}`,
	`{"FailedRecordCount":-2147483648}`,
	"{\"Records\":[{\"ErrorMessage\":\"\xff\x80 é \x7f\"}]}",
	"{\"Records\":[{\"ErrorMessage\":\"\\n\xff\x80 é \x7f\"}]}",
	`{"Records":[{}]}`,
}

// oddPutResponses are bodies that are left to the SDK, to read or to refuse.
var oddPutResponses = []string{
	``, ` `, `null`, `[]`, `"x"`, `{`, `{}}`, `{}x`, `{"Records":[null]}`, `{"Records":{}}`, `{"Records":[[]]}`,
	`{"Records":[{]}]}`, `{"Records":[}`, `{"Records":[{}`, `{"Records":[{},]}`, `{"Records":[,{}]}`, `{"Records":[{}{}]}`, `{,}`, `{"a":1,}`, `{"a" 1}`, `{"a":}`, `{1:1}`,
	`{"FailedRecordCount":1.0}`, `{"FailedRecordCount":1e0}`, `{"FailedRecordCount":"1"}`, `{"FailedRecordCount":2147483648}`,
	`{"FailedRecordCount":-2147483649}`, `{"FailedRecordCount":9223372036854775808}`, `{"FailedRecordCount":01}`, `{"FailedRecordCount":-}`,
	`{"FailedRecordCount":99999999999999999999999}`, `{"FailedRecordCount":nul}`, `{"FailedRecordCount":true}`,
	`{"Records":[{"ShardId":1}]}`, `{"Records":[{"ShardId":"s]}`, `{"Records":[{"ShardId":"\x"}]}`, `{"Records":[{"ShardId":"\u12g4"}]}`,
	`{"Records":[{"ShardId":"\`, `{"Records":[{"ShardId":"\u12`, "{\"Records\":[{\"ShardId\":\"\n\"}]}",
	`{"New":1.}`, `{"New":.5}`, `{"New":1e}`, `{"New":+1}`, `{"New":00}`, `{"New":tru}`, `{"New":truex}`, `{"New":NaN}`,
	`{"New":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
	`{"New":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
	"\xef\xbb\xbf{}", "{}\x00", "{\x00}",
}

func TestPutRecordsResponse(t *testing.T) {
	for _, body := range putResponses {
		if _, alone := sameAsSDK[kinesis.PutRecordsOutput](t, wire.PutRecords, putRecordsOp, http.StatusOK, []byte(body)); !alone {
			t.Errorf("left to the SDK: %q", body)
		}
	}
	for _, body := range oddPutResponses {
		if _, alone := sameAsSDK[kinesis.PutRecordsOutput](t, wire.PutRecords, putRecordsOp, http.StatusOK, []byte(body)); alone {
			t.Errorf("not left to the SDK: %q", body)
		}
	}
}

func TestPutRecordsResponseOfRandomValues(t *testing.T) {
	for seed := range uint64(500) {
		f := newFiller(seed)
		f.full = seed < 10
		var want kinesis.PutRecordsOutput
		f.fill(reflect.ValueOf(&want).Elem())
		got, alone := sameAsSDK[kinesis.PutRecordsOutput](t, wire.PutRecords, putRecordsOp, http.StatusOK, sdkBody(t, &want))
		if !alone {
			t.Errorf("left to the SDK: %q", sdkBody(t, &want))
		}
		if f.full && !reflect.DeepEqual(got, &want) {
			t.Errorf("what was written is not what is read (-want +got):\n%s", diff(&want, got))
		}
	}
}

func FuzzPutRecordsResponse(f *testing.F) {
	for _, body := range append(putResponses, oddPutResponses...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sameAsSDK[kinesis.PutRecordsOutput](t, wire.PutRecords, putRecordsOp, http.StatusOK, body)
	})
}
