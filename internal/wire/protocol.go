package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// A format is what a request is written in. A response is in what its
// Content-Type says.
type format int

const (
	formatJSON format = iota
	formatCBOR
)

const cborType = "application/x-amz-cbor-1.1"

// setProtocol makes the call of o speak what own returns, if the client speaks
// awsJson 1.1; else the codecs here have nothing to fall back to.
func setProtocol(o *kinesis.Options, own func(sdk smithyhttp.ClientProtocol) smithyhttp.ClientProtocol) {
	Cure(o)
	if o.Protocol != nil && o.Protocol.ID() == awsJSON {
		o.Protocol = own(o.Protocol)
	}
}

var awsJSON = smithy.ShapeID{Namespace: "aws.protocols", Name: "awsJson1_1"}

// setBody makes body the body of req, which the SDK has written for a request
// without members: so method, path and headers are the SDK's own.
func setBody(req *smithyhttp.Request, body []byte, f format) error {
	if f == formatCBOR {
		req.Header.Set("Content-Type", cborType)
	}
	// A bytes.Reader lets the signer hash the body in one piece; from
	// net/http its WriteTo is hidden by Cure.
	with, err := req.SetStream(bytes.NewReader(body))
	if err != nil {
		return err
	}
	*req = *with
	return nil
}

// exchange is one response, and who can read it.
type exchange struct {
	sdk      smithyhttp.ClientProtocol
	ctx      context.Context
	op       *smithy.OperationSchema
	registry *smithy.TypeRegistry
	resp     *smithyhttp.Response
	out      smithy.Deserializable
}

// leaveToSDK has the SDK read the response.
func (x exchange) leaveToSDK() error {
	return x.sdk.DeserializeResponse(x.ctx, x.op, x.registry, x.resp, x.out)
}

func (x exchange) success() bool {
	return x.resp.StatusCode >= http.StatusOK && x.resp.StatusCode < http.StatusMultipleChoices
}

// read reads the response into buf, which it returns, and has fromJSON or fromCBOR
// read that, which return false if they can't for sure. reset clears the output
// that they have begun. The SDK reads the rest: JSON that they can't read, and
// error responses.
func (x exchange) read(buf []byte, fromJSON, fromCBOR func(body []byte) bool, reset func()) ([]byte, error) {
	isCBOR := isCBOR(x.resp.Header)
	if !x.success() && !isCBOR {
		return buf, x.leaveToSDK()
	}
	body, err := readBody(buf, x.resp)
	if err != nil {
		return buf, err
	}
	switch {
	case !x.success():
		text, err := errorAsJSON(body)
		if err != nil {
			return body, err
		}
		x.unread(text)
		return body, x.leaveToSDK()
	case isCBOR && !fromCBOR(body):
		return body, errMalformedCBOR
	case isCBOR || fromJSON(body):
		return body, nil
	}
	reset()
	x.unread(body)
	return body, withoutPanic(x.leaveToSDK)
}

func isCBOR(h http.Header) bool {
	value := h.Get("Content-Type")
	if value == cborType {
		return true
	}
	media, _, err := mime.ParseMediaType(value)
	return err == nil && media == cborType
}

var errMalformedCBOR = &smithy.DeserializationError{Err: errors.New("malformed CBOR")}

// unread lets the response's body be read again, as body.
func (x exchange) unread(body []byte) {
	x.resp.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), x.resp.Body}
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

// errorAsJSON returns, of an error response in CBOR, what the SDK reads of one in
// JSON.
func errorAsJSON(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	s := cborscan.New(body)
	text := []byte{}
	for s.Object(); s.Member(); {
		name := string(s.Name())
		switch name {
		case "__type", "code", "message", "Message":
			if s.Null() {
				continue
			}
			text = append(text, ',')
			text = jsonscan.AppendString(text, name)
			text = append(text, ':')
			text = jsonscan.AppendString(text, s.String())
		default:
			s.Skip()
		}
	}
	s.End()
	if s.Failed() {
		return nil, errMalformedCBOR
	}
	return closeObject(text, 0), nil
}
