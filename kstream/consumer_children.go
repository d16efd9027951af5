package kstream

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
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
	listed, err := r.listAgain()
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.fail(err)
	}
	for _, shard := range listed {
		children = append(children, shardOf(shard))
	}
	return children
}

// listAgain lists the shards, and tries that again for as long as it is sensible.
// It returns nothing if nothing more is to be read.
func (r *run) listAgain() ([]types.Shard, error) {
	var faults backoff
	for {
		listed, err := listShards(r.fetch, r.client, r.cfg.stream, nil)
		kind := faultOf(err)
		if r.fetch.Err() != nil {
			return nil, nil
		}
		if err == nil || kind == faultFatal {
			return listed, err
		}
		pause, failing := faults.next(kind, time.Now())
		if r.cfg.retryFor > 0 && failing > r.cfg.retryFor {
			return nil, err
		}
		if sleep(r.fetch, pause) != nil {
			return nil, nil
		}
	}
}

// knowsParents reports whether the lineage has all parents of the shards.
func (r *run) knowsParents(shards []Shard) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, shard := range shards {
		for _, parent := range shard.Parents {
			if _, known := r.lineage.nodes[parent]; !known {
				return false
			}
		}
	}
	return true
}
