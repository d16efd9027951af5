package kstreamtest

import "strings"

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
	effect  effect
}

// effect is what an operation does to the server's state.
type effect int

const (
	changes effect = iota // streams and what belongs to them
	puts                  // records
	reads                 // nothing
)

var (
	byNameOrARN    = []member{streamNameMember, streamARNMember, streamIDMember}
	iteratorMember = member{name: "ShardIterator", required: true, bounds: &bounds{1, 512}}
)

func with(base []member, more ...member) []member { return append(base[:len(base):len(base)], more...) }

func indexOperations() map[string]*operation {
	index := make(map[string]*operation)
	for _, family := range [][]*operation{
		streamOperations(), recordOperations(), scalingOperations(), consumerOperations(), settingOperations(), tagOperations(),
	} {
		for _, op := range family {
			index[op.name] = op
			op.effect = effectOf(op.name)
		}
	}
	return index
}

// effectOf goes by the service's names.
func effectOf(name string) effect {
	for _, verb := range []string{"Describe", "List", "Get", "SubscribeToShard"} {
		if strings.HasPrefix(name, verb) {
			return reads
		}
	}
	if name == "PutRecord" || name == "PutRecords" {
		return puts
	}
	return changes
}

func streamOperations() []*operation {
	return []*operation{
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
		{name: "DescribeLimits", run: (*Server).describeLimits},
	}
}

func recordOperations() []*operation {
	return []*operation{
		{name: "PutRecord", run: (*Server).putRecord, members: with(byNameOrARN,
			dataMember, partitionKeyMember, hashKeyMember, named("SequenceNumberForOrdering", sequenceMember), dryRunMember)},
		{name: "PutRecords", run: (*Server).putRecords, whole: (*Server).scanPutRecords, members: with(byNameOrARN,
			member{name: "Records", kind: listKind, required: true, bounds: &bounds{1, 500},
				fields: []member{dataMember, partitionKeyMember, hashKeyMember}}, dryRunMember)},
		{name: "GetShardIterator", run: (*Server).getShardIterator, members: with(byNameOrARN,
			required(shardIDMember), member{name: "ShardIteratorType", required: true, enum: iteratorTypes},
			sequenceMember, timestampMember, dryRunMember)},
		{name: "GetRecords", run: (*Server).getRecords, members: []member{
			iteratorMember, limitMember, streamARNMember, streamIDMember, dryRunMember,
		}},
	}
}

func scalingOperations() []*operation {
	return []*operation{
		{name: "SplitShard", run: (*Server).splitShard, members: with(byNameOrARN,
			required(named("ShardToSplit", shardIDMember)), required(named("NewStartingHashKey", hashKeyMember)))},
		{name: "MergeShards", run: (*Server).mergeShards, members: with(byNameOrARN,
			required(named("ShardToMerge", shardIDMember)), required(named("AdjacentShardToMerge", shardIDMember)))},
		{name: "UpdateShardCount", run: (*Server).updateShardCount, members: with(byNameOrARN,
			member{name: "TargetShardCount", kind: integerKind, required: true, bounds: &bounds{1, unbounded}},
			member{name: "ScalingType", required: true, enum: []string{"UNIFORM_SCALING"}})},
		{name: "UpdateStreamMode", run: (*Server).updateStreamMode, members: []member{
			required(streamARNMember), streamIDMember, required(streamModeMember), warmMember,
		}},
		{name: "UpdateStreamWarmThroughput", run: (*Server).updateWarmThroughput, members: with(byNameOrARN,
			required(warmMember))},
		{name: "UpdateStreamRecordDistributionStrategy", run: (*Server).updateDistribution, members: []member{
			required(streamARNMember), streamIDMember, required(distributionMember),
		}},
	}
}

func consumerOperations() []*operation {
	return []*operation{
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
			required(consumerARNMember), streamIDMember, required(shardIDMember), startingPosition, dryRunMember,
		}},
	}
}

func settingOperations() []*operation {
	policy := member{name: "Policy", required: true}
	commitment := member{name: "MinimumThroughputBillingCommitment", kind: structKind, required: true, fields: []member{
		{name: "Status", required: true, enum: []string{"ENABLED", "DISABLED"}},
	}}
	return []*operation{
		{name: "IncreaseStreamRetentionPeriod", run: (*Server).increaseRetention, members: with(byNameOrARN, retentionMember)},
		{name: "DecreaseStreamRetentionPeriod", run: (*Server).decreaseRetention, members: with(byNameOrARN, retentionMember)},
		{name: "UpdateMaxRecordSize", run: (*Server).updateMaxRecordSize, members: []member{
			streamARNMember, streamIDMember, required(maxRecordSizeMember),
		}},
		{name: "EnableEnhancedMonitoring", run: (*Server).enableMonitoring, members: monitoringMembers},
		{name: "DisableEnhancedMonitoring", run: (*Server).disableMonitoring, members: monitoringMembers},
		{name: "StartStreamEncryption", run: (*Server).startEncryption, members: encryptionMembers},
		{name: "StopStreamEncryption", run: (*Server).stopEncryption, members: encryptionMembers},
		{name: "PutResourcePolicy", run: (*Server).putPolicy, members: []member{required(resourceARNMember), streamIDMember, policy}},
		{name: "GetResourcePolicy", run: (*Server).getPolicy, members: []member{required(resourceARNMember), streamIDMember}},
		{name: "DeleteResourcePolicy", run: (*Server).deletePolicy, members: []member{required(resourceARNMember), streamIDMember}},
		{name: "DescribeAccountSettings", run: (*Server).describeAccountSettings},
		{name: "UpdateAccountSettings", run: (*Server).updateAccountSettings, members: []member{commitment}},
	}
}

func tagOperations() []*operation {
	return []*operation{
		{name: "AddTagsToStream", run: (*Server).addTagsToStream, members: with(byNameOrARN, required(tagsMember))},
		{name: "RemoveTagsFromStream", run: (*Server).removeTagsFromStream, members: with(byNameOrARN, tagKeysMember)},
		{name: "ListTagsForStream", run: (*Server).listTagsForStream, members: with(byNameOrARN,
			named("ExclusiveStartTagKey", tagKeyMember), member{name: "Limit", kind: integerKind, bounds: &bounds{1, 50}})},
		{name: "TagResource", run: (*Server).addTagsToStream, members: []member{
			required(resourceARNMember), streamIDMember, required(tagsMember),
		}},
		{name: "UntagResource", run: (*Server).removeTagsFromStream, members: []member{
			required(resourceARNMember), streamIDMember, tagKeysMember,
		}},
		{name: "ListTagsForResource", run: (*Server).listTagsForResource, members: []member{required(resourceARNMember), streamIDMember}},
	}
}
