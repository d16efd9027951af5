package wire

import (
	"bytes"
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// PutRecords is a per-call option for [kinesis.Client.PutRecords]. The request's
// body is written into one buffer of the right size, and the response is read
// without reflection or schemas; whatever the scanner doesn't read for sure, and
// every error response, is left to the protocol that the client was made with.
// The option includes [Cure], and is no more than that on a client that doesn't
// speak awsJson 1.1.
//
// A caller that makes one call after the other saves allocations with a
// [PutCall].
func PutRecords(o *kinesis.Options) {
	c, ok := putCalls.Get().(*PutCall)
	if !ok {
		c = new(PutCall)
	}
	c.PutRecords(o)
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(giveBack{c}, middleware.Before)
	})
}

// putCalls is a cache: nothing depends on what is in it.
var putCalls sync.Pool

// PutCall is the memory of PutRecords calls that are made one after the other:
//
//	var call wire.PutCall
//	for … {
//		out, err := client.PutRecords(ctx, in, call.PutRecords)
//
// The zero PutCall is ready. The Records of an output, and what they point to,
// hold until the next call. The strings themselves may be kept; those of one
// output share a buffer of about 60 bytes an entry. A PutCall must not be used by
// two calls at a time, nor be copied.
//
// It uses the body of a request again when the call is over, although net/http
// may still have a hand on the body of an attempt then. That hand is empty: what
// net/http has is the SDK's wrapper, which takes a lock for each Read, and which
// the SDK closes, under the same lock, as soon as the attempt's Do returns. So
// every Read of the buffer has ended by then, and later ones never come to it.
// What the output's metadata keeps of the request is that closed wrapper.
type PutCall struct {
	request  []byte
	response []byte
	entries  []types.PutRecordsResultEntry
	values   []string // what entries point to
	shards   shardNames
	expected int // entries of the request, and so of the response
}

// PutRecords is a per-call option like the function [PutRecords].
func (c *PutCall) PutRecords(o *kinesis.Options) {
	Cure(o)
	if speaksJSON(o.Protocol) {
		o.Protocol = putRecordsJSON{o.Protocol, c}
	}
}

// giveBack is the outermost middleware of a call: it keeps the PutCall for
// another one. After a panic it does not: nobody knows who has its buffers.
type giveBack struct{ call *PutCall }

func (giveBack) ID() string { return "kinesiskit.GiveBack" }

func (g giveBack) HandleInitialize(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleInitialize(ctx, in)
	if cap(g.call.request) <= maxPooledBody {
		// These are the output's now.
		g.call.entries, g.call.values = nil, nil
		putCalls.Put(g.call)
	}
	return out, metadata, err
}

// putRecordsJSON is the protocol of one call of PutRecords.
type putRecordsJSON struct {
	smithyhttp.ClientProtocol
	call *PutCall
}

func (p putRecordsJSON) SerializeRequest(
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
	c := p.call
	c.expected = len(input.Records)
	if size := putRecordsLen(input); cap(c.request) < size {
		c.request = make([]byte, 0, size)
	}
	c.request = appendPutRecords(c.request[:0], input)
	// A bytes.Reader lets the signer hash the body in one piece; from
	// net/http its WriteTo is hidden by Cure.
	with, err := req.SetStream(bytes.NewReader(c.request))
	if err != nil {
		return err
	}
	*req = *with
	return nil
}

func (p putRecordsJSON) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	output, ok := out.(*kinesis.PutRecordsOutput)
	if !ok || !isSuccess(resp) {
		return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
	}
	body, err := readBody(p.call.response, resp)
	if err != nil {
		return err
	}
	p.call.response = body
	if p.call.scan(body, output) {
		return nil
	}
	*output = kinesis.PutRecordsOutput{}
	return leaveToSDK(resp, body, func() error {
		return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
	})
}
