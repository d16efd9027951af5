package wire

import (
	"bytes"
	"io"
	"sync"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxPooledBody is the capacity up to which the buffer of a response is kept for
// the next one. The largest response of the service, 10 MiB of records, takes
// 14 MB in base64.
const maxPooledBody = 16 << 20

// bodies holds buffers for responses that are copied out of before they are
// given back. It is a cache: nothing depends on what is in it.
var bodies bodyPool

type bodyPool struct{ pool sync.Pool }

type pooledBody struct{ bytes []byte }

func (p *bodyPool) take() *pooledBody {
	if b, ok := p.pool.Get().(*pooledBody); ok {
		return b
	}
	return new(pooledBody)
}

func (p *bodyPool) give(b *pooledBody) {
	if cap(b.bytes) <= maxPooledBody {
		p.pool.Put(b)
	}
}

// readBody reads the body of resp to its end, into buf if that is large enough.
func readBody(buf []byte, resp *smithyhttp.Response) ([]byte, error) {
	// One byte more than announced, so that the end is seen in the same loop.
	if n := resp.ContentLength + 1; n > int64(cap(buf)) && n <= maxPooledBody {
		buf = make([]byte, 0, n)
	}
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, max(bytes.MinRead, len(buf)))...)[:len(buf)]
		}
		n, err := resp.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return nil, &smithy.DeserializationError{Err: err}
		}
	}
}
