package kstream

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// A delivery hands the records of pages to the body of one loop.
type delivery[T any] struct {
	run   *run
	codec Codec[T]
	ctx   context.Context
	yield func(Record[T], error) bool
}

// An outcome says how the delivery of something ended.
type outcome uint8

const (
	goOn      outcome = iota // the body finished
	leftLoop                 // by break or return: what it was given counts as unread
	enough                   // the Until's count is reached
	cancelled                // the context has ended
	failed                   // the run was told why
)

// page delivers a page's records.
func (d *delivery[T]) page(p *page) outcome {
	if p.gap != nil {
		p.shard.meter.gaps.Add(1)
		if !d.yield(Record[T]{}, p.gap) {
			return leftLoop
		}
	}
	for i := range p.records {
		if out := d.record(p, &p.records[i]); out != goOn {
			return out
		}
	}
	return goOn
}

func (d *delivery[T]) record(p *page, raw *types.Record) outcome {
	select {
	case <-d.ctx.Done():
		return cancelled
	default:
	}
	if !d.run.rule.take() {
		return enough
	}
	rec := Record[T]{
		Data:           raw.Data,
		PartitionKey:   aws.ToString(raw.PartitionKey),
		ShardID:        p.shard.ID,
		SequenceNumber: aws.ToString(raw.SequenceNumber),
		Arrival:        aws.ToTime(raw.ApproximateArrivalTimestamp),
		Lag:            p.lag,
	}
	out := d.decoded(p, &rec)
	if out == goOn && d.run.rule.last() {
		return enough
	}
	return out
}

// decoded decodes rec's data and gives the body the value, or the error.
func (d *delivery[T]) decoded(p *page, rec *Record[T]) outcome {
	value, err := d.codec.Decode(rec.Data)
	if err != nil {
		return d.poison(p, rec, err)
	}
	rec.Value = value
	if !d.yield(*rec, nil) {
		return leftLoop
	}
	return goOn
}

// poison deals with a record that cannot be decoded.
func (d *delivery[T]) poison(p *page, rec *Record[T], err error) outcome {
	p.shard.meter.poison.Add(1)
	poison := &DecodeError{
		Stream: d.run.cfg.stream, ShardID: rec.ShardID,
		SequenceNumber: rec.SequenceNumber, SubSequence: rec.SubSequence,
		PartitionKey: rec.PartitionKey, Data: rec.Data, Err: err,
	}
	if handle := d.run.cfg.onDecodeError; handle != nil {
		if err := handle(poison); err != nil {
			d.run.abort(err)
			return failed
		}
		return goOn
	}
	if !d.yield(Record[T]{}, poison) {
		return leftLoop
	}
	return goOn
}
