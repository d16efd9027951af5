package wire

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// recordBuilder lays the records of one response into the memory of a GetCall,
// and their data and texts into pieces of their own.
type recordBuilder struct {
	call  *GetCall
	list  []types.Record
	arena arena
	size  int // of the response
	start int // of the list in it
}

// recordFields is what the optional members of a record point to.
type recordFields struct {
	sequence, key string
	arrived       time.Time
}

const (
	// fieldsBlock is how many records share an allocation of their fields.
	fieldsBlock = 256
	// maxRecords is how many records a response has at the most; a list that
	// claims to have more grows as slices do.
	maxRecords = 10_000
)

// newRecordBuilder returns a builder for a response of size bytes; -1 if that is
// not known.
func (c *GetCall) newRecordBuilder(size int) recordBuilder {
	return recordBuilder{call: c, arena: newArena(size), size: size}
}

// begin begins the list of records at a position of the response.
func (b *recordBuilder) begin(pos int) {
	b.call.clear()
	if b.list = b.call.records; b.list == nil {
		b.list = []types.Record{}
	}
	b.start = pos
}

// add appends an empty record to the list. pos is where it begins.
func (b *recordBuilder) add(pos int) (*types.Record, *recordFields) {
	n := len(b.list)
	if n == cap(b.list) {
		b.grow(pos)
	}
	if n == len(b.call.fields)*fieldsBlock {
		b.call.fields = append(b.call.fields, new([fieldsBlock]recordFields))
	}
	b.list = b.list[:n+1]
	return &b.list[n], &b.call.fields[n/fieldsBlock][n%fieldsBlock]
}

// end returns the list.
func (b *recordBuilder) end() []types.Record {
	b.call.records = b.list
	return b.list
}

// grow makes room for as many records as will come if they are of the size of
// those that have been read.
func (b *recordBuilder) grow(pos int) {
	room := 1
	if n := len(b.list); n > 0 {
		each := (pos-b.start)/n + 1
		foreseen := max(0, b.size-pos) / each
		room = min(foreseen+foreseen/16+n/16+1, max(n, maxRecords))
	}
	grown := make([]types.Record, len(b.list), len(b.list)+room)
	copy(grown, b.list)
	b.list = grown
}

// encryptionType returns text as the SDK's constant, or as a new string.
func encryptionType(text []byte) types.EncryptionType {
	switch {
	case string(text) == string(types.EncryptionTypeKms):
		return types.EncryptionTypeKms
	case string(text) == string(types.EncryptionTypeNone):
		return types.EncryptionTypeNone
	}
	return types.EncryptionType(text)
}
