package wire

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// GetCall is the memory of calls of [kinesis.Client.GetRecords] that are made one
// after the other: of the list of records, not of what is in them.
//
//	var call wire.GetCall
//	for … {
//		out, err := client.GetRecords(ctx, in, call.GetRecords)
//		…
//		records := call.Records(out)
//		…
//		call.Reset()
//
// The zero GetCall is ready. It must not be used by two calls at a time, nor be
// copied. It keeps 48 bytes a record, for up to eight times the records of the
// last response.
type GetCall struct{ records Records }

// GetRecords is a per-call option. The response is read without reflection or
// schemas; whatever its scanner doesn't read for sure, and every error response,
// is left to the protocol that the client was made with. The option includes
// [Cure], and is no more than that on a client that doesn't speak awsJson 1.1.
//
// The GetCall has the records then, and the output's own list is empty, for the
// client's middleware too.
func (c *GetCall) GetRecords(o *kinesis.Options) { c.speak(o, formatJSON) }

// GetRecordsCBOR is GetRecords in CBOR, which has no base64 to decode. It is what
// the AWS SDK for Java speaks to Kinesis unless told otherwise. A service that
// answers in JSON all the same is understood.
func (c *GetCall) GetRecordsCBOR(o *kinesis.Options) { c.speak(o, formatCBOR) }

// Records returns the records of the last output, whoever has read it. They hold
// until Reset or the next call.
func (c *GetCall) Records(out *kinesis.GetRecordsOutput) Records {
	if len(out.Records) > 0 {
		return RecordsOf(out.Records)
	}
	return c.records
}

// Reset lets go of what the records of the last output refer to.
func (c *GetCall) Reset() {
	if list := c.records.list; cap(list) > 8*len(list)+listLeast {
		*c = GetCall{}
		return
	}
	c.records.clear()
}

// listLeast is a number of records that are not worth giving back.
const listLeast = 256

func (c *GetCall) speak(o *kinesis.Options, f format) {
	setProtocol(o, func(sdk smithyhttp.ClientProtocol) smithyhttp.ClientProtocol {
		return getProtocol{sdk, c, f}
	})
}

// getProtocol is the protocol of calls of GetRecords.
type getProtocol struct {
	smithyhttp.ClientProtocol
	call   *GetCall
	format format
}

func (p getProtocol) SerializeRequest(
	ctx context.Context, op *smithy.OperationSchema, in smithy.Serializable, req *smithyhttp.Request,
) error {
	input, ok := in.(*kinesis.GetRecordsInput)
	if !ok || p.format == formatJSON {
		return p.ClientProtocol.SerializeRequest(ctx, op, in, req)
	}
	if err := p.ClientProtocol.SerializeRequest(ctx, op, &kinesis.GetRecordsInput{}, req); err != nil {
		return err
	}
	return setBody(req, appendGetRecordsCBOR(nil, input), p.format)
}

func (p getProtocol) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, registry *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	x := exchange{p.ClientProtocol, ctx, op, registry, resp, out}
	output, ok := out.(*kinesis.GetRecordsOutput)
	if !ok {
		return x.leaveToSDK()
	}
	p.call.records.clear()
	if x.success() && isCBOR(resp.Header) {
		return p.call.readCBOR(resp, output)
	}
	buf := bodies.take()
	defer bodies.give(buf)
	body, err := x.read(buf.bytes,
		func(body []byte) bool {
			r := p.call.newJSONRecords(body)
			return readGetRecords(&r.scan, r.read, output)
		},
		nil, // which was done above
		func() {
			*output = kinesis.GetRecordsOutput{}
			p.call.records.clear()
		})
	buf.bytes = body
	return err
}
