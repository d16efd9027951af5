package kstream

import (
	"cmp"
	"slices"
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
	// themselves or for one before them to be done, but for those that compact
	// has left out. open are not done. The first that waits has the number first,
	// the next to be handed out has the number next.
	tickets     []openTicket
	open        int
	first, next uint64
}

type openTicket struct {
	number uint64
	seq    string
	sub    int64
	done   bool
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
	number := p.next
	p.tickets = append(p.tickets, openTicket{number: number, seq: seq, sub: sub})
	p.next++
	p.open++
	return number
}

// finish takes note that the record of a ticket is done. It returns how many
// have been, with all before them, since the last save was tried.
func (p *progress) finish(number uint64) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, waits := slices.BinarySearchFunc(p.tickets, number, func(t openTicket, n uint64) int { return cmp.Compare(t.number, n) })
	if !waits || p.tickets[i].done {
		return p.since
	}
	p.undone.Add(-1)
	p.open--
	p.tickets[i].done = true
	n := 0
	for n < len(p.tickets) && p.tickets[n].done {
		n++
	}
	if n == 0 {
		p.compact()
		return p.since
	}
	last := p.tickets[n-1]
	p.at, p.changed = AfterRecord(last.seq, last.sub), true
	p.since += int(last.number + 1 - p.first)
	p.first = last.number + 1
	clear(p.tickets[:n])
	p.tickets = p.tickets[n:]
	p.checkEnd()
	return p.since
}

// fewTickets is how many tickets are kept without a look at which are needed.
const fewTickets = 1024

// compact leaves out tickets that are done and have one behind them that is: the
// position will pass both at once. Otherwise a single record that is never marked
// would keep the tickets of all after it, and their sequence numbers would keep
// the answers that they came in. Callers hold mu.
func (p *progress) compact() {
	if len(p.tickets) < 4*p.open+fewTickets {
		return
	}
	needed := p.tickets[:0]
	for i, t := range p.tickets {
		if !t.done || i+1 == len(p.tickets) || !p.tickets[i+1].done {
			needed = append(needed, t)
		}
	}
	clear(p.tickets[len(needed):])
	p.tickets = needed
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
// record, if that and all before it are done; or nothing at all, if it was read
// from its beginning or a time on.
func (p *progress) caughtUp(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at = at.Truncate(time.Second).UTC()
	start := AtTime(at.Add(-trimMargin)) // arrival times are approximate
	switch {
	case len(p.tickets) > 0:
	case p.at.kind == afterRecord && p.at.time.Before(at):
		p.at.time, p.changed = at, true
	case p.at.kind == trimHorizon, p.at.kind == atTime && p.at.time.Before(start.time):
		p.at, p.changed = start, true
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
