package kstreamtest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// loopback sends a client's requests to the server's port.
func loopback(s *Server) func(*kinesis.Options) {
	return func(o *kinesis.Options) {
		o.BaseEndpoint = aws.String(s.URL())
		o.HTTPClient = wire.Client(&http.Client{Transport: &http.Transport{
			DisableKeepAlives: true, // a test's idle connections would outlive it
			TLSClientConfig:   trust(s),
		}})
	}
}

// http2 is loopback over HTTP/2: by prior knowledge, or by TLS if the server has
// it.
func http2(s *Server) func(*kinesis.Options) {
	return func(o *kinesis.Options) {
		protocols := new(http.Protocols)
		protocols.SetHTTP2(true)
		protocols.SetUnencryptedHTTP2(true)
		transport := &http.Transport{Protocols: protocols, TLSClientConfig: trust(s)}
		o.BaseEndpoint = aws.String(s.URL())
		o.HTTPClient = wire.Client(&http.Client{Transport: transport})
	}
}

func trust(s *Server) *tls.Config {
	if s.Certificate() == nil {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{RootCAs: pool}
}

// TestTransports writes and reads over each way to reach the server.
func TestTransports(t *testing.T) {
	tests := []struct {
		name string
		opts Options
		via  func(*Server) func(*kinesis.Options)
	}{
		{"memory", Options{}, func(*Server) func(*kinesis.Options) { return func(*kinesis.Options) {} }},
		{"HTTP/1.1", Options{}, loopback},
		{"HTTP/2 without TLS", Options{}, http2},
		{"HTTP/1.1 over TLS", Options{TLS: true}, loopback},
		{"HTTP/2 over TLS", Options{TLS: true}, http2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := NewServer(test.opts)
			defer s.Close()
			s.CreateStream("books", 1)
			client := s.Client(test.via(s), noRetry)
			if err := putOne(t, client); err != nil {
				t.Error(err)
			}
			if err := readOne(t, client); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestListen(t *testing.T) {
	tests := []struct {
		name    string
		opts    Options
		address string
		ok      bool
	}{
		{"no host is loopback", Options{}, ":0", true},
		{"IPv4", Options{}, "127.0.0.1:0", true},
		{"all interfaces", Options{}, "0.0.0.0:0", false},
		{"all interfaces when told so", Options{AnyInterface: true}, "0.0.0.0:0", true},
		{"no port", Options{}, "127.0.0.1", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := NewServer(test.opts)
			defer s.Close()
			if _, err := s.Listen(test.address); (err == nil) != test.ok {
				t.Errorf("Listen: %v", err)
			}
		})
	}
	s := NewServer(Options{})
	s.Close()
	if _, err := s.Listen(":0"); err == nil {
		t.Error("a closed server listens")
	}
}
