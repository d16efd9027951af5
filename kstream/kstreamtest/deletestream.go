package kstreamtest

import "time"

// deleteStream implements DeleteStream.
func (s *Server) deleteStream(c *call) error {
	st, err := s.streamOf(c)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.status == deleting {
		return st.mustBeActive()
	}
	st.settleConsumers(c.now)
	if len(st.consumers) > 0 && !c.in.bool("EnforceConsumerDeletion") {
		return errorf(resourceInUse, "Stream %s under account %s has consumers registered. Deregister them, or set EnforceConsumerDeletion.", st.name, st.account)
	}
	st.change(c.now, deleting, s.opts.StateChange, func(now time.Time) {
		st.gone = true
		for _, sh := range st.shards {
			if sh.isOpen() {
				st.close(sh, now)
			}
			s.release(sh.drop())
		}
	})
	return nil
}

// drop forgets a shard's records and returns the memory that was given back.
func (sh *shard) drop() int64 {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	freed := sh.log.memory()
	sh.log = recordLog{first: sh.log.next, next: sh.log.next, last: sh.log.last}
	sh.wake()
	return freed
}
