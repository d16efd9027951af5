package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func splitCases() map[string][]Case {
	split := func(key string) string {
		return `{"StreamName":"${stream}","ShardToSplit":"shardId-000000000001","NewStartingHashKey":"` + key + `"}`
	}
	const shard1 = "170141183460469231731687303715884105728" // starts here
	return map[string][]Case{
		"SplitShard": {
			notFound("SplitShard", `,"ShardToSplit":"shardId-000000000000","NewStartingHashKey":"1000"`),
			unnamed("SplitShard", `"ShardToSplit":"shardId-000000000000","NewStartingHashKey":"1000"`),
			{Name: "no such shard", Rule: observed, Operation: "SplitShard", Body: `{"StreamName":"${stream}","ShardToSplit":"shardId-000000000009","NewStartingHashKey":"1000"}`,
				Code: resourceNotFound, Text: "Could not find shard"},
			{Name: "a shard by its number", Rule: observed, Operation: "SplitShard", Body: `{"StreamName":"${stream}","ShardToSplit":"shard-5","NewStartingHashKey":"1000"}`,
				Code: resourceNotFound, Text: "Could not find shard shardId-000000000005 in stream "},
			{Name: "a shard of no form, of no stream", Rule: observed, Operation: "SplitShard", Body: `{"StreamName":"${name}","ShardToSplit":"2.14E4","NewStartingHashKey":"1000"}`,
				Code: resourceNotFound, Text: "Could not find shard 2.14E4 in stream "},
			{Name: "at the shard's start", Rule: observed, Operation: "SplitShard", Body: split(shard1), Code: invalidArgument},
			{Name: "one after the start", Rule: observed, Operation: "SplitShard", Body: split("170141183460469231731687303715884105729"), Code: invalidArgument},
			{Name: "at the shard's end", Rule: observed, Operation: "SplitShard", Body: split(maxHash), Code: invalidArgument},
			{Name: "in another shard", Rule: observed, Operation: "SplitShard", Body: split("1000"), Code: invalidArgument},
			{Name: "over 2^128-1", Rule: observed, Operation: "SplitShard", Body: split("999999999999999999999999999999999999999"), Code: invalidArgument,
				Text: "NewStartingHashKey 999999999999999999999999999999999999999 used in SplitShard() on shard shardId-000000000001 in stream "},
			{Name: "over 2^128-1, of no shard", Rule: observed, Operation: "SplitShard",
				Body: `{"StreamName":"${stream}","ShardToSplit":"shardId-000000000009","NewStartingHashKey":"999999999999999999999999999999999999999"}`, Code: resourceNotFound},
			{Name: "a closed shard", Rule: inferred, Code: invalidArgument, Do: func(e *Env) error {
				name := e.NewStream(1)
				e.split(name, 0, "1000")
				_, err := e.Client.SplitShard(e.Context(), &kinesis.SplitShardInput{StreamName: &name, ShardToSplit: aws.String(shardID(0)), NewStartingHashKey: aws.String("2000")})
				return err
			}},
			{Name: "on demand", Rule: model, Code: validation, Do: func(e *Env) error {
				name := e.NewStreamWith(onDemand())
				_, err := e.Client.SplitShard(e.Context(), &kinesis.SplitShardInput{StreamName: &name, ShardToSplit: aws.String(shardID(0)), NewStartingHashKey: aws.String("1000")})
				return err
			}},
			{Name: "children", Rule: observed, Do: splitChildren},
			{Name: "children of the 16th shard", Rule: observed, Do: func(e *Env) error {
				name := e.NewStream(16)
				e.split(name, 15, "340282366920938463463374607431768211000")
				s := e.shards(name)
				end, next := *s[15].SequenceNumberRange.EndingSequenceNumber, *s[16].SequenceNumberRange.StartingSequenceNumber
				return differ("starts after "+end+": "+next, next > end, true)
			}},
		},
	}
}

func mergeCases() map[string][]Case {
	return map[string][]Case{
		"MergeShards": {
			notFound("MergeShards", `,"ShardToMerge":"shardId-000000000000","AdjacentShardToMerge":"shardId-000000000001"`),
			{Name: "no such shard", Rule: observed, Operation: "MergeShards", Body: `{"StreamName":"${stream}","ShardToMerge":"shardId-000000000000","AdjacentShardToMerge":"shardId-000000000009"}`, Code: resourceNotFound},
			{Name: "with itself", Rule: observed, Operation: "MergeShards", Body: `{"StreamName":"${stream}","ShardToMerge":"shardId-000000000000","AdjacentShardToMerge":"shardId-000000000000"}`, Code: invalidArgument},
			{Name: "not adjacent", Rule: observed, Code: invalidArgument, Do: func(e *Env) error { return e.merge(e.NewStream(3), 0, 2) }},
			{Name: "the wrong way round", Rule: observed, Operation: "MergeShards", Body: `{"StreamName":"${stream}","ShardToMerge":"shardId-000000000001","AdjacentShardToMerge":"shardId-000000000000"}`,
				Code: invalidArgument, Text: "are not an adjacent pair of shards eligible for merging"},
			{Name: "child", Rule: observed, Do: mergeChild},
		},
	}
}

func shardCountCases() map[string][]Case {
	return map[string][]Case{
		"UpdateShardCount": {
			notFound("UpdateShardCount", `,"TargetShardCount":2,"ScalingType":"UNIFORM_SCALING"`),
			{Name: "over double", Rule: observed, Operation: "UpdateShardCount", Body: `{"StreamName":"${stream}","TargetShardCount":5,"ScalingType":"UNIFORM_SCALING"}`, Code: limitExceeded,
				Text: "UpdateShardCount cannot scale up over double your current open shard count."},
			{Name: "below half", Rule: observed, Code: limitExceeded, Text: "UpdateShardCount cannot scale down below half your current open shard count.",
				Do: func(e *Env) error { return e.scale(e.NewStream(3), 1) }},
			{Name: "on demand", Rule: reference, Code: validation, Do: func(e *Env) error { return e.scale(e.NewStreamWith(onDemand()), 8) }},
			{Name: "1 to 2", Rule: reference, Do: func(e *Env) error { return e.scaled(1, 2) }},
			{Name: "2 to 3", Rule: reference, Do: func(e *Env) error { return e.scaled(2, 3) }},
			{Name: "3 to 2", Rule: reference, Do: func(e *Env) error { return e.scaled(3, 2) }},
			{Name: "4 to 2", Rule: reference, Do: func(e *Env) error { return e.scaled(4, 2) }},
			{Name: "5 to 7", Rule: reference, Do: func(e *Env) error { return e.scaled(5, 7) }},
		},
	}
}

func capacityCases() map[string][]Case {
	return map[string][]Case{
		"UpdateStreamMode": {
			{Name: "no such stream", Rule: observed, Operation: "UpdateStreamMode",
				Body: `{"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/${name}","StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`, Code: resourceNotFound},
			{Name: "there and back", Rule: reference, Do: modeThereAndBack},
			{Name: "warm throughput of a provisioned stream", Rule: reference, Operation: "UpdateStreamMode",
				Body: `{"StreamARN":"${arn}","StreamModeDetails":{"StreamMode":"PROVISIONED"},"WarmThroughputMiBps":5}`, Code: invalidArgument},
			{Name: "warm throughput without a commitment", Rule: reference, Code: invalidArgument, Do: func(e *Env) error {
				_, err := e.Client.UpdateStreamMode(e.Context(), &kinesis.UpdateStreamModeInput{StreamARN: aws.String(e.arn(e.NewStream(1))),
					StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}, WarmThroughputMiBps: aws.Int32(5)})
				return err
			}},
		},
		"UpdateStreamRecordDistributionStrategy": {
			{Name: "a provisioned stream", Rule: reference, Operation: "UpdateStreamRecordDistributionStrategy",
				Body: `{"StreamARN":"${arn}","RecordDistributionStrategy":"AUTO"}`, Code: invalidArgument},
			{Name: "on demand", Rule: reference, Do: func(e *Env) error {
				name := e.NewStreamWith(onDemand())
				_, err := e.Client.UpdateStreamRecordDistributionStrategy(e.Context(), &kinesis.UpdateStreamRecordDistributionStrategyInput{
					StreamARN: aws.String(e.arn(name)), RecordDistributionStrategy: types.RecordDistributionStrategyAuto})
				if err != nil {
					return err
				}
				return differ("strategy", e.Settle(name).RecordDistributionStrategy, types.RecordDistributionStrategyAuto)
			}},
		},
		"UpdateMaxRecordSize": {
			{Name: "2 MiB", Rule: reference, Do: func(e *Env) error {
				name := e.NewStream(1)
				_, err := e.Client.UpdateMaxRecordSize(e.Context(), &kinesis.UpdateMaxRecordSizeInput{StreamARN: aws.String(e.arn(name)), MaxRecordSizeInKiB: aws.Int32(2048)})
				if err != nil {
					return err
				}
				return differ("MaxRecordSizeInKiB", *e.Settle(name).MaxRecordSizeInKiB, 2048)
			}},
		},
		"UpdateStreamWarmThroughput": {
			{Name: "a provisioned stream", Rule: reference, Operation: "UpdateStreamWarmThroughput", Body: `{"StreamName":"${stream}","WarmThroughputMiBps":5}`, Code: invalidArgument},
			{Name: "without a commitment", Rule: reference, Code: invalidArgument, Do: func(e *Env) error {
				_, err := e.Client.UpdateStreamWarmThroughput(e.Context(), &kinesis.UpdateStreamWarmThroughputInput{
					StreamName: aws.String(e.NewStreamWith(onDemand())), WarmThroughputMiBps: aws.Int32(5)})
				return err
			}},
		},
	}
}

func splitChildren(e *Env) error {
	name := e.NewStream(1)
	e.split(name, 0, "2") // the lowest key that is allowed
	s := e.shards(name)
	if err := differ("shards", len(s), 3); err != nil {
		return err
	}
	parent, low, high := s[0], s[1], s[2]
	if parent.SequenceNumberRange.EndingSequenceNumber == nil {
		return errors.New("the parent is open")
	}
	end := *parent.SequenceNumberRange.EndingSequenceNumber
	return errors.Join(
		differ("lower child", *low.HashKeyRange.StartingHashKey+".."+*low.HashKeyRange.EndingHashKey, "0..1"),
		differ("higher child", *high.HashKeyRange.StartingHashKey+".."+*high.HashKeyRange.EndingHashKey, "2.."+maxHash),
		differ("parent of the lower", *low.ParentShardId, shardID(0)), differ("parent of the higher", *high.ParentShardId, shardID(0)),
		differ("children after their parent", *low.SequenceNumberRange.StartingSequenceNumber > end && *high.SequenceNumberRange.StartingSequenceNumber > end, true))
}

func (e *Env) merge(name string, a, b int) error {
	_, err := e.Client.MergeShards(e.Context(), &kinesis.MergeShardsInput{StreamName: &name, ShardToMerge: aws.String(shardID(a)), AdjacentShardToMerge: aws.String(shardID(b))})
	return err
}

func mergeChild(e *Env) error {
	name := e.NewStream(2)
	if err := e.merge(name, 0, 1); err != nil {
		return err
	}
	e.Settle(name)
	s := e.shards(name)
	if err := differ("shards", len(s), 3); err != nil {
		return err
	}
	child := s[2]
	return errors.Join(differ("hash keys", *child.HashKeyRange.StartingHashKey+".."+*child.HashKeyRange.EndingHashKey, "0.."+maxHash),
		differ("ParentShardId", *child.ParentShardId, shardID(0)), differ("AdjacentParentShardId", aws.ToString(child.AdjacentParentShardId), shardID(1)))
}

func (e *Env) scale(name string, n int32) error {
	_, err := e.Client.UpdateShardCount(e.Context(), &kinesis.UpdateShardCountInput{StreamName: &name, TargetShardCount: &n, ScalingType: types.ScalingTypeUniformScaling})
	return err
}

// scaled scales and looks for shards of equal width that cover all hash keys.
func (e *Env) scaled(from, to int32) error {
	name := e.NewStream(from)
	out, err := e.Client.UpdateShardCount(e.Context(), &kinesis.UpdateShardCountInput{StreamName: &name, TargetShardCount: &to, ScalingType: types.ScalingTypeUniformScaling})
	if err != nil {
		return err
	}
	if err := errors.Join(differ("CurrentShardCount", *out.CurrentShardCount, from), differ("TargetShardCount", *out.TargetShardCount, to)); err != nil {
		return err
	}
	e.Settle(name)
	var open []types.Shard
	for _, sh := range e.shards(name) {
		if sh.SequenceNumberRange.EndingSequenceNumber == nil {
			open = append(open, sh)
		}
	}
	if err := differ("open shards", len(open), int(to)); err != nil {
		return err
	}
	slices.SortFunc(open, func(a, b types.Shard) int { return start(a).Cmp(start(b)) })
	width := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(int64(to)))
	for i, sh := range open {
		want := new(big.Int).Mul(width, big.NewInt(int64(i)))
		off := new(big.Int).Sub(start(sh), want)
		if cmp.Compare(off.CmpAbs(big.NewInt(int64(to))), 0) > 0 {
			return fmt.Errorf("shard %d starts at %v, want %v", i, start(sh), want)
		}
	}
	return nil
}

func start(sh types.Shard) *big.Int {
	n, _ := new(big.Int).SetString(*sh.HashKeyRange.StartingHashKey, 10)
	return n
}

func modeThereAndBack(e *Env) error {
	name := e.NewStream(1)
	for _, mode := range []types.StreamMode{types.StreamModeOnDemand, types.StreamModeProvisioned} {
		_, err := e.Client.UpdateStreamMode(e.Context(), &kinesis.UpdateStreamModeInput{StreamARN: aws.String(e.arn(name)), StreamModeDetails: &types.StreamModeDetails{StreamMode: mode}})
		if err != nil {
			return err
		}
		if err := differ("mode", e.Settle(name).StreamModeDetails.StreamMode, mode); err != nil {
			return err
		}
	}
	return nil
}
