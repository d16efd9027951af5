package wire

import (
	"math"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// scan reads the body of a response, without keeping a part of it, and reports
// whether it could. If it returns false, out holds nothing of use.
func (c *PutCall) scan(body []byte, out *kinesis.PutRecordsOutput) bool {
	r := resultReader{
		scan: jsonscan.New(body),
		// Half of a response are the strings of its entries.
		arena: newArena(len(body) / 2),
		call:  c,
	}
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "EncryptionType":
			out.EncryptionType = types.EncryptionType(s.String())
		case "FailedRecordCount":
			n := s.Int()
			if n < math.MinInt32 || n > math.MaxInt32 {
				return false
			}
			out.FailedRecordCount = new(int32(n))
		case "Records":
			out.Records = r.entries()
		default:
			s.Skip()
		}
	}
	s.End()
	return !s.Failed()
}

// resultReader reads the response of one call.
type resultReader struct {
	scan  jsonscan.Scanner
	arena arena
	call  *PutCall
	free  []string // of the call's values
}

func (r *resultReader) entries() []types.PutRecordsResultEntry {
	c := r.call
	if cap(c.entries) < c.expected || c.entries == nil {
		c.entries = make([]types.PutRecordsResultEntry, 0, c.expected)
		// An entry has two strings, whether it was stored or not.
		c.values = make([]string, 2*c.expected)
	}
	list := c.entries[:0]
	r.free = c.values
	for r.scan.Array(); r.scan.Element(); {
		list = append(list, types.PutRecordsResultEntry{})
		r.entry(&list[len(list)-1])
	}
	c.entries = list
	return list
}

func (r *resultReader) entry(e *types.PutRecordsResultEntry) {
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "SequenceNumber":
			e.SequenceNumber = r.pointer(r.text())
		case "ShardId":
			e.ShardId = r.pointer(r.shard())
		case "ErrorCode":
			e.ErrorCode = r.pointer(r.text())
		case "ErrorMessage":
			e.ErrorMessage = r.pointer(r.text())
		default:
			s.Skip()
		}
	}
}

// pointer returns a place that holds value.
func (r *resultReader) pointer(value string) *string {
	if len(r.free) == 0 {
		return new(value)
	}
	p := &r.free[0]
	r.free = r.free[1:]
	*p = value
	return p
}

func (r *resultReader) text() string {
	text, escaped := r.scan.Text()
	if escaped {
		return jsonscan.Unescape(text)
	}
	return r.arena.text(text)
}

func (r *resultReader) shard() string {
	text, escaped := r.scan.Text()
	if escaped {
		return jsonscan.Unescape(text)
	}
	return r.call.shards.get(text)
}

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
