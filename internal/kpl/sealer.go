package kpl

import "github.com/kinesiskit/kinesiskit/internal/md5x"

// A Sealer sets the checksums of many aggregated records together, which takes a fraction of the time that it takes for
// one after the other. The zero Sealer is ready. It is not safe for concurrent use.
type Sealer struct {
	messages, checksums [][]byte
	digests             [][md5x.Size]byte
}

// Add takes a record that [Builder.AppendUnsealed] has appended. It must stay as it is until Seal.
func (s *Sealer) Add(record []byte) {
	message, checksum := split(record)
	s.messages = append(s.messages, message)
	s.checksums = append(s.checksums, checksum)
}

// Seal sets the checksums of the records that were added since the last Seal, and lets go of them.
func (s *Sealer) Seal() {
	n := len(s.messages)
	if n > len(s.digests) {
		s.digests = make([][md5x.Size]byte, n+n/2)
	}
	md5x.Sums(s.digests, s.messages)
	for i, checksum := range s.checksums {
		copy(checksum, s.digests[i][:])
	}
	clear(s.messages)
	clear(s.checksums)
	s.messages, s.checksums = s.messages[:0], s.checksums[:0]
}
