package kstreamtest

import (
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// commitmentTerm is how long a commitment to a minimum throughput lasts at
// least ("24 hours", developer guide, On-demand Advantage).
const commitmentTerm = 24 * time.Hour

// describeAccountSettings implements DescribeAccountSettings.
func (s *Server) describeAccountSettings(c *call) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.writeCommitment(c.out, c.now)
	return nil
}

// updateAccountSettings implements UpdateAccountSettings.
func (s *Server) updateAccountSettings(c *call) error {
	status := c.in.object("MinimumThroughputBillingCommitment").string("Status")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case status == "ENABLED" && s.commitment == nil:
		now := c.now
		s.commitment = &now
	case status == "DISABLED" && s.commitment != nil:
		if c.now.Sub(*s.commitment) < commitmentTerm {
			return errorf(validationException, "The commitment cannot be ended before %s.", javaDate(s.commitment.Add(commitmentTerm)))
		}
		s.commitment = nil
	}
	s.writeCommitment(c.out, c.now)
	return nil
}

// committed reports whether MinimumThroughputBillingCommitment is enabled.
func (s *Server) committed() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.commitment != nil
}

// writeCommitment writes the account's settings. The server's lock is held.
func (s *Server) writeCommitment(w *document.Writer, now time.Time) {
	w.Object()
	w.Key("MinimumThroughputBillingCommitment")
	w.Object()
	w.Key("Status")
	if s.commitment == nil {
		w.String("DISABLED")
	} else {
		w.String("ENABLED")
		w.Key("StartedAt")
		w.Time(*s.commitment)
		w.Key("EarliestAllowedEndAt")
		w.Time(s.commitment.Add(commitmentTerm))
	}
	w.End()
	w.End()
}
