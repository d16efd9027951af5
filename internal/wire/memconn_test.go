package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// lingerAfterWrite is how long a client's Write stays busy after the server has
// all of its bytes.
const lingerAfterWrite = 2 * time.Millisecond

// memoryListener joins a server and its clients without the network, so that
// both can live in a synctest bubble.
type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *memoryListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- memoryConn{Conn: server}:
		return memoryConn{Conn: client, linger: lingerAfterWrite}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return &net.TCPAddr{} }

// memoryConn is one end of a pipe that fails like a TCP connection when it is
// used after Close: the SDK retries net.ErrClosed, but not io.ErrClosedPipe.
type memoryConn struct {
	net.Conn
	linger time.Duration
}

func (c memoryConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, asNetError(err)
}

func (c memoryConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	time.Sleep(c.linger)
	return n, asNetError(err)
}

func asNetError(err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return net.ErrClosed
	}
	return err
}
