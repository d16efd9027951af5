package kpl

import (
	"crypto/md5"
	"encoding/binary"
	"slices"
)

// A Builder collects members and writes them as one aggregated record. The zero value is ready. After [Builder.Reset] it
// is used again without allocating. It is not safe for concurrent use.
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

// Add adds m. Its data is not copied, and must not change until Reset.
func (b *Builder) Add(m Member) {
	e := entry{data: m.Data, hashKey: noKey}
	var isNew bool
	if e.partitionKey, isNew = b.partitionKeys.index(m.PartitionKey); isNew {
		b.size += bytesLen(len(m.PartitionKey))
	}
	if m.ExplicitHashKey != "" {
		if e.hashKey, isNew = b.explicitHashKeys.index(m.ExplicitHashKey); isNew {
			b.size += bytesLen(len(m.ExplicitHashKey))
		}
	}
	b.size += bytesLen(e.size())
	b.members = append(b.members, e)
}

// AppendTo appends the aggregated record to dst. The Builder keeps its members, so that it can be called again.
func (b *Builder) AppendTo(dst []byte) []byte {
	start := len(dst)
	dst = b.AppendUnsealed(dst)
	message, checksum := split(dst[start:])
	digest := md5.Sum(message)
	copy(checksum, digest[:])
	return dst
}

// AppendUnsealed appends the aggregated record but for its checksum, which a [Sealer] sets.
func (b *Builder) AppendUnsealed(dst []byte) []byte {
	dst = slices.Grow(dst, b.Size())
	dst = append(dst, magic...)
	dst = appendTable(dst, tagPartitionKeyTable, b.partitionKeys.keys)
	dst = appendTable(dst, tagExplicitHashKeyTable, b.explicitHashKeys.keys)
	for i := range b.members {
		dst = b.members[i].appendTo(dst)
	}
	return append(dst, make([]byte, digestLen)...)
}

// split returns the parts of an aggregated record behind the magic number.
func split(record []byte) (message, checksum []byte) {
	end := len(record) - digestLen
	return record[len(magic):end], record[end:]
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
