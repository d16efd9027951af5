package kstreamtest

import "time"

// startEncryption implements StartStreamEncryption, as state only: answers and
// records say KMS from then on.
func (s *Server) startEncryption(c *call) error {
	return s.change(c, c.wantKMS, func(st *stream, now time.Time) {
		st.encryption, st.keyID = "KMS", c.in.string("KeyId")
	})
}

// stopEncryption implements StopStreamEncryption.
func (s *Server) stopEncryption(c *call) error {
	return s.change(c, c.wantKMS, func(st *stream, now time.Time) {
		st.encryption, st.keyID = "", ""
	})
}

// wantKMS refuses the type NONE: "the only valid value is KMS" (API reference).
func (c *call) wantKMS(*stream) error {
	if t := c.in.string("EncryptionType"); t != "KMS" {
		return errorf(invalidArgument, "EncryptionType %s is not valid; the only valid value is KMS.", t)
	}
	return nil
}
