package kpl

// A Sealer sets the checksums of many aggregated records together. The zero Sealer is ready. It is not safe for concurrent
// use.
type Sealer struct{ digests digests }

// Add takes a record that [Builder.AppendUnsealed] has appended. It must stay as it is until Seal.
func (s *Sealer) Add(record []byte) { s.digests.add(record) }

// Seal sets the checksums of the records that were added since the last Seal, and lets go of them.
func (s *Sealer) Seal() {
	s.digests.compute(func(_ int, sum, checksum []byte) { copy(checksum, sum) })
}
