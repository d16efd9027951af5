package kstreamtest

// An operation is one of the service's, with the members of its request and
// their constraints.
type operation struct {
	name    string
	members []member
	run     func(*Server, *call) error
	// whole reads the body of a request in one pass, where speed matters. It is
	// false for a request that must go the long way: one that is wrong, or unusual.
	whole   func(*Server, *call) bool
	streams bool // run writes its answer itself
}

var (
	byNameOrARN    = []member{streamNameMember, streamARNMember, streamIDMember}
	iteratorMember = member{name: "ShardIterator", required: true, bounds: &bounds{1, 512}}
)

func with(base []member, more ...member) []member { return append(base[:len(base):len(base)], more...) }

func indexOperations() map[string]*operation {
	all := []*operation{
		{name: "CreateStream", run: (*Server).createStream, members: []member{
			required(streamNameMember),
			{name: "ShardCount", kind: integerKind, bounds: &bounds{1, unbounded}},
			streamModeMember, tagsMember, warmMember, maxRecordSizeMember, distributionMember,
		}},
		{name: "DeleteStream", run: (*Server).deleteStream, members: with(byNameOrARN,
			member{name: "EnforceConsumerDeletion", kind: booleanKind})},
		{name: "DescribeStream", run: (*Server).describeStream, members: with(byNameOrARN,
			limitMember, named("ExclusiveStartShardId", shardIDMember))},
		{name: "DescribeStreamSummary", run: (*Server).describeStreamSummary, members: byNameOrARN},
		{name: "ListStreams", run: (*Server).listStreams, members: []member{
			limitMember, named("ExclusiveStartStreamName", streamNameMember), nextTokenMember,
		}},
		{name: "ListShards", run: (*Server).listShards, members: with(byNameOrARN,
			nextTokenMember, named("ExclusiveStartShardId", shardIDMember), named("MaxResults", limitMember),
			named("StreamCreationTimestamp", timestampMember), shardFilter)},
		{name: "PutRecord", run: (*Server).putRecord, members: with(byNameOrARN,
			dataMember, partitionKeyMember, hashKeyMember, named("SequenceNumberForOrdering", sequenceMember), dryRunMember)},
		{name: "PutRecords", run: (*Server).putRecords, members: with(byNameOrARN,
			member{name: "Records", kind: listKind, required: true, bounds: &bounds{1, 500},
				fields: []member{dataMember, partitionKeyMember, hashKeyMember}}, dryRunMember)},
		{name: "GetShardIterator", run: (*Server).getShardIterator, members: with(byNameOrARN,
			required(shardIDMember), member{name: "ShardIteratorType", required: true, enum: iteratorTypes},
			sequenceMember, timestampMember)},
		{name: "GetRecords", run: (*Server).getRecords, members: []member{
			iteratorMember, limitMember, streamARNMember, streamIDMember, dryRunMember,
		}},
		{name: "SplitShard", run: (*Server).splitShard, members: with(byNameOrARN,
			required(named("ShardToSplit", shardIDMember)), required(named("NewStartingHashKey", hashKeyMember)))},
		{name: "MergeShards", run: (*Server).mergeShards, members: with(byNameOrARN,
			required(named("ShardToMerge", shardIDMember)), required(named("AdjacentShardToMerge", shardIDMember)))},
		{name: "RegisterStreamConsumer", run: (*Server).registerStreamConsumer, members: []member{
			required(streamARNMember), required(consumerNameMember), streamIDMember, tagsMember,
		}},
		{name: "DeregisterStreamConsumer", run: (*Server).deregisterStreamConsumer, members: []member{
			streamARNMember, consumerNameMember, consumerARNMember, streamIDMember,
		}},
		{name: "DescribeStreamConsumer", run: (*Server).describeStreamConsumer, members: []member{
			streamARNMember, consumerNameMember, consumerARNMember, streamIDMember,
		}},
		{name: "ListStreamConsumers", run: (*Server).listStreamConsumers, members: []member{
			required(streamARNMember), nextTokenMember, named("MaxResults", limitMember),
			named("StreamCreationTimestamp", timestampMember), streamIDMember,
		}},
		{name: "SubscribeToShard", run: (*Server).subscribeToShard, streams: true, members: []member{
			required(consumerARNMember), streamIDMember, required(shardIDMember), startingPosition,
		}},
		{name: "DescribeLimits", run: (*Server).describeLimits},
	}
	index := make(map[string]*operation, len(all))
	for _, op := range all {
		index[op.name] = op
	}
	return index
}
