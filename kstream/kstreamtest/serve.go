package kstreamtest

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// A call is one request while it is answered.
type call struct {
	ctx    context.Context
	op     *operation
	format document.Format
	in     params
	out    *document.Writer
	now    time.Time // of the server's clock, when the work on it began
	http   http.ResponseWriter
	came   time.Time
	target string // the header that names the operation

	scratch *scratch

	// entries are the records of a PutRecords request that was read in one pass.
	entries []entry
}

const (
	jsonType     = "application/x-amz-json-1.1"
	cborType     = "application/x-amz-cbor-1.1"
	targetPrefix = "Kinesis_20131202."
	// maxBody admits PutRecords with 10 MiB of data, in base64, and 500 keys.
	maxBody = 16 << 20
)

// serve answers one HTTP request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := &call{ctx: r.Context(), http: w, format: document.JSON, came: time.Now(), target: r.Header.Get("X-Amz-Target")}
	if !s.begin(c) {
		panic(http.ErrAbortHandler)
	}
	defer s.finish(c)
	id := newID()
	w.Header().Set("X-Amzn-Requestid", id)
	w.Header().Set("X-Amz-Id-2", id) // the service's is longer, and as meaningless
	c.scratch = s.takeScratch()
	defer s.returnScratch(c.scratch)
	if err := s.answer(c, r); err != nil {
		s.fail(c, err)
	}
}

// answer does the checks in the service's order: the envelope, the document's
// syntax, the signature, types, constraints; then the operation runs.
func (s *Server) answer(c *call, r *http.Request) error {
	if err := s.envelope(c, r); err != nil {
		return err
	}
	if err := c.scratch.readBody(r); err != nil {
		return err
	}
	if err := s.wait(c.ctx, s.opts.Delay/2); err != nil {
		panic(http.ErrAbortHandler)
	}
	c.now = time.Now()
	if c.op.whole == nil || s.authenticate(r, c.scratch.body) != nil || !c.op.whole(s, c) {
		if err := s.parse(c, r); err != nil {
			return err
		}
	}
	s.counters.call(c.op.name)
	if done, err := s.consult(c, r); done {
		return err
	}
	c.now = time.Now() // a Hook or a Stall takes its time
	if err := s.control.take(c.op.name, c.in.streamText(), s.opts.Limits.Control, c.now); err != nil {
		return err
	}
	c.out = document.NewWriter(c.format, c.scratch.out[:0])
	if err := s.run(c); err != nil {
		return err
	}
	if c.op.streams {
		return nil // it has written its answer itself
	}
	if err := s.wait(c.ctx, s.opts.Delay-s.opts.Delay/2); err != nil {
		panic(http.ErrAbortHandler)
	}
	c.scratch.out = c.out.Bytes()
	s.spoil(c)
	c.send(http.StatusOK, c.out.Bytes())
	return nil
}

// run runs the operation and, where the server has a journal, sees that what it
// did is in the journal before it is answered.
func (s *Server) run(c *call) error {
	if s.journal == nil || c.op.effect == reads {
		return c.op.run(s, c)
	}
	if err := s.journaled(c); err != nil {
		return err
	}
	if err := s.journal.commit(); err != nil {
		return errorf(internalFailure, "The journal cannot be written: %v", err)
	}
	return nil
}

func (s *Server) journaled(c *call) error {
	if c.op.effect == changes {
		return s.journalChange(c)
	}
	s.journal.order.RLock()
	defer s.journal.order.RUnlock()
	c.now = time.Now() // not before that of the change that came before
	return c.op.run(s, c)
}

// envelope looks at the method and the headers, and finds the operation.
func (s *Server) envelope(c *call, r *http.Request) error {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch mediaType {
	case jsonType, "application/json":
	case cborType:
		c.format = document.CBOR
	default:
		return errContentType
	}
	if r.Method != http.MethodPost {
		return errContentType
	}
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	if c.op = s.operations[name]; !ok || c.op == nil {
		return &apiError{code: unknownOperation}
	}
	return nil
}

// errContentType is answered as the service answers what is no Kinesis request.
var errContentType = errors.New("kstreamtest: not a Kinesis request")

// parse fills c.in from the body.
func (s *Server) parse(c *call, r *http.Request) error {
	doc, err := document.Parse(c.scratch.body, c.format)
	if err != nil {
		return &apiError{code: serializationException}
	}
	if err := s.authenticate(r, c.scratch.body); err != nil {
		return err
	}
	if c.in, err = bind(doc, c.op.members, c.format); err != nil {
		return err
	}
	return validate(c.in, c.op.members)
}

// fail writes an error's answer.
func (s *Server) fail(c *call, err error) {
	if errors.Is(err, errContentType) {
		c.http.Header().Set("Content-Type", "application/xml")
		c.http.WriteHeader(http.StatusNotFound)
		io.WriteString(c.http, "<UnknownOperationException/>\n")
		return
	}
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		e = &apiError{code: internalFailure, message: err.Error()}
	}
	if c.op != nil {
		s.counters.failed(c.op.name, e.code)
	}
	out := document.NewWriter(c.format, nil)
	out.Object()
	out.Key("__type")
	out.String(e.code)
	if e.message != "" {
		name := "message"
		if e.code == serializationException {
			name = "Message" // the service's spelling
		}
		out.Key(name)
		out.String(e.message)
	}
	out.End()
	c.send(e.status(), out.Bytes())
}

func (c *call) send(status int, body []byte) {
	c.header(len(body))
	c.http.WriteHeader(status)
	c.http.Write(body)
}

func (c *call) header(length int) {
	h := c.http.Header()
	h.Set("Content-Type", jsonType)
	if c.format == document.CBOR {
		h.Set("Content-Type", cborType)
	}
	h.Set("Content-Length", strconv.Itoa(length))
}
