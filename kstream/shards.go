package kstream

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// listShards returns all shards of a stream that filter lets through (nil:
// all that still hold records or can be written to), from every page.
//
// A page's token lives 300 s. If one has expired, for instance because the
// process was stopped for a while, the listing begins again, a few times.
func listShards(ctx context.Context, client *kinesis.Client, stream string, filter *types.ShardFilter) ([]types.Shard, error) {
	shards, _, err := listShardsAt(ctx, client, stream, filter)
	return shards, err
}

// listShardsAt also returns when the listing began, on the service's clock, in
// whole seconds rounded down.
func listShardsAt(ctx context.Context, client *kinesis.Client, stream string, filter *types.ShardFilter) ([]types.Shard, time.Time, error) {
	const tries = 3
	for try := 1; ; try++ {
		shards, began, err := listShardPages(ctx, client, stream, filter)
		if _, expired := errors.AsType[*types.ExpiredNextTokenException](err); expired && try < tries {
			continue
		}
		if err != nil {
			return nil, time.Time{}, streamError("list shards of stream", stream, err)
		}
		return shards, began, nil
	}
}

func listShardPages(ctx context.Context, client *kinesis.Client, stream string, filter *types.ShardFilter) (shards []types.Shard, began time.Time, err error) {
	ref, err := parseStream(stream)
	if err != nil {
		return nil, began, err
	}
	in := &kinesis.ListShardsInput{StreamName: ref.name, StreamARN: ref.arn, ShardFilter: filter}
	for {
		out, err := client.ListShards(ctx, in, wire.Cure)
		if err != nil {
			return nil, began, err
		}
		if began.IsZero() {
			began = serviceTime(out.ResultMetadata)
		}
		shards = append(shards, out.Shards...)
		if aws.ToString(out.NextToken) == "" {
			return shards, began, nil
		}
		// A token stands for the stream and the filter: neither may be named beside it.
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

// serviceTime returns the time of an answer, in whole seconds, rounded down.
func serviceTime(answer middleware.Metadata) time.Time {
	t, ok := awsmiddleware.GetServerTime(answer)
	if !ok {
		t = time.Now()
	}
	return t.Truncate(time.Second)
}
