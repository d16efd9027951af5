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

// GetRecords is a per-call option for [kinesis.Client.GetRecords]. The response is
// read without reflection or schemas; whatever its scanner doesn't read for sure,
// and every error response, is left to the protocol that the client was made
// with. The option includes [Cure], and is no more than that on a client that
// doesn't speak awsJson 1.1.
//
// The records of an output share buffers of 64 KiB, which hold the data, keys and
// sequence numbers of consecutive records: keeping a part of one record keeps its
// buffer. The caller may change Data in place; an append to one record's Data
// never reaches the next one's.
func GetRecords(o *kinesis.Options) {
	Cure(o)
	if speaksJSON(o.Protocol) {
		o.Protocol = getRecordsJSON{o.Protocol}
	}
}

var awsJSON = smithy.ShapeID{Namespace: "aws.protocols", Name: "awsJson1_1"}

func speaksJSON(p smithyhttp.ClientProtocol) bool {
	return p != nil && p.ID() == awsJSON
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

func isSuccess(resp *smithyhttp.Response) bool {
	return resp.StatusCode >= http.StatusOK && resp.StatusCode < http.StatusMultipleChoices
}

// leaveToSDK has the SDK read a response whose body was read already.
func leaveToSDK(resp *smithyhttp.Response, body []byte, deserialize func() error) error {
	resp.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), resp.Body}
	return withoutPanic(deserialize)
}

// withoutPanic has the SDK read what was not read for sure, and may be no good:
// the SDK panics at some of it, for example at a timestamp that is "NaN".
func withoutPanic(deserialize func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &smithy.DeserializationError{Err: fmt.Errorf("panic: %v", r)}
		}
	}()
	return deserialize()
}
