package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/examples/internal/connect"
	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// service is the Kinesis that the experiment runs on.
type service struct {
	client *kinesis.Client
	limits limits
	close  func()
}

// embedded starts a server in this process, which enforces the service's
// limits and answers after the delay.
func embedded(delay time.Duration) service {
	return serviceOn(kstreamtest.NewServer(kstreamtest.Options{Delay: delay}))
}

func serviceOn(server *kstreamtest.Server) service {
	enforced := server.Limits()
	return service{
		client: server.Client(),
		limits: limits{
			records: int64(enforced.WriteRecords), bytes: int64(enforced.WriteBytes),
			bucket: time.Second,
		},
		close: server.Close,
	}
}

// real connects to AWS, whose limits are the documented ones.
func real(ctx context.Context, o connect.Options) (service, error) {
	client, err := o.Client(ctx)
	if err != nil {
		return service{}, err
	}
	return service{
		client: client,
		limits: limits{records: 1000, bytes: 1 << 20, bucket: time.Second},
		close:  func() {},
	}, nil
}

// deleteTimeout bounds the clearing up, which goes on after Ctrl-C: streams
// that are left cost money.
const deleteTimeout = time.Minute

// withStream runs work on a new stream, which is deleted afterwards however
// that ends.
func (s service) withStream(ctx context.Context, name string, shards int, work func() error) (err error) {
	_, err = kstream.CreateStream(ctx, s.client, name, kstream.StreamOptions{Shards: shards})
	if errors.Is(err, kstream.ErrStreamExists) {
		return err // it is not ours to delete
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
		defer cancel()
		deleteErr := kstream.DeleteStream(ctx, s.client, name)
		if deleteErr != nil && !errors.Is(deleteErr, kstream.ErrStreamNotFound) {
			err = errors.Join(err, fmt.Errorf("stream %s may still be there, delete it: %w", name, deleteErr))
		}
	}()
	if err != nil {
		return err
	}
	return work()
}
