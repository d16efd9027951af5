package kstream

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// TestCredentialsThatExpireAfterManyTries has them expire when a value was
// refused for other reasons often: those must not count.
func TestCredentialsThatExpireAfterManyTries(t *testing.T) {
	opts := kstreamtest.Options{Delay: 30 * time.Millisecond, Faults: []kstreamtest.Fault{
		{Kind: kstreamtest.FailEntry, For: 20 * time.Second},
		{Kind: kstreamtest.Fail, Operation: "PutRecords", Code: "ExpiredTokenException", Begin: 20 * time.Second, Count: 1},
	}}
	inBubble(t, opts, 1, func(t *testing.T, srv *kstreamtest.Server) {
		p := newTestProducer(t, srv, nil)
		r, err := p.Put(context.Background(), "k:v")
		if err != nil || r.Attempts < 10 {
			t.Errorf("Put: %v after %d attempts", err, r.Attempts)
		}
		closeProducer(t, p)
	})
}

// TestCredentialsThatCannotBeFetched takes them away for a while: values wait,
// but not for ever, and hardly at all if there never were any.
func TestCredentialsThatCannotBeFetched(t *testing.T) {
	for _, tt := range []struct {
		name     string
		from, to time.Duration
		want     Summary // of 200 values, one each 100 ms
		within   time.Duration
	}{
		{"for ten seconds", 5 * time.Second, 15 * time.Second, Summary{Delivered: 200, Resume: 200}, 21 * time.Second},
		{"for ever", 5 * time.Second, time.Hour, Summary{Delivered: 50, Failed: 150, Resume: 50}, 5*time.Second + credentialPatience + 2*maxSendBackoff},
		{"from the start", 0, time.Hour, Summary{}, firstCredentialPatience + 2*maxPause},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, kstreamtest.Options{Delay: 30 * time.Millisecond}, 1, func(t *testing.T, srv *kstreamtest.Server) {
				began := time.Now()
				client := srv.Client(func(o *kinesis.Options) {
					o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
						if at := time.Since(began); at >= tt.from && at < tt.to {
							return aws.Credentials{}, errors.New("no credentials now")
						}
						return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
					})
				})
				p, err := NewProducer(client, ProducerConfig[string]{Stream: "s", Logger: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				got, _ := p.SendAll(context.Background(), func(yield func(string, error) bool) {
					for range 200 {
						if !yield("value", nil) {
							return
						}
						time.Sleep(100 * time.Millisecond)
					}
				})
				if tt.from == 0 {
					got.Failed = 0 // as many as were sent meanwhile
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("summary (-want +got):\n%s", diff)
				}
				if took := time.Since(began); took > tt.within {
					t.Errorf("it took %v, want at most %v", took, tt.within)
				}
				closeProducer(t, p)
			})
		})
	}
}

// TestCredentialsThatAnotherServiceDoesNotGive fail as calls to the stream do
// for which nothing is wrong with them: those would be tried for ever, or taken
// for calls whose answer was lost.
func TestCredentialsThatAnotherServiceDoesNotGive(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")}
	for _, cause := range []error{
		&smithy.OperationError{ServiceID: "ec2imds", OperationName: "GetMetadata", Err: &smithyhttp.RequestSendError{Err: dial}},
		&smithy.OperationError{ServiceID: "ec2imds", OperationName: "GetMetadata", Err: &smithyhttp.RequestSendError{Err: io.EOF}},
		&smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRole", Err: &smithy.GenericAPIError{Code: "Throttling"}},
		&smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRole", Err: &smithy.GenericAPIError{Code: "InternalFailure"}},
		&aws.RequestCanceledError{Err: context.DeadlineExceeded},
	} {
		inBubble(t, kstreamtest.Options{}, 1, func(t *testing.T, srv *kstreamtest.Server) {
			client := srv.Client(func(o *kinesis.Options) {
				o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, cause })
			})
			p, err := NewProducer(client, ProducerConfig[string]{Stream: "s", Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), firstCredentialPatience+maxSendBackoff)
			defer cancel()
			_, err = p.Put(ctx, "v")
			if delivery, _ := errors.AsType[*DeliveryError](err); delivery == nil || delivery.Outcome != Failed || !errors.Is(err, cause) {
				t.Errorf("Put, for want of credentials (%v): %v", cause, err)
			}
			closeProducer(t, p)
		})
	}
}
