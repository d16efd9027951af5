package conformance

import (
	"crypto/md5"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// noNumber begins with a hexadecimal 3, which no sequence number does.
const noNumber = "73559785961562665201200657303214840813699477864812904449"

const maxHash = "340282366920938463463374607431768211455"

func writeCases() map[string][]Case {
	record := `,"PartitionKey":"k","Data":"dg=="`
	records := `,"Records":[{"PartitionKey":"k","Data":"dg=="}]`
	return map[string][]Case{
		"PutRecord": {
			notFound("PutRecord", record), unnamed("PutRecord", record[1:]), foreign("PutRecord", record),
			{Name: "no partition key", Rule: reference, Operation: "PutRecord", Body: `{"StreamName":"${stream}","Data":""}`,
				Code: validation, Text: "Value null at 'partitionKey' failed to satisfy constraint: Member must not be null"},
			{Name: "by ARN", Rule: reference, Operation: "PutRecord", Body: `{"StreamARN":"${arn}"` + record + `}`},
			{Name: "no data at all", Rule: model, Operation: "PutRecord", Body: `{"StreamName":"${stream}","PartitionKey":"k","Data":""}`},
			{Name: "256 characters of a key, not bytes", Rule: reference, Operation: "PutRecord",
				Body: `{"StreamName":"${stream}","PartitionKey":"` + strings.Repeat("é", 256) + `","Data":""}`},
			{Name: "hash key over 2^128-1", Rule: observed, Operation: "PutRecord",
				Body: `{"StreamName":"${stream}","PartitionKey":"k","Data":"","ExplicitHashKey":"340282366920938463463374607431768211456"}`, Code: invalidArgument},
			{Name: "ordering after garbage", Rule: observed, Operation: "PutRecord",
				Body: `{"StreamName":"${stream}","SequenceNumberForOrdering":"` + noNumber + `"` + record + `}`, Code: invalidArgument, Text: "ExclusiveMinimumSequenceNumber"},
			ordering("an index of 64 bits", "20000000000800000000000000000000000000000000002", invalidArgument),
			ordering("a shard made in 2477", "23bb2cc3d8"+strings.Repeat("0", 36)+"2", invalidArgument),
			ordering("a time to come", "2"+strings.Repeat("0", 28)+"0ffffffff"+"00000000"+"2", invalidArgument),
			ordering("the least number", "20000000000000000000000000000000000000000000002", ""),
			ordering("a shard that is not there", "20000000003"+strings.Repeat("0", 33)+"632", ""),
			{Name: "ordering after an earlier record", Rule: reference, Do: func(e *Env) error {
				first, err := e.put("k", "")
				if err != nil {
					return err
				}
				_, err = e.Client.PutRecord(e.Context(), &kinesis.PutRecordInput{
					StreamName: &e.Stream, PartitionKey: aws.String("k"), Data: []byte("v"), SequenceNumberForOrdering: first.SequenceNumber,
				})
				return err
			}},
			{Name: "DryRun", Rule: reference, Operation: "PutRecord", Body: `{"StreamName":"${stream}","DryRun":true` + record + `}`, Code: "DryRunOperationException"},
			{Name: "routed by MD5", Rule: reference, Do: routedByMD5},
			{Name: "routed by explicit hash key", Rule: reference, Do: routedByHash},
			{Name: "numbers increase", Rule: reference, Do: increasing},
			{Name: "1 MiB with its key", Rule: reference, Do: func(e *Env) error { return e.putSized(1<<20, 1024) }},
			{Name: "1 MiB and a byte", Rule: reference, Code: validation, Text: "less than or equal to 1048576",
				Do: func(e *Env) error { return e.putSized(1<<20+2, 1024) }},
			{Name: "1 MiB of data beside the key", Rule: reference, Code: invalidArgument, Do: func(e *Env) error { return e.putSized(1<<20+1, 1024) }},
			{Name: "2 MiB where allowed", Rule: reference, Do: func(e *Env) error { return e.putSized(2<<20, 2048) }},
		},
		"PutRecords": {
			notFound("PutRecords", records), unnamed("PutRecords", records[1:]), foreign("PutRecords", records),
			{Name: "answers in the order of the request", Rule: reference, Do: answersInOrder},
			{Name: "500 records", Rule: reference, Do: func(e *Env) error { return e.putMany(500, 1) }},
			{Name: "one bad record fails all", Rule: observed, Do: oneBadRecord},
			{Name: "hash key over 2^128-1", Rule: observed, Operation: "PutRecords",
				Body: `{"StreamName":"${stream}","Records":[{"PartitionKey":"k","Data":"","ExplicitHashKey":"999999999999999999999999999999999999999"}]}`, Code: invalidArgument},
			{Name: "hash key over 2^128-1, no such stream", Rule: observed, Operation: "PutRecords",
				Body: `{"StreamName":"${name}","Records":[{"PartitionKey":"k","Data":"","ExplicitHashKey":"999999999999999999999999999999999999999"}]}`, Code: resourceNotFound},
			{Name: "over 10 MiB", Rule: reference, Code: invalidArgument, Do: func(e *Env) error { return e.putMany(11, 1<<20-10) }},
			{Name: "a record over 1 MiB", Rule: reference, Code: validation, Text: "records.1.member.data", Do: func(e *Env) error { return e.putMany(1, 1<<20+1) }},
			{Name: "DryRun", Rule: reference, Operation: "PutRecords", Body: `{"StreamName":"${stream}","DryRun":true` + records + `}`, Code: "DryRunOperationException"},
			{Name: "AUTO distribution without keys", Rule: reference, Do: withoutKeys},
		},
	}
}

// ordering is the case of a SequenceNumberForOrdering, which is given in the
// digits that show what a sequence number is made of.
func ordering(name, hexadecimal, code string) Case {
	number, _ := new(big.Int).SetString(hexadecimal, 16)
	c := Case{Name: "ordering after " + name, Rule: observed, Operation: "PutRecord",
		Body: `{"StreamName":"${stream}","PartitionKey":"k","Data":"","SequenceNumberForOrdering":"` + number.String() + `"}`, Code: code}
	if code != "" {
		c.Text = "ExclusiveMinimumSequenceNumber " + number.String() + " used in PutRecord on stream"
	}
	return c
}

func (e *Env) put(key, hash string) (*kinesis.PutRecordOutput, error) {
	in := &kinesis.PutRecordInput{StreamName: &e.Stream, PartitionKey: &key, Data: []byte("v")}
	if hash != "" {
		in.ExplicitHashKey = &hash
	}
	return e.Client.PutRecord(e.Context(), in)
}

func routedByMD5(e *Env) error {
	half := new(big.Int).Lsh(big.NewInt(1), 127)
	for _, key := range []string{"a", "b", "c", "ü", "key 5", strings.Repeat("x", 200)} {
		sum := md5.Sum([]byte(key))
		want := shardID(0)
		if new(big.Int).SetBytes(sum[:]).Cmp(half) >= 0 {
			want = shardID(1)
		}
		out, err := e.put(key, "")
		if err != nil {
			return err
		}
		if err := differ("shard of "+key, *out.ShardId, want); err != nil {
			return err
		}
	}
	return nil
}

// routedByHash puts at both ends of both shards.
func routedByHash(e *Env) error {
	for hash, shard := range map[string]int{
		"0": 0, "170141183460469231731687303715884105727": 0, "170141183460469231731687303715884105728": 1, maxHash: 1,
	} {
		out, err := e.put("k", hash)
		if err != nil {
			return err
		}
		if err := differ("shard of "+hash, *out.ShardId, shardID(shard)); err != nil {
			return err
		}
	}
	return nil
}

func increasing(e *Env) error {
	last := ""
	for range 10 {
		out, err := e.put("k", "")
		if err != nil {
			return err
		}
		if *out.SequenceNumber <= last || len(*out.SequenceNumber) != 56 {
			return fmt.Errorf("%s after %s", *out.SequenceNumber, last)
		}
		last = *out.SequenceNumber
	}
	return nil
}

// putSized puts a record of a size, its key of one byte included, into a stream
// with a maximum record size.
func (e *Env) putSized(size int, maxKiB int32) error {
	name := e.NewStreamWith(&kinesis.CreateStreamInput{ShardCount: aws.Int32(1), MaxRecordSizeInKiB: &maxKiB})
	_, err := e.Client.PutRecord(e.Context(), &kinesis.PutRecordInput{StreamName: &name, PartitionKey: aws.String("k"), Data: make([]byte, size-1)})
	return err
}

func (e *Env) putMany(n, size int) error {
	in := &kinesis.PutRecordsInput{StreamName: aws.String(e.NewStream(1))}
	for range n {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: make([]byte, size)})
	}
	out, err := e.Client.PutRecords(e.Context(), in)
	if err != nil {
		return err
	}
	return errors.Join(differ("answers", len(out.Records), n), differ("FailedRecordCount", *out.FailedRecordCount, 0))
}

func answersInOrder(e *Env) error {
	hashes := []string{maxHash, "0", "1", maxHash, "0"}
	in := &kinesis.PutRecordsInput{StreamName: &e.Stream}
	for _, h := range hashes {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), ExplicitHashKey: &h, Data: []byte(h)})
	}
	out, err := e.Client.PutRecords(e.Context(), in)
	if err != nil {
		return err
	}
	var got []string
	for _, r := range out.Records {
		got = append(got, strings.TrimPrefix(*r.ShardId, "shardId-00000000000"))
	}
	return differ("shards", strings.Join(got, ","), "1,0,0,1,0")
}

func oneBadRecord(e *Env) error {
	name := e.NewStream(1)
	_, err := e.Client.PutRecords(e.Context(), &kinesis.PutRecordsInput{StreamName: &name, Records: []types.PutRecordsRequestEntry{
		{PartitionKey: aws.String("k"), Data: []byte("good")},
		{PartitionKey: aws.String(""), Data: []byte("bad")},
	}})
	if err == nil {
		return errors.New("the request did not fail")
	}
	out, err := e.read(name, 0, types.ShardIteratorTypeTrimHorizon, "", 10)
	if err != nil {
		return err
	}
	return differ("records", len(out.Records), 0)
}

func withoutKeys(e *Env) error {
	in := onDemand()
	in.RecordDistributionStrategy = types.RecordDistributionStrategyAuto
	name := e.NewStreamWith(in)
	shards := map[string]bool{}
	for range 8 {
		out, err := e.Client.PutRecords(e.Context(), &kinesis.PutRecordsInput{StreamName: &name, Records: []types.PutRecordsRequestEntry{{Data: []byte("v")}}})
		if err != nil {
			return err
		}
		shards[*out.Records[0].ShardId] = true
	}
	if len(shards) < 2 {
		return fmt.Errorf("8 records went to %d shards", len(shards))
	}
	for n := range 4 {
		out, err := e.read(name, n, types.ShardIteratorTypeTrimHorizon, "", 10)
		if err != nil {
			return err
		}
		for _, r := range out.Records {
			if r.PartitionKey != nil {
				return fmt.Errorf("a partition key %q that nobody gave", *r.PartitionKey)
			}
		}
	}
	return nil
}
