// Package kpl reads and writes the aggregated records of the Kinesis Producer Library: many user records, the members,
// in one Kinesis record. The Kinesis Client Library and what is built on it read what [Builder] writes; [Decoder] reads
// what the Kinesis Producer Library and the aggregation libraries of AWS write.
//
// An aggregated record is
//
//	F3 89 9A C2 | message | MD5 of the message (16 bytes)
//
// where the message is a protocol buffer (proto2):
//
//	message AggregatedRecord {
//	  repeated string partition_key_table = 1;
//	  repeated string explicit_hash_key_table = 2;
//	  repeated Record records = 3;
//	}
//	message Record {
//	  required uint64 partition_key_index = 1;
//	  optional uint64 explicit_hash_key_index = 2;
//	  required bytes data = 3;
//	  repeated Tag tags = 4; // never written, skipped when read
//	}
//
// Source: aggregation-format.md of awslabs/amazon-kinesis-producer.
//
// By the same convention a producer sends a single member as a plain record, gives an aggregate the partition key
// [OuterPartitionKey], and as explicit hash key the hash key of its first member. A consumer counts members from 0: their
// sub-sequence numbers.
package kpl

import "errors"

// OuterPartitionKey is the partition key of the Kinesis record that carries an aggregate. It decides nothing: the
// aggregate's explicit hash key does.
const OuterPartitionKey = "a"

// ErrMalformed is wrapped by the errors of a record that has the magic number and the checksum of an aggregate but whose
// message does not follow the format.
var ErrMalformed = errors.New("malformed aggregate")

// A Member is one user record of an aggregate.
type Member struct {
	PartitionKey    string
	ExplicitHashKey string // decimal; empty for none
	Data            []byte
}

const (
	magic     = "\xf3\x89\x9a\xc2"
	digestLen = 16
	overhead  = len(magic) + digestLen
)

// Tags of the fields of AggregatedRecord and of Record.
const (
	tagPartitionKeyTable    = 1<<3 | wireBytes
	tagExplicitHashKeyTable = 2<<3 | wireBytes
	tagRecords              = 3<<3 | wireBytes

	tagPartitionKeyIndex    = 1<<3 | wireVarint
	tagExplicitHashKeyIndex = 2<<3 | wireVarint
	tagData                 = 3<<3 | wireBytes
)
