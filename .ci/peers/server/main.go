// Command server is a Kinesis service that costs little, for the programs of
// this folder: kstreamtest answers all calls but those that carry records.
//
// It drains what PutRecords brings and answers for the entries that it finds
// there; GetRecords gets the same records again and again, under new sequence
// numbers. It listens on the loopback interface until it gets a signal, over
// TLS, and prints its port.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// How many shards the streams have. Those that are read have many, since
// kstream holds each to the 2 MiB that it gives in a second.
const (
	writeShards = 4
	readShards  = 16
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	behind := kstreamtest.NewServer(kstreamtest.Options{})
	defer behind.Close()
	behind.CreateStream("written", writeShards)
	behind.CreateStream("plain", readShards)
	behind.CreateStream("aggregated", readShards)
	if err := serve(ctx, behind.URL()); err != nil {
		log.Fatal(err)
	}
}

// serve answers until ctx ends; what it has no answer for, the server at behind has.
func serve(ctx context.Context, behind string) error {
	target, err := url.Parse(behind)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	front := &http.Server{Handler: newHandler(httputil.NewSingleHostReverseProxy(target)), Protocols: new(http.Protocols)}
	front.Protocols.SetHTTP1(true)
	front.Protocols.SetUnencryptedHTTP2(true)
	done := make(chan error, 1)
	go func() { done <- front.Serve(listener{tls.NewListener(l, tlsConfig())}) }()
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	select {
	case err = <-done:
	case <-ctx.Done():
		front.Close()
		<-done
	}
	return err
}

// tlsConfig has the certificate of httptest, which no client here verifies.
func tlsConfig() *tls.Config {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}
}

// A listener hides that its connections are encrypted, so that clients speak
// HTTP/2 also without having negotiated it, as the AWS SDK for Java does.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return struct{ net.Conn }{c}, err
}

// newHandler answers the calls that carry records, and leaves the others to control.
func newHandler(control http.Handler) http.Handler {
	put, get := &putter{ranges: shardmap.Even(writeShards)}, newGetter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "Kinesis_20131202.") {
		case "PutRecords":
			put.ServeHTTP(w, r)
		case "GetShardIterator":
			get.iterator(w, r)
		case "GetRecords":
			get.records(w, r)
		default:
			control.ServeHTTP(w, r)
		}
	})
}
