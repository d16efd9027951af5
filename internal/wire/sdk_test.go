package wire_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/schemas"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// sdkProtocol is what the SDK's client speaks. It counts what is left to it.
type sdkProtocol struct {
	smithyhttp.ClientProtocol
	responses, events int
}

func newSDKProtocol() *sdkProtocol {
	return &sdkProtocol{ClientProtocol: awsjson.New11(schemas.Kinesis_20131202)}
}

func (p *sdkProtocol) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	p.responses++
	return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
}

func (p *sdkProtocol) DeserializeEventMessage(
	union *smithy.Schema, types *smithy.TypeRegistry, r io.Reader,
) (smithy.Deserializable, error) {
	p.events++
	return p.ClientProtocol.DeserializeEventMessage(union, types, r)
}

// calmSDK has an error where the SDK panics: what is demanded of the codec then.
type calmSDK struct{ *sdkProtocol }

func (p calmSDK) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) (err error) {
	defer panicAsError(&err)
	return p.sdkProtocol.DeserializeResponse(ctx, op, types, resp, out)
}

func (p calmSDK) DeserializeEventMessage(
	union *smithy.Schema, types *smithy.TypeRegistry, r io.Reader,
) (event smithy.Deserializable, err error) {
	defer panicAsError(&err)
	return p.sdkProtocol.DeserializeEventMessage(union, types, r)
}

func panicAsError(err *error) {
	if r := recover(); r != nil {
		*err = &smithy.DeserializationError{Err: fmt.Errorf("panic: %v", r)}
	}
}

// withOption returns the protocol that a call with the option speaks, and the
// SDK's behind it.
func withOption(option func(*kinesis.Options)) (smithyhttp.ClientProtocol, *sdkProtocol) {
	sdk := newSDKProtocol()
	o := kinesis.Options{Protocol: sdk, HTTPClient: http.DefaultClient}
	option(&o)
	return o.Protocol, sdk
}

func getRecords(o *kinesis.Options)     { listed(new(wire.GetCall), (*wire.GetCall).GetRecords)(o) }
func getRecordsCBOR(o *kinesis.Options) { listed(new(wire.GetCall), (*wire.GetCall).GetRecordsCBOR)(o) }

// listed is the option of a GetCall, with outputs that have the records where the
// SDK's have them.
func listed(call *wire.GetCall, option func(*wire.GetCall, *kinesis.Options)) func(*kinesis.Options) {
	return func(o *kinesis.Options) {
		option(call, o)
		o.Protocol = listingProtocol{o.Protocol, call}
	}
}

type listingProtocol struct {
	smithyhttp.ClientProtocol
	call *wire.GetCall
}

func (p listingProtocol) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	err := p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
	if output, ok := out.(*kinesis.GetRecordsOutput); ok && output.Records != nil {
		records := p.call.Records(output)
		output.Records = records.List()
	}
	return err
}

var (
	putRecordsOp = smithy.NewOperationSchema(schemas.PutRecords, schemas.PutRecordsInput, schemas.PutRecordsOutput)
	getRecordsOp = smithy.NewOperationSchema(schemas.GetRecords, schemas.GetRecordsInput, schemas.GetRecordsOutput)
)

// serialize returns the request that p makes of in, and its body.
func serialize(t testing.TB, p smithyhttp.ClientProtocol, op *smithy.OperationSchema, in smithy.Serializable) (*smithyhttp.Request, []byte) {
	t.Helper()
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if err := p.SerializeRequest(t.Context(), op, in, req); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(req.GetStream())
	if err != nil {
		t.Fatal(err)
	}
	return req, body
}

// sdkBody returns the SDK's JSON for any of its types.
func sdkBody(t testing.TB, v smithy.Serializable) []byte {
	t.Helper()
	_, body := serialize(t, newSDKProtocol(), putRecordsOp, v)
	return body
}

func deserialize(p smithyhttp.ClientProtocol, op *smithy.OperationSchema, resp *http.Response, out smithy.Deserializable) error {
	return p.DeserializeResponse(context.Background(), op, kinesis.TypeRegistry, &smithyhttp.Response{Response: resp}, out)
}

func response(status int, body []byte) *http.Response {
	return &http.Response{
		StatusCode:    status,
		Header:        http.Header{},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// sameAsSDK deserializes a response with the option and with the SDK alone and
// demands the same outcome. It returns whether the option did it by itself.
func sameAsSDK[Out any, P interface {
	*Out
	smithy.Deserializable
}](t testing.TB, option func(*kinesis.Options), op *smithy.OperationSchema, status int, body []byte) (P, bool) {
	t.Helper()
	ours, sdk := withOption(option)
	got, want := P(new(Out)), P(new(Out))
	// A second opinion on what is kept: the first answer must not change
	// when the buffers are used again.
	gotErr := deserialize(ours, op, response(status, bytes.Clone(body)), got)
	deserialize(ours, op, response(http.StatusOK, bytes.Repeat([]byte(" "), len(body))), P(new(Out)))
	alone := sdk.responses == 1

	wantErr := deserialize(calmSDK{newSDKProtocol()}, op, response(status, bytes.Clone(body)), want)
	if errorText(gotErr) != errorText(wantErr) {
		t.Errorf("error %v, the SDK's %v, for %q", gotErr, wantErr, body)
	}
	if gotErr == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%q differs from the SDK's reading (-SDK +ours):\n%s", body, diff(want, got))
	}
	return got, alone
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// diff shows the difference of two of the SDK's types, with what they hide.
func diff(want, got any) string {
	return cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true }))
}
