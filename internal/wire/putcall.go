package wire

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
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
func PutRecords(o *kinesis.Options) { putOnce(o, (*PutCall).PutRecords) }

// PutRecordsCBOR is [PutRecords] in CBOR, as [GetCall.GetRecordsCBOR] is GetCall.GetRecords.
func PutRecordsCBOR(o *kinesis.Options) { putOnce(o, (*PutCall).PutRecordsCBOR) }

// putOnce lends a PutCall to a call.
func putOnce(o *kinesis.Options, option func(*PutCall, *kinesis.Options)) {
	c, ok := putCalls.Get().(*PutCall)
	if !ok {
		c = new(PutCall)
	}
	option(c, o)
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
// hold until the next call. The strings themselves may be kept, unless Lend is set;
// those of one output share a buffer of about 60 bytes an entry. A PutCall must not
// be used by two calls at a time, nor be copied. It keeps as much memory as its
// largest request and response took: up to 14 MB for a request of 10 MiB.
//
// It uses the body of a request again when the call is over, although net/http
// may still have a hand on the body of an attempt then. That hand is empty: what
// net/http has is the SDK's wrapper, which takes a lock for each Read, and which
// the SDK closes, under the same lock, as soon as the attempt's Do returns. So
// every Read of the buffer has ended by then, and later ones never come to it.
// What the output's metadata keeps of the request is that closed wrapper.
type PutCall struct {
	// Lend has the strings of Records, too, hold only until the next call, which
	// saves their memory. Those of ShardIds may be kept all the same.
	Lend bool

	request  []byte
	response []byte
	entries  []types.PutRecordsResultEntry
	values   []string // what entries point to
	shards   shardNames
	expected int // entries of the request, and so of the response
}

// PutRecords is a per-call option like the function [PutRecords].
func (c *PutCall) PutRecords(o *kinesis.Options) { c.speak(o, formatJSON) }

// PutRecordsCBOR is a per-call option like the function [PutRecordsCBOR].
func (c *PutCall) PutRecordsCBOR(o *kinesis.Options) { c.speak(o, formatCBOR) }

func (c *PutCall) speak(o *kinesis.Options, f format) {
	setProtocol(o, func(sdk smithyhttp.ClientProtocol) smithyhttp.ClientProtocol {
		return putProtocol{sdk, c, f}
	})
}

// giveBack is the outermost middleware of a call: it keeps the PutCall for
// another one. After a panic it does not: nobody knows who has its buffers.
type giveBack struct{ call *PutCall }

func (giveBack) ID() string { return "kinesiskit.GiveBack" }

func (g giveBack) HandleInitialize(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleInitialize(ctx, in)
	if max(cap(g.call.request), cap(g.call.response)) <= maxPooledBody {
		// These are the output's now.
		g.call.entries, g.call.values = nil, nil
		putCalls.Put(g.call)
	}
	return out, metadata, err
}

// putProtocol is the protocol of one call of PutRecords.
type putProtocol struct {
	smithyhttp.ClientProtocol
	call   *PutCall
	format format
}

func (p putProtocol) SerializeRequest(
	ctx context.Context, op *smithy.OperationSchema, in smithy.Serializable, req *smithyhttp.Request,
) error {
	input, ok := in.(*kinesis.PutRecordsInput)
	if !ok {
		return p.ClientProtocol.SerializeRequest(ctx, op, in, req)
	}
	if err := p.ClientProtocol.SerializeRequest(ctx, op, &kinesis.PutRecordsInput{}, req); err != nil {
		return err
	}
	p.call.expected = len(input.Records)
	return setBody(req, p.call.write(input, p.format), p.format)
}

// write writes the body of a request.
func (c *PutCall) write(in *kinesis.PutRecordsInput, f format) []byte {
	size, appendTo := putRecordsLen, appendPutRecords
	if f == formatCBOR {
		size, appendTo = putRecordsCBORLen, appendPutRecordsCBOR
	}
	if n := size(in); cap(c.request) < n {
		c.request = make([]byte, 0, n)
	}
	c.request = appendTo(c.request[:0], in)
	return c.request
}

func (p putProtocol) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, registry *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	x := exchange{p.ClientProtocol, ctx, op, registry, resp, out}
	output, ok := out.(*kinesis.PutRecordsOutput)
	if !ok {
		return x.leaveToSDK()
	}
	c := p.call
	var err error
	c.response, err = x.read(c.response,
		func(body []byte) bool {
			r := jsonResults{c.newResultBuilder(len(body)), jsonscan.New(body)}
			return readPutRecords(&r.scan, r.read, output)
		},
		func(body []byte) bool {
			r := cborResults{c.newResultBuilder(len(body)), cborscan.New(body)}
			return readPutRecords(&r.scan, r.read, output)
		},
		func() { *output = kinesis.PutRecordsOutput{} })
	return err
}
