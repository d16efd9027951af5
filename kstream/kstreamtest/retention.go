package kstreamtest

import "time"

// increaseRetention implements IncreaseStreamRetentionPeriod.
func (s *Server) increaseRetention(c *call) error {
	hours := c.in.int("RetentionPeriodHours")
	return s.setRetention(c, func(st *stream) error {
		if now := int64(st.retention.Hours()); hours < now {
			return errorf(invalidArgument, "Requested retention period (%d hours) for stream %s can not be shorter than existing retention period (%d hours). Use DecreaseRetentionPeriod API.", hours, st.name, now)
		}
		return nil
	})
}

// decreaseRetention implements DecreaseStreamRetentionPeriod.
func (s *Server) decreaseRetention(c *call) error {
	hours := c.in.int("RetentionPeriodHours")
	return s.setRetention(c, func(st *stream) error {
		if now := int64(st.retention.Hours()); hours > now {
			return errorf(invalidArgument, "Requested retention period (%d hours) for stream %s can not be longer than existing retention period (%d hours). Use IncreaseRetentionPeriod API.", hours, st.name, now)
		}
		return nil
	})
}

// setRetention checks the bounds and then what check says. What the old
// retention no longer kept does not come back with a longer one.
func (s *Server) setRetention(c *call, check func(*stream) error) error {
	hours := c.in.int("RetentionPeriodHours")
	least, most := int64(defaultRetention.Hours()), int64(maxRetention.Hours())
	if hours < least {
		return errorf(invalidArgument, "Minimum allowed retention period is %d hours. Requested retention period (%d hours) is too short.", least, hours)
	}
	if hours > most {
		return errorf(invalidArgument, "Maximum allowed retention period is %d hours. Requested retention period (%d hours) is too long.", most, hours)
	}
	return s.change(c, check, func(st *stream, now time.Time) {
		for _, sh := range st.shards {
			s.trim(st, sh, now)
		}
		st.retention = time.Duration(hours) * time.Hour
	})
}
