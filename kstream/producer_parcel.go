package kstream

import (
	"cmp"
	"slices"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// A parcel is the bytes of one value on their way into the stream. It is part
// of a ticket, which knows the value.
//
// The goroutine in Send fills it. From enqueue until it is settled it belongs
// to the sender: its fields are guarded by sender.mu, but for key, hashKey and
// data, which do not change and which a call reads without the lock.
type parcel struct {
	next, prev *parcel
	list       *parcelList // that it is in

	owner    settler
	key      string
	hashKey  string        // explicit, decimal; "" if there is none
	placed   shardmap.Hash // its hash key, if that was needed
	isPlaced bool          // placed is set
	data     []byte

	queue     *sendQueue  // that it is charged to
	lane      *lane       // of its key, in an ordered sender
	waiter    *roomWaiter // its caller, while it waits for room
	epoch     *epoch
	group     *group
	size      int           // data and key, which it is charged with
	number    int64         // later parcels have larger ones
	accepted  time.Duration // on the sender's clock
	notBefore time.Duration // when it may be tried again
	attempts  int           // calls that carried it
	hurried   bool          // somebody waits: do not linger
	abandoned bool          // its caller has gone: do not report it
	held      bool          // it is in group.failed
	unsure    bool          // it may be in the stream: an answer was lost, or was no proof
	verdict   verdict
}

// place sets the parcel's hash key.
func (p *parcel) place(h shardmap.Hash) { p.placed, p.isPlaced = h, true }

// hash returns the parcel's hash key.
func (p *parcel) hash() shardmap.Hash {
	if p.isPlaced {
		return p.placed
	}
	return shardmap.OfKey(p.key)
}

// settler is the typed end of a parcel.
type settler interface {
	// settled takes note of the verdict, before anybody who waits for all
	// verdicts is told that there are no more.
	settled() disposition

	// inGroup follows when the parcel is held, in its group: the sender's lock
	// is held too.
	inGroup()

	// done follows when the parcel is finished and no longer the sender's.
	done()
}

// A disposition is what remains to be done with a settled parcel.
type disposition int

const (
	finished disposition = iota // nothing
	kept                        // it stays charged until the owner releases it
	held                        // it stays charged, in its group, until somebody fetches it
)

// A verdict is what became of a parcel.
type verdict struct {
	outcome   Outcome // 0: still on its way
	withdrawn bool    // it failed for a reason that is not its own
	receipt   Receipt
	err       error
}

// again tells whether who goes on later has to send the value again.
func (v *verdict) again() bool { return v.withdrawn || v.outcome == MaybeDelivered }

// fail settles a parcel that will not be tried again.
func (p *parcel) fail(err error) {
	p.verdict.outcome = Failed
	if p.unsure {
		p.verdict.outcome = MaybeDelivered
	}
	p.verdict.receipt.Attempts = p.attempts
	p.verdict.err = err
}

// withdraw settles a parcel that might have been delivered, had nobody given
// it up.
func (p *parcel) withdraw(err error) {
	p.fail(err)
	p.verdict.withdrawn = true
}

// parcelList is a list through the parcels themselves, so that a parcel whose
// caller has gone can leave from the middle, and nothing is allocated.
type parcelList struct {
	head, tail *parcel
	records    int
	bytes      int
}

func (l *parcelList) pushBack(p *parcel)  { l.insert(l.tail, p) }
func (l *parcelList) pushFront(p *parcel) { l.insert(nil, p) }

// insert puts p behind after, nil: at the front.
func (l *parcelList) insert(after, p *parcel) {
	next := l.head
	if after != nil {
		next = after.next
		after.next = p
	} else {
		l.head = p
	}
	if next != nil {
		next.prev = p
	} else {
		l.tail = p
	}
	p.list, p.prev, p.next = l, after, next
	l.records++
	l.bytes += p.size
}

func (l *parcelList) remove(p *parcel) {
	if p.prev == nil {
		l.head = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		l.tail = p.prev
	} else {
		p.next.prev = p.prev
	}
	p.list, p.prev, p.next = nil, nil, nil
	l.records--
	l.bytes -= p.size
}

// popFront takes the first parcel, nil if there is none.
func (l *parcelList) popFront() *parcel {
	p := l.head
	if p != nil {
		l.remove(p)
	}
	return p
}

// sort brings the parcels into the order in which they were accepted.
func (l *parcelList) sort() {
	all := make([]*parcel, 0, l.records)
	for p := l.popFront(); p != nil; p = l.popFront() {
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(a, b *parcel) int { return cmp.Compare(a.accepted, b.accepted) })
	for _, p := range all {
		l.pushBack(p)
	}
}

// A group are parcels that one call of SendAll, or all calls of Send, answer
// for. It is guarded by sender.mu.
type group struct {
	failed parcelList // of which nobody was told
	ended  error      // why they are not tried again; nil: they are
	allEnd bool       // when one of them ends for a reason that holds for all
	heir   *group     // who answers for them since SendAll has returned
}

// An epoch counts the parcels that were accepted between two Flushes and are
// not settled. Its chain of predecessors is all that is still to wait for.
type epoch struct {
	pending int
	sealed  bool          // a Flush has begun a new one
	done    chan struct{} // closed when sealed and none is pending
	before  *epoch
}

func newEpoch(before *epoch) *epoch {
	return &epoch{done: make(chan struct{}), before: before}
}

// settleOne counts a parcel as settled; the caller holds sender.mu.
func (e *epoch) settleOne() {
	e.pending--
	if e.sealed && e.pending == 0 {
		close(e.done)
	}
}
