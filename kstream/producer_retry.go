package kstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// Back-off: 50 ms, doubled with every attempt up to 5 s, half of it random.
	firstSendBackoff = 50 * time.Millisecond
	maxSendBackoff   = 5 * time.Second

	// maxPause bounds how long all calls pause when they keep failing: a call
	// a second finds out soon enough that they work again, and is no burden.
	maxPause = time.Second

	// retryTick gathers parcels that are tried again at about the same time
	// into one call.
	retryTick = 10 * time.Millisecond

	// credentialPatience is for how long calls that are refused for their
	// credentials are tried again: those that expire, or cannot be fetched for
	// a while, are renewed by then. If they never were good they are more
	// likely to be wrong.
	credentialPatience      = time.Minute
	firstCredentialPatience = 2 * time.Second

	// calls that fail in a row before all calls pause
	failuresBeforePause = 3

	// warnEvery is how often calls that keep failing are worth a line in the log
	warnEvery = time.Minute
)

var (
	errCallTimeout = errors.New("no answer within CallTimeout")
	errNoAnswer    = errors.New("kstream: put records: an entry was answered with neither a sequence number nor an error")

	// errCallRefused is wrapped by errors that hold for all parcels.
	errCallRefused = errors.New("the call was refused")
)

// A fate is what the end of a call means for its entries.
type fate int

const (
	written     fate = iota
	throttled        // not written, because of the rate
	postponed        // not written, for a reason that passes
	credentials      // not written, for a reason that passes or not
	lost             // written or not
	invalid          // not written, and never will be as it is
	refused          // not written, and nothing else will be
)

// entryAnswer reads the result of one entry of a call that was answered. Its
// strings may be lent.
func (s *sender) entryAnswer(r *types.PutRecordsResultEntry, e *callEntry) answer {
	code := aws.ToString(r.ErrorCode)
	if code == "" && aws.ToString(r.SequenceNumber) == "" {
		return answer{fate: lost, err: errNoAnswer}
	}
	if code == "" {
		return answer{shard: aws.ToString(r.ShardId), seq: s.receipt(r, e)}
	}
	a := answer{fate: postponed, err: &EntryError{Code: strings.Clone(code), Message: strings.Clone(aws.ToString(r.ErrorMessage))}}
	if throttles(code) {
		a.fate = throttled
	}
	return a
}

// receipt returns an entry's sequence number, if there is anybody to be told of
// it.
func (s *sender) receipt(r *types.PutRecordsResultEntry, e *callEntry) string {
	switch {
	case s.receipts:
		return aws.ToString(r.SequenceNumber)
	case e.hurried:
		return strings.Clone(aws.ToString(r.SequenceNumber))
	}
	return ""
}

// An unsentError is that of a call that the SDK could not even send, mostly for
// want of credentials. What it wraps may look like the error of a call: they
// are often fetched by one, from another service.
type unsentError struct{ error }

func (e *unsentError) Unwrap() error { return e.error }

// callFate reads the error of a call.
func callFate(err error) fate {
	if _, unsent := errors.AsType[*unsentError](err); unsent {
		return credentials
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return apiFate(api.ErrorCode(), statusOf(err))
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return postponed // never left
	}
	return lost
}

func apiFate(code string, status int) fate {
	switch {
	case throttles(code), status == http.StatusTooManyRequests:
		return throttled
	case status >= http.StatusInternalServerError, status == http.StatusRequestTimeout:
		return lost
	}
	switch code {
	case "ValidationException", "InvalidArgumentException", "SerializationException":
		return invalid
	case "ExpiredTokenException", "ExpiredToken", "RequestExpired", "RequestTimeTooSkewed",
		"InvalidSignatureException", "UnrecognizedClientException":
		return credentials
	case "InternalFailure", "InternalFailureException", "ServiceUnavailable", "RequestTimeout", "RequestTimeoutException":
		return lost
	}
	return refused
}

// throttles tells whether an error code asks for a lower rate.
func throttles(code string) bool {
	switch code {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling",
		"LimitExceededException", "RequestLimitExceeded", "KMSThrottlingException":
		return true
	}
	return false
}

func statusOf(err error) int {
	if r, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && r.Response != nil {
		return r.HTTPStatusCode()
	}
	return 0
}

// judgeCall watches for calls that keep failing: then all of them pause.
func (s *sender) judgeCall(now time.Duration, err error) {
	s.counts.calls++
	if err == nil {
		s.failures, s.answered, s.refusedSince = 0, true, farAway
		return
	}
	if callFate(err) == credentials {
		s.refusedSince = min(s.refusedSince, now)
	}
	s.counts.failedCalls++
	s.failures++
	if s.failures < failuresBeforePause {
		return
	}
	if now >= s.warnAfter {
		s.warnAfter = now + warnEvery
		s.logger.Warn("kstream: calls keep failing", "stream", s.stream, "in a row", s.failures, "error", err)
	}
	s.pauseUntil = now + sendBackoff(s.failures-failuresBeforePause, maxPause)
}

// renewable tells whether calls that are refused for their credentials may soon
// not be.
func (s *sender) renewable(now time.Duration) bool {
	patience := firstCredentialPatience
	if s.answered {
		patience = credentialPatience
	}
	return now-s.refusedSince < patience
}

// again decides about an entry that was not written: its parcels are tried
// again, or are done with.
func (s *sender) again(c *call, e *callEntry, now time.Duration, a *answer) {
	for _, p := range e.parcels {
		switch {
		case p.abandoned:
			p.withdraw(context.Canceled) // nobody reads it
		case p.group != nil && p.group.ended != nil:
			p.withdraw(p.group.ended)
		case s.aborted:
			p.withdraw(context.Cause(s.ctx))
		case a == nil, // written where its readers would not find it
			a.fate == invalid && len(e.parcels) > 1 && e.sent > minRecordLimit: // it compressed less than expected
			p.notBefore = now
			c.again = append(c.again, p)
			continue
		case a.fate == invalid:
			p.fail(a.err)
		case a.fate == refused, a.fate == credentials && !s.renewable(now):
			p.withdraw(a.err)
			if p.group != nil && p.group.allEnd {
				p.group.ended = a.err
			}
		default:
			p.notBefore = now
			if a.fate != throttled || p.queue.pace.unlimited() {
				p.notBefore = (now + sendBackoff(p.attempts-1, maxSendBackoff)).Truncate(retryTick) + retryTick
			}
			c.again = append(c.again, p)
			continue
		}
		s.end(c, p)
	}
}

// end ends a parcel that has its verdict.
func (s *sender) end(c *call, p *parcel) {
	s.counts.settle(p)
	if p.lane != nil {
		s.leaveLane(p)
	}
	c.done = append(c.done, p)
}

// retry queues parcels again.
func (s *sender) retry(parcels []*parcel, now time.Duration) {
	for _, p := range parcels {
		s.counts.retries++
		s.queued++
		s.queuedBytes += p.size
		s.expireLater(p)
		s.rehome(p)
	}
	if s.lanes != nil {
		s.putBack(parcels)
		return
	}
	for _, p := range parcels {
		p.queue.pushRetry(p)
	}
}

// sendBackoff returns how long to wait after a number of failures before, up to
// about most.
func sendBackoff(before int, most time.Duration) time.Duration {
	d := min(firstSendBackoff<<min(max(before, 0), 10), most)
	return d/2 + rand.N(d/2)
}

// holdsForAll tells whether an error that ended one parcel will end others.
func holdsForAll(err error) bool {
	return err != nil && errors.Is(err, errCallRefused)
}
