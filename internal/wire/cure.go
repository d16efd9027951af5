package wire

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// Cure is a per-call option for every Kinesis operation. It wraps the HTTP
// client so that request bodies do not show io.WriterTo to net/http.
//
// Why: the SDK closes the request body as soon as the HTTP client's Do returns,
// and Do returns when the response's headers are there. net/http may then still
// be in its last look at the body, which checks that nothing follows the
// announced Content-Length:
//
//  1. The transport has written the whole body and is about to make that check.
//  2. The server, which has all it needs, sends its headers; Do returns.
//  3. The SDK closes the body.
//  4. The check finds io.WriterTo and calls it; the closed body answers io.EOF.
//     From Read that means "nothing more", from WriteTo it is an error.
//  5. The transport gives up the connection in the middle of the response, and
//     the call fails with "use of closed network connection".
//  6. The SDK takes that for a lost connection and sends the request again,
//     although the service has already stored the records.
//
// Without io.WriterTo step 4 reads, gets io.EOF, and all is well. HTTP/2 is not
// affected, but it isn't known beforehand which one a connection will speak.
//
// Applying Cure twice is the same as applying it once. A nil HTTPClient is left
// alone.
func Cure(o *kinesis.Options) {
	o.HTTPClient = Client(o.HTTPClient)
}

// Client returns c with the cure that [Cure] describes. It returns c itself if
// c is nil or already cured. The result is as safe for concurrent use as c.
func Client(c kinesis.HTTPClient) kinesis.HTTPClient {
	if c == nil {
		return nil
	}
	if _, cured := c.(curedClient); cured {
		return c
	}
	return curedClient{c}
}

// Transport returns rt with the cure that [Cure] describes, for an http.Client
// that is built by hand. It returns rt itself if rt is nil or already cured.
// The result is as safe for concurrent use as rt.
func Transport(rt http.RoundTripper) http.RoundTripper {
	if rt == nil {
		return nil
	}
	if _, cured := rt.(curedTransport); cured {
		return rt
	}
	return curedTransport{rt}
}

type curedClient struct{ next kinesis.HTTPClient }

func (c curedClient) Do(req *http.Request) (*http.Response, error) {
	return c.next.Do(withPlainBody(req))
}

type curedTransport struct{ next http.RoundTripper }

func (t curedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.next.RoundTrip(withPlainBody(req))
}

// CloseIdleConnections keeps http.Client.CloseIdleConnections working.
func (t curedTransport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// withPlainBody returns req, or, if its body has a WriteTo, a shallow copy whose
// body has none. A RoundTripper must not change the request it is given.
func withPlainBody(req *http.Request) *http.Request {
	// NoBody has a WriteTo, but net/http knows it by identity.
	if req.Body == nil || req.Body == http.NoBody {
		return req
	}
	if _, ok := req.Body.(io.WriterTo); !ok {
		return req
	}
	cured := req.WithContext(req.Context())
	cured.Body = plain(req.Body)
	if getBody := req.GetBody; getBody != nil {
		cured.GetBody = func() (io.ReadCloser, error) {
			body, err := getBody()
			if err != nil || body == nil || body == http.NoBody {
				return body, err
			}
			return plain(body), nil
		}
	}
	return cured
}

// plainBody has the methods Read and Close of a body and no others.
type plainBody struct{ io.ReadCloser }

// plainSeekBody is plainBody for a body that can be rewound.
type plainSeekBody struct {
	plainBody
	io.Seeker
}

func plain(body io.ReadCloser) io.ReadCloser {
	if s, ok := body.(io.Seeker); ok {
		return plainSeekBody{plainBody{body}, s}
	}
	return plainBody{body}
}
