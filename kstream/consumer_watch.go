package kstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// watchInterval is the time between two looks at the stream of a loop.
// DescribeStreamSummary has a quota of 20 calls a second for the account.
const watchInterval = time.Minute

// watch looks at the stream as long as it is read, and ends the loop when that is
// gone. The readers alone can't be relied on to see it: a stream that is made
// again under the name may have the same shards, and the service may take the
// iterators of the old one. Then the loop would mix the two, and never hear of
// shards that only the new one has.
func (r *run) watch() {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-r.fetch.Done():
			return
		}
		ctx, cancel := context.WithTimeout(r.fetch, callTimeout)
		_, err := r.look(ctx)
		cancel()
		switch {
		case errors.Is(err, ErrStreamNotFound):
			r.mu.Lock()
			r.fail(err)
			r.mu.Unlock()
			return
		case err != nil && r.fetch.Err() == nil:
			r.cfg.logger.Debug("kstream: stream not described", "stream", r.cfg.stream, "error", err)
		}
	}
}

// look describes the stream, and takes note of its retention. It fails if the
// stream is not the one that the loop began with.
func (r *run) look(ctx context.Context) (types.StreamStatus, error) {
	info, err := DescribeStream(ctx, r.client, r.cfg.stream)
	if err != nil {
		return "", err
	}
	if !streamID(info).Created.Equal(streamID(r.info).Created) {
		return "", fmt.Errorf("kstream: read %s: %w: another stream has its name now", r.cfg.stream, ErrStreamNotFound)
	}
	r.keeps.Store(int64(info.Retention))
	return info.Status, nil
}

// retention is how long the stream keeps records: at least a day.
func (r *run) retention() time.Duration { return max(time.Duration(r.keeps.Load()), 24*time.Hour) }
