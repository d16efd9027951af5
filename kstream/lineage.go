package kstream

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// A Shard names a shard and its place in the stream. Of one that the stream no
// longer lists only the ID is known.
type Shard struct {
	ID           string
	Parents      []string // the shards that were split or merged into it: none, one or two
	FirstHashKey string   // the range of hash keys that it holds, both ends included,
	LastHashKey  string   // decimal, 0 to 2^128-1
}

func shardOf(s types.Shard) Shard {
	shard := Shard{ID: aws.ToString(s.ShardId)}
	for _, parent := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
		if aws.ToString(parent) != "" {
			shard.Parents = append(shard.Parents, *parent)
		}
	}
	shard.setRange(s.HashKeyRange)
	return shard
}

func shardsOf(listed []types.Shard) []Shard {
	shards := make([]Shard, len(listed))
	for i, s := range listed {
		shards[i] = shardOf(s)
	}
	return shards
}

func shardOfChild(s types.ChildShard) Shard {
	shard := Shard{ID: aws.ToString(s.ShardId), Parents: slices.Clone(s.ParentShards)}
	shard.setRange(s.HashKeyRange)
	return shard
}

func (s *Shard) setRange(r *types.HashKeyRange) {
	if r != nil {
		s.FirstHashKey, s.LastHashKey = aws.ToString(r.StartingHashKey), aws.ToString(r.EndingHashKey)
	}
}

// isID reports whether an ID is one of those whose numbers grow with each shard
// that a stream gets.
func isID(id string) bool {
	number, ok := strings.CutPrefix(id, "shardId-")
	return ok && strings.Trim(number, "0123456789") == ""
}

// isNewest reports whether a shard that is not listed is newer than those that are.
// The newest shards are not trimmed: the list is behind.
func isNewest(id string, listed []Shard) bool {
	return isID(id) && !slices.ContainsFunc(listed, func(s Shard) bool { return len(s.ID) != len(id) || s.ID >= id })
}

// A lineage knows which shards of a stream come from which, and which can be
// read: those whose parents have all been read to their end. A parent that the
// stream no longer lists counts as read. It is not safe for concurrent use.
type lineage struct {
	nodes    map[string]*shardNode
	children map[string][]*shardNode // by parent, listed or not
}

type shardNode struct {
	shard Shard
	start placed
	state shardState
}

type shardState uint8

const (
	shardWaiting shardState = iota // for its parents
	shardReading
	shardRead // to its end
	shardLeft // before its end: its descendants are not read in this loop
)

func newLineage() *lineage {
	return &lineage{nodes: make(map[string]*shardNode), children: make(map[string][]*shardNode)}
}

// add puts a shard in, unless it is known.
func (l *lineage) add(shard Shard, start placed) {
	if _, known := l.nodes[shard.ID]; known {
		return
	}
	node := &shardNode{shard: shard, start: start}
	if start.position.kind == shardEnd {
		node.state = shardRead
	}
	l.nodes[shard.ID] = node
	for _, parent := range shard.Parents {
		l.children[parent] = append(l.children[parent], node)
	}
}

// unleased returns the shards of which the Store has no lease.
func (l *lineage) unleased() []*shardNode {
	var nodes []*shardNode
	for _, node := range l.nodes {
		if node.start.lease == nil {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// begin returns all shards that can be read now and takes them as being read.
func (l *lineage) begin() []*shardNode {
	var ready []*shardNode
	for _, node := range l.nodes {
		if l.beginOne(node) {
			ready = append(ready, node)
		}
	}
	slices.SortFunc(ready, func(a, b *shardNode) int { return strings.Compare(a.shard.ID, b.shard.ID) })
	return ready
}

// finish takes note that a shard has been read to its end, and of the shards
// that were found then. It returns those that can be read now, as begin does:
// children of the shard, and others that were found and wait for nobody.
func (l *lineage) finish(id string, found []Shard) []*shardNode {
	l.nodes[id].state = shardRead
	var candidates []*shardNode
	for _, shard := range found {
		l.add(shard, fromBeginning())
		candidates = append(candidates, l.nodes[shard.ID])
	}
	candidates = append(candidates, l.children[id]...)
	var ready []*shardNode
	for _, node := range candidates {
		if l.beginOne(node) {
			ready = append(ready, node)
		}
	}
	return ready
}

// leave takes note that a shard will not be read to its end.
func (l *lineage) leave(id string) { l.nodes[id].state = shardLeft }

func (l *lineage) beginOne(node *shardNode) bool {
	if node.state != shardWaiting {
		return false
	}
	for _, parent := range node.shard.Parents {
		if p, listed := l.nodes[parent]; listed && p.state != shardRead {
			return false
		}
	}
	node.state = shardReading
	return true
}
