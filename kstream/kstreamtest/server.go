package kstreamtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/kinesiskit/kinesiskit/internal/wire"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/memnet"
)

// A Server is a Kinesis service inside the process. Make one with NewServer and
// end it with Close. Its methods may be called from any goroutine.
type Server struct {
	opts        Options
	memory      *memnet.Listener
	http        *http.Server
	certificate *tls.Certificate // nil without TLS
	salt        [16]byte         // makes this server's iterators and tokens its own

	lifetime context.Context // ends with Close
	end      context.CancelFunc
	ending   sync.Once
	serving  sync.WaitGroup // the loops that accept connections
	calls    sync.WaitGroup // requests that are being answered

	operations map[string]*operation
	scratches  sync.Pool // of *scratch

	nonce    atomic.Uint64
	created  atomic.Int64 // when the newest stream was created, milliseconds since 1970
	bytes    atomic.Int64 // what the records take
	counters counters
	control  controlRates
	faults   faults
	journal  *journal // nil without Options.Dir

	mu       sync.RWMutex // guards everything below
	streams  map[string]*stream
	closed   bool
	inFlight map[*call]struct{} // requests that are being answered
	cut      []Pending          // those that Close ended
	// commitment is when MinimumThroughputBillingCommitment was enabled; nil if not.
	commitment *time.Time
	url        string
	clients    []*http.Transport
}

// NewServer is Open for tests: it panics on an error, of which there is none
// without Options.Dir unless a field is wrong.
func NewServer(opts Options) *Server {
	s, err := Open(opts)
	if err != nil {
		panic(err.Error())
	}
	return s
}

// Open starts a server. It listens on nothing but memory until URL is called. To
// use it in a testing/synctest bubble, make it there. The error tells all fields
// of opts that cannot be, or that Options.Dir cannot be used: it cannot be read or
// written, another server uses it, what is in it is no journal, or one that was
// damaged otherwise than by a crash, which only tears its end. The error names the
// file and the place, and the file is left as it is.
func Open(opts Options) (*Server, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("kstreamtest: open: %w", err)
	}
	s := &Server{
		opts:     opts,
		memory:   memnet.Listen(),
		streams:  make(map[string]*stream),
		inFlight: make(map[*call]struct{}),
		faults:   faults{seed: opts.Seed},
	}
	s.Inject(opts.Faults...)
	rand.Read(s.salt[:])
	s.operations = indexOperations()
	s.lifetime, s.end = context.WithCancel(context.Background())
	s.http = s.newHTTP()
	if s.opts.TLS {
		s.certificate = selfSigned(time.Now())
	}
	if s.opts.Dir != "" {
		if err := s.restore(); err != nil {
			s.end()
			return nil, fmt.Errorf("kstreamtest: open: %w", err)
		}
	}
	s.accept(s.memory)
	return s, nil
}

// Close ends the server: requests in flight and subscriptions are cut, their
// connections closed, and all goroutines of the server are gone when it returns;
// Pending tells what was cut. Close may be called more than once, and each call
// returns when all is done.
func (s *Server) Close() { s.ending.Do(s.close) }

func (s *Server) close() {
	s.mu.Lock()
	s.closed = true
	s.cut = s.pendingLocked()
	clients := s.clients
	s.clients = nil
	s.mu.Unlock()
	s.end()
	s.memory.Close()
	s.http.Close()
	s.serving.Wait()
	s.calls.Wait()
	for _, t := range clients {
		t.CloseIdleConnections()
	}
	if s.journal != nil {
		s.journal.close()
	}
}

// Client returns an SDK client whose requests reach the server through memory.
// Its credentials are made up, its retries are the SDK's defaults, and it is
// cured of the SDK's body race (see Options.ExposeBodyRace). In a synctest
// bubble, call Client in the bubble. The functions change the client's options.
//
// As everywhere, subscriptions that run at the same time must not share a client:
// those of one SDK client share a decoder and its buffer (smithy-go 1.28.8), which
// the race detector finds. Make a client for each, or give each SubscribeToShard
// call an Options.Protocol of its own.
func (s *Server) Client(optFns ...func(*kinesis.Options)) *kinesis.Client {
	transport := &http.Transport{
		DialContext:         s.memory.Dial,
		MaxIdleConnsPerHost: 64,
		DisableCompression:  true,
	}
	s.mu.Lock()
	if !s.closed {
		s.clients = append(s.clients, transport)
	}
	s.mu.Unlock()
	opts := kinesis.Options{
		Region:       s.opts.Region,
		BaseEndpoint: aws.String("http://kinesis.memory"),
		Credentials:  aws.CredentialsProviderFunc(s.credentials),
		HTTPClient:   &http.Client{Transport: transport},
	}
	if !s.opts.ExposeBodyRace {
		wire.Cure(&opts)
	}
	return kinesis.New(opts, optFns...)
}

func (s *Server) credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{
		AccessKeyID:     s.opts.accessKeyID(),
		SecretAccessKey: cmp.Or(s.opts.SecretAccessKey, SecretAccessKey),
		Source:          "kstreamtest",
	}, nil
}

// The credentials of Client, unless Options has others. A server without
// Options.SecretAccessKey takes any.
const (
	AccessKeyID     = "AKIAKSTREAMTESTDUMMY"
	SecretAccessKey = "kstreamtest"
)

// Region returns the region that the server plays.
func (s *Server) Region() string { return s.opts.Region }

// Limits returns the limits that the server enforces, defaults filled in.
func (s *Server) Limits() Limits { return s.opts.Limits }

// wait pauses for d or until the request or the server ends.
func (s *Server) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.lifetime.Done():
		return net.ErrClosed
	}
}

// newID returns a request ID in the service's form.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
