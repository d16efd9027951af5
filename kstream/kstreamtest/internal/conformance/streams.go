package conformance

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	invalidArgument  = "InvalidArgumentException"
	resourceInUse    = "ResourceInUseException"
	resourceNotFound = "ResourceNotFoundException"
	limitExceeded    = "LimitExceededException"
	validation       = "ValidationException"
)

// notFound is the case of a stream that is not there, for an operation whose
// request otherwise has the members.
func notFound(operation, members string) Case {
	return Case{Name: "no such stream", Rule: observed, Operation: operation, Body: `{"StreamName":"${name}"` + members + `}`,
		Code: resourceNotFound, Text: " not found."}
}

// unnamed is the case of a request that names no stream.
func unnamed(operation, members string) Case {
	return Case{Name: "neither name nor ARN", Rule: reference, Operation: operation, Body: "{" + members + "}", Code: invalidArgument}
}

// foreign is the case of an ARN of another account.
func foreign(operation, members string) Case {
	return Case{Name: "another account's ARN", Rule: inferred, Operation: operation,
		Body: `{"StreamARN":"arn:aws:kinesis:us-east-1:999999999999:stream/${stream}"` + members + `}`, Code: resourceNotFound}
}

func createCases() map[string][]Case {
	manyTags := make([]string, 51)
	for i := range manyTags {
		manyTags[i] = fmt.Sprintf(`"k%d":"v"`, i)
	}
	return map[string][]Case{
		"CreateStream": {
			{Name: "exists", Rule: observed, Operation: "CreateStream", Body: `{"StreamName":"${stream}","ShardCount":1}`, Code: resourceInUse, Text: " already exists."},
			{Name: "provisioned without shards", Rule: inferred, Operation: "CreateStream", Body: `{"StreamName":"${name}"}`, Code: invalidArgument},
			{Name: "on demand with shards", Rule: inferred, Operation: "CreateStream",
				Body: `{"StreamName":"${name}","ShardCount":1,"StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`, Code: invalidArgument},
			{Name: "distribution of a provisioned stream", Rule: reference, Operation: "CreateStream",
				Body: `{"StreamName":"${name}","ShardCount":1,"RecordDistributionStrategy":"AUTO"}`, Code: invalidArgument},
			{Name: "warm throughput of a provisioned stream", Rule: reference, Operation: "CreateStream",
				Body: `{"StreamName":"${name}","ShardCount":1,"WarmThroughputMiBps":5}`, Code: invalidArgument},
			{Name: "warm throughput without a commitment", Rule: reference, Operation: "CreateStream",
				Body: `{"StreamName":"${name}","StreamModeDetails":{"StreamMode":"ON_DEMAND"},"WarmThroughputMiBps":5}`, Code: invalidArgument},
			{Name: "more shards than the account may have", Rule: reference, Operation: "CreateStream",
				Body: `{"StreamName":"${name}","ShardCount":1000000}`, Code: limitExceeded},
			{Name: "51 tags", Rule: reference, Operation: "CreateStream", Body: `{"StreamName":"${name}","ShardCount":1,"Tags":{` + strings.Join(manyTags, ",") + `}}`, Code: invalidArgument},
			{Name: "a tag with a star", Rule: reference, Operation: "CreateStream", Body: `{"StreamName":"${name}","ShardCount":1,"Tags":{"a*":"b"}}`, Code: invalidArgument},
			{Name: "hash keys evenly", Rule: observed, Do: evenShards},
			{Name: "sequence numbers of 56 digits", Rule: observed, Do: sequenceDigits},
			{Name: "four shards on demand", Rule: guide, Do: fourOnDemand},
			{Name: "tags from the start", Rule: reference, Do: taggedFromTheStart},
			{Name: "large records from the start", Rule: reference, Do: func(e *Env) error {
				name := e.NewStreamWith(&kinesis.CreateStreamInput{ShardCount: aws.Int32(1), MaxRecordSizeInKiB: aws.Int32(2048)})
				return differ("MaxRecordSizeInKiB", *e.Settle(name).MaxRecordSizeInKiB, 2048)
			}},
		},
	}
}

func deleteCases() map[string][]Case {
	return map[string][]Case{
		"DeleteStream": {
			notFound("DeleteStream", ""), unnamed("DeleteStream", ""), foreign("DeleteStream", ""),
			{Name: "with consumers", Rule: reference, Code: resourceInUse, Do: func(e *Env) error {
				name := e.NewStream(1)
				e.NewConsumer(name)
				_, err := e.Client.DeleteStream(e.Context(), &kinesis.DeleteStreamInput{StreamName: &name})
				return err
			}},
			{Name: "with consumers, enforced", Rule: reference, Do: func(e *Env) error {
				name := e.NewStream(1)
				e.NewConsumer(name)
				_, err := e.Client.DeleteStream(e.Context(), &kinesis.DeleteStreamInput{StreamName: &name, EnforceConsumerDeletion: aws.Bool(true)})
				return err
			}},
			{Name: "gone afterwards", Rule: reference, Code: resourceNotFound, Do: func(e *Env) error {
				name := e.NewStream(1)
				e.remove(name)
				_, err := e.Client.PutRecord(e.Context(), &kinesis.PutRecordInput{StreamName: &name, PartitionKey: aws.String("k"), Data: []byte("v")})
				return err
			}},
		},
	}
}

func describeCases() map[string][]Case {
	return map[string][]Case{
		"DescribeStream": {
			notFound("DescribeStream", ""), unnamed("DescribeStream", ""), foreign("DescribeStream", ""),
			{Name: "defaults", Rule: reference, Do: describeDefaults},
			{Name: "pages of shards", Rule: reference, Do: describePages},
			{Name: "by ARN", Rule: reference, Operation: "DescribeStream", Body: `{"StreamARN":"${arn}"}`},
			{Name: "ARN before name", Rule: inferred, Operation: "DescribeStream", Body: `{"StreamARN":"${arn}","StreamName":"${name}"}`},
		},
		"DescribeStreamSummary": {
			notFound("DescribeStreamSummary", ""), unnamed("DescribeStreamSummary", ""),
			{Name: "counts", Rule: reference, Do: func(e *Env) error {
				d := e.Settle(e.Stream)
				return errors.Join(differ("OpenShardCount", *d.OpenShardCount, 2), differ("ConsumerCount", *d.ConsumerCount, 1),
					differ("RetentionPeriodHours", *d.RetentionPeriodHours, 24), differ("MaxRecordSizeInKiB", *d.MaxRecordSizeInKiB, 1024),
					differ("StreamMode", d.StreamModeDetails.StreamMode, types.StreamModeProvisioned))
			}},
		},
		"DescribeLimits": {
			{Name: "counts shards", Rule: reference, Do: func(e *Env) error {
				out, err := e.Client.DescribeLimits(e.Context(), &kinesis.DescribeLimitsInput{})
				if err != nil {
					return err
				}
				if *out.OpenShardCount < 2 || *out.ShardLimit < *out.OpenShardCount {
					return fmt.Errorf("%d of %d shards", *out.OpenShardCount, *out.ShardLimit)
				}
				return nil
			}},
		},
	}
}

// shards lists a stream's shards, the closed ones too.
func (e *Env) shards(name string) []types.Shard {
	e.Helper()
	out, err := e.Client.ListShards(e.Context(), &kinesis.ListShardsInput{StreamName: &name})
	if err != nil {
		e.Fatal(err)
	}
	return out.Shards
}

// evenShards compares with the arithmetic of the rule: step = floor(2^128/n).
func evenShards(e *Env) error {
	whole := new(big.Int).Lsh(big.NewInt(1), 128)
	for _, n := range []int64{1, 2, 3, 7} {
		step := new(big.Int).Div(whole, big.NewInt(n))
		for i, sh := range e.shards(e.NewStream(int32(n))) {
			start := new(big.Int).Mul(step, big.NewInt(int64(i)))
			end := new(big.Int).Add(start, step)
			if int64(i) == n-1 {
				end = whole
			}
			end = new(big.Int).Sub(end, big.NewInt(1))
			err := errors.Join(
				differ("ShardId", *sh.ShardId, fmt.Sprintf("shardId-%012d", i)),
				differ("StartingHashKey", *sh.HashKeyRange.StartingHashKey, start.String()),
				differ("EndingHashKey", *sh.HashKeyRange.EndingHashKey, end.String()))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func sequenceDigits(e *Env) error {
	for _, sh := range e.shards(e.Stream) {
		n := *sh.SequenceNumberRange.StartingSequenceNumber
		if len(n) != 56 || !strings.HasPrefix(n, "4") || sh.SequenceNumberRange.EndingSequenceNumber != nil {
			return fmt.Errorf("%s: starts at %s, ends at %v", *sh.ShardId, n, sh.SequenceNumberRange.EndingSequenceNumber)
		}
	}
	return nil
}

func onDemand() *kinesis.CreateStreamInput {
	return &kinesis.CreateStreamInput{StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}}
}

func fourOnDemand(e *Env) error {
	name := e.NewStreamWith(onDemand())
	return errors.Join(differ("shards", len(e.shards(name)), 4),
		differ("mode", e.Settle(name).StreamModeDetails.StreamMode, types.StreamModeOnDemand))
}

func taggedFromTheStart(e *Env) error {
	name := e.NewStreamWith(&kinesis.CreateStreamInput{ShardCount: aws.Int32(1), Tags: map[string]string{"a": "b"}})
	out, err := e.Client.ListTagsForStream(e.Context(), &kinesis.ListTagsForStreamInput{StreamName: &name})
	if err != nil {
		return err
	}
	if len(out.Tags) != 1 {
		return fmt.Errorf("%d tags", len(out.Tags))
	}
	return differ("tag", *out.Tags[0].Key+"="+*out.Tags[0].Value, "a=b")
}

func describeDefaults(e *Env) error {
	before := time.Now().Add(-time.Minute)
	out, err := e.Client.DescribeStream(e.Context(), &kinesis.DescribeStreamInput{StreamName: &e.Stream})
	if err != nil {
		return err
	}
	d := out.StreamDescription
	if d.StreamCreationTimestamp.Before(before.Add(-time.Hour)) || d.StreamCreationTimestamp.After(time.Now().Add(time.Minute)) {
		return fmt.Errorf("created at %v", d.StreamCreationTimestamp)
	}
	return errors.Join(differ("StreamName", *d.StreamName, e.Stream), differ("StreamARN", *d.StreamARN, e.ARN),
		differ("StreamStatus", d.StreamStatus, types.StreamStatusActive), differ("HasMoreShards", *d.HasMoreShards, false),
		differ("RetentionPeriodHours", *d.RetentionPeriodHours, 24), differ("EncryptionType", d.EncryptionType, types.EncryptionTypeNone),
		differ("shards", len(d.Shards), 2), differ("EnhancedMonitoring", len(d.EnhancedMonitoring), 1))
}

func describePages(e *Env) error {
	var ids []string
	for after := (*string)(nil); ; {
		out, err := e.Client.DescribeStream(e.Context(), &kinesis.DescribeStreamInput{StreamName: &e.Stream, Limit: aws.Int32(1), ExclusiveStartShardId: after})
		if err != nil {
			return err
		}
		for _, sh := range out.StreamDescription.Shards {
			ids = append(ids, *sh.ShardId)
			after = sh.ShardId
		}
		if !*out.StreamDescription.HasMoreShards {
			return differ("shards", strings.Join(ids, " "), "shardId-000000000000 shardId-000000000001")
		}
	}
}
