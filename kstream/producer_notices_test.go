package kstream

import (
	"testing"
	"testing/synctest"
)

// TestTheEndMayShareAWakeUp stops the goroutine while the wake-up for its last
// tickets is still under way: it must see both.
func TestTheEndMayShareAWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := NewProducer(newPutStub().client(), ProducerConfig[string]{Stream: "s"})
		if err != nil {
			t.Fatal(err)
		}
		var n notices[string]
		told := 0
		n.sender, n.onSettled = p.sender, func(Settlement[string]) { told++ }
		n.wake, n.ended = make(chan struct{}, 1), make(chan struct{})
		ticket := p.tickets.Get().(*ticket[string])
		n.add(ticket)
		n.stopped = true
		n.nudge() // which finds the wake-up of add
		go n.run()
		synctest.Wait()
		select {
		case <-n.ended:
		default:
			t.Error("the goroutine waits for another wake-up")
			n.nudge()
		}
		if told != 1 {
			t.Errorf("told of %d tickets", told)
		}
		closeProducer(t, p)
	})
}
