package memnet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestEnds checks what each end sees of what happens to the connection.
func TestEnds(t *testing.T) {
	past := time.Now().Add(-time.Second)
	tests := []struct {
		name   string
		happen func(a, b *Conn)
		act    func(a, b *Conn) error
		want   error
	}{
		{"read after own close", func(a, b *Conn) { a.Close() }, readFrom, net.ErrClosed},
		{"write after own close", func(a, b *Conn) { a.Close() }, writeTo, net.ErrClosed},
		{"read after the peer's close", func(a, b *Conn) { b.Close() }, readFrom, io.EOF},
		{"write after the peer's close", func(a, b *Conn) { b.Close() }, writeTo, syscall.EPIPE},
		{"read after reset", func(a, b *Conn) { b.Write([]byte("lost")); b.Reset() }, readFrom, syscall.ECONNRESET},
		{"write after reset", func(a, b *Conn) { a.Reset() }, writeTo, syscall.ECONNRESET},
		{"read past its deadline", func(a, b *Conn) { a.SetReadDeadline(past) }, readFrom, os.ErrDeadlineExceeded},
		{"write past its deadline", func(a, b *Conn) { a.SetWriteDeadline(past) }, writeTo, os.ErrDeadlineExceeded},
		{"write past the read deadline", func(a, b *Conn) { a.SetReadDeadline(past) }, writeTo, nil},
		{"deadline removed", func(a, b *Conn) { a.SetDeadline(past); a.SetDeadline(time.Time{}) }, writeTo, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b := Pipe()
			test.happen(a, b)
			if err := test.act(a, b); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

func readFrom(a, _ *Conn) error {
	_, err := a.Read(make([]byte, 1))
	return err
}

func writeTo(a, _ *Conn) error {
	_, err := a.Write([]byte("x"))
	return err
}

// TestWaits checks that a wait ends by what should end it, and counts as idle in
// a bubble.
func TestWaits(t *testing.T) {
	full := make([]byte, bufferSize+1)
	tests := []struct {
		name  string
		after func(a, b *Conn) // happens an hour later
		act   func(a, b *Conn) error
		want  error
	}{
		{"read until written", func(a, b *Conn) { b.Write([]byte("x")) }, readFrom, nil},
		{"read until closed", func(a, b *Conn) { a.Close() }, readFrom, net.ErrClosed},
		{"read until the peer closes", func(a, b *Conn) { b.Close() }, readFrom, io.EOF},
		{"read until reset", func(a, b *Conn) { b.Reset() }, readFrom, syscall.ECONNRESET},
		{"write until read", func(a, b *Conn) { b.Read(make([]byte, 1)) },
			func(a, b *Conn) error { _, err := a.Write(full); return err }, nil},
		{"write until closed", func(a, b *Conn) { a.Close() },
			func(a, b *Conn) error { _, err := a.Write(full); return err }, net.ErrClosed},
		{"write until the peer closes", func(a, b *Conn) { b.Close() },
			func(a, b *Conn) error { _, err := a.Write(full); return err }, syscall.EPIPE},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := Pipe()
				start := time.Now()
				go func() {
					time.Sleep(time.Hour)
					test.after(a, b)
				}()
				if err := test.act(a, b); !errors.Is(err, test.want) {
					t.Errorf("%v, want %v", err, test.want)
				}
				if took := time.Since(start); took != time.Hour {
					t.Errorf("after %v, want an hour", took)
				}
				synctest.Wait()
			})
		})
	}
}

// TestDeadlineInWait ends a Read that waits, and a later deadline replaces an
// earlier one.
func TestDeadlineInWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		defer a.Close()
		defer b.Close()
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Minute))
		a.SetReadDeadline(start.Add(2 * time.Minute))
		if err := readFrom(a, b); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 2*time.Minute {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		var timeout net.Error
		if err := readFrom(a, b); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%v is not a timeout", err)
		}
	})
}

// TestCarriesBytes sends more than the buffer holds, in odd pieces.
func TestCarriesBytes(t *testing.T) {
	a, b := Pipe()
	want := make([]byte, 3*bufferSize+12345)
	for i := range want {
		want[i] = byte(i * 31)
	}
	go func() {
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 7777)
			if _, err := a.Write(rest[:n]); err != nil {
				t.Error(err)
			}
			rest = rest[n:]
		}
		a.Close()
	}()
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d: %v", len(got), len(want), err)
	}
}

func TestListener(t *testing.T) {
	l := Listen()
	accepted := make(chan net.Conn)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	client, err := l.Dial(t.Context(), "tcp", "anywhere:80")
	if err != nil {
		t.Fatal(err)
	}
	server := <-accepted
	go server.Write([]byte("hello"))
	got := make([]byte, 5)
	if _, err := io.ReadFull(client, got); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff("hello", string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	cause := errors.New("no longer wanted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := l.Dial(ctx, "", ""); !errors.Is(err, cause) {
		t.Errorf("dial that was given up: %v", err)
	}
	l.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
	if _, err := l.Dial(t.Context(), "", ""); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dial after close: %v", err)
	}
}
