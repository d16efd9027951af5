package wire

import (
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// The members are written in the SDK's order, so that the bodies are the same to
// the last byte. Each name comes with the comma before it; the first member of an
// object overwrites its comma with the bracket.
const (
	nameDryRun          = `,"DryRun":`
	nameRecords         = `,"Records":`
	nameStreamARN       = `,"StreamARN":`
	nameStreamID        = `,"StreamId":`
	nameStreamName      = `,"StreamName":`
	nameData            = `,"Data":`
	nameExplicitHashKey = `,"ExplicitHashKey":`
	namePartitionKey    = `,"PartitionKey":`
)

// putRecordsLen is the length of what appendPutRecords appends, give or take a
// few bytes, if no string needs an escape.
func putRecordsLen(in *kinesis.PutRecordsInput) int {
	size := len(`{}`) + len(nameDryRun) + len(`false`) + len(nameRecords) + len(`[]`) +
		memberLen(nameStreamARN, in.StreamARN) +
		memberLen(nameStreamID, in.StreamId) +
		memberLen(nameStreamName, in.StreamName)
	for i := range in.Records {
		r := &in.Records[i]
		size += len(`{},`) + len(nameData) + len(`""`) + b64.EncodedLen(len(r.Data)) +
			memberLen(nameExplicitHashKey, r.ExplicitHashKey) +
			memberLen(namePartitionKey, r.PartitionKey)
	}
	return size
}

func memberLen(name string, value *string) int {
	if value == nil {
		return 0
	}
	return len(name) + len(`""`) + len(*value)
}

// appendPutRecords appends the body of a request to dst.
func appendPutRecords(dst []byte, in *kinesis.PutRecordsInput) []byte {
	start := len(dst)
	if in.DryRun != nil {
		dst = append(dst, nameDryRun...)
		if *in.DryRun {
			dst = append(dst, `true`...)
		} else {
			dst = append(dst, `false`...)
		}
	}
	if in.Records != nil {
		dst = append(dst, nameRecords...)
		dst = append(dst, '[')
		for i := range in.Records {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendEntry(dst, &in.Records[i])
		}
		dst = append(dst, ']')
	}
	dst = appendMember(dst, nameStreamARN, in.StreamARN)
	dst = appendMember(dst, nameStreamID, in.StreamId)
	dst = appendMember(dst, nameStreamName, in.StreamName)
	return closeObject(dst, start)
}

func appendEntry(dst []byte, r *types.PutRecordsRequestEntry) []byte {
	start := len(dst)
	if r.Data != nil {
		dst = append(dst, nameData...)
		dst = append(dst, '"')
		dst = b64.AppendEncode(dst, r.Data)
		dst = append(dst, '"')
	}
	dst = appendMember(dst, nameExplicitHashKey, r.ExplicitHashKey)
	dst = appendMember(dst, namePartitionKey, r.PartitionKey)
	return closeObject(dst, start)
}

func appendMember(dst []byte, name string, value *string) []byte {
	if value == nil {
		return dst
	}
	dst = append(dst, name...)
	return jsonscan.AppendString(dst, *value)
}

// closeObject turns the members that were appended since start into an object.
func closeObject(dst []byte, start int) []byte {
	if len(dst) == start {
		return append(dst, `{}`...)
	}
	dst[start] = '{'
	return append(dst, '}')
}
