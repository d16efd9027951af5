package kstreamtest

import (
	"io"
	"net/http"
)

// scratch is the memory that a request needs only while it is answered.
type scratch struct {
	body    []byte  // the request's
	data    []byte  // decoded from it
	entries []entry // point into body and data
	out     []byte  // the answer's body
}

// maxScratch bounds what is kept for the next request.
const maxScratch = 32 << 20

func (s *Server) takeScratch() *scratch {
	if sc, ok := s.scratches.Get().(*scratch); ok {
		return sc
	}
	return new(scratch)
}

func (s *Server) returnScratch(sc *scratch) {
	if cap(sc.body)+cap(sc.data)+cap(sc.out) <= maxScratch {
		clear(sc.entries)
		s.scratches.Put(sc)
	}
}

// readBody reads the whole body of a request.
func (sc *scratch) readBody(r *http.Request) error {
	if r.ContentLength > maxBody {
		return errorf(entityTooLarge, "The request is larger than %d bytes.", maxBody)
	}
	b := sc.body[:0]
	if n := int(r.ContentLength); n > cap(b) {
		b = make([]byte, 0, n)
	}
	for {
		if len(b) == cap(b) {
			if int64(len(b)) == r.ContentLength {
				break
			}
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		sc.body = b
		if len(b) > maxBody {
			return errorf(entityTooLarge, "The request is larger than %d bytes.", maxBody)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(http.ErrAbortHandler) // the client has gone
		}
	}
	return nil
}
