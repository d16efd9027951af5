package kstreamtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

// readHeaderTimeout ends connections that send half a request.
const readHeaderTimeout = 30 * time.Second

// URL returns the server's address on the loopback interface, such as
// http://127.0.0.1:40123, where it listens from the first call on. It panics
// when no port can be had. Don't call it in a synctest bubble: a real port
// makes fake time stand still.
func (s *Server) URL() string {
	s.mu.RLock()
	url := s.url
	s.mu.RUnlock()
	if url != "" {
		return url
	}
	url, err := s.Listen("127.0.0.1:0")
	if err != nil {
		panic("kstreamtest: " + err.Error())
	}
	return url
}

// Listen makes the server listen on a TCP address, such as "127.0.0.1:4567" or
// ":0", and returns its URL, which URL returns too from then on. An address
// without a host is on the loopback interface. One on another interface is
// refused unless Options.AnyInterface is set. Listen may be called again for
// further addresses.
func (s *Server) Listen(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if !s.opts.AnyInterface && !isLoopback(host) {
		return "", fmt.Errorf("listen: %s is not on the loopback interface", address)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	scheme := "http://"
	if s.certificate != nil {
		scheme = "https://"
		l = tls.NewListener(l, &tls.Config{
			Certificates: []tls.Certificate{*s.certificate},
			NextProtos:   []string{"h2", "http/1.1"},
			MinVersion:   tls.VersionTLS12,
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		l.Close()
		return "", fmt.Errorf("listen: %w", net.ErrClosed)
	}
	if s.url == "" {
		s.url = scheme + l.Addr().String()
	}
	s.accept(l)
	return scheme + l.Addr().String(), nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Certificate returns the certificate that the server made for itself, for a
// client's pool of roots; nil without Options.TLS.
func (s *Server) Certificate() *x509.Certificate {
	if s.certificate == nil {
		return nil
	}
	return s.certificate.Leaf
}

// newHTTP returns the HTTP server: HTTP/1.1 and HTTP/2, over TLS and without.
func (s *Server) newHTTP() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		Protocols:         protocols,
		ReadHeaderTimeout: readHeaderTimeout,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}

// accept serves a listener until Close, which waits for it.
func (s *Server) accept(l net.Listener) {
	s.serving.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			panic("kstreamtest: serve: " + err.Error())
		}
	})
}

// selfSigned makes a certificate for the loopback interface.
func selfSigned(now time.Time) *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("kstreamtest: " + err.Error())
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "kstreamtest"},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic("kstreamtest: " + err.Error())
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic("kstreamtest: " + err.Error())
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
