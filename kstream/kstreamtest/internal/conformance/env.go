package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// An Env is what a case works with. What it is given ends with the case, and so
// does what the case makes.
type Env struct {
	*testing.T
	Client   *kinesis.Client
	Stream   string // with two shards, shared by all cases: they must not change it
	ARN      string
	Consumer string // ARN of a consumer of the stream

	ctx context.Context
}

// caseTime is how long a case may take: a case against an endpoint that does not
// answer differs, and the others go on.
const caseTime = time.Minute

// with returns an Env for a test, whose requests end when they take too long.
func (e *Env) with(t *testing.T) (*Env, context.CancelFunc) {
	env := *e
	env.T = t
	var cancel context.CancelFunc
	env.ctx, cancel = context.WithTimeout(t.Context(), caseTime)
	return &env, cancel
}

// Context ends with the case.
func (e *Env) Context() context.Context { return e.ctx }

// A failure ends a case in the middle, as testing.T's Fatal does. Unlike that, it
// leaves to the list of differences whether the test fails.
type failure struct{ error }

// Fatal ends the case, which differs.
func (e *Env) Fatal(args ...any) { panic(failure{errors.New(fmt.Sprint(args...))}) }

// Fatalf ends the case, which differs.
func (e *Env) Fatalf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// catch, deferred, returns what ended a function in the middle.
func catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case failure:
		*err = r.error
	case runtime.Error: // an answer without the member that a case goes on with
		*err = fmt.Errorf("a member is missing: %w", r)
	default:
		panic(r)
	}
}

// prepare makes the shared stream and its consumer, at first and again when the
// endpoint lost them or a case changed them.
func (e *Env) prepare() (err error) {
	env, cancel := e.with(e.T)
	defer cancel()
	defer catch(&err)
	if env.intact() {
		return nil
	}
	e.Stream = env.NewStream(2)
	e.ARN = env.arn(e.Stream)
	e.Consumer = e.ARN + "/consumer/reader:1"
	if consumer, err := env.newConsumer(e.Stream); err == nil { // else it is the cases with consumers that differ
		e.Consumer = consumer
	}
	return nil
}

// intact waits until the endpoint answers, which may be starting again, and
// tells whether the shared stream is as it was made.
func (e *Env) intact() bool {
	name := cmp.Or(e.Stream, "none")
	for {
		out, err := e.Client.DescribeStreamSummary(e.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &name})
		if _, answered := errors.AsType[smithy.APIError](err); err != nil && !answered && e.Context().Err() == nil {
			e.pause()
			continue
		}
		if err != nil {
			return false
		}
		d := out.StreamDescriptionSummary
		return d.StreamStatus == types.StreamStatusActive && *d.OpenShardCount == 2 && *d.RetentionPeriodHours == 24
	}
}

// newName returns a name that no stream has.
func newName() string { return "conformance-" + strconv.FormatInt(time.Now().UnixNano(), 36) }

// NewStream creates a stream that is deleted when the case is over, and waits
// until it is ACTIVE.
func (e *Env) NewStream(shards int32) string {
	return e.NewStreamWith(&kinesis.CreateStreamInput{ShardCount: &shards})
}

// NewStreamWith is NewStream with a request of the caller's, but for the name.
func (e *Env) NewStreamWith(in *kinesis.CreateStreamInput) string {
	e.Helper()
	name := newName()
	in.StreamName = &name
	if _, err := e.Client.CreateStream(e.Context(), in); err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(e.Context()), caseTime)
		defer cancel()
		e.Client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &name, EnforceConsumerDeletion: aws.Bool(true)})
	})
	e.Settle(name)
	return name
}

// remove deletes a stream and waits until it is gone: while it is DELETING it may
// still take records and give them.
func (e *Env) remove(name string) {
	e.Helper()
	if _, err := e.Client.DeleteStream(e.Context(), &kinesis.DeleteStreamInput{StreamName: &name}); err != nil {
		e.Fatal("delete: ", err)
	}
	for {
		_, err := e.Client.DescribeStreamSummary(e.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &name})
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
			return
		}
		if err != nil {
			e.Fatal(err)
		}
		e.pause()
	}
}

// patience is how long a stream or a consumer may take to change.
const patience = 15 * time.Second

// Settle waits until a stream is ACTIVE.
func (e *Env) Settle(name string) *types.StreamDescriptionSummary {
	e.Helper()
	for deadline := time.Now().Add(patience); ; {
		out, err := e.Client.DescribeStreamSummary(e.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &name})
		if err != nil {
			e.Fatal(err)
		}
		if out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive {
			return out.StreamDescriptionSummary
		}
		if time.Now().After(deadline) {
			e.Fatalf("stream %s is still %s", name, out.StreamDescriptionSummary.StreamStatus)
		}
		e.pause()
	}
}

// pause lets a remote endpoint work.
func (e *Env) pause() {
	select {
	case <-time.After(50 * time.Millisecond):
	case <-e.Context().Done():
	}
}

func (e *Env) arn(name string) string { return *e.Settle(name).StreamARN }

// NewConsumer registers a consumer and waits until it is ACTIVE.
func (e *Env) NewConsumer(stream string) string {
	e.Helper()
	arn, err := e.newConsumer(stream)
	if err != nil {
		e.Fatal(err)
	}
	return arn
}

func (e *Env) newConsumer(stream string) (string, error) {
	out, err := e.Client.RegisterStreamConsumer(e.Context(), &kinesis.RegisterStreamConsumerInput{
		StreamARN: aws.String(e.arn(stream)), ConsumerName: aws.String("reader"),
	})
	if err != nil {
		return "", err
	}
	for deadline := time.Now().Add(patience); ; e.pause() {
		d, err := e.Client.DescribeStreamConsumer(e.Context(), &kinesis.DescribeStreamConsumerInput{ConsumerARN: out.Consumer.ConsumerARN})
		if err != nil {
			return "", err
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("consumer %s is still %s", *out.Consumer.ConsumerARN, d.ConsumerDescription.ConsumerStatus)
		}
		if d.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			return *out.Consumer.ConsumerARN, nil
		}
	}
}
