package kstream

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// listShards returns all shards of a stream that filter lets through (nil:
// all that still hold records or can be written to), from every page.
//
// A page's token lives 300 s. If one has expired, for instance because the
// process was stopped for a while, the listing begins again, a few times.
func listShards(ctx context.Context, client *kinesis.Client, stream string, filter *types.ShardFilter) ([]types.Shard, error) {
	const tries = 3
	for try := 1; ; try++ {
		shards, err := listShardPages(ctx, client, stream, filter)
		if _, expired := errors.AsType[*types.ExpiredNextTokenException](err); expired && try < tries {
			continue
		}
		if err != nil {
			return nil, streamError("list shards of stream", stream, err)
		}
		return shards, nil
	}
}

func listShardPages(ctx context.Context, client *kinesis.Client, stream string, filter *types.ShardFilter) ([]types.Shard, error) {
	ref, err := parseStream(stream)
	if err != nil {
		return nil, err
	}
	var shards []types.Shard
	in := &kinesis.ListShardsInput{StreamName: ref.name, StreamARN: ref.arn, ShardFilter: filter}
	for {
		out, err := client.ListShards(ctx, in, wire.Cure)
		if err != nil {
			return nil, err
		}
		shards = append(shards, out.Shards...)
		if aws.ToString(out.NextToken) == "" {
			return shards, nil
		}
		// A token stands for the stream and the filter: neither may be named beside it.
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}
