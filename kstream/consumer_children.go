package kstream

import (
	"errors"
	"slices"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// childrenOf returns the shards that a shard was split or merged into. The last
// answer names them; should it not, the list of shards does, and all of that list
// is returned: should the children be gone as well, theirs are in it.
//
// It also returns all of the list if a child's other parent is unknown: that one
// came into being during the loop, and its own parent is still being read. The
// child must wait for both.
func (r *run) childrenOf(p *page) []Shard {
	var children []Shard
	for _, child := range p.children {
		children = append(children, shardOfChild(child))
	}
	if p.shard.start.vanished || r.fetch.Err() != nil || len(children) > 0 && r.knowsParents(children) {
		return children
	}
	listed, err := r.listAgain(func(listed []Shard) error {
		if len(children) == 0 && succeeded(p.shard.Shard, listed) || len(children) > 0 && r.showsParents(children, listed) {
			return nil
		}
		return r.errorf(p.shard.ID, "read", errListBehind)
	})
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.fail(err)
	}
	return append(children, listed...)
}

// succeeded reports whether the list has the shards that follow a closed one, or
// neither any more. The service is eventually consistent: a list may be of a time
// before the shard was closed.
func succeeded(closed Shard, listed []Shard) bool {
	if !slices.ContainsFunc(listed, func(s Shard) bool { return s.ID == closed.ID }) {
		return !isNewest(closed.ID, listed)
	}
	children := slices.DeleteFunc(slices.Clone(listed), func(s Shard) bool { return !slices.Contains(s.Parents, closed.ID) })
	return cover(children, closed)
}

// cover reports whether children are all of a closed shard's: they hold the first
// of its hash keys, and the last. If those are not known, any child will do.
func cover(children []Shard, closed Shard) bool {
	keys, unknown := shardmap.ParseRange(closed.FirstHashKey, closed.LastHashKey)
	first, last := false, false
	for _, child := range children {
		of, err := shardmap.ParseRange(child.FirstHashKey, child.LastHashKey)
		if unknown != nil || err != nil {
			return true
		}
		first = first || of.Contains(keys.Start)
		last = last || of.Contains(keys.End)
	}
	return first && last
}

// errListBehind says that the list of shards stayed behind what an answer said.
var errListBehind = errors.New("the shard is closed, and not all that follows it is listed")

// listAgain lists the shards until the list passes a check, and for as long as that
// is sensible. It returns nothing if nothing more is to be read. The loop waits for
// it: an answer that names no children is rare.
func (r *run) listAgain(check func([]Shard) error) ([]Shard, error) {
	var faults backoff
	for {
		shards, err := listShards(r.fetch, r.client, r.cfg.stream, nil)
		kind := faultOf(err)
		if r.fetch.Err() != nil {
			return nil, nil
		}
		listed := shardsOf(shards)
		if err == nil {
			err, kind = check(listed), faultTransient
		}
		if err == nil || kind == faultFatal {
			return listed, err
		}
		pause, failing := faults.next(kind, time.Now())
		if r.cfg.retryFor > 0 && failing > r.cfg.retryFor {
			return nil, err
		}
		r.cfg.logger.Debug("kstream: shards not listed, trying again", "stream", r.cfg.stream, "pause", pause, "error", err)
		if sleep(r.fetch, pause) != nil {
			return nil, nil
		}
	}
}

// knowsParents reports whether the lineage has all parents of the shards.
func (r *run) knowsParents(shards []Shard) bool {
	return len(r.strangers(shards)) == 0
}

// showsParents reports whether the list has the parents of the shards that the
// lineage doesn't know, but for those that were trimmed.
func (r *run) showsParents(shards, listed []Shard) bool {
	return !slices.ContainsFunc(r.strangers(shards), func(id string) bool { return isNewest(id, listed) })
}

// strangers returns the parents of the shards that the lineage doesn't know.
func (r *run) strangers(shards []Shard) (unknown []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, shard := range shards {
		for _, parent := range shard.Parents {
			if _, known := r.lineage.nodes[parent]; !known {
				unknown = append(unknown, parent)
			}
		}
	}
	return unknown
}
