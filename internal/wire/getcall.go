package wire

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// GetRecords is a per-call option for [kinesis.Client.GetRecords]. The response is
// read without reflection or schemas; whatever its scanner doesn't read for sure,
// and every error response, is left to the protocol that the client was made
// with. The option includes [Cure], and is no more than that on a client that
// doesn't speak awsJson 1.1.
//
// The records of an output share buffers of 28 KiB, which hold the data, keys and
// sequence numbers of consecutive records: keeping a part of one record keeps its
// buffer. The caller may change Data in place; an append to one record's Data
// never reaches the next one's.
//
// A caller that makes one call after the other saves memory with a [GetCall].
func GetRecords(o *kinesis.Options) { new(GetCall).GetRecords(o) }

// GetRecordsCBOR is [GetRecords] in CBOR, which has no base64 to decode. It is what
// the AWS SDK for Java speaks to Kinesis unless told otherwise. A service that
// answers in JSON all the same is understood.
func GetRecordsCBOR(o *kinesis.Options) { new(GetCall).GetRecordsCBOR(o) }

// GetCall is the memory of GetRecords calls that are made one after the other:
// of the list of records, not of what is in them.
//
//	var call wire.GetCall
//	for … {
//		out, err := client.GetRecords(ctx, in, call.GetRecords)
//		…
//		call.Reset()
//
// The zero GetCall is ready. The Records of an output hold until Reset or the
// next call; their Data, and the strings that they point to, may be kept for as
// long as one likes. A GetCall must not be used by two calls at a time, nor be
// copied. It keeps 120 bytes a record, for up to eight times the records of the
// last response.
type GetCall struct {
	records []types.Record
	fields  []*[fieldsBlock]recordFields // what records point to
}

// GetRecords is a per-call option like the function [GetRecords].
func (c *GetCall) GetRecords(o *kinesis.Options) { c.speak(o, formatJSON) }

// GetRecordsCBOR is a per-call option like the function [GetRecordsCBOR].
func (c *GetCall) GetRecordsCBOR(o *kinesis.Options) { c.speak(o, formatCBOR) }

func (c *GetCall) speak(o *kinesis.Options, f format) {
	setProtocol(o, func(sdk smithyhttp.ClientProtocol) smithyhttp.ClientProtocol {
		return getProtocol{sdk, c, f}
	})
}

// Reset lets go of what the records of the last output refer to.
func (c *GetCall) Reset() {
	if cap(c.records) > 8*len(c.records)+fieldsBlock {
		*c = GetCall{}
		return
	}
	c.clear()
}

func (c *GetCall) clear() {
	for at := 0; at < len(c.records); at += fieldsBlock {
		clear(c.fields[at/fieldsBlock][:min(fieldsBlock, len(c.records)-at)])
	}
	clear(c.records)
	c.records = c.records[:0]
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
		func() { *output = kinesis.GetRecordsOutput{} })
	buf.bytes = body
	return err
}
