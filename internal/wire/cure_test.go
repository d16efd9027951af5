package wire_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// TestCureOfBodyRace forces the order of events that Cure describes. The
// client's connection lingers 2 ms after each Write, so that the transport is
// still busy with the body when the server, which has read all of it, answers
// with its headers; the response's body follows 5 ms later, into a connection
// that an uncured client has dropped by then.
func TestCureOfBodyRace(t *testing.T) {
	const calls = 40
	tests := []struct {
		name     string
		client   func(http.RoundTripper) kinesis.HTTPClient
		options  []func(*kinesis.Options)
		failures int
		reason   string
	}{
		{"uncured", plainClient, nil, calls,
			"if these succeed, the SDK has been mended and Cure can go"},
		{"option", plainClient, []func(*kinesis.Options){wire.Cure}, 0, ""},
		{"option twice", plainClient, []func(*kinesis.Options){wire.Cure, wire.Cure}, 0, ""},
		{"client", func(rt http.RoundTripper) kinesis.HTTPClient { return wire.Client(plainClient(rt)) }, nil, 0, ""},
		{"transport", func(rt http.RoundTripper) kinesis.HTTPClient { return plainClient(wire.Transport(rt)) }, nil, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := newMemoryListener()
				server := &http.Server{Handler: http.HandlerFunc(answerInTwoParts)}
				served := make(chan error, 1)
				go func() { served <- server.Serve(listener) }()
				transport := &http.Transport{DialContext: listener.dial}
				client := kinesis.New(kinesis.Options{
					Region:       "us-east-1",
					BaseEndpoint: aws.String("http://kinesis.invalid"),
					Credentials:  aws.AnonymousCredentials{},
					HTTPClient:   tt.client(transport),
					Retryer:      aws.NopRetryer{},
				})

				failures := 0
				for range calls {
					if _, err := client.PutRecords(t.Context(), oneLargeRecord(), tt.options...); err != nil {
						failures++
					}
				}
				if failures != tt.failures {
					t.Errorf("%d of %d calls failed, want %d; %s", failures, calls, tt.failures, tt.reason)
				}

				transport.CloseIdleConnections()
				if err := server.Shutdown(t.Context()); err != nil {
					t.Errorf("server shutdown: %v", err)
				}
				if err := <-served; err != http.ErrServerClosed {
					t.Errorf("server ended with %v", err)
				}
			})
		})
	}
}

// oneLargeRecord makes a request that is larger than the transport's write
// buffer, so that the connection sees its end before the check for more.
func oneLargeRecord() *kinesis.PutRecordsInput {
	return &kinesis.PutRecordsInput{
		StreamName: aws.String("books"),
		Records: []types.PutRecordsRequestEntry{{
			Data:         bytes.Repeat([]byte("x"), 64<<10),
			PartitionKey: aws.String("key"),
		}},
	}
}

func answerInTwoParts(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.(http.Flusher).Flush()
	time.Sleep(5 * time.Millisecond)
	io.WriteString(w, `{"FailedRecordCount":0,"Records":[{"ShardId":"shardId-000000000000","SequenceNumber":"1"}]}`)
}

func plainClient(rt http.RoundTripper) kinesis.HTTPClient { return &http.Client{Transport: rt} }

func TestCureLeavesAloneWhatNeedsNoCure(t *testing.T) {
	if got := wire.Client(nil); got != nil {
		t.Errorf("Client(nil) = %v, want nil", got)
	}
	if got := wire.Transport(nil); got != nil {
		t.Errorf("Transport(nil) = %v, want nil", got)
	}

	tests := []struct {
		name string
		body io.ReadCloser
	}{
		{"no body", nil},
		{"http.NoBody", http.NoBody},
		{"a body without WriteTo", io.NopCloser(onlyReader{strings.NewReader("x")})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent := send(t, &http.Request{Body: tt.body})
			if sent.Body != tt.body {
				t.Errorf("body is %T, want it unchanged", sent.Body)
			}
		})
	}
}

func TestCureKeepsWhatABodyCanDo(t *testing.T) {
	req, err := http.NewRequest(http.MethodPost, "http://kinesis.invalid", seekCloser{bytes.NewReader([]byte("body"))})
	if err != nil {
		t.Fatal(err)
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte("again"))), nil }
	original := req.Body

	sent := send(t, req)
	if req.Body != original {
		t.Error("the caller's request was changed")
	}
	if _, ok := sent.Body.(io.WriterTo); ok {
		t.Error("body still has a WriteTo")
	}
	if _, ok := sent.Body.(io.Seeker); !ok {
		t.Error("body lost its Seek")
	}
	again, err := sent.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := again.(io.WriterTo); ok {
		t.Error("the body of GetBody has a WriteTo")
	}
	for body, want := range map[io.Reader]string{sent.Body: "body", again: "again"} {
		if got, err := io.ReadAll(body); err != nil || string(got) != want {
			t.Errorf("read %q, %v, want %q", got, err, want)
		}
	}
}

// send passes req through a cured client and returns what arrives behind it.
func send(t *testing.T, req *http.Request) (sent *http.Request) {
	t.Helper()
	client := wire.Client(clientFunc(func(r *http.Request) (*http.Response, error) {
		sent = r
		return nil, nil
	}))
	if _, err := client.Do(req); err != nil {
		t.Fatal(err)
	}
	return sent
}

type clientFunc func(*http.Request) (*http.Response, error)

func (f clientFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

type onlyReader struct{ io.Reader }

type seekCloser struct{ *bytes.Reader }

func (seekCloser) Close() error { return nil }
