package kstreamtest

import (
	"context"
	"net"
	"net/http"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/memnet"
)

// A Request is what Options.Hook sees of a request that has passed validation.
type Request struct {
	Context   context.Context // ends when the client goes away
	Operation string          // such as PutRecords
	Stream    string          // the stream's name, if the request names one
	Shard     string          // the shard's ID, if the request is for one
	Header    http.Header
	Body      []byte // as it came; good until the hook returns
}

// A Reply answers a request in the server's place.
type Reply struct {
	// Code makes the reply an error: an exception's name, such as
	// LimitExceededException. Message goes with it.
	Code    string
	Message string
	// Body is the answer's body when Code is empty, in the request's encoding.
	Body []byte
}

// consult lets the hook and the faults have their way with a request before it
// takes effect. It reports whether the request has been dealt with.
func (s *Server) consult(c *call, r *http.Request) (done bool, err error) {
	if s.opts.Hook == nil && !s.faults.active.Load() {
		return false, nil
	}
	t := s.target(c)
	if s.opts.Hook != nil {
		reply := s.opts.Hook(Request{
			Context: c.ctx, Operation: t.operation, Stream: t.stream, Shard: t.shard, Header: r.Header, Body: c.scratch.body,
		})
		switch {
		case reply == nil:
		case reply.Code != "":
			return true, &apiError{code: reply.Code, message: reply.Message}
		default:
			c.send(http.StatusOK, reply.Body)
			return true, nil
		}
	}
	if f, hit := s.strike(Stall, t, c.now); hit {
		s.stall(c, f)
	}
	if _, hit := s.strike(ResetBefore, t, c.now); hit {
		reset(c.http)
	}
	if f, hit := s.strike(Fail, t, c.now); hit {
		code := internalFailure
		if f.Code != "" {
			code = f.Code
		}
		return true, errorf(code, "A fault was injected.")
	}
	return false, nil
}

// spoil lets the faults have their way with an answer.
func (s *Server) spoil(c *call) {
	if !s.faults.active.Load() {
		return
	}
	t := s.target(c)
	if _, hit := s.strike(ResetAfter, t, c.now); hit {
		reset(c.http)
	}
	if _, hit := s.strike(CutBody, t, c.now); hit {
		c.cutBody()
	}
}

// stall holds a request. One that is held for good ends with its connection.
func (s *Server) stall(c *call, f Fault) {
	if f.Delay > 0 {
		if s.wait(c.ctx, f.Delay) == nil {
			return
		}
	} else {
		select {
		case <-c.ctx.Done():
		case <-s.lifetime.Done():
		}
	}
	panic(http.ErrAbortHandler)
}

// target says what a request is about, for hooks and faults.
func (s *Server) target(c *call) target {
	t := target{operation: c.op.name, shard: fullShardID(c.in.string("ShardId"))}
	if c.op.name == "GetRecords" {
		if cur, err := s.openIterator(c.in.string("ShardIterator")); err == nil {
			t.stream, t.shard = cur.stream, shardID(uint32(cur.shard))
		}
		return t
	}
	st, _, err := s.resource(c)
	if arn := c.in.string("ConsumerARN"); arn != "" {
		st, err = s.streamByARN(arn, c.now)
	}
	if err != nil {
		t.stream = c.in.string("StreamName")
		return t
	}
	t.stream = st.name
	if c.op.name == "PutRecord" {
		if e, err := newEntry(c.in); err == nil {
			st.mu.RLock()
			t.shard = st.idFor(&e)
			st.mu.RUnlock()
		}
	}
	return t
}

// idFor is the ID of the shard that a record goes to, where that is known
// beforehand. The stream's lock is held.
func (st *stream) idFor(e *entry) string {
	if st.distribution == autoDistribution {
		return ""
	}
	if sh := st.shardFor(e.hashKey()); sh != nil {
		return sh.id
	}
	return ""
}

// hashKey is what routes the record.
func (e *entry) hashKey() shardmap.Hash {
	if e.hasHash {
		return e.hash
	}
	return keyHash(e.key)
}

// reset breaks the connection of a request and does not return.
func reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tlsConn, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = tlsConn.NetConn()
		}
		switch conn := conn.(type) {
		case *memnet.Conn:
			conn.Reset()
		case *net.TCPConn:
			conn.SetLinger(0)
		}
		conn.Close()
	}
	panic(http.ErrAbortHandler) // over HTTP/2 this resets the stream
}

// cutBody sends half of the answer and breaks the connection.
func (c *call) cutBody() {
	body := c.out.Bytes()
	c.header(len(body))
	c.http.WriteHeader(http.StatusOK)
	c.http.Write(body[:len(body)/2])
	http.NewResponseController(c.http).Flush()
	panic(http.ErrAbortHandler)
}
