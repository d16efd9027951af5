package kstream

import (
	"sync"
	"sync/atomic"
	"time"
)

// progress is how far the records of one shard are done: all that came before
// a position. The loop reports to it record by record, in order; with tickets
// in any order.
type progress struct {
	undone *atomic.Int64 // tickets of the whole loop that are out

	mu      sync.Mutex // guards what follows
	at      Position
	ended   bool // the shard's last record has been handed out
	changed bool // since the last save
	since   int  // records that were done since the last save was tried

	// tickets are the records that were handed out and wait, in order, for
	// themselves or for one before them to be done. The first has the number
	// first.
	tickets []openTicket
	first   uint64
}

type openTicket struct {
	seq  string
	sub  int64
	done bool
}

// mark takes note that a record, and with it all before, is done. It returns
// how many have been since the last save was tried.
func (p *progress) mark(seq string, sub int64) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.changed = AfterRecord(seq, sub), true
	p.since++
	return p.since
}

// hand takes note that a record was handed out, and returns its ticket.
func (p *progress) hand(seq string, sub int64) uint64 {
	p.undone.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tickets = append(p.tickets, openTicket{seq: seq, sub: sub})
	return p.first + uint64(len(p.tickets)) - 1
}

// finish takes note that the record of a ticket is done. It returns how many
// have been, with all before them, since the last save was tried.
func (p *progress) finish(number uint64) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if number < p.first || p.tickets[number-p.first].done {
		return p.since
	}
	p.undone.Add(-1)
	p.tickets[number-p.first].done = true
	n := 0
	for n < len(p.tickets) && p.tickets[n].done {
		n++
	}
	if n == 0 {
		return p.since
	}
	last := p.tickets[n-1]
	p.at, p.changed = AfterRecord(last.seq, last.sub), true
	p.since += n
	p.first += uint64(n)
	clear(p.tickets[:n])
	p.tickets = p.tickets[n:]
	p.checkEnd()
	return p.since
}

// end takes note that the shard's last record has been handed out.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.checkEnd()
}

// checkEnd moves to the shard's end when all is done. Callers hold mu.
func (p *progress) checkEnd() {
	if p.ended && len(p.tickets) == 0 {
		p.at, p.changed = ShardEnd(), true
	}
}

// caughtUp takes note that the shard, at a time, held nothing after the last
// record, if that and all before it are done.
func (p *progress) caughtUp(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at = at.Truncate(time.Second).UTC()
	if len(p.tickets) == 0 && p.at.kind == afterRecord && p.at.time.Before(at) {
		p.at.time, p.changed = at, true
	}
}

// unsaved returns the position if it has changed, and takes it as being saved.
func (p *progress) unsaved() (Position, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := p.changed
	p.changed, p.since = false, 0
	return p.at, changed
}

// notSaved takes back what unsaved supposed.
func (p *progress) notSaved() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed = true
}
