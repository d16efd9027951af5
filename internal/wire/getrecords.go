package wire

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// scanGetRecords reads the body of a response, without keeping a part of it, and
// reports whether it could. If it returns false, out holds nothing of use.
func scanGetRecords(body []byte, out *kinesis.GetRecordsOutput) bool {
	r := newRecordReader(body)
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "Records":
			out.Records = r.records()
		case "NextShardIterator":
			out.NextShardIterator = r.pointer()
		case "MillisBehindLatest":
			out.MillisBehindLatest = new(s.Int())
		case "ChildShards":
			out.ChildShards = r.childShards()
		default:
			s.Skip()
		}
	}
	s.End()
	return !s.Failed()
}

// recordReader reads the parts that GetRecords and SubscribeToShard have in
// common.
type recordReader struct {
	scan   jsonscan.Scanner
	size   int
	arena  arena
	fields []recordFields
}

// recordFields is what the optional members of a record point to.
type recordFields struct {
	sequence, key string
	arrived       time.Time
}

const fieldsBlock = 256

func newRecordReader(body []byte) recordReader {
	return recordReader{
		scan:  jsonscan.New(body),
		size:  len(body),
		arena: newArena(len(body)),
	}
}

func (r *recordReader) records() []types.Record {
	list := []types.Record{}
	start := r.scan.Pos()
	for r.scan.Array(); r.scan.Element(); {
		if len(list) == cap(list) {
			list = r.grow(list, start)
		}
		list = append(list, types.Record{})
		r.record(&list[len(list)-1])
	}
	return list
}

// maxRecords is how many records a response has at the most.
const maxRecords = 10_000

// grow makes room in list for as many records as will come if they are of the
// size of those that have been read since start.
func (r *recordReader) grow(list []types.Record, start int) []types.Record {
	room := 1
	if n := len(list); n > 0 {
		read := r.scan.Pos() - start
		room = min((r.size-r.scan.Pos())/(read/n+1)+n/16+1, max(n, maxRecords))
	}
	grown := make([]types.Record, len(list), len(list)+room)
	copy(grown, list)
	return grown
}

func (r *recordReader) record(rec *types.Record) {
	if len(r.fields) == 0 {
		r.fields = make([]recordFields, fieldsBlock)
	}
	fields := &r.fields[0]
	r.fields = r.fields[1:]
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "Data":
			rec.Data = r.data()
		case "SequenceNumber":
			fields.sequence = r.text()
			rec.SequenceNumber = &fields.sequence
		case "PartitionKey":
			fields.key = r.text()
			rec.PartitionKey = &fields.key
		case "ApproximateArrivalTimestamp":
			fields.arrived = r.timestamp()
			rec.ApproximateArrivalTimestamp = &fields.arrived
		case "EncryptionType":
			rec.EncryptionType = r.encryptionType()
		default:
			s.Skip()
		}
	}
}

func (r *recordReader) data() []byte {
	text := r.scan.Base64()
	data := r.arena.bytes(b64.DecodedLen(text))
	if !b64.Decode(data, text) {
		r.scan.Fail()
	}
	return data
}

// text returns a string that is no part of the document.
func (r *recordReader) text() string {
	text, escaped := r.scan.Text()
	if escaped {
		return jsonscan.Unescape(text)
	}
	return r.arena.text(text)
}

func (r *recordReader) pointer() *string { return new(r.text()) }

func (r *recordReader) encryptionType() types.EncryptionType {
	text, escaped := r.scan.Text()
	switch {
	case string(text) == string(types.EncryptionTypeKms):
		return types.EncryptionTypeKms
	case string(text) == string(types.EncryptionTypeNone):
		return types.EncryptionTypeNone
	case escaped:
		return types.EncryptionType(jsonscan.Unescape(text))
	}
	return types.EncryptionType(text)
}

func (r *recordReader) childShards() []types.ChildShard {
	list := []types.ChildShard{}
	s := &r.scan
	for s.Array(); s.Element(); {
		var shard types.ChildShard
		for s.Object(); s.Member(); {
			name := s.Name()
			if s.Null() {
				continue
			}
			switch string(name) {
			case "ShardId":
				shard.ShardId = r.pointer()
			case "ParentShards":
				shard.ParentShards = r.strings()
			case "HashKeyRange":
				shard.HashKeyRange = r.hashKeyRange()
			default:
				s.Skip()
			}
		}
		list = append(list, shard)
	}
	return list
}

func (r *recordReader) strings() []string {
	list := []string{}
	for r.scan.Array(); r.scan.Element(); {
		list = append(list, r.text())
	}
	return list
}

func (r *recordReader) hashKeyRange() *types.HashKeyRange {
	keys := new(types.HashKeyRange)
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "StartingHashKey":
			keys.StartingHashKey = r.pointer()
		case "EndingHashKey":
			keys.EndingHashKey = r.pointer()
		default:
			s.Skip()
		}
	}
	return keys
}
