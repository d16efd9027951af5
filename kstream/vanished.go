package kstream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// errUnknownYet says that the service doesn't know a shard that an answer named.
var errUnknownYet = errors.New("the shard is too new")

// lost finds out what it means that the service doesn't know the shard: the
// stream is gone, another one has its name, or the shard's last record has
// grown older than the retention. Only the last is survived, as a gap. That a new
// shard is not known to all parts of the service yet is waited out.
func (s *activeShard) lost(ctx context.Context, at Position, cause error) (*page, error) {
	run := s.run
	status, err := run.look(ctx)
	if err != nil {
		return nil, err
	}
	if status == types.StreamStatusDeleting {
		return nil, run.errorf(s.ID, "read", fmt.Errorf("%w: it is being deleted: %w", ErrStreamNotFound, cause))
	}
	listed, err := listShards(ctx, run.client, run.cfg.stream, nil)
	if err != nil {
		return nil, err
	}
	var children []types.ChildShard
	for _, shard := range listed {
		of := shardOf(shard)
		if of.ID == s.ID {
			return nil, run.errorf(s.ID, "read", cause)
		}
		if slices.Contains(of.Parents, s.ID) {
			children = append(children, types.ChildShard{ShardId: shard.ShardId, ParentShards: of.Parents, HashKeyRange: shard.HashKeyRange})
		}
	}
	if isNewest(s.ID, shardsOf(listed)) {
		return nil, fmt.Errorf("%w: %v", errUnknownYet, cause) // not with its code
	}
	return s.vanished(at, children), nil
}

// vanished is the only page of a shard that is no longer listed: nobody knows
// what it held after the position.
func (s *activeShard) vanished(at Position, children []types.ChildShard) *page {
	return &page{
		shard: s, end: endOfShard, readBefore: -1, children: children,
		gap: &GapError{Stream: s.run.cfg.stream, ShardID: s.ID, After: at.shown()},
	}
}
