package kstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
)

// A LambdaHandler handles the events that AWS Lambda makes of a stream's
// records, one call for each value. Its Handle is the function to start; no
// Lambda SDK is needed to compile it.
//
//	handler := &kstream.LambdaHandler[Book]{Record: store}
//	lambda.Start(handler.Handle) // of aws-lambda-go
//
// The event source mapping needs ReportBatchItemFailures among its
// FunctionResponseTypes: when a value fails, Lambda then delivers the batch
// again from that value's record on. Handle stops at the first failure, because
// Lambda would deliver everything after it again in any case. Without
// ReportBatchItemFailures Lambda takes every answer for a success, and the
// records are lost; set WholeBatch there.
//
// A LambdaHandler may be used by several goroutines, if its functions may.
type LambdaHandler[T any] struct {
	// Record is called with each value, in the order of the shard. It is needed.
	Record func(context.Context, Record[T]) error

	// Codec reads values. nil means DefaultCodec.
	Codec Codec[T]

	// OnDecodeError is called for each record that cannot be decoded. If it
	// returns nil, the record counts as handled. nil means that such a record
	// fails: Lambda tries it again as often as the mapping says, and then sends
	// it to the mapping's destination for failures.
	OnDecodeError func(*DecodeError) error

	// WholeBatch has Handle return the error of the value that failed, so that
	// the whole batch is delivered again.
	WholeBatch bool
}

// A LambdaResponse says which records of a batch to deliver again: those from
// the lowest of the sequence numbers on.
type LambdaResponse struct {
	BatchItemFailures []LambdaFailure `json:"batchItemFailures"`
}

// A LambdaFailure names a record that failed, by its sequence number.
type LambdaFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Handle handles one event. It returns an error only for an event that is not
// one of a stream, and with WholeBatch.
func (h *LambdaHandler[T]) Handle(ctx context.Context, event json.RawMessage) (LambdaResponse, error) {
	response := LambdaResponse{BatchItemFailures: []LambdaFailure{}}
	ctx, cancel := beforeDeadline(ctx)
	defer cancel()
	for rec, err := range LambdaRecords(event, h.Codec) {
		seq := rec.SequenceNumber
		poison, isPoison := errors.AsType[*DecodeError](err)
		switch {
		case isPoison:
			seq = poison.SequenceNumber
			if h.OnDecodeError != nil {
				err = h.OnDecodeError(poison)
			}
		case err != nil:
			return response, err
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		default:
			err = h.Record(ctx, rec)
		}
		if err != nil && h.WholeBatch {
			return response, err
		}
		if err != nil {
			response.BatchItemFailures = append(response.BatchItemFailures, LambdaFailure{seq})
			return response, nil
		}
	}
	return response, nil
}

// answerTime is what is left of the time for a call to say how far it came.
const answerTime = 500 * time.Millisecond

// beforeDeadline returns a context that ends before ctx does.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-min(answerTime, time.Until(deadline)/10)))
}

// LambdaRecords yields the values in the event that AWS Lambda delivers for a
// stream, the members of aggregated records too, in the order of the shard. A
// nil codec means DefaultCodec. For what cannot be decoded a [*DecodeError] is
// yielded and the loop goes on; any other error is about the whole event.
//
// An event does not say which hash keys the shard holds. So after a reshard a
// member of an aggregate can be yielded that its producer sends again.
func LambdaRecords[T any](event []byte, codec Codec[T]) iter.Seq2[Record[T], error] {
	if codec == nil {
		codec = DefaultCodec[T]()
	}
	return func(yield func(Record[T], error) bool) {
		records, err := lambdaRecords(event)
		if err != nil {
			yield(Record[T]{}, fmt.Errorf("kstream: lambda event: %w", err))
			return
		}
		unpack := unpacker{decompressor: sync.OnceValues(newDecompressor)}
		for i := range records {
			if !yieldLambdaRecord(&records[i], &unpack, codec, yield) {
				return
			}
		}
	}
}

// lambdaRecords reads an event. That a record has no sequence number is an error
// too: Lambda could not be told that it failed.
func lambdaRecords(event []byte) ([]lambdaRecord, error) {
	var e lambdaEvent
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	if e.Records == nil {
		return nil, errors.New("no Records")
	}
	for i := range e.Records {
		switch r := &e.Records[i]; {
		case r.Source != lambdaSource:
			return nil, fmt.Errorf("record %d is of %.80q, not of %s", i, r.Source, lambdaSource)
		case r.Kinesis.SequenceNumber == "":
			return nil, fmt.Errorf("record %d has no sequence number", i)
		}
	}
	return e.Records, nil
}

const lambdaSource = "aws:kinesis"

// lambdaEvent is what this package needs of the event, whose form the Lambda
// Developer Guide gives under "Using Lambda to process records from Amazon
// Kinesis Data Streams".
type lambdaEvent struct {
	Records []lambdaRecord
}

type lambdaRecord struct {
	ID        string `json:"eventID"` // shard ID, a colon, sequence number
	Source    string `json:"eventSource"`
	StreamARN string `json:"eventSourceARN"`
	Kinesis   struct {
		PartitionKey   string  `json:"partitionKey"`
		SequenceNumber string  `json:"sequenceNumber"`
		Data           []byte  `json:"data"`                        // base64; KMS-encrypted records come decrypted
		Arrival        float64 `json:"approximateArrivalTimestamp"` // Unix seconds
	} `json:"kinesis"`
}

func yieldLambdaRecord[T any](raw *lambdaRecord, unpack *unpacker, codec Codec[T], yield func(Record[T], error) bool) bool {
	shard, _, _ := strings.Cut(raw.ID, ":")
	rec := Record[T]{
		Data: raw.Kinesis.Data, PartitionKey: raw.Kinesis.PartitionKey, ShardID: shard,
		SequenceNumber: raw.Kinesis.SequenceNumber,
	}
	if seconds := raw.Kinesis.Arrival; seconds != 0 {
		rec.Arrival = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	}
	one := func(err error) bool {
		if err == nil {
			rec.Value, err = codec.Decode(rec.Data)
		}
		if err == nil {
			return yield(rec, nil)
		}
		return yield(Record[T]{}, &DecodeError{
			Stream: raw.StreamARN, ShardID: shard, SequenceNumber: rec.SequenceNumber, SubSequence: rec.SubSequence,
			PartitionKey: rec.PartitionKey, Data: rec.Data, Err: err,
		})
	}
	aggregated, err := unpack.open(rec.Data, kpl.Aggregated(rec.Data))
	if !aggregated || err != nil {
		return one(err)
	}
	for sub, m := range unpack.members.All() {
		rec.SubSequence, rec.Data = int64(sub), m.Data
		rec.PartitionKey, rec.ExplicitHashKey = m.PartitionKey, m.ExplicitHashKey
		if !one(nil) {
			return false
		}
	}
	return true
}
