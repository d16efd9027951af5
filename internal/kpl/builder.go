package kpl

import (
	"crypto/md5"
	"encoding/binary"
	"slices"
)

// A Builder collects members and writes them as one aggregated record. The zero value is ready. After [Builder.Reset] it
// is used again without allocating. It is not safe for concurrent use.
//
//	for _, m := range members {
//		if !b.AddWithin(limit, m) {
//			send(b.AppendTo(nil))
//			b.Reset()
//			b.Add(m)
//		}
//	}
type Builder struct {
	members          []entry
	partitionKeys    keyTable
	explicitHashKeys keyTable
	size             int // of the message
}

// An entry is a member with its keys as indexes into the key tables.
type entry struct {
	data         []byte
	partitionKey int
	hashKey      int // noKey for none
}

const noKey = -1

// Len returns the number of members.
func (b *Builder) Len() int { return len(b.members) }

// Size returns the bytes that [Builder.AppendTo] appends. It is exact.
func (b *Builder) Size() int { return overhead + b.size }

// SizeWith returns what [Builder.Size] will return once m is added.
func (b *Builder) SizeWith(m Member) int {
	_, added := b.plan(m)
	return b.Size() + added
}

// Add adds m. Its data is not copied, and must not change until Reset.
func (b *Builder) Add(m Member) {
	e, added := b.plan(m)
	b.add(m, e, added)
}

// AddWithin adds m, as Add does, if the size is at most limit then, and reports whether it did.
func (b *Builder) AddWithin(limit int, m Member) bool {
	e, added := b.plan(m)
	if b.Size()+added > limit {
		return false
	}
	b.add(m, e, added)
	return true
}

// plan returns the entry for m, and the bytes that it and keys not yet in the tables add to the message.
func (b *Builder) plan(m Member) (e entry, added int) {
	e = entry{data: m.Data, partitionKey: b.partitionKeys.find(m.PartitionKey), hashKey: noKey}
	if e.partitionKey == len(b.partitionKeys.keys) {
		added += bytesLen(len(m.PartitionKey))
	}
	if m.ExplicitHashKey != "" {
		e.hashKey = b.explicitHashKeys.find(m.ExplicitHashKey)
		if e.hashKey == len(b.explicitHashKeys.keys) {
			added += bytesLen(len(m.ExplicitHashKey))
		}
	}
	return e, added + bytesLen(e.size())
}

func (b *Builder) add(m Member, e entry, added int) {
	if e.partitionKey == len(b.partitionKeys.keys) {
		b.partitionKeys.add(m.PartitionKey)
	}
	if e.hashKey == len(b.explicitHashKeys.keys) {
		b.explicitHashKeys.add(m.ExplicitHashKey)
	}
	b.members = append(b.members, e)
	b.size += added
}

// AppendTo appends the aggregated record to dst. The Builder keeps its members, so that it can be called again.
func (b *Builder) AppendTo(dst []byte) []byte {
	dst = slices.Grow(dst, b.Size())
	dst = append(dst, magic...)
	start := len(dst)
	dst = appendTable(dst, tagPartitionKeyTable, b.partitionKeys.keys)
	dst = appendTable(dst, tagExplicitHashKeyTable, b.explicitHashKeys.keys)
	for i := range b.members {
		dst = b.members[i].appendTo(dst)
	}
	digest := md5.Sum(dst[start:])
	return append(dst, digest[:]...)
}

func appendTable(dst []byte, tag byte, keys []string) []byte {
	for _, key := range keys {
		dst = append(dst, tag)
		dst = binary.AppendUvarint(dst, uint64(len(key)))
		dst = append(dst, key...)
	}
	return dst
}

// Reset removes all members and lets go of their data and keys.
func (b *Builder) Reset() {
	clear(b.members)
	b.members = b.members[:0]
	b.partitionKeys.reset()
	b.explicitHashKeys.reset()
	b.size = 0
}

// size returns the bytes of e's Record message.
func (e *entry) size() int {
	n := 1 + varintLen(uint64(e.partitionKey)) + bytesLen(len(e.data))
	if e.hashKey != noKey {
		n += 1 + varintLen(uint64(e.hashKey))
	}
	return n
}

// appendTo appends e as an element of AggregatedRecord.records.
func (e *entry) appendTo(dst []byte) []byte {
	dst = append(dst, tagRecords)
	dst = binary.AppendUvarint(dst, uint64(e.size()))
	dst = append(dst, tagPartitionKeyIndex)
	dst = binary.AppendUvarint(dst, uint64(e.partitionKey))
	if e.hashKey != noKey {
		dst = append(dst, tagExplicitHashKeyIndex)
		dst = binary.AppendUvarint(dst, uint64(e.hashKey))
	}
	dst = append(dst, tagData)
	dst = binary.AppendUvarint(dst, uint64(len(e.data)))
	return append(dst, e.data...)
}
