package kstream

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// placeShards puts the listed shards into l and decides where each begins:
//
//   - at its own position, if it has one;
//   - at its beginning, if an ancestor has one: it is newer than that;
//   - at start. A start of LATEST leaves out shards that are closed already.
//     One whose parent was still listed as open came into being while the list
//     was made, after the loop began, so it is read from its beginning.
func placeShards(l *lineage, listed []types.Shard, start Position, own map[string]Position) {
	p := placing{start: start, own: own, shards: make(map[string]*listedShard, len(listed))}
	inOrder := make([]*listedShard, len(listed))
	for i, s := range listed {
		shard := &listedShard{Shard: shardOf(s)}
		if r := s.SequenceNumberRange; r != nil {
			shard.closed = aws.ToString(r.EndingSequenceNumber) != ""
		}
		p.shards[shard.ID], inOrder[i] = shard, shard
	}
	for _, shard := range inOrder {
		p.place(shard)
		l.add(shard.Shard, shard.position)
	}
}

type placing struct {
	start  Position
	own    map[string]Position
	shards map[string]*listedShard
}

type listedShard struct {
	Shard
	closed   bool
	placed   bool
	position Position
	followed bool // descendants are read from their beginning
}

func (p *placing) place(s *listedShard) {
	if s.placed {
		return
	}
	s.placed = true
	s.position = p.start
	if p.start.kind == latest {
		s.followed = !s.closed
		if s.closed {
			s.position = ShardEnd()
		}
	}
	for _, id := range s.Parents {
		if parent, ok := p.shards[id]; ok {
			p.place(parent)
			if parent.followed {
				s.position, s.followed = TrimHorizon(), true
			}
		}
	}
	if position, ok := p.own[s.ID]; ok {
		s.position, s.followed = position, true
	}
}
