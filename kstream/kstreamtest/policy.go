package kstreamtest

import "encoding/json"

// putPolicy implements PutResourcePolicy. Policies are kept and change nothing.
func (s *Server) putPolicy(c *call) error {
	policy := c.in.string("Policy")
	if !json.Valid([]byte(policy)) {
		return errorf(invalidArgument, "Policy is not a JSON document.")
	}
	return s.withPolicy(c, func(p *string) { *p = policy })
}

// deletePolicy implements DeleteResourcePolicy.
func (s *Server) deletePolicy(c *call) error {
	return s.withPolicy(c, func(p *string) { *p = "" })
}

// getPolicy implements GetResourcePolicy.
func (s *Server) getPolicy(c *call) error {
	policy := ""
	if err := s.withPolicy(c, func(p *string) { policy = *p }); err != nil {
		return err
	}
	if policy == "" {
		return errorf(resourceNotFound, "No resource policy found for resource %s.", c.in.string("ResourceARN"))
	}
	c.out.Object()
	c.out.Key("Policy")
	c.out.String(policy)
	c.out.End()
	return nil
}

func (s *Server) withPolicy(c *call, f func(*string)) error {
	st, con, err := s.resource(c)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if con == "" {
		f(&st.policy)
		return nil
	}
	found, err := st.consumer(con, c.in.string("ResourceARN"), c.now)
	if err != nil {
		return err
	}
	f(&found.policy)
	return nil
}
