package kstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// After a listing the next one waits, longer if the last had nothing new.
const (
	firstRelist = time.Second
	maxRelist   = 10 * time.Second

	// listTimeout ends a listing that is not answered.
	listTimeout = 30 * time.Second
)

// lister lists the shards, once at a time and not too often.
type lister struct {
	running   *shardListing
	notBefore time.Duration
	delay     time.Duration

	early []earlyEntry // written meanwhile
	doubt bool         // the listing is to tell whether the stream goes by hash keys
}

// awaitRoutes waits until the stream's shards are listed for the first time.
func (s *sender) awaitRoutes(ctx context.Context) error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return s.refusal(ErrClosed)
	}
	l := s.startListing()
	s.mu.Unlock()
	select {
	case <-l.done:
		if l.err != nil && s.ctx.Err() != nil {
			return s.refusal(ErrClosed)
		}
		return l.err
	case <-ctx.Done():
		return s.refusal(context.Cause(ctx))
	}
}

// startListing lists the shards, unless that is being done; the lock is held.
// After close it is called only by goroutines that close joins.
func (s *sender) startListing() *shardListing {
	if s.lister.running == nil {
		l := &shardListing{done: make(chan struct{})}
		s.lister.running = l
		s.joined.Go(func() { s.list(l) })
	}
	return s.lister.running
}

func (s *sender) list(l *shardListing) {
	s.mu.Lock()
	pause := s.lister.notBefore - s.now()
	s.mu.Unlock()
	l.err = sleep(s.ctx, pause)
	var found survey
	if l.err == nil {
		found, l.err = s.survey()
	}
	s.mu.Lock()
	changed, first := false, s.routes == nil || s.routes.early
	if l.err == nil {
		changed = s.install(found.info, found.shards)
	}
	s.lister.doubt = false
	if s.routes != nil {
		for _, q := range s.routes.queues {
			q.misleads = false // or it is found out again
		}
	}
	s.lister.early = nil // charged, or too long ago to matter when it is tried again
	s.lister.running = nil
	s.lister.delay = min(max(2*s.lister.delay, firstRelist), maxRelist)
	if changed {
		s.lister.delay = firstRelist
	}
	s.lister.notBefore = s.now() + s.lister.delay
	woken := s.grant()
	s.mu.Unlock()
	close(l.done)
	woken.tell()
	s.nudge()
	switch {
	case l.err != nil && s.ctx.Err() == nil:
		s.logger.Warn("kstream: the shards cannot be listed", "stream", s.stream, "error", l.err)
	case changed && !first:
		s.logger.Info("kstream: the stream was resharded", "stream", s.stream, "open shards", found.info.OpenShards)
	}
}

// A survey is what the sender has to know of the stream.
type survey struct {
	info   StreamInfo
	shards *shardmap.Map // nil: they may not be listed
}

// survey asks the service. Who may only write to the stream gets no
// prediction: everything goes through one queue.
func (s *sender) survey() (survey, error) {
	ctx, cancel := context.WithTimeout(s.ctx, listTimeout)
	defer cancel()
	var found survey
	var infoErr error
	var describing sync.WaitGroup
	describing.Go(func() { found.info, infoErr = DescribeStream(ctx, s.client, s.stream) })
	listed, err := listShards(ctx, s.client, s.stream, &types.ShardFilter{Type: types.ShardFilterTypeAtLatest})
	describing.Wait()
	if denied(infoErr) {
		found.info = StreamInfo{MaxRecordBytes: maxRecordBytes}
		infoErr = nil
	}
	switch {
	case infoErr != nil:
		return found, infoErr
	case found.info.Status == types.StreamStatusCreating:
		return found, fmt.Errorf("kstream: stream %s is being created: WaitActive waits for it", s.stream)
	case denied(err):
		s.logger.Warn("kstream: no permission to list the shards", "stream", s.stream)
		return found, nil
	case err != nil:
		return found, err
	}
	open, err := openShards(listed)
	if err == nil && len(open) == 0 {
		err = errors.New("none is open")
	}
	if err != nil {
		return found, fmt.Errorf("kstream: list shards of stream %s: %w", s.stream, err)
	}
	found.info.OpenShards = len(open)
	found.shards = shardmap.New(open)
	return found, nil
}

func openShards(listed []types.Shard) ([]shardmap.Shard, error) {
	var open []shardmap.Shard
	for _, s := range listed {
		if s.SequenceNumberRange != nil && s.SequenceNumberRange.EndingSequenceNumber != nil {
			continue
		}
		if s.HashKeyRange == nil {
			continue
		}
		hashes, err := shardmap.ParseRange(aws.ToString(s.HashKeyRange.StartingHashKey), aws.ToString(s.HashKeyRange.EndingHashKey))
		if err != nil {
			return nil, err
		}
		open = append(open, shardmap.Shard{ID: aws.ToString(s.ShardId), Range: hashes})
	}
	return open, nil
}

func denied(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "AccessDeniedException"
}

// relist lists the shards if the answers of a call name others than predicted.
// It returns the listing that aggregates among its entries have to wait for, see
// written; nil if there are none. Until then no others are sent after them.
func (s *sender) relist(c *call) *shardListing {
	var l *shardListing
	for i := range c.entries {
		e, a := &c.entries[i], &c.answers[i]
		if a.fate != written || e.queue.shard.ID == "" || a.shard == e.queue.shard.ID {
			continue
		}
		s.mu.Lock()
		if s.unexpected(e, a.shard) {
			running := s.startListing()
			if len(e.parcels) > 1 {
				e.astray, e.queue.misleads = true, true
				l = running
			}
		}
		s.mu.Unlock()
	}
	return l
}

// unexpected tells whether a listing is called for by an entry that is in another
// shard than predicted. Is it a known one, the stream was made again, with shards
// of the same names, or its distribution was changed; unless it never went by hash
// keys, which is so if a listing that begins now finds nothing new.
func (s *sender) unexpected(e *callEntry, shard string) bool {
	switch {
	case s.shardIndex(shard) < 0:
		return true
	case e.queue.gone, s.routes.keyless: // resharded since; never did
		return false
	}
	s.lister.doubt = s.lister.doubt || s.lister.running == nil
	return true
}
