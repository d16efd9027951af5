package kstreamtest

import (
	"net/http"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/kinesiskit/kinesiskit/internal/wire"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/conformance"
)

// TestConformance holds the server against every rule, over memory and over the
// loopback interface.
//
// With KINESISKIT_ENDPOINT set to a URL, another endpoint is held against them
// instead. KINESISKIT_DIFFERS is then a Markdown file that tells in which cases
// that one is known to differ from the service (see conformance.Difference).
func TestConformance(t *testing.T) {
	if endpoint := os.Getenv("KINESISKIT_ENDPOINT"); endpoint != "" {
		s := NewServer(Options{})
		defer s.Close()
		client := s.Client(noRetry, func(o *kinesis.Options) {
			o.BaseEndpoint = aws.String(endpoint)
			o.HTTPClient = wire.Client(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
		})
		conformance.Run(t, conformance.Target{Client: client, Differs: differences(t, os.Getenv("KINESISKIT_DIFFERS"))})
		return
	}
	limits := Unlimited()
	limits.WriteRecords, limits.WriteBytes = 0, 0 // as the service has them
	for name, via := range map[string]func(*Server) func(*kinesis.Options){
		"memory":   func(*Server) func(*kinesis.Options) { return func(*kinesis.Options) {} },
		"loopback": loopback,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := NewServer(Options{Limits: limits})
			defer s.Close()
			conformance.Run(t, conformance.Target{Client: s.Client(via(s), noRetry)})
		})
	}
}

// differences reads the list of a file, which may be left out.
func differences(t *testing.T, path string) []*conformance.Difference {
	if path == "" {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	list, err := conformance.ReadDifferences(file)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return list
}
