package kstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A fault says what to do about a failed call of a reader.
type fault uint8

const (
	faultFatal     fault = iota // waiting won't help
	faultTransient              // a broken connection, an internal failure, a timeout
	faultThrottled              // too many calls or bytes
	faultExpired                // the iterator is no longer good
)

// faultOf sorts the errors of the read calls.
func faultOf(err error) fault {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case (&types.ProvisionedThroughputExceededException{}).ErrorCode(),
			(&types.LimitExceededException{}).ErrorCode(),
			(&types.KMSThrottlingException{}).ErrorCode(),
			"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded":
			return faultThrottled
		case (&types.ExpiredIteratorException{}).ErrorCode():
			return faultExpired
		case (&types.InternalFailureException{}).ErrorCode(), "InternalFailure", "ServiceUnavailable", "RequestTimeout",
			"ExpiredTokenException", "ExpiredToken", "RequestExpired", // credentials that are renewed late
			(&types.ResourceInUseException{}).ErrorCode(): // another subscription to the shard
			return faultTransient
		}
		return statusFault(err)
	}
	for _, transient := range []error{context.DeadlineExceeded, errSilent, errBroken, errNoEvent, errUnknownYet} {
		if errors.Is(err, transient) {
			return faultTransient
		}
	}
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return faultTransient
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return faultTransient // an answer that broke off
	}
	return statusFault(err)
}

// statusFault judges by the HTTP status: a load balancer's answer has no code.
func statusFault(err error) fault {
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	switch {
	case ok && response.HTTPStatusCode() == http.StatusTooManyRequests:
		return faultThrottled
	case ok && response.HTTPStatusCode() >= http.StatusInternalServerError:
		return faultTransient
	}
	return faultFatal
}

// noRetries leaves the retrying of a call to the reader: it knows the shard's
// limits, and gives its part of the budget back while it waits.
func noRetries(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }

// callTimeout bounds one call. An answer of 10 MiB needs a line of 3 Mbit/s.
const callTimeout = 30 * time.Second

// The pauses after faults in a row: they double, up to maxBackoff, and a
// random half of each is left out, so that readers don't move in step.
const (
	transientBackoff = 100 * time.Millisecond
	throttledBackoff = time.Second // over the rate, the service refuses for the rest of a second
	maxBackoff       = 10 * time.Second
)

// A backoff spaces the attempts of a call that fails.
type backoff struct {
	inRow int
	since time.Time // the first of the transient faults in a row
}

// next returns the pause after a fault, and how long nothing but transient
// faults have come.
func (b *backoff) next(f fault, now time.Time) (pause, failing time.Duration) {
	base := transientBackoff
	if f == faultThrottled {
		base = throttledBackoff
		b.since = time.Time{}
	} else if b.since.IsZero() {
		b.since = now
	}
	pause = min(base<<min(b.inRow, 10), maxBackoff)
	b.inRow++
	if f == faultThrottled {
		pause += rand.N(pause / 4)
	} else {
		pause -= rand.N(pause / 2)
		failing = now.Sub(b.since)
	}
	return pause, failing
}

func (b *backoff) reset() { *b = backoff{} }

// sleep waits for d, or until ctx ends and returns its cause.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
