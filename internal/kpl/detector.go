package kpl

import "bytes"

// A Detector asks of many records together whether they are [Aggregated]. The zero Detector is ready. It is not safe for
// concurrent use.
type Detector struct {
	digests digests // of the promising records
	asked   []int   // which ones they are
	found   []bool
}

// Add takes a record, which must stay as it is until Detect.
func (d *Detector) Add(data []byte) {
	if promising(data) {
		d.asked = append(d.asked, len(d.found))
		d.digests.add(data)
	}
	d.found = append(d.found, false)
}

// Detect tells, of the records that were added since the last Detect, which are aggregated, and lets go of them. What it
// returns holds until the next Add.
func (d *Detector) Detect() []bool {
	found := d.found
	d.digests.compute(func(i int, sum, checksum []byte) { found[d.asked[i]] = bytes.Equal(sum, checksum) })
	d.found, d.asked = d.found[:0], d.asked[:0]
	return found
}
