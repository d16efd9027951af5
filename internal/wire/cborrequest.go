package wire

import (
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
)

// putRecordsCBORLen is an upper bound of the length of what appendPutRecordsCBOR
// appends, if no string has to be made UTF-8.
func putRecordsCBORLen(in *kinesis.PutRecordsInput) int {
	const names = len("DryRun") + len("Records") + len("StreamARN") + len("StreamId") + len("StreamName")
	const entryNames = len("Data") + len("ExplicitHashKey") + len("PartitionKey")
	size := names + 11*cborscan.MaxHead + stringLen(in.StreamARN) + stringLen(in.StreamId) + stringLen(in.StreamName)
	for i := range in.Records {
		r := &in.Records[i]
		size += entryNames + 7*cborscan.MaxHead + len(r.Data) + stringLen(r.ExplicitHashKey) + stringLen(r.PartitionKey)
	}
	return size
}

func stringLen(s *string) int {
	if s == nil {
		return 0
	}
	return len(*s)
}

// appendPutRecordsCBOR appends the body of a request to dst.
func appendPutRecordsCBOR(dst []byte, in *kinesis.PutRecordsInput) []byte {
	dst = cborscan.AppendMap(dst, present(in.DryRun != nil, in.Records != nil, in.StreamARN != nil, in.StreamId != nil, in.StreamName != nil))
	if in.DryRun != nil {
		dst = cborscan.AppendText(dst, "DryRun")
		dst = cborscan.AppendBool(dst, *in.DryRun)
	}
	if in.Records != nil {
		dst = cborscan.AppendText(dst, "Records")
		dst = cborscan.AppendArray(dst, len(in.Records))
		for i := range in.Records {
			dst = appendEntryCBOR(dst, &in.Records[i])
		}
	}
	dst = appendTextCBOR(dst, "StreamARN", in.StreamARN)
	dst = appendTextCBOR(dst, "StreamId", in.StreamId)
	return appendTextCBOR(dst, "StreamName", in.StreamName)
}

func appendEntryCBOR(dst []byte, r *types.PutRecordsRequestEntry) []byte {
	dst = cborscan.AppendMap(dst, present(r.Data != nil, r.ExplicitHashKey != nil, r.PartitionKey != nil))
	if r.Data != nil {
		dst = cborscan.AppendText(dst, "Data")
		dst = cborscan.AppendBytes(dst, r.Data)
	}
	dst = appendTextCBOR(dst, "ExplicitHashKey", r.ExplicitHashKey)
	return appendTextCBOR(dst, "PartitionKey", r.PartitionKey)
}

// appendGetRecordsCBOR appends the body of a request to dst.
func appendGetRecordsCBOR(dst []byte, in *kinesis.GetRecordsInput) []byte {
	dst = cborscan.AppendMap(dst, present(in.DryRun != nil, in.Limit != nil, in.ShardIterator != nil, in.StreamARN != nil, in.StreamId != nil))
	if in.DryRun != nil {
		dst = cborscan.AppendText(dst, "DryRun")
		dst = cborscan.AppendBool(dst, *in.DryRun)
	}
	if in.Limit != nil {
		dst = cborscan.AppendText(dst, "Limit")
		dst = cborscan.AppendInt(dst, int64(*in.Limit))
	}
	dst = appendTextCBOR(dst, "ShardIterator", in.ShardIterator)
	dst = appendTextCBOR(dst, "StreamARN", in.StreamARN)
	return appendTextCBOR(dst, "StreamId", in.StreamId)
}

func appendTextCBOR(dst []byte, name string, value *string) []byte {
	if value == nil {
		return dst
	}
	dst = cborscan.AppendText(dst, name)
	return cborscan.AppendText(dst, *value)
}

// present returns how many members of a struct are there.
func present(members ...bool) (n int) {
	for _, there := range members {
		if there {
			n++
		}
	}
	return n
}
