package kpl

import "github.com/kinesiskit/kinesiskit/internal/md5x"

// digests computes the checksums of many aggregated records together, which takes a fraction of the time that it takes
// for one after the other.
type digests struct {
	messages, checksums [][]byte
	sums                [][md5x.Size]byte
}

func (d *digests) add(record []byte) {
	message, checksum := split(record)
	d.messages = append(d.messages, message)
	d.checksums = append(d.checksums, checksum)
}

// compute calls f for each record that was added since the last time, with the sum of its message and the place of its
// checksum, and lets go of them.
func (d *digests) compute(f func(i int, sum, checksum []byte)) {
	if n := len(d.messages); n > len(d.sums) {
		d.sums = make([][md5x.Size]byte, n+n/2)
	}
	md5x.Sums(d.sums, d.messages)
	for i, checksum := range d.checksums {
		f(i, d.sums[i][:], checksum)
	}
	clear(d.messages)
	clear(d.checksums)
	d.messages, d.checksums = d.messages[:0], d.checksums[:0]
}
