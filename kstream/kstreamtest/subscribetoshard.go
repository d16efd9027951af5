package kstreamtest

import (
	"net/http"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/ratelimit"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// The rules of SubscribeToShard (API reference; the beat is what was seen).
const (
	subscriptionLife  = 5 * time.Minute
	subscriptionBeat  = 5 * time.Second // an event is sent at least this often
	subscriptionTaken = 5 * time.Second // the age from which a new call takes over
	subscribeInterval = time.Second     // calls for a consumer and shard
	maxEventBytes     = 1 << 20
)

// A subscription pushes the records of a shard to a consumer.
type subscription struct {
	s       *Server
	c       *call
	st      *stream
	con     *consumer
	sh      *shard
	started time.Time
	taken   chan struct{} // closed by the call that takes over, or by the consumer's end
	limit   *ratelimit.Bucket

	next  uint64    // the record that is sent next
	last  sequence  // the number before it
	spoke time.Time // when the last event was sent
	frame []byte
}

// subscribeToShard implements SubscribeToShard.
func (s *Server) subscribeToShard(c *call) error {
	sub, err := s.newSubscription(c)
	if err != nil {
		return err
	}
	if err := s.wait(c.ctx, s.opts.Delay-s.opts.Delay/2); err != nil {
		panic(http.ErrAbortHandler)
	}
	c.http.Header().Set("Content-Type", eventStreamType)
	sub.send(appendEvent(nil, "initial-response", []byte("{}")))
	sub.run()
	return nil
}

// newSubscription makes all checks that can fail before the stream of events
// begins, and takes over from an older subscription.
func (s *Server) newSubscription(c *call) (*subscription, error) {
	arn := c.in.string("ConsumerARN")
	st, err := s.streamByARN(arn, c.now)
	if err != nil {
		return nil, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	con, err := st.consumer(consumerName(arn), arn, c.now)
	if err != nil {
		return nil, err
	}
	if status := con.status(c.now); status != active {
		return nil, errorf(resourceInUse, "Consumer %s under stream %s not ACTIVE, instead in state %s", con.name, st.name, status)
	}
	// A stream that is UPDATING goes on being read: a reshard would otherwise
	// interrupt every consumer.
	if st.status == creating || st.status == deleting {
		return nil, st.mustBeActive()
	}
	sh, err := st.shardForRead(c.in.string("ShardId"), c.now)
	if err != nil {
		return nil, err
	}
	start := c.in.object("StartingPosition")
	next, err := s.locate(st, sh, position{
		kind: start.string("Type"), sequence: start.string("SequenceNumber"), at: start.time("Timestamp"), timed: start.has("Timestamp"),
	}, c.now)
	if err != nil {
		return nil, err
	}
	if err := c.dryRun(); err != nil {
		return nil, err
	}
	sub := &subscription{
		s: s, c: c, st: st, con: con, sh: sh, started: c.now, spoke: c.now, taken: make(chan struct{}),
		limit: newBucket(s.opts.Limits.ReadBytes), next: next, last: sh.sequenceBefore(next, c.now),
	}
	return sub, con.admit(sub)
}

// sequenceBefore is the sequence number that reading goes on after when the
// record with the index is next. The shard's lock is not held.
func (sh *shard) sequenceBefore(index uint64, now time.Time) sequence {
	if index == 0 {
		return sh.start()
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if index > sh.log.first && index <= sh.log.next {
		return sh.sequence(index-1, sh.log.at(index-1).arrival)
	}
	return sh.sequence(index-1, now.UnixMilli())
}

// admit makes a subscription the consumer's one of its shard.
func (c *consumer) admit(sub *subscription) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.subscriptions[sub.sh.index]; old != nil {
		age := sub.started.Sub(old.started)
		if age < subscribeInterval {
			return errorf(limitExceeded, "Rate exceeded for consumer %s and shard %s.", c.arn, sub.sh.id)
		}
		if age < subscriptionTaken {
			return errorf(resourceInUse, "Another active subscription exists for this consumer: %s, shard: %s.", c.arn, sub.sh.id)
		}
		old.cut()
	}
	c.subscriptions[sub.sh.index] = sub
	return nil
}

// cut ends the subscription from outside. The consumer's lock is held.
func (sub *subscription) cut() {
	if !sub.isCut() {
		close(sub.taken)
	}
}

func (sub *subscription) isCut() bool {
	select {
	case <-sub.taken:
		return true
	default:
		return false
	}
}

// cutAll ends all subscriptions of the consumer.
func (c *consumer) cutAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, sub := range c.subscriptions {
		sub.cut()
	}
}

// run sends events until the subscription's time is over, the shard has ended,
// or somebody ends it.
func (sub *subscription) run() {
	for {
		now := time.Now()
		if now.Sub(sub.started) >= subscriptionLife {
			return
		}
		sub.st.settle(now)
		a, changed, err := sub.look(now)
		if err != nil {
			sub.fail(err)
			return
		}
		beat := now.Sub(sub.spoke) >= subscriptionBeat
		if a.page.count > 0 || a.ended || beat {
			if !sub.event(a, now) || a.ended {
				return
			}
			continue
		}
		if !sub.pause(sub.until(now), changed) {
			return
		}
	}
}

// look returns what there is to send, and a channel that is closed when there
// is more.
func (sub *subscription) look(now time.Time) (answer, <-chan struct{}, error) {
	st, sh := sub.st, sub.sh
	st.mu.RLock()
	defer st.mu.RUnlock()
	switch {
	case st.gone || st.status == deleting:
		return answer{}, nil, st.notFound()
	case !sub.con.ended.IsZero():
		return answer{}, nil, errorf(resourceNotFound, "Consumer %s was deregistered.", sub.con.arn)
	case sub.isCut():
		return answer{}, nil, errorf(resourceInUse, "Another subscription took over for this consumer: %s, shard: %s.", sub.con.arn, sub.sh.id)
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sub.s.trimLocked(st, sh, now)
	if sh.changed == nil {
		sh.changed = make(chan struct{})
	}
	if sub.limit != nil && sub.limit.Level(now) < 0 {
		// Nothing yet: the last events were more than a second may carry.
		return answer{next: sub.next, behind: sh.behind(sub.next, now)}, sh.changed, nil
	}
	return sh.page(sub.next, maxGetRecords, maxEventBytes, now), sh.changed, nil
}

// until is how long to wait when nothing happens.
func (sub *subscription) until(now time.Time) time.Duration {
	wait := min(subscriptionBeat-now.Sub(sub.spoke), subscriptionLife-now.Sub(sub.started))
	if sub.limit != nil && sub.limit.Level(now) < 0 {
		wait = min(wait, sub.limit.Wait(now, 1))
	}
	sub.st.mu.RLock()
	defer sub.st.mu.RUnlock()
	if t := sub.st.pending; t != nil {
		wait = min(wait, t.at.Sub(now))
	}
	return max(wait, time.Nanosecond)
}

// pause waits. It is false when the client or the server ends.
func (sub *subscription) pause(d time.Duration, changed <-chan struct{}) bool {
	if sub.limit != nil && sub.limit.Level(time.Now()) < 0 {
		changed = nil // more records change nothing
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-changed:
	case <-sub.taken:
	case <-sub.c.ctx.Done():
		return false
	case <-sub.s.lifetime.Done():
		return false
	}
	return true
}

// event sends one event. It is false when the subscription ends with it.
func (sub *subscription) event(a answer, now time.Time) bool {
	t := target{operation: "SubscribeToShard", stream: sub.st.name, shard: sub.sh.id}
	if f, hit := sub.s.strike(Cut, t, now); hit {
		if f.Code == "" {
			panic(http.ErrAbortHandler)
		}
		sub.fail(errorf(f.Code, "A fault was injected."))
		return false
	}
	if a.page.count > 0 {
		sub.next = a.next
		sub.last = sub.sh.sequenceBefore(a.next, now)
	}
	if sub.limit != nil {
		sub.limit.Charge(now, int64(a.page.bytes))
	}
	sub.spoke = now
	sub.sh.counters.sent(a.page.count, a.page.bytes)
	w := document.NewWriter(document.JSON, nil)
	sub.write(w, a)
	sub.frame = appendEvent(sub.frame[:0], "SubscribeToShardEvent", w.Bytes())
	return sub.send(sub.frame)
}

// write writes an event's payload. The last event of a shard has ChildShards
// and no ContinuationSequenceNumber (as KCL's ShardConsumerSubscriber wants it).
func (sub *subscription) write(w *document.Writer, a answer) {
	w.Object()
	w.Key("Records")
	sub.sh.writeRecords(w, a.page)
	if a.ended {
		w.Key("ChildShards")
		sub.st.mu.RLock()
		sub.sh.writeChildren(w)
		sub.st.mu.RUnlock()
	} else {
		w.Key("ContinuationSequenceNumber")
		w.String(sub.last.String())
	}
	w.Key("MillisBehindLatest")
	w.Int(a.behind)
	w.End()
}

// fail ends the stream of events with an exception.
func (sub *subscription) fail(err error) {
	e, ok := err.(*apiError)
	if !ok {
		e = &apiError{code: internalFailure, message: err.Error()}
	}
	w := document.NewWriter(document.JSON, nil)
	w.Object()
	w.Key("message")
	w.String(e.message)
	w.End()
	sub.send(appendException(nil, e.code, w.Bytes()))
}

// send writes to the client at once. It is false when the client has gone.
func (sub *subscription) send(message []byte) bool {
	if _, err := sub.c.http.Write(message); err != nil {
		return false
	}
	return http.NewResponseController(sub.c.http).Flush() == nil
}
