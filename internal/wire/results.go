package wire

import (
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// resultBuilder lays the entries of one response into the memory of a PutCall.
// The strings are copied, so that they outlive it.
type resultBuilder struct {
	call  *PutCall
	free  []string // of the call's values
	arena arena
}

// newResultBuilder returns a builder for a response of size bytes.
func (c *PutCall) newResultBuilder(size int) resultBuilder {
	if cap(c.entries) < c.expected || c.entries == nil {
		c.entries = make([]types.PutRecordsResultEntry, 0, c.expected)
		// An entry has two strings, whether it was stored or not.
		c.values = make([]string, 2*c.expected)
	}
	// About half of a response are the strings of its entries.
	return resultBuilder{call: c, free: c.values, arena: newArena(size / 2)}
}

func (b *resultBuilder) begin() { b.call.entries = b.call.entries[:0] }

func (b *resultBuilder) add() *types.PutRecordsResultEntry {
	c := b.call
	c.entries = append(c.entries, types.PutRecordsResultEntry{})
	return &c.entries[len(c.entries)-1]
}

// pointer returns a place that holds value.
func (b *resultBuilder) pointer(value string) *string {
	if len(b.free) == 0 {
		return new(value)
	}
	p := &b.free[0]
	b.free = b.free[1:]
	*p = value
	return p
}

// text returns a place that holds text.
func (b *resultBuilder) text(text []byte) *string {
	if b.call.Lend {
		return b.pointer(jsonscan.Shared(text))
	}
	return b.pointer(b.arena.text(text))
}

// shard returns a place that holds the name of a shard.
func (b *resultBuilder) shard(name []byte) *string { return b.pointer(b.call.shards.get(name)) }

// shardNames remembers the shards that were seen last, by the ends of their
// names, which are consecutive numbers: few strings for many answers.
type shardNames [64]string

func (t *shardNames) get(name []byte) string {
	n := len(name)
	if n < 2 {
		return string(name)
	}
	slot := &t[name[n-1]&0xf|name[n-2]&0x3<<4]
	if *slot != string(name) {
		*slot = string(name)
	}
	return *slot
}

// jsonResults reads the entries of one JSON response.
type jsonResults struct {
	resultBuilder
	scan jsonscan.Scanner
}

func (r *jsonResults) read() []types.PutRecordsResultEntry {
	r.begin()
	for r.scan.Array(); r.scan.Element(); {
		e := r.add()
		// What the service writes for a record that it has stored.
		number, shard, ok := r.scan.Pair(`{"SequenceNumber":"`, `","ShardId":"`, `"}`)
		if !ok {
			r.entry(e)
			continue
		}
		e.SequenceNumber, e.ShardId = r.text(number), r.shard(shard)
	}
	return r.call.entries
}

func (r *jsonResults) entry(e *types.PutRecordsResultEntry) {
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "SequenceNumber":
			e.SequenceNumber = r.text(r.value())
		case "ShardId":
			e.ShardId = r.shard(r.value())
		case "ErrorCode":
			e.ErrorCode = r.text(r.value())
		case "ErrorMessage":
			e.ErrorMessage = r.text(r.value())
		default:
			s.Skip()
		}
	}
}

func (r *jsonResults) value() []byte {
	text, escaped := r.scan.Text()
	if escaped {
		return []byte(jsonscan.Unescape(text))
	}
	return text
}

// cborResults reads the entries of one CBOR response.
type cborResults struct {
	resultBuilder
	scan cborscan.Scanner
}

func (r *cborResults) read() []types.PutRecordsResultEntry {
	r.begin()
	for r.scan.Array(); r.scan.Element(); {
		r.entry(r.add())
	}
	return r.call.entries
}

func (r *cborResults) entry(e *types.PutRecordsResultEntry) {
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "SequenceNumber":
			e.SequenceNumber = r.text(s.Text())
		case "ShardId":
			e.ShardId = r.shard(s.Text())
		case "ErrorCode":
			e.ErrorCode = r.text(s.Text())
		case "ErrorMessage":
			e.ErrorMessage = r.text(s.Text())
		default:
			s.Skip()
		}
	}
}
