package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// bufferSize is how many bytes one direction holds before Write waits; Linux
// gives a TCP connection buffers of about this size.
const bufferSize = 256 << 10

// A Conn is one end of an in-memory connection.
type Conn struct {
	in, out *stream
}

// Pipe returns the two ends of a connection.
func Pipe() (*Conn, *Conn) {
	a, b := newStream(), newStream()
	return &Conn{in: a, out: b}, &Conn{in: b, out: a}
}

// Read returns io.EOF once the peer has closed and everything it wrote was read.
func (c *Conn) Read(p []byte) (int, error) { return c.in.read(p) }

// Write waits while the peer's buffer is full.
func (c *Conn) Write(p []byte) (int, error) { return c.out.write(p) }

// Close closes this end. The peer still reads what was written before.
func (c *Conn) Close() error {
	c.in.closeReader()
	c.out.closeWriter()
	return nil
}

// Reset breaks the connection as a TCP RST does: unread bytes are lost and both
// ends fail with ECONNRESET.
func (c *Conn) Reset() {
	c.in.reset()
	c.out.reset()
}

// LocalAddr names the in-memory network.
func (c *Conn) LocalAddr() net.Addr { return addr{} }

// RemoteAddr names the in-memory network.
func (c *Conn) RemoteAddr() net.Addr { return addr{} }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readDeadline, t)
	c.out.setDeadline(&c.out.writeDeadline, t)
	return nil
}

// SetReadDeadline bounds Read; the zero time removes the bound.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readDeadline, t)
	return nil
}

// SetWriteDeadline bounds Write; the zero time removes the bound.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeDeadline, t)
	return nil
}

// stream carries the bytes of one direction.
type stream struct {
	mu   sync.Mutex // guards everything below
	cond sync.Cond  // any change that a waiting Read or Write must look at

	buf  []byte
	head int // buf[head:] is unread

	readerClosed  bool
	writerClosed  bool
	broken        bool
	readDeadline  deadline
	writeDeadline deadline
}

type deadline struct {
	timer   *time.Timer
	setting int // counts the calls, so that a late timer knows it was replaced
	expired bool
}

func newStream() *stream {
	s := &stream{}
	s.cond.L = &s.mu
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readerClosed:
			return 0, net.ErrClosed
		case s.broken:
			return 0, syscall.ECONNRESET
		case s.readDeadline.expired:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.head < len(s.buf):
			n := copy(p, s.buf[s.head:])
			s.head += n
			s.cond.Broadcast()
			return n, nil
		case s.writerClosed:
			return 0, io.EOF
		}
		s.cond.Wait()
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	written := 0
	for {
		switch {
		case s.writerClosed:
			return written, net.ErrClosed
		case s.broken:
			return written, syscall.ECONNRESET
		case s.writeDeadline.expired:
			return written, os.ErrDeadlineExceeded
		case s.readerClosed:
			return written, syscall.EPIPE
		case len(p) == written:
			return written, nil
		}
		if room := bufferSize - (len(s.buf) - s.head); room > 0 {
			n := min(room, len(p)-written)
			s.compact(n)
			s.buf = append(s.buf, p[written:written+n]...)
			written += n
			s.cond.Broadcast()
			continue
		}
		s.cond.Wait()
	}
}

// compact moves the unread bytes to the front when n more would grow the buffer.
func (s *stream) compact(n int) {
	if s.head == len(s.buf) {
		s.buf, s.head = s.buf[:0], 0
		return
	}
	if s.head > 0 && len(s.buf)+n > cap(s.buf) {
		s.buf, s.head = s.buf[:copy(s.buf, s.buf[s.head:])], 0
	}
}

func (s *stream) closeReader() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readerClosed = true
	s.buf, s.head = nil, 0
	s.readDeadline.stop()
	s.cond.Broadcast()
}

func (s *stream) closeWriter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writerClosed = true
	s.writeDeadline.stop()
	s.cond.Broadcast()
}

func (s *stream) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
	s.buf, s.head = nil, 0
	s.readDeadline.stop()
	s.writeDeadline.stop()
	s.cond.Broadcast()
}

func (s *stream) setDeadline(d *deadline, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.stop()
	d.expired = false
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.expired = true
		s.cond.Broadcast()
		return
	}
	setting := d.setting
	d.timer = time.AfterFunc(wait, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if d.setting == setting {
			d.expired = true
			s.cond.Broadcast()
		}
	})
}

// stop makes a timer that is about to fire harmless. The stream's lock is held.
func (d *deadline) stop() {
	d.setting++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
