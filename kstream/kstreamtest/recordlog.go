package kstreamtest

import (
	"encoding/binary"
	"iter"
	"sort"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// A recordLog holds the records of a shard, each known by its index, which
// starts at 0 and never changes. Records lie one behind the other in chunks of
// up to a megabyte that hold no pointers, so ten million of them cost the
// garbage collector nothing and the memory little more than their bytes.
//
// What was appended never changes and never moves: a page taken under the
// shard's lock can be read after it was released.
type recordLog struct {
	chunks []chunk // oldest first
	first  uint64  // the oldest record that is still there
	next   uint64  // the index the next record gets
	last   int64   // the newest record's arrival, milliseconds since 1970
	size   int64   // of the chunks' contents
}

// A chunk holds consecutive records:
//
//	flags 1 byte | length of the key 2 | arrival 8 | explicit hash key 16, if flagged | key | data
type chunk struct {
	first uint64   // index of its first record
	ends  []uint32 // where each record ends in buf
	buf   []byte   // appended to within its capacity only
}

const (
	minChunk     = 4 << 10
	maxChunk     = 1 << 20
	recordHeader = 1 + 2 + 8
	hashBytes    = 16 // of an explicit hash key
	// recordOverhead is what a record takes beside its keys and data.
	recordOverhead = recordHeader + 4
)

// Flags of a record.
const (
	flagKey       = 1 << iota // it has a partition key
	flagHash                  // it was put with an explicit hash key
	flagEncrypted             // the stream was encrypted
)

// A storedRecord is a record as the log holds it. Its slices are the log's own.
type storedRecord struct {
	flags   byte
	arrival int64 // milliseconds since 1970
	hash    shardmap.Hash
	key     []byte
	data    []byte
}

// size is what the service counts of a record: its key and its data.
func (r *storedRecord) size() int { return len(r.key) + len(r.data) }

// memory is what the record takes in a log: what trim gives back for it.
func (r *storedRecord) memory() int64 {
	n := r.size() + recordOverhead
	if r.flags&flagHash != 0 {
		n += hashBytes
	}
	return int64(n)
}

// append adds a record and returns its index. Arrival times do not go back.
func (l *recordLog) append(r *storedRecord) uint64 {
	size := recordHeader + len(r.key) + len(r.data)
	if r.flags&flagHash != 0 {
		size += hashBytes
	}
	c := l.tail(size)
	l.last = max(l.last, r.arrival)
	c.buf = append(c.buf, r.flags)
	c.buf = binary.LittleEndian.AppendUint16(c.buf, uint16(len(r.key)))
	c.buf = binary.LittleEndian.AppendUint64(c.buf, uint64(l.last))
	if r.flags&flagHash != 0 {
		c.buf = binary.LittleEndian.AppendUint64(c.buf, r.hash.Hi)
		c.buf = binary.LittleEndian.AppendUint64(c.buf, r.hash.Lo)
	}
	c.buf = append(c.buf, r.key...)
	c.buf = append(c.buf, r.data...)
	c.ends = append(c.ends, uint32(len(c.buf)))
	l.size += int64(size)
	l.next++
	return l.next - 1
}

// tail returns a chunk that has room for size bytes. A new one is a sixteenth of
// what there is, so that its empty part does not weigh.
func (l *recordLog) tail(size int) *chunk {
	if n := len(l.chunks); n > 0 {
		if c := &l.chunks[n-1]; cap(c.buf)-len(c.buf) >= size {
			return c
		}
	}
	capacity := min(max(minChunk, int(l.size/16)), maxChunk)
	l.chunks = append(l.chunks, chunk{first: l.next, buf: make([]byte, 0, max(capacity, size))})
	return &l.chunks[len(l.chunks)-1]
}

// trim drops the records that arrived before horizon and returns the memory
// that was given back.
func (l *recordLog) trim(horizon int64) (freed int64) {
	if l.first == l.next || l.at(l.first).arrival >= horizon {
		return 0
	}
	l.first = l.search(horizon)
	for len(l.chunks) > 0 && l.chunks[0].end() <= l.first {
		freed += l.chunks[0].memory()
		l.size -= int64(len(l.chunks[0].buf))
		l.chunks[0] = chunk{}
		l.chunks = l.chunks[1:]
	}
	return freed
}

// memory is what the records take.
func (l *recordLog) memory() (total int64) {
	for i := range l.chunks {
		total += l.chunks[i].memory()
	}
	return total
}

// search returns the index of the first record that arrived at or after the
// time, which is next when there is none.
func (l *recordLog) search(arrival int64) uint64 {
	n := sort.Search(int(l.next-l.first), func(i int) bool {
		return l.at(l.first+uint64(i)).arrival >= arrival
	})
	return l.first + uint64(n)
}

// at returns a record that is still there.
func (l *recordLog) at(index uint64) storedRecord {
	c := &l.chunks[l.chunkOf(index)]
	return c.at(int(index - c.first))
}

func (l *recordLog) chunkOf(index uint64) int {
	return sort.Search(len(l.chunks), func(i int) bool { return l.chunks[i].end() > index })
}

// A page is a run of records that is read without the shard's lock.
type page struct {
	chunks []chunk
	from   uint64 // index of its first record
	count  int
	bytes  int // keys and data
}

// page returns up to limit records from an index on, which is moved to the
// oldest that is left. It ends before the record that would bring it over
// maxBytes, but holds at least one.
func (l *recordLog) page(from uint64, limit, maxBytes int) page {
	p := page{from: max(from, l.first)}
	if p.from >= l.next {
		return p
	}
	start := l.chunkOf(p.from)
	for n := start; n < len(l.chunks); n++ {
		c := &l.chunks[n]
		p.chunks = l.chunks[start : n+1]
		for i := int(max(p.from, c.first) - c.first); i < len(c.ends); i++ {
			r := c.at(i)
			if p.count == limit || p.count > 0 && p.bytes+r.size() > maxBytes {
				return p.detach()
			}
			p.count++
			p.bytes += r.size()
		}
	}
	return p.detach()
}

// detach copies what later appends change.
func (p page) detach() page {
	p.chunks = append([]chunk(nil), p.chunks...)
	return p
}

// all yields the records with their indices.
func (p page) all() iter.Seq2[uint64, storedRecord] {
	return func(yield func(uint64, storedRecord) bool) {
		left := p.count
		for n := range p.chunks {
			c := &p.chunks[n]
			for i := int(max(p.from, c.first) - c.first); i < len(c.ends) && left > 0; i++ {
				left--
				if !yield(c.first+uint64(i), c.at(i)) {
					return
				}
			}
		}
	}
}

func (c *chunk) memory() int64 { return int64(len(c.buf)) + 4*int64(len(c.ends)) }

// end is the index after the chunk's last record.
func (c *chunk) end() uint64 { return c.first + uint64(len(c.ends)) }

// at decodes the i-th record of the chunk.
func (c *chunk) at(i int) storedRecord {
	start := uint32(0)
	if i > 0 {
		start = c.ends[i-1]
	}
	b := c.buf[start:c.ends[i]:c.ends[i]]
	r := storedRecord{flags: b[0], arrival: int64(binary.LittleEndian.Uint64(b[3:]))}
	keyLen := int(binary.LittleEndian.Uint16(b[1:]))
	b = b[recordHeader:]
	if r.flags&flagHash != 0 {
		r.hash = shardmap.Hash{Hi: binary.LittleEndian.Uint64(b), Lo: binary.LittleEndian.Uint64(b[8:])}
		b = b[hashBytes:]
	}
	r.key, r.data = b[:keyLen:keyLen], b[keyLen:]
	return r
}
