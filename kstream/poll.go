package kstream

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// The service's limits on reading, from the quotas page of Kinesis Data
// Streams and the API reference of GetRecords.
const (
	maxAnswerRecords = 10_000
	maxAnswerBytes   = 10 << 20
	minReadInterval  = 200 * time.Millisecond // 5 calls a second for each shard
	readBytesPerSec  = 2 << 20                // for each shard; an answer of 10 MiB blocks it for 5 s
)

// poll makes one GetRecords call, after the pause that is due and for what
// the budget allows.
func (r *shardReader) poll(ctx context.Context) (*page, error) {
	run := r.shard.run
	r.cursor.check()
	if r.cursor.iterator == nil {
		if err := r.cursor.renew(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.pace.wait(ctx); err != nil {
		return nil, err
	}
	most := r.ask()
	if err := run.budget.take(ctx, most); err != nil {
		return nil, err
	}
	callCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	memory := run.memory()
	out, err := run.client.GetRecords(callCtx, &kinesis.GetRecordsInput{
		ShardIterator: r.cursor.iterator,
		StreamARN:     run.ref.arn,
		Limit:         aws.Int32(int32(most.records)),
	}, func(o *kinesis.Options) { run.cfg.getRecords(memory, o) }, noRetries)
	if err != nil {
		run.memories.Put(memory)
		run.budget.give(most)
		return nil, err
	}
	r.renewals = 0
	answer := r.accept(out, memory)
	run.budget.give(hold{most.records - answer.hold.records, most.bytes - answer.hold.bytes})
	return answer, nil
}

// ask returns what an answer may hold at most. For a shard that has nothing new
// that is one record, when the budget is short: with thousands of such shards it
// would be spent on answers that turn out empty, and each shard would wait long
// for its turn. If there is a record after all, the next call asks for the rest.
func (r *shardReader) ask() hold {
	run := r.shard.run
	most := hold{min(maxAnswerRecords, run.cfg.prefetchRecords), maxAnswerBytes}
	if r.pace.quiet && !run.budget.ample(most) {
		return hold{1, min(maxAnswerBytes, run.info.MaxRecordBytes)}
	}
	return most
}

// accept makes a page of an answer.
func (r *shardReader) accept(out *kinesis.GetRecordsOutput, memory *wire.GetCall) *page {
	lagKnown := out.MillisBehindLatest != nil
	lag := time.Duration(aws.ToInt64(out.MillisBehindLatest)) * time.Millisecond
	records := memory.Records(out)
	bytes := records.Size()
	answer := &page{
		shard: r.shard, records: records, memory: memory, lag: lag, children: out.ChildShards,
		hold: hold{records.Len(), bytes},
	}
	if closedShard(out.NextShardIterator, out.ChildShards) {
		answer.end = endOfShard
	}
	r.cursor.iterator = out.NextShardIterator
	r.cursor.accept(answer, lagKnown)
	r.pace.read(time.Now(), records.Len(), bytes, lagKnown && lag == 0, r.shard.run.cfg)
	r.shard.meter.answer(answer.records.Len(), bytes, lag)
	r.shard.want(answer, lagKnown)
	return answer
}

// A pace spaces the calls of one shard: within the service's limits when there
// is much to read, calmly when there is nothing. Other readers of the same
// shard show themselves by throttling, which is waited out.
type pace struct {
	due   time.Time
	idle  time.Duration // the pause at the shard's tip; doubles with each empty answer
	quiet bool          // the last answer was one of these
}

func (p *pace) wait(ctx context.Context) error { return sleep(ctx, time.Until(p.due)) }

// read takes note of an answer, at the time it came. The service counts from
// when it made it, which was earlier.
func (p *pace) read(now time.Time, records, bytes int, atTip bool, cfg *consumerSettings) {
	limits := cfg.readLimits
	pause := max(limits.interval, time.Duration(bytes)*time.Second/time.Duration(limits.bytesPerSec))
	p.quiet = records == 0 && atTip
	if p.quiet {
		p.idle = min(max(2*p.idle, limits.interval), cfg.idleInterval)
	} else {
		p.idle = limits.interval
	}
	p.due = now.Add(max(pause, p.idle))
}
