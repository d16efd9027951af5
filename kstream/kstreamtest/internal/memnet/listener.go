// Package memnet is a network inside one process: a listener and connections
// that never touch the operating system.
//
// Everything blocks on channels and condition variables only, so a server and
// its clients on memnet run inside a testing/synctest bubble, where a wait for
// the network counts as idle and fake time moves on. Connections are buffered,
// keep deadlines, and fail as TCP connections do: net.ErrClosed after Close,
// io.EOF when the peer has closed, ECONNRESET after Reset.
package memnet

import (
	"context"
	"net"
	"sync"
)

// A Listener hands the connections made by its Dial to Accept. Its methods may
// be called from any goroutine.
type Listener struct {
	conns     chan net.Conn
	closed    chan struct{}
	closeOnce sync.Once
}

// Listen returns an open listener.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept waits for the next Dial. After Close it returns net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Dial connects to the listener. The network and address are ignored, which
// gives Dial the signature of http.Transport.DialContext. After Close it fails
// with net.ErrClosed.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "memory", Err: net.ErrClosed}
	default:
	}
	client, server := Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "memory", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "memory", Err: context.Cause(ctx)}
	}
}

// Close ends Accept and Dial. Connections already made live on.
func (l *Listener) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return nil
}

// Addr names the listener.
func (l *Listener) Addr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "memory" }
func (addr) String() string  { return "memory" }
