package kstreamtest

import (
	"strconv"
	"strings"
	"time"
)

// maxListed is the most shards on a page of ListShards.
const maxListed = 1000

// listShards implements ListShards.
func (s *Server) listShards(c *call) error {
	st, filter, after, err := s.listShardsInput(c)
	if err != nil {
		return err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if st.status == deleting {
		return errorf(resourceInUse, "Stream %s under account %s not ACTIVE, instead in state %s", st.name, st.account, st.status)
	}
	shards, err := st.filtered(filter, c.now)
	if err != nil {
		return err
	}
	if after != "" {
		shards = shardsAfter(shards, after)
	}
	limit := c.in.limit("MaxResults", maxListed)
	more := len(shards) > limit
	shards = shards[:min(len(shards), limit)]

	c.out.Object()
	c.out.Key("Shards")
	writeShards(c.out, shards)
	if more {
		c.out.Key("NextToken")
		c.out.String(s.token(pageToken{
			operation: "ListShards", after: shards[limit-1].id,
			stream: st.name, creation: st.creationID(), filter: filter.text(),
		}, c.now))
	}
	c.out.End()
	return nil
}

// listShardsInput reads the request, which names either a stream or the token
// that an earlier page gave.
func (s *Server) listShardsInput(c *call) (*stream, filter, string, error) {
	fail := func(err error) (*stream, filter, string, error) { return nil, filter{}, "", err }
	named := c.in.has("StreamName") || c.in.has("StreamARN")
	token := c.in.string("NextToken")
	switch {
	case token == "" && !named:
		return fail(errorf(invalidArgument, "Either NextToken or StreamName should be provided."))
	case token == "":
		st, err := s.streamOf(c)
		if err != nil {
			return fail(err)
		}
		if at := c.in.time("StreamCreationTimestamp"); c.in.has("StreamCreationTimestamp") && at.Unix() != st.created.Unix() {
			return fail(errorf(resourceNotFound, "Stream %s under account %s created at %s not found.", st.name, st.account, javaDate(at)))
		}
		f, err := newFilter(c.in)
		return st, f, c.in.string("ExclusiveStartShardId"), err
	case named:
		return fail(errorf(invalidArgument, "NextToken and StreamName cannot be provided together."))
	case c.in.has("ExclusiveStartShardId") || c.in.has("StreamCreationTimestamp") || c.in.has("ShardFilter"):
		return fail(errorf(invalidArgument, "NextToken cannot be provided together with ExclusiveStartShardId, StreamCreationTimestamp or ShardFilter."))
	}
	t, err := s.openToken(token, "ListShards", c.now)
	if err != nil {
		return fail(err)
	}
	st := s.find(t.stream, c.now)
	if st == nil || st.creationID() != t.creation {
		return fail(address{t.stream, s.opts.Account}.notFound())
	}
	return st, parseFilter(t.filter), t.after, nil
}

// A filter is a ShardFilter; its kind is FROM_TRIM_HORIZON when none was given.
type filter struct {
	kind  string
	shard string
	at    time.Time
}

func newFilter(in params) (filter, error) {
	f := filter{kind: "FROM_TRIM_HORIZON"}
	if !in.has("ShardFilter") {
		return f, nil
	}
	given := in.object("ShardFilter")
	f = filter{kind: given.string("Type"), shard: given.string("ShardId"), at: given.time("Timestamp")}
	switch f.kind {
	case "AFTER_SHARD_ID":
		if f.shard == "" {
			return f, errorf(invalidArgument, "ShardFilter of type AFTER_SHARD_ID needs a ShardId.")
		}
	case "AT_TIMESTAMP", "FROM_TIMESTAMP":
		if !given.has("Timestamp") {
			return f, errorf(invalidArgument, "ShardFilter of type %s needs a Timestamp.", f.kind)
		}
	}
	return f, nil
}

// text writes a filter for a page token.
func (f filter) text() string {
	return strings.Join([]string{f.kind, f.shard, strconv.FormatInt(f.at.UnixMilli(), 10)}, "|")
}

func parseFilter(text string) filter {
	parts := strings.SplitN(text, "|", 3)
	if len(parts) < 3 {
		return filter{}
	}
	ms, _ := strconv.ParseInt(parts[2], 10, 64)
	return filter{kind: parts[0], shard: parts[1], at: time.UnixMilli(ms)}
}

// filtered returns the shards that the filter lets through, of those that
// retention still knows. The stream's lock is held.
func (st *stream) filtered(f filter, now time.Time) ([]*shard, error) {
	horizon := st.horizon(now)
	switch f.kind {
	case "AT_TIMESTAMP", "FROM_TIMESTAMP":
		if f.at.After(now) {
			return nil, errorf(invalidArgument, "The timestamp of the ShardFilter is in the future.")
		}
	}
	at := f.at
	if at.Before(horizon) {
		at = horizon
	}
	var through []*shard
	for _, sh := range st.listed(now) {
		if sh.passes(f, at, horizon) {
			through = append(through, sh)
		}
	}
	return through, nil
}

// passes decides on one shard. A shard is open from its creation, included, to
// its close, excluded, so that the shards open at any time cover each hash key
// once.
func (sh *shard) passes(f filter, at, horizon time.Time) bool {
	openAt := func(t time.Time) bool {
		// The shards that the stream began with count as open before it, too.
		began := len(sh.parents) == 0 || !sh.created.After(t)
		return began && (sh.isOpen() || sh.closed.After(t))
	}
	switch f.kind {
	case "AFTER_SHARD_ID":
		return sh.id > f.shard
	case "AT_LATEST":
		return sh.isOpen()
	case "AT_TRIM_HORIZON":
		return openAt(horizon)
	case "AT_TIMESTAMP":
		return openAt(at)
	case "FROM_TIMESTAMP":
		return sh.isOpen() || !sh.closed.Before(at)
	}
	return true
}

// listed returns the shards that retention still knows. The stream's lock is
// held.
func (st *stream) listed(now time.Time) []*shard {
	horizon := st.horizon(now)
	listed := make([]*shard, 0, len(st.shards))
	for _, sh := range st.shards {
		if !sh.expired(horizon) {
			listed = append(listed, sh)
		}
	}
	return listed
}
