package kstreamtest

import (
	"sync"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/ratelimit"
)

// A controlRate is how often an operation may be called in a second, by the
// account or for one stream.
type controlRate struct {
	rate      float64
	perStream bool
}

// controlRateOf returns the documented rate of an operation (its page in the API
// reference, and "Quotas and limits" in the developer guide); zero for none.
func controlRateOf(operation string) controlRate {
	switch operation {
	case "CreateStream", "DeleteStream", "ListStreams", "SplitShard", "MergeShards", "RegisterStreamConsumer",
		"AddTagsToStream", "ListTagsForStream", "RemoveTagsFromStream", "TagResource", "UntagResource", "ListTagsForResource",
		"UpdateStreamWarmThroughput", "UpdateAccountSettings":
		return controlRate{rate: 5}
	case "DescribeStream", "UpdateShardCount":
		return controlRate{rate: 10}
	case "DescribeStreamSummary":
		return controlRate{rate: 20}
	case "DescribeLimits":
		return controlRate{rate: 1}
	case "ListShards":
		return controlRate{rate: 1000, perStream: true}
	case "DescribeStreamConsumer":
		return controlRate{rate: 20, perStream: true}
	case "ListStreamConsumers", "DeregisterStreamConsumer":
		return controlRate{rate: 5, perStream: true}
	}
	return controlRate{}
}

// controlRates holds the buckets of the operations on streams and consumers.
type controlRates struct {
	mu      sync.Mutex // guards buckets
	buckets map[controlKey]*ratelimit.Bucket
}

const maxControlBuckets = 10000

type controlKey struct{ operation, stream string }

// take counts a call against its operation's rate times factor.
func (r *controlRates) take(operation, stream string, factor float64, now time.Time) error {
	limit := controlRateOf(operation)
	if factor < 0 || limit.rate == 0 {
		return nil
	}
	key := controlKey{operation: operation}
	if limit.perStream {
		key.stream = stream
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.buckets == nil {
		r.buckets = make(map[controlKey]*ratelimit.Bucket)
	}
	b := r.buckets[key]
	if b == nil {
		if len(r.buckets) >= maxControlBuckets {
			clear(r.buckets) // somebody is asking for streams that do not exist
		}
		b = newBucket(max(1, int(limit.rate*factor)))
		r.buckets[key] = b
	}
	if !b.Take(now, 1) {
		return errorf(limitExceeded, "Rate exceeded for %s: %g calls a second.", operation, limit.rate*factor)
	}
	return nil
}
