package kstream

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/klauspost/compress/zstd"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
)

const (
	// memberBytes is the most that the aggregate's format adds to a member's
	// data: three tags, two lengths and an index. A key, once in the table,
	// costs keyBytes more than its text.
	memberBytes = 14
	keyBytes    = 4

	// aggregateFrame is the rest of an aggregate: magic number and checksum,
	// and the outer partition key that counts too.
	aggregateFrame = 4 + 16 + len(kpl.OuterPartitionKey)
)

const (
	// firstRatio is what compression is taken for until the first result, and
	// ratioWeight how much a result weighs against those before.
	firstRatio  = 0.5
	ratioWeight = 0.1

	// compressMargin keeps most compressed aggregates within their bound,
	// though their sizes are only known afterwards.
	compressMargin = 0.96
)

// packing is what the sender knows of its aggregates' sizes before they are
// packed. It is guarded by sender.mu, but for the compressor.
type packing struct {
	compressor *zstd.Encoder // nil: not compressed; safe for concurrent use
	ratio      float64       // of sent to packed bytes; 0: not compressed
}

// learn takes the size of a compressed aggregate into account: at once if it
// was too large to be written, so that it is packed smaller the next time.
func (p *packing) learn(raw, sent int) {
	if p.ratio == 0 || raw == 0 {
		return
	}
	weight := ratioWeight
	if sent > minRecordLimit {
		weight = 1
	}
	p.ratio += weight * (float64(sent)/float64(raw) - p.ratio)
}

// estimate returns how many bytes of data will be sent.
func (p *packing) estimate(bytes int) int {
	if p.ratio == 0 {
		return bytes
	}
	return int(float64(bytes) * p.ratio)
}

// rawLimit returns how much to pack for a number of bytes to be sent.
func (p *packing) rawLimit(bytes int) int {
	if p.ratio == 0 {
		return bytes
	}
	return min(int(compressMargin*float64(bytes)/p.ratio), maxCallBytes/2)
}

// memberSize returns what p adds to an aggregate that ends with last, at most.
func memberSize(p, last *parcel) int {
	n := len(p.data) + memberBytes
	if last == nil || p.key != last.key {
		n += len(p.key) + keyBytes
	}
	if p.hashKey != "" {
		n += len(p.hashKey) + keyBytes
	}
	return n
}

// takeAggregate moves parcels from q to c as one entry, first p. An aggregate
// that is not full waits until its first parcel has lingered. A parcel that is
// too large for one is sent as it is.
func (s *sender) takeAggregate(q *sendQueue, c *call, p *parcel, now time.Duration) bool {
	limit := s.packing.rawLimit(s.aggregateBytes)
	first := aggregateFrame + memberSize(p, nil)
	if first > limit && s.packing.ratio == 0 {
		return s.takeOne(q, c, p, now)
	}
	records, bytes := q.behind(p)
	available := bytes + records*memberBytes
	if available < limit && !s.due(q, p, now) {
		return false
	}
	raw := min(max(limit, first), available+aggregateFrame)
	if !c.fits(raw) {
		c.full = true
		return false
	}
	if q.pace.wait(now, 1, s.packing.estimate(raw)) > 0 {
		return false
	}
	c.begin(q, 0)
	size := s.gather(q, c, p, limit, now)
	e := &c.entries[len(c.entries)-1]
	e.raw, e.size = size, s.packing.estimate(size)
	c.bytes += size
	c.grown()
	q.pace.charge(now, e.size) // it may be more than was waited for
	return true
}

// gather moves p and what follows it from q to c, up to a number of bytes.
func (s *sender) gather(q *sendQueue, c *call, p *parcel, limit int, now time.Duration) int {
	size, taken := aggregateFrame, 0
	var last *parcel
	for p != nil {
		more := memberSize(p, last)
		if taken > 0 && size+more > limit {
			break
		}
		s.leave(q, p)
		c.add(p)
		size += more
		last = p
		taken++
		if p = s.follow(last); p == nil {
			p = q.first(now)
		}
	}
	return size
}

// due tells whether q's first parcel should not wait for others any longer.
func (s *sender) due(q *sendQueue, p *parcel, now time.Duration) bool {
	return q.hurried > 0 || p.list == &q.retry || p.epoch != s.epoch || p.accepted+s.linger <= now
}

// A packer turns the parcels of a call into its records. It belongs to a call
// and keeps its memory from one use to the next.
type packer struct {
	builder  kpl.Builder
	sealer   kpl.Sealer
	buf      []byte
	outerKey string
	hashKeys []string
	raw      []byte // an aggregate to be compressed
}

// pack makes the call's records.
func (s *sender) pack(c *call) {
	k := &c.packer
	k.outerKey = kpl.OuterPartitionKey
	k.buf = k.buf[:0]
	k.hashKeys = append(k.hashKeys[:0], make([]string, len(c.entries))...)
	for i := range c.entries {
		e := &c.entries[i]
		var r types.PutRecordsRequestEntry
		if len(e.parcels) == 1 && s.packing.compressor == nil {
			r = s.plainRecord(e.parcels[0])
		} else {
			r = s.aggregate(k, e, i)
		}
		e.sent = len(r.Data) + len(aws.ToString(r.PartitionKey))
		c.records = append(c.records, r)
	}
	k.sealer.Seal()
}

func (s *sender) plainRecord(p *parcel) types.PutRecordsRequestEntry {
	r := types.PutRecordsRequestEntry{Data: p.data}
	if p.key != "" { // else the stream has AUTO distribution
		r.PartitionKey = &p.key
	}
	if p.hashKey != "" {
		r.ExplicitHashKey = &p.hashKey
	}
	return r
}

// addKeys gives the entries of a call that have no key one, and has the stream
// looked at. It reports whether there were any.
func (s *sender) addKeys(c *call, from, to int) bool {
	added := false
	for i := from; i < to; i++ {
		if c.records[i].PartitionKey != nil {
			continue
		}
		key, p := drawKey(), c.entries[i].parcels[0]
		p.key = key.text
		p.place(key.hash)
		c.records[i].PartitionKey = &p.key
		c.entries[i].sent += len(p.key)
		added = true
	}
	if added {
		s.mu.Lock()
		s.startListing()
		s.mu.Unlock()
	}
	return added
}

func (s *sender) aggregate(k *packer, e *callEntry, i int) types.PutRecordsRequestEntry {
	for _, p := range e.parcels {
		k.builder.Add(kpl.Member{PartitionKey: p.key, ExplicitHashKey: p.hashKey, Data: p.data})
	}
	// A buffer that has to grow leaves the aggregates before in the old one.
	start := len(k.buf)
	if z := s.packing.compressor; z == nil {
		k.buf = k.builder.AppendUnsealed(k.buf)
		k.sealer.Add(k.buf[start:])
	} else {
		k.raw = k.builder.AppendTo(k.raw[:0])
		k.buf = appendEnvelope(k.buf, z, k.raw)
	}
	k.builder.Reset()
	data := k.buf[start:len(k.buf):len(k.buf)]
	if s.packing.compressor != nil && len(e.parcels) == 1 && len(data) >= len(e.parcels[0].data) {
		return s.plainRecord(e.parcels[0])
	}
	k.hashKeys[i] = e.parcels[0].hash().String()
	return types.PutRecordsRequestEntry{Data: data, PartitionKey: &k.outerKey, ExplicitHashKey: &k.hashKeys[i]}
}
