package kstreamtest

import (
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// maxCreating is how many streams may be CREATING at a time (CreateStream, API
// reference).
const maxCreating = 5

// createStream implements CreateStream.
func (s *Server) createStream(c *call) error {
	st, shards, err := s.newStream(c)
	if err != nil {
		return err
	}
	if err := s.roomFor(shards, c.now); err != nil {
		return err
	}
	if st.mode == onDemand {
		if err := s.roomOnDemand(c.now); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.name] != nil {
		return errorf(resourceInUse, "Stream %s under account %s already exists.", st.name, st.account)
	}
	st.created = s.creationTime(c.now)
	s.streams[st.name] = st
	st.mu.Lock()
	defer st.mu.Unlock()
	st.change(c.now, creating, s.opts.StateChange, func(now time.Time) {
		s.addShards(st, now, shardmap.Even(shards))
		st.status = active
	})
	return nil
}

// newStream makes the stream that a request describes, and the number of shards
// it asks for.
func (s *Server) newStream(c *call) (*stream, int, error) {
	st := s.blankStream(c.in.string("StreamName"))
	shards, given := int(c.in.int("ShardCount")), c.in.has("ShardCount")
	if mode := c.in.object("StreamModeDetails").string("StreamMode"); mode != "" {
		st.mode = mode
	}
	if strategy := c.in.string("RecordDistributionStrategy"); strategy != "" {
		if st.mode != onDemand {
			return nil, 0, errorf(invalidArgument, "RecordDistributionStrategy is supported for streams in ON_DEMAND mode only.")
		}
		st.distribution = strategy
	}
	if err := c.checkWarmThroughput(st.mode, s.committed()); err != nil {
		return nil, 0, err
	}
	switch {
	case st.mode == onDemand && given:
		return nil, 0, errorf(invalidArgument, "ShardCount must not be specified for a stream in ON_DEMAND mode.")
	case st.mode == onDemand:
		shards = onDemandShards
	case !given:
		return nil, 0, errorf(invalidArgument, "ShardCount must be specified for a stream in PROVISIONED mode.")
	case shards > s.opts.Limits.Shards:
		return nil, 0, s.tooManyShards(shards, c.now)
	}
	if kib := c.in.int("MaxRecordSizeInKiB"); kib != 0 {
		st.maxRecordKiB = int(kib)
	}
	st.warmMiBps = int(c.in.int("WarmThroughputMiBps"))
	if tags := c.in.table("Tags"); len(tags) > 0 {
		var err error
		if st.tags, err = mergeTags(nil, tags); err != nil {
			return nil, 0, err
		}
	}
	if s.find(st.name, c.now) != nil {
		return nil, 0, errorf(resourceInUse, "Stream %s under account %s already exists.", st.name, st.account)
	}
	return st, shards, nil
}

// creationTime returns now, or later when another stream was created in the same
// millisecond, so that a stream deleted and made again has another time. Only a
// request that creates a stream may ask: the journal has no others, and replaying
// it must give the same times.
func (s *Server) creationTime(now time.Time) time.Time {
	for {
		last := s.created.Load()
		ms := max(now.UnixMilli(), last+1)
		if s.created.CompareAndSwap(last, ms) {
			return time.UnixMilli(ms)
		}
	}
}

// blankStream returns a provisioned stream with the service's defaults, which
// lacks its creation time.
func (s *Server) blankStream(name string) *stream {
	return &stream{
		name: name, arn: streamARN(s.opts.Region, s.opts.Account, name), account: s.opts.Account,
		status:    creating,
		retention: defaultRetention, mode: provisioned, distribution: keyDistribution, maxRecordKiB: defaultRecordKiB,
		open: shardmap.New(nil),
		tags: make(map[string]string), consumers: make(map[string]*consumer),
	}
}

// roomFor checks the account's quotas before more shards are opened.
func (s *Server) roomFor(shards int, now time.Time) error {
	if s.openShards(now)+shards > s.opts.Limits.Shards {
		return s.tooManyShards(shards, now)
	}
	n := 0
	for _, st := range s.all(now) {
		st.mu.RLock()
		if st.status == creating {
			n++
		}
		st.mu.RUnlock()
	}
	if n >= maxCreating {
		return errorf(limitExceeded, "This request would exceed the limit of %d streams in CREATING state for the account %s.", maxCreating, s.opts.Account)
	}
	return nil
}

func (s *Server) tooManyShards(shards int, now time.Time) error {
	return errorf(limitExceeded,
		"This request would exceed the shard limit for the account %s in %s. Current shard count for the account: %d. Limit: %d. Number of additional shards that would have resulted from this request: %d. Refer to the AWS Service Limits page (https://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.",
		s.opts.Account, s.opts.Region, s.openShards(now), s.opts.Limits.Shards, shards)
}
