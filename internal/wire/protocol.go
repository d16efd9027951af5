package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// PutRecords is a per-call option for [kinesis.Client.PutRecords]. The request's
// body is written into one buffer of the right size, and the response is read
// without reflection or schemas; everything else, error responses included, is
// left to the protocol that the client was made with. The option includes
// [Cure].
//
// The strings of the output share one buffer, the response itself: keeping one
// of them keeps it all, about 100 bytes an entry.
//
// On a client that doesn't speak awsJson 1.1 the option is no more than Cure.
func PutRecords(o *kinesis.Options) {
	Cure(o)
	if speaksJSON(o.Protocol) {
		o.Protocol = &putRecordsJSON{ClientProtocol: o.Protocol}
	}
}

// GetRecords is a per-call option for [kinesis.Client.GetRecords], as
// [PutRecords] is for its operation.
//
// The records of an output share buffers of up to 64 KiB, which hold the data,
// keys and sequence numbers of consecutive records: keeping a part of one record
// keeps its buffer. No record's Data can be grown into the next one's by append.
// The caller may change Data in place.
func GetRecords(o *kinesis.Options) {
	Cure(o)
	if speaksJSON(o.Protocol) {
		o.Protocol = getRecordsJSON{o.Protocol}
	}
}

func speaksJSON(p smithyhttp.ClientProtocol) bool {
	return p != nil && p.ID() == smithy.ShapeID{Namespace: "aws.protocols", Name: "awsJson1_1"}
}

// putRecordsJSON is the protocol of one call of PutRecords.
type putRecordsJSON struct {
	smithyhttp.ClientProtocol
	entries int // of the request, and so of the response
}

func (p *putRecordsJSON) SerializeRequest(
	ctx context.Context, op *smithy.OperationSchema, in smithy.Serializable, req *smithyhttp.Request,
) error {
	input, ok := in.(*kinesis.PutRecordsInput)
	if !ok {
		return p.ClientProtocol.SerializeRequest(ctx, op, in, req)
	}
	// The SDK sets method, path and headers; a body of two bytes costs nothing.
	if err := p.ClientProtocol.SerializeRequest(ctx, op, &kinesis.PutRecordsInput{}, req); err != nil {
		return err
	}
	p.entries = len(input.Records)
	body := make([]byte, 0, putRecordsLen(input))
	return setBody(req, appendPutRecords(body, input))
}

func (p *putRecordsJSON) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	output, ok := out.(*kinesis.PutRecordsOutput)
	if !ok || !isSuccess(resp) {
		return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
	}
	body, err := readBody(nil, resp)
	if err != nil {
		return err
	}
	if scanPutRecords(body, p.entries, output) {
		return nil
	}
	*output = kinesis.PutRecordsOutput{}
	return leaveToSDK(resp, body, func() error {
		return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
	})
}

// getRecordsJSON is the protocol of calls of GetRecords.
type getRecordsJSON struct{ smithyhttp.ClientProtocol }

func (p getRecordsJSON) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	output, ok := out.(*kinesis.GetRecordsOutput)
	if !ok || !isSuccess(resp) {
		return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
	}
	buf := bodies.take()
	defer bodies.give(buf)
	body, err := readBody(buf.bytes, resp)
	if err != nil {
		return err
	}
	buf.bytes = body
	if scanGetRecords(body, output) {
		return nil
	}
	*output = kinesis.GetRecordsOutput{}
	return leaveToSDK(resp, body, func() error {
		return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
	})
}

func setBody(req *smithyhttp.Request, body []byte) error {
	// A bytes.Reader lets the signer hash the body in one piece; from
	// net/http its WriteTo is hidden by Cure.
	with, err := req.SetStream(bytes.NewReader(body))
	if err != nil {
		return err
	}
	*req = *with
	return nil
}

func isSuccess(resp *smithyhttp.Response) bool {
	return resp.StatusCode >= http.StatusOK && resp.StatusCode < http.StatusMultipleChoices
}

// leaveToSDK has the SDK read a response whose body was read already. That is
// the rare case, in which most bodies are no good; the SDK panics at some of
// them, for example at a timestamp that is "NaN".
func leaveToSDK(resp *smithyhttp.Response, body []byte, deserialize func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &smithy.DeserializationError{Err: fmt.Errorf("panic: %v", r)}
		}
	}()
	resp.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), resp.Body}
	return deserialize()
}
