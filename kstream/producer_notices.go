package kstream

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// notices tell OnSettled of one value after the other, in a goroutine of its
// own, so that a callback that blocks holds up no call. The values stay
// charged to the buffer, which bounds how many there can be.
type notices[T any] struct {
	sender    *sender
	onSettled func(Settlement[T])
	wake      chan struct{} // there are some, or it is the end; nil: nobody is told
	ended     chan struct{} // closed by the goroutine

	mu      sync.Mutex // guards the following
	queue   []*ticket[T]
	stopped bool
	panics  *PanicError // the first that was not returned
}

func (n *notices[T]) start(s *sender, onSettled func(Settlement[T])) {
	n.sender, n.onSettled = s, onSettled
	n.wake, n.ended = make(chan struct{}, 1), make(chan struct{})
	go n.run() // until stop
}

// add queues a settled ticket. It reports false if nobody will be told any
// more: then the Producer is closed, and has settled all that it had taken.
func (n *notices[T]) add(t *ticket[T]) bool {
	n.mu.Lock()
	if n.stopped {
		n.mu.Unlock()
		return false
	}
	n.queue = append(n.queue, t)
	first := len(n.queue) == 1
	n.mu.Unlock()
	if first {
		n.nudge()
	}
	return true
}

func (n *notices[T]) nudge() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// run tells of tickets until it is stopped and none is left. One wake-up may
// stand for several: for tickets, for more of them, and for the end.
func (n *notices[T]) run() {
	over := false
	defer func() {
		if over {
			close(n.ended)
			return
		}
		n.nudge()
		go n.run() // OnSettled has called runtime.Goexit: another one goes on
	}()
	var tickets []*ticket[T]
	for range n.wake {
		for {
			n.mu.Lock()
			tickets, n.queue = n.queue, tickets[:0]
			over = n.stopped && len(tickets) == 0
			n.mu.Unlock()
			if over {
				return
			}
			if len(tickets) == 0 {
				break
			}
			n.tellAll(tickets)
			clear(tickets)
		}
	}
}

// tellAll calls OnSettled for each ticket, and frees their room as it goes. If
// it does not get to all of them it queues the others again.
func (n *notices[T]) tellAll(tickets []*ticket[T]) {
	var parcels []*parcel
	told := 0
	defer func() {
		n.sender.release(parcels)
		if rest := tickets[told:]; len(rest) > 0 {
			n.mu.Lock()
			n.queue = slices.Concat(rest, n.queue)
			n.mu.Unlock()
		}
	}()
	for _, t := range tickets {
		told++
		refused := t.queue == nil // SendAll waits for it, and recycles it
		if !refused {
			parcels = append(parcels, &t.parcel)
		}
		n.tell(t, refused)
		if len(parcels) == releaseEvery {
			n.sender.release(parcels)
			parcels = parcels[:0]
		}
	}
}

// releaseEvery is after how many callbacks their room in the buffer is freed.
const releaseEvery = 64

// errGoexit is what a callback that ends its goroutine counts as.
var errGoexit = errors.New("it called runtime.Goexit")

// tell calls OnSettled, and counts the value as settled when it has returned.
func (n *notices[T]) tell(t *ticket[T], refused bool) {
	returned := false
	defer func() {
		if !returned {
			n.failed(recover())
		}
		if t.batch != nil {
			t.batch.told(t.index, &t.verdict)
		}
		if refused {
			t.told <- struct{}{}
		}
	}()
	n.onSettled(t.settlement())
	returned = true
}

// failed notes a callback that did not return.
func (n *notices[T]) failed(value any) {
	if value == nil {
		value = errGoexit
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.panics == nil {
		n.panics = &PanicError{Value: value, Stack: debug.Stack()}
	}
}

// stop ends the goroutine when it has told of everything. It waits for that
// until ctx ends, and then as long as it takes if no callback blocks.
func (n *notices[T]) stop(ctx context.Context) error {
	if n.wake == nil {
		return nil
	}
	n.mu.Lock()
	n.stopped = true
	n.mu.Unlock()
	n.nudge()
	select {
	case <-n.ended:
		return nil
	case <-ctx.Done():
	}
	timer := time.NewTimer(cancelGrace)
	defer timer.Stop()
	select {
	case <-n.ended:
		return nil
	case <-timer.C:
		return fmt.Errorf("kstream: close: OnSettled has not returned: %w", context.Cause(ctx))
	}
}

// panicked returns the first panic that it has not returned before.
func (n *notices[T]) panicked() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.panics == nil {
		return nil
	}
	err := n.panics
	n.panics = nil
	return err
}
