package kstreamtest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// Quotas of RegisterStreamConsumer (API reference).
const (
	maxConsumers         = 20
	maxConsumersCreating = 5
)

// A consumer is one registered for enhanced fan-out. What it was created with
// never changes; its end is guarded by the stream's lock.
type consumer struct {
	name    string
	arn     string
	created time.Time
	active  time.Time // when it becomes ACTIVE
	ended   time.Time // when it is gone; zero until it is deregistered
	tags    map[string]string
	policy  string

	mu            sync.Mutex // guards subscriptions
	subscriptions map[uint32]*subscription
}

func (c *consumer) status(now time.Time) string {
	switch {
	case !c.ended.IsZero():
		return deleting
	case now.Before(c.active):
		return creating
	}
	return active
}

func (c *consumer) gone(now time.Time) bool { return !c.ended.IsZero() && !now.Before(c.ended) }

// settleConsumers forgets the consumers whose end has come. The stream's lock is
// held.
func (st *stream) settleConsumers(now time.Time) {
	maps.DeleteFunc(st.consumers, func(_ string, c *consumer) bool { return c.gone(now) })
}

// consumerCount counts the others. The stream's lock is held.
func (st *stream) consumerCount(now time.Time) (n int) {
	for _, c := range st.consumers {
		if !c.gone(now) {
			n++
		}
	}
	return n
}

// registerStreamConsumer implements RegisterStreamConsumer.
func (s *Server) registerStreamConsumer(c *call) error {
	st, err := s.streamOf(c)
	if err != nil {
		return err
	}
	name := c.in.string("ConsumerName")
	tags, err := mergeTags(nil, c.in.table("Tags"))
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.settleConsumers(c.now)
	if err := st.roomForConsumer(name, c.now); err != nil {
		return err
	}
	created := c.now
	con := &consumer{
		name: name, created: created, active: created.Add(s.opts.StateChange),
		arn:           st.arn + "/consumer/" + name + ":" + strconv.FormatInt(created.Unix(), 10),
		tags:          tags,
		subscriptions: make(map[uint32]*subscription),
	}
	st.consumers[name] = con
	c.out.Object()
	c.out.Key("Consumer")
	c.out.Object()
	con.write(c.out, creating) // whatever it is a moment later
	c.out.End()
	c.out.End()
	return nil
}

// roomForConsumer checks the name and the quotas. The stream's lock is held.
func (st *stream) roomForConsumer(name string, now time.Time) error {
	if st.status == creating || st.status == deleting {
		return st.mustBeActive()
	}
	if st.consumers[name] != nil {
		return errorf(resourceInUse, "Consumer %s under stream %s already exists for account %s.", name, st.name, st.account)
	}
	if len(st.consumers) >= maxConsumers {
		return errorf(limitExceeded, "Stream %s under account %s has reached the limit of %d registered consumers.", st.name, st.account, maxConsumers)
	}
	n := 0
	for _, c := range st.consumers {
		if c.status(now) == creating {
			n++
		}
	}
	if n >= maxConsumersCreating {
		return errorf(limitExceeded, "Stream %s under account %s has %d consumers in CREATING state already.", st.name, st.account, n)
	}
	return nil
}

// deregisterStreamConsumer implements DeregisterStreamConsumer.
func (s *Server) deregisterStreamConsumer(c *call) error {
	st, name, err := s.consumerInput(c)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	con, err := st.consumer(name, c.in.string("ConsumerARN"), c.now)
	if err != nil {
		return err
	}
	if con.ended.IsZero() {
		con.ended = c.now.Add(s.opts.StateChange)
	}
	con.cutAll()
	return nil
}

// describeStreamConsumer implements DescribeStreamConsumer.
func (s *Server) describeStreamConsumer(c *call) error {
	st, name, err := s.consumerInput(c)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	con, err := st.consumer(name, c.in.string("ConsumerARN"), c.now)
	if err != nil {
		return err
	}
	w := c.out
	w.Object()
	w.Key("ConsumerDescription")
	w.Object()
	con.write(w, con.status(c.now))
	w.Key("StreamARN")
	w.String(st.arn)
	w.End()
	w.End()
	return nil
}

// listStreamConsumers implements ListStreamConsumers.
func (s *Server) listStreamConsumers(c *call) error {
	st, err := s.streamOf(c)
	if err != nil {
		return err
	}
	after, err := s.listConsumersAfter(c, st)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.settleConsumers(c.now)
	limit := c.in.limit("MaxResults", maxDescribed)
	names := slices.Sorted(maps.Keys(st.consumers))
	names = slices.DeleteFunc(names, func(name string) bool { return name <= after })
	more := len(names) > limit
	names = names[:min(len(names), limit)]

	w := c.out
	w.Object()
	w.Key("Consumers")
	w.Array()
	for _, name := range names {
		con := st.consumers[name]
		w.Object()
		con.write(w, con.status(c.now))
		w.End()
	}
	w.End()
	if more {
		w.Key("NextToken")
		w.String(s.token(pageToken{operation: "ListStreamConsumers", after: names[limit-1], stream: st.name, creation: st.creationID()}, c.now))
	}
	w.End()
	return nil
}

// listConsumersAfter returns the name that the page comes after: that of the
// token of an earlier page, which stands for the stream's creation, too.
func (s *Server) listConsumersAfter(c *call, st *stream) (string, error) {
	token, created := c.in.string("NextToken"), c.in.has("StreamCreationTimestamp")
	switch {
	case token == "" && created && c.in.time("StreamCreationTimestamp").Unix() != st.created.Unix():
		return "", st.notFound()
	case token == "":
		return "", nil
	case created:
		return "", errorf(invalidArgument, "NextToken and StreamCreationTimestamp cannot be provided together.")
	}
	t, err := s.openToken(token, "ListStreamConsumers", c.now)
	if err == nil && (t.stream != st.name || t.creation != st.creationID()) {
		err = errorf(invalidArgument, "NextToken is not one of stream %s under account %s.", st.name, st.account)
	}
	return t.after, err
}

func (c *consumer) write(w *document.Writer, status string) {
	w.Key("ConsumerName")
	w.String(c.name)
	w.Key("ConsumerARN")
	w.String(c.arn)
	w.Key("ConsumerStatus")
	w.String(status)
	w.Key("ConsumerCreationTimestamp")
	w.Time(c.created)
}

// consumerInput finds the stream and the name of the consumer that a request
// means, by the consumer's ARN or by the stream's ARN and the name.
func (s *Server) consumerInput(c *call) (*stream, string, error) {
	arn, name := c.in.string("ConsumerARN"), c.in.string("ConsumerName")
	if arn != "" {
		st, err := s.streamByARN(arn, c.now)
		return st, consumerName(arn), err
	}
	if name == "" || !c.in.has("StreamARN") {
		return nil, "", errorf(invalidArgument, "Either ConsumerARN or both StreamARN and ConsumerName must be specified.")
	}
	st, err := s.streamOf(c)
	return st, name, err
}

// consumerName takes the name out of a consumer's ARN.
func consumerName(arn string) string {
	_, rest, _ := strings.Cut(arn, "/consumer/")
	name, _, _ := strings.Cut(rest, ":")
	return name
}

// consumer finds a consumer. Its ARN, if the request has one, must be the present
// one's, not that of an earlier one of the name. The stream's lock is held for
// writing.
func (st *stream) consumer(name, arn string, now time.Time) (*consumer, error) {
	st.settleConsumers(now)
	con := st.consumers[name]
	if con == nil || arn != "" && arn != con.arn {
		return nil, errorf(resourceNotFound, "Consumer %s under stream %s not found for account %s.", name, st.name, st.account)
	}
	return con, nil
}
