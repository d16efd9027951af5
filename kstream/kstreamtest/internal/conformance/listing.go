package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func listingCases() map[string][]Case {
	future := fmt.Sprint(time.Now().Add(24 * time.Hour).Unix())
	filter := func(json string) string { return `{"StreamName":"${stream}","ShardFilter":` + json + `}` }
	return map[string][]Case{
		"ListStreams": {
			{Name: "sorted by name, in pages", Rule: reference, Do: listStreams},
			{Name: "a token of nobody's", Rule: reference, Operation: "ListStreams", Body: `{"NextToken":"AAAA"}`, Code: invalidArgument},
			{Name: "starts after a name that is not there", Rule: reference, Operation: "ListStreams", Body: `{"ExclusiveStartStreamName":"${name}"}`},
		},
		"ListShards": {
			notFound("ListShards", ""), foreign("ListShards", ""),
			{Name: "neither stream nor token", Rule: reference, Operation: "ListShards", Body: `{}`, Code: invalidArgument},
			{Name: "a token of nobody's", Rule: reference, Operation: "ListShards", Body: `{"NextToken":"AAAA"}`, Code: invalidArgument},
			{Name: "in pages", Rule: reference, Do: listShardPages},
			{Name: "token and name", Rule: reference, Code: invalidArgument, Do: func(e *Env) error {
				_, err := e.Client.ListShards(e.Context(), &kinesis.ListShardsInput{StreamName: &e.Stream, NextToken: e.shardToken()})
				return err
			}},
			{Name: "token and start", Rule: reference, Code: invalidArgument, Do: func(e *Env) error {
				_, err := e.Client.ListShards(e.Context(), &kinesis.ListShardsInput{NextToken: e.shardToken(), ExclusiveStartShardId: aws.String("shardId-000000000000")})
				return err
			}},
			{Name: "token and filter", Rule: reference, Code: invalidArgument, Do: func(e *Env) error {
				_, err := e.Client.ListShards(e.Context(), &kinesis.ListShardsInput{NextToken: e.shardToken(), ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}})
				return err
			}},
			{Name: "exclusive start", Rule: reference, Do: func(e *Env) error {
				out, err := e.Client.ListShards(e.Context(), &kinesis.ListShardsInput{StreamName: &e.Stream, ExclusiveStartShardId: aws.String("shardId-000000000000")})
				if err != nil {
					return err
				}
				return differ("shards", ids(out.Shards), "1")
			}},
			{Name: "another creation", Rule: reference, Operation: "ListShards", Body: `{"StreamName":"${stream}","StreamCreationTimestamp":1000000000}`, Code: resourceNotFound},
			{Name: "AFTER_SHARD_ID without one", Rule: reference, Operation: "ListShards", Body: filter(`{"Type":"AFTER_SHARD_ID"}`), Code: invalidArgument},
			{Name: "AT_TIMESTAMP without one", Rule: reference, Operation: "ListShards", Body: filter(`{"Type":"AT_TIMESTAMP"}`), Code: invalidArgument},
			{Name: "FROM_TIMESTAMP without one", Rule: reference, Operation: "ListShards", Body: filter(`{"Type":"FROM_TIMESTAMP"}`), Code: invalidArgument},
			{Name: "a time to come", Rule: inferred, Operation: "ListShards", Body: filter(`{"Type":"AT_TIMESTAMP","Timestamp":` + future + `}`), Code: invalidArgument},
			{Name: "filters after a split", Rule: reference, Do: filtersAfterSplit},
		},
	}
}

// listStreams goes through all streams one by one, by token and by name.
func listStreams(e *Env) error {
	other := e.NewStream(1)
	var byToken, byName []string
	in := &kinesis.ListStreamsInput{Limit: aws.Int32(1)}
	for {
		out, err := e.Client.ListStreams(e.Context(), in)
		if err != nil {
			return err
		}
		if slices.Contains(byToken, out.StreamNames[0]) {
			return fmt.Errorf("%s is in two pages", out.StreamNames[0])
		}
		byToken = append(byToken, out.StreamNames...)
		if !*out.HasMoreStreams {
			break
		}
		in.NextToken = out.NextToken
	}
	in = &kinesis.ListStreamsInput{Limit: aws.Int32(1)}
	for {
		out, err := e.Client.ListStreams(e.Context(), in)
		if err != nil {
			return err
		}
		byName = append(byName, out.StreamNames...)
		if err := differ("summaries", len(out.StreamSummaries), len(out.StreamNames)); err != nil {
			return err
		}
		if !*out.HasMoreStreams {
			break
		}
		in.ExclusiveStartStreamName = &out.StreamNames[0]
	}
	if !slices.IsSorted(byToken) || !slices.Contains(byToken, other) || !slices.Contains(byToken, e.Stream) {
		return fmt.Errorf("streams %v", byToken)
	}
	return differ("streams", strings.Join(byName, " "), strings.Join(byToken, " "))
}

func (e *Env) shardToken() *string {
	out, err := e.Client.ListShards(e.Context(), &kinesis.ListShardsInput{StreamName: &e.Stream, MaxResults: aws.Int32(1)})
	if err != nil || out.NextToken == nil {
		e.Fatal("no token: ", err)
	}
	return out.NextToken
}

func listShardPages(e *Env) error {
	out, err := e.Client.ListShards(e.Context(), &kinesis.ListShardsInput{NextToken: e.shardToken(), MaxResults: aws.Int32(1)})
	if err != nil {
		return err
	}
	if out.NextToken != nil {
		return errors.New("a token after the last page")
	}
	return differ("second page", ids(out.Shards), "1")
}

// ids names shards by their numbers.
func ids(shards []types.Shard) string {
	var list []string
	for _, sh := range shards {
		digits := strings.TrimLeft(strings.TrimPrefix(*sh.ShardId, "shardId-"), "0")
		list = append(list, "0"[:max(0, 1-len(digits))]+digits)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// filtersAfterSplit splits shard 0 of two into 2 and 3.
func filtersAfterSplit(e *Env) error {
	name := e.NewStream(2)
	e.split(name, 0, "1000")
	long := time.Now().Add(-time.Hour)
	tests := []struct {
		filter types.ShardFilter
		want   string
	}{
		{types.ShardFilter{Type: types.ShardFilterTypeAtLatest}, "1 2 3"},
		{types.ShardFilter{Type: types.ShardFilterTypeAtTrimHorizon}, "0 1"},
		{types.ShardFilter{Type: types.ShardFilterTypeFromTrimHorizon}, "0 1 2 3"},
		{types.ShardFilter{Type: types.ShardFilterTypeAfterShardId, ShardId: aws.String("shardId-000000000001")}, "2 3"},
		{types.ShardFilter{Type: types.ShardFilterTypeFromTimestamp, Timestamp: &long}, "0 1 2 3"},
		{types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: &long}, "0 1"},
	}
	for _, test := range tests {
		out, err := e.Client.ListShards(e.Context(), &kinesis.ListShardsInput{StreamName: &name, ShardFilter: &test.filter})
		if err != nil {
			return fmt.Errorf("%s: %w", test.filter.Type, err)
		}
		if err := differ(string(test.filter.Type), ids(out.Shards), test.want); err != nil {
			return err
		}
	}
	return nil
}

// split splits a shard and waits until it is done.
func (e *Env) split(name string, shard int, key string) {
	e.Helper()
	_, err := e.Client.SplitShard(e.Context(), &kinesis.SplitShardInput{
		StreamName: &name, ShardToSplit: aws.String(shardID(shard)), NewStartingHashKey: &key,
	})
	if err != nil {
		e.Fatal(err)
	}
	e.Settle(name)
}

func shardID(n int) string { return fmt.Sprintf("shardId-%012d", n) }
