package kstream

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// placed is where the reading of a shard begins.
type placed struct {
	position Position
	lease    *Lease // of the Store; nil: it has none yet
	resumed  bool   // the lease is of a former loop
	vanished bool   // the shard is no longer listed
}

func fromBeginning() placed { return placed{position: TrimHorizon()} }

// placeShards puts the listed shards into l and decides where each begins:
//
//   - where its lease says;
//   - at its own position, if the configuration has one;
//   - at its beginning, if an ancestor has one: it is newer than that;
//   - at start. A start of LATEST leaves out shards that are closed already.
//     One whose parent was still listed as open came into being while the list
//     was made, after the loop began, so it is read from its beginning.
//
// If there are leases, and reading had begun, the configuration counts no more: a
// shard without a lease is read from its beginning, unless a descendant has one.
// Then it was left out before, or read so long ago that its lease was deleted.
//
// A shard that has a lease, or a position of its own, and is not listed any more
// was trimmed. If it was not read to its end, that is a gap. That the
// configuration names a shard that the stream never had is an error.
//
// The list may be behind: it lacks shards that have a lease, and are newer than all
// that it has, or those that follow a closed one. The closed one is then read at
// its end, where it names them.
func placeShards(l *lineage, listed []types.Shard, cfg *consumerSettings, leases []Lease) error {
	p := placing{
		start: TrimHorizon(), listed: shardsOf(listed),
		shards: make(map[string]*listedShard, len(listed)), children: make(map[string][]Shard),
	}
	inOrder := make([]*listedShard, len(listed))
	for i, s := range listed {
		shard := &listedShard{Shard: p.listed[i]}
		for _, parent := range shard.Parents {
			p.children[parent] = append(p.children[parent], shard.Shard)
		}
		if r := s.SequenceNumberRange; r != nil {
			shard.closed = aws.ToString(r.EndingSequenceNumber) != ""
		}
		p.shards[shard.ID], inOrder[i] = shard, shard
	}
	first := unread(leases)
	if first {
		p.start, p.own = firstStart(cfg.start, leases), cfg.startShards
	}
	if err := p.findTrimmed(cfg.stream); err != nil {
		return err
	}
	for _, shard := range inOrder {
		p.place(shard)
	}
	p.takeUp(l, leases)
	if !first {
		for _, lease := range leases {
			p.leaveOut(lease.Parents)
		}
	}
	p.placeTrimmed(l)
	for _, shard := range inOrder {
		l.add(shard.Shard, shard.start)
	}
	return nil
}

// unread reports whether nothing was read of the stream by the time of these
// leases. A loop creates them all before it reads anything, so if it ended
// before that, some may be missing.
func unread(leases []Lease) bool {
	return !slices.ContainsFunc(leases, func(l Lease) bool { return l.Version > 1 })
}

// firstStart is the start of a loop that finds leases, if any, of one that ended
// before it had created all. Of a LATEST they know when it was. Another start than
// theirs is new, and doesn't count.
func firstStart(start Position, leases []Lease) Position {
	if len(leases) == 0 {
		return start
	}
	theirs := TrimHorizon()
	for _, l := range leases {
		if at := l.Position; at.kind == atTime && (theirs.kind != atTime || at.time.Before(theirs.time)) {
			theirs = at
		}
	}
	if start.kind == latest || start.Equal(theirs) {
		return theirs
	}
	return TrimHorizon()
}

type placing struct {
	start    Position
	own      map[string]Position
	listed   []Shard
	shards   map[string]*listedShard
	children map[string][]Shard // that are listed, by parent

	// trimmed are the shards that have a position of their own and are no longer
	// listed, the oldest first.
	trimmed []string
}

type listedShard struct {
	Shard
	closed   bool
	placed   bool
	start    placed
	followed bool // descendants are read from their beginning
}

// takeUp has the shards that have leases begin there, also those that have
// vanished.
func (p *placing) takeUp(l *lineage, leases []Lease) {
	for i, lease := range leases {
		start := placed{position: lease.Position, lease: &leases[i], resumed: true}
		shard := Shard{ID: lease.ShardID, Parents: lease.Parents}
		s, isListed := p.shards[lease.ShardID]
		if isListed {
			shard = s.Shard
		}
		start.vanished = !isListed && !isNewest(lease.ShardID, p.listed)
		ended := lease.Position.kind == shardEnd
		if ended && !start.vanished && lease.Version > 1 && !p.succeeded(shard) {
			start.position = Latest()
		}
		switch {
		case isListed:
			s.start = start
		case !ended || !start.vanished:
			l.add(shard, start)
		}
	}
}

// succeeded reports whether the shards that follow a closed one are listed. Should
// they not be listed yet, its last answer names them, so it is read at its end.
func (p *placing) succeeded(closed Shard) bool { return cover(p.children[closed.ID], closed) }

// leaveOut ends the shards, and their ancestors, that have no leases.
func (p *placing) leaveOut(ids []string) {
	for _, id := range ids {
		if s, ok := p.shards[id]; ok && s.start.lease == nil && s.start.position.kind != shardEnd {
			s.start.position = ShardEnd()
			p.leaveOut(s.Parents)
		}
	}
}

// place places a shard as if it had no lease.
func (p *placing) place(s *listedShard) {
	if s.placed {
		return
	}
	s.placed = true
	s.start.position = p.start
	if p.start.kind == latest {
		s.followed = !s.closed || !p.succeeded(s.Shard)
		if !s.followed {
			s.start.position = ShardEnd()
		}
	}
	for _, id := range s.Parents {
		parent, listed := p.shards[id]
		if listed {
			p.place(parent)
		}
		if listed && parent.followed || !listed && p.mayDescend(id) {
			s.start.position, s.followed = TrimHorizon(), true
		}
	}
	if position, ok := p.own[s.ID]; ok {
		s.start.position, s.followed = position, true
	}
}

// findTrimmed finds the shards that have a position of their own and are no
// longer listed.
func (p *placing) findTrimmed(stream string) error {
	var unknown []error
	for _, id := range slices.Sorted(maps.Keys(p.own)) {
		if _, listed := p.shards[id]; listed {
			continue
		}
		if !p.hasBeen(id) {
			unknown = append(unknown, fmt.Errorf("kstream: read %s: StartShards: the stream never had a shard %s", stream, id))
		}
		p.trimmed = append(p.trimmed, id)
	}
	return errors.Join(unknown...)
}

// placeTrimmed places them, unless they have leases. There is a gap if the
// position names a record; the others ask for what the shard still holds, which
// is nothing.
func (p *placing) placeTrimmed(l *lineage) {
	for _, id := range p.trimmed {
		start := placed{position: p.own[id], vanished: true}
		if !start.position.namesRecord() {
			start = placed{position: ShardEnd()}
		}
		l.add(Shard{ID: id}, start)
	}
}

// hasBeen reports whether the stream had a shard that it does not list. The
// numbers in the IDs grow, and the newest shards are always listed.
func (p *placing) hasBeen(id string) bool {
	return slices.ContainsFunc(p.listed, func(s Shard) bool {
		return slices.Contains(s.Parents, id) || isID(id) && len(id) == len(s.ID) && id < s.ID
	})
}

// mayDescend reports whether a shard that is not listed is, or may come from, one
// that has a position of its own and is not listed either. Nobody knows its
// parents any more, but they are older: their IDs are smaller.
func (p *placing) mayDescend(id string) bool { return len(p.trimmed) > 0 && id >= p.trimmed[0] }

// obsoleteLeases returns the leases of shards that were read to their end and
// are no longer listed. As long as no listed shard has a lease they are kept: a
// Store without any would have the next loop begin at the configured start.
func obsoleteLeases(listed []types.Shard, leases []Lease) []Lease {
	shards := shardsOf(listed)
	ids := make(map[string]bool, len(shards))
	for _, shard := range shards {
		ids[shard.ID] = true
	}
	var obsolete []Lease
	for _, lease := range leases {
		if !ids[lease.ShardID] && lease.Position.kind == shardEnd && !isNewest(lease.ShardID, shards) {
			obsolete = append(obsolete, lease)
		}
	}
	if !slices.ContainsFunc(leases, func(l Lease) bool { return ids[l.ShardID] }) {
		return nil
	}
	return obsolete
}
