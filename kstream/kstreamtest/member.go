package kstreamtest

import (
	"regexp"
)

// kind is the type that the service model gives a member.
type kind int

const (
	stringKind kind = iota
	integerKind
	booleanKind
	blobKind
	timestampKind
	listKind
	mapKind
	structKind
)

// A member is one field of a request with the constraints of the service model
// (botocore's kinesis service-2.json). bounds apply to the length of strings (in
// characters), blobs and lists and to the value of integers.
type member struct {
	name     string
	kind     kind
	required bool
	bounds   *bounds
	pattern  *pattern
	enum     []string
	fields   []member // of a structKind, or of the structures in a listKind
	item     *member  // of a listKind of plain values, or the values of a mapKind
	key      *member  // of a mapKind
}

type bounds struct{ min, max int64 }

// A pattern matches whole values. Its text is what the service's messages show.
type pattern struct {
	text  string
	regex *regexp.Regexp
}

func newPattern(text string) *pattern {
	return &pattern{text: text, regex: regexp.MustCompile(`\A(?:` + text + `)\z`)}
}

// required returns the member as one that must not be null.
func required(m member) member {
	m.required = true
	return m
}

// named returns the member under another name.
func named(name string, m member) member {
	m.name = name
	return m
}

const (
	maxKeyLength = 256      // of a partition key, in characters
	maxDataBytes = 10 << 20 // of one record
)

// unbounded stands for a bound that the model does not set.
const unbounded = 1 << 62

var (
	namePattern     = newPattern(`[a-zA-Z0-9_.-]+`)
	sequencePattern = newPattern(`0|([1-9]\d{0,128})`)
	hashKeyPattern  = newPattern(`0|([1-9]\d{0,38})`)

	streamNameMember = member{name: "StreamName", bounds: &bounds{1, 128}, pattern: namePattern}
	streamARNMember  = member{name: "StreamARN", bounds: &bounds{1, 2048},
		pattern: newPattern(`arn:aws.*:kinesis:.*:\d{12}:stream/\S+`)}
	streamIDMember = member{name: "StreamId", bounds: &bounds{1, 24},
		pattern: newPattern(`[a-z0-9]{20}-[a-z0-9]{3}`)}
	resourceARNMember = member{name: "ResourceARN", bounds: &bounds{1, 2048},
		pattern: newPattern(`arn:aws.*:kinesis:.*:\d{12}:.*stream/\S+`)}
	consumerARNMember = member{name: "ConsumerARN", bounds: &bounds{1, 2048},
		pattern: newPattern(`^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+`)}

	consumerNameMember = named("ConsumerName", streamNameMember)
	shardIDMember      = named("ShardId", streamNameMember)
	nextTokenMember    = member{name: "NextToken", bounds: &bounds{1, 1 << 20}}
	limitMember        = member{name: "Limit", kind: integerKind, bounds: &bounds{1, 10000}}
	timestampMember    = member{name: "Timestamp", kind: timestampKind}
	hashKeyMember      = member{name: "ExplicitHashKey", pattern: hashKeyPattern}
	sequenceMember     = member{name: "StartingSequenceNumber", pattern: sequencePattern}
	dataMember         = member{name: "Data", kind: blobKind, required: true, bounds: &bounds{0, maxDataBytes}}
	// The service model no longer requires a partition key, because a stream with
	// AUTO record distribution needs none; putRecord and putRecords ask for it.
	partitionKeyMember = member{name: "PartitionKey", bounds: &bounds{1, maxKeyLength}}
	dryRunMember       = member{name: "DryRun", kind: booleanKind}
	retentionMember    = member{name: "RetentionPeriodHours", kind: integerKind, required: true}

	tagKeyMember   = member{bounds: &bounds{1, 128}}
	tagValueMember = member{bounds: &bounds{0, 256}}
	tagsMember     = member{name: "Tags", kind: mapKind, bounds: &bounds{1, 200}, key: &tagKeyMember, item: &tagValueMember}
	tagKeysMember  = member{name: "TagKeys", kind: listKind, required: true, bounds: &bounds{1, 50}, item: &tagKeyMember}

	maxRecordSizeMember = member{name: "MaxRecordSizeInKiB", kind: integerKind, bounds: &bounds{1024, 10240}}
	warmMember          = member{name: "WarmThroughputMiBps", kind: integerKind, bounds: &bounds{0, unbounded}}
	distributionMember  = member{name: "RecordDistributionStrategy", enum: []string{autoDistribution, keyDistribution}}
	streamModeMember    = member{name: "StreamModeDetails", kind: structKind, fields: []member{
		{name: "StreamMode", required: true, enum: []string{provisioned, onDemand}},
	}}
	iteratorTypes = []string{"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"}
	shardFilter   = member{name: "ShardFilter", kind: structKind, fields: []member{
		{name: "Type", required: true, enum: []string{
			"AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP",
		}},
		shardIDMember,
		timestampMember,
	}}
	startingPosition = member{name: "StartingPosition", kind: structKind, required: true, fields: []member{
		{name: "Type", required: true, enum: iteratorTypes},
		named("SequenceNumber", sequenceMember),
		timestampMember,
	}}
	encryptionMembers = []member{
		streamNameMember,
		{name: "EncryptionType", required: true, enum: []string{"NONE", "KMS"}},
		{name: "KeyId", required: true, bounds: &bounds{1, 2048}},
		streamARNMember, streamIDMember,
	}
	monitoringMembers = []member{
		streamNameMember,
		{name: "ShardLevelMetrics", kind: listKind, required: true, bounds: &bounds{1, 7}, item: &member{enum: metricNames}},
		streamARNMember, streamIDMember,
	}
	metricNames = []string{
		"IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
		"WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds", "ALL",
	}
)

// A stream's capacity modes and record distribution strategies.
const (
	provisioned      = "PROVISIONED"
	onDemand         = "ON_DEMAND"
	autoDistribution = "AUTO"
	keyDistribution  = "USER_PARTITION_KEY"
)
