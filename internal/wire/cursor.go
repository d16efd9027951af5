package wire

import (
	"math"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// cursor is what a jsonscan.Scanner and a cborscan.Scanner have in common. What
// there is once in a response is read through it; the records, of which there are
// thousands, are read by code for one format.
type cursor interface {
	Object()
	Member() bool
	Name() []byte
	Array()
	Element() bool
	Null() bool
	String() string
	Int() int64
	Skip()
	End()
	Fail()
	Failed() bool
}

// readGetRecords reads a response, its records by means of records, and reports
// whether it could. out has an empty list of records then, if there was one.
func readGetRecords(c cursor, records func(), out *kinesis.GetRecordsOutput) bool {
	for c.Object(); c.Member(); {
		name := c.Name()
		if c.Null() {
			continue
		}
		switch string(name) {
		case "Records":
			records()
			out.Records = []types.Record{}
		case "NextShardIterator":
			out.NextShardIterator = new(c.String())
		case "MillisBehindLatest":
			out.MillisBehindLatest = new(c.Int())
		case "ChildShards":
			out.ChildShards = readChildShards(c)
		default:
			c.Skip()
		}
	}
	c.End()
	return !c.Failed()
}

// readEvent reads an event of a subscription as readGetRecords reads a response.
func readEvent(c cursor, records func(), event *types.SubscribeToShardEvent) bool {
	for c.Object(); c.Member(); {
		name := c.Name()
		if c.Null() {
			continue
		}
		switch string(name) {
		case "Records":
			records()
			event.Records = []types.Record{}
		case "ContinuationSequenceNumber":
			event.ContinuationSequenceNumber = new(c.String())
		case "MillisBehindLatest":
			event.MillisBehindLatest = new(c.Int())
		case "ChildShards":
			event.ChildShards = readChildShards(c)
		default:
			c.Skip()
		}
	}
	c.End()
	return !c.Failed()
}

// readPutRecords reads a response, its entries by means of entries, and reports
// whether it could.
func readPutRecords(c cursor, entries func() []types.PutRecordsResultEntry, out *kinesis.PutRecordsOutput) bool {
	for c.Object(); c.Member(); {
		name := c.Name()
		if c.Null() {
			continue
		}
		switch string(name) {
		case "Records":
			out.Records = entries()
		case "FailedRecordCount":
			n := c.Int()
			if n < math.MinInt32 || n > math.MaxInt32 {
				c.Fail()
			}
			out.FailedRecordCount = new(int32(n))
		case "EncryptionType":
			out.EncryptionType = types.EncryptionType(c.String())
		default:
			c.Skip()
		}
	}
	c.End()
	return !c.Failed()
}

func readChildShards(c cursor) []types.ChildShard {
	list := []types.ChildShard{}
	for c.Array(); c.Element(); {
		var shard types.ChildShard
		for c.Object(); c.Member(); {
			name := c.Name()
			if c.Null() {
				continue
			}
			switch string(name) {
			case "ShardId":
				shard.ShardId = new(c.String())
			case "ParentShards":
				shard.ParentShards = readStrings(c)
			case "HashKeyRange":
				shard.HashKeyRange = readHashKeyRange(c)
			default:
				c.Skip()
			}
		}
		list = append(list, shard)
	}
	return list
}

func readStrings(c cursor) []string {
	list := []string{}
	for c.Array(); c.Element(); {
		list = append(list, c.String())
	}
	return list
}

func readHashKeyRange(c cursor) *types.HashKeyRange {
	keys := new(types.HashKeyRange)
	for c.Object(); c.Member(); {
		name := c.Name()
		if c.Null() {
			continue
		}
		switch string(name) {
		case "StartingHashKey":
			keys.StartingHashKey = new(c.String())
		case "EndingHashKey":
			keys.EndingHashKey = new(c.String())
		default:
			c.Skip()
		}
	}
	return keys
}
