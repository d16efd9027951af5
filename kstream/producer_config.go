package kstream

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// Limits of the service that the Producer keeps to (Kinesis Data Streams
// developer guide, "Quotas and limits", and API reference, PutRecords).
const (
	maxCallRecords  = 500      // entries in a PutRecords call
	maxCallBytes    = 10 << 20 // data and keys of a PutRecords call
	maxRecordBytes  = 10 << 20 // data and key of a record, where the stream allows it
	minRecordLimit  = 1 << 20  // and where it does not
	payloadUnit     = 25 << 10 // what a PUT is billed by
	shardRecordRate = 1000     // records that a shard takes in a second
	shardByteRate   = 1 << 20  // bytes that a shard takes in a second
)

// fullCallBytes is where a call stops growing, though the service takes ten
// times as much: larger ones save nothing more, and are sent longer.
const fullCallBytes = 1 << 20

// forever is longer than any process lives, and can be added to a time.
const forever = time.Duration(1 << 62)

// Defaults of ProducerConfig.
const (
	defaultLinger          = 20 * time.Millisecond
	defaultAggregateLinger = 100 * time.Millisecond
	defaultBufferRecords   = 100_000
	defaultBufferBytes     = 64 << 20
	defaultCalls           = 10
	defaultCallTimeout     = 15 * time.Second

	// An aggregate travels under the partition key "a", which counts.
	defaultAggregateBytes = payloadUnit - 1
)

// ProducerConfig says what a [Producer] writes and how. Only Stream is
// required; the zero value of every other field is a default that suits most.
type ProducerConfig[T any] struct {
	// Stream is the name or the ARN of the stream.
	Stream string

	// PartitionKey returns the key that decides the shard of a value: values
	// with one key are in one shard. A legal key has 1 to 256 characters of
	// valid UTF-8; [PartitionKey] makes one of any text. A value with another
	// key is refused with a [*KeyError]. It is called by several goroutines.
	//
	// Nil spreads the values evenly over the shards, under random keys, and
	// around shards that are behind: for values that belong to nothing. Once the
	// stream is known to have AUTO distribution, nil sends no keys at all.
	PartitionKey func(T) string

	// ExplicitHashKey returns a hash key, decimal, 0 to 2^128-1, that decides
	// the shard instead of the partition key's MD5, or "" to leave it to that:
	// for writers that choose the shard themselves.
	ExplicitHashKey func(T) string

	// Codec turns values into record data. Nil is [DefaultCodec].
	Codec Codec[T]

	// Linger is how long a value waits for others to share its call or its
	// aggregate with. 0 is 20 ms, with Aggregate 100 ms; negative is not at
	// all. A full call leaves at once, and so does everything when Put, Flush
	// or Close waits for it.
	Linger time.Duration

	// OnSettled is told what became of each value that Send and SendAll have
	// taken, exactly once, from one goroutine. A value stays charged to the
	// buffer until OnSettled has returned: one that blocks makes Send block
	// once the buffer is full, and holds up Flush and Close until their ctx
	// ends. So it must not wait for the Producer itself, in Send, SendAll, Put,
	// Flush or Close; hand what is to be sent again to another goroutine. One
	// that panics or ends its goroutine does not stop the Producer: the next
	// Flush or Close returns a [*PanicError].
	//
	// Nil: nobody hears of a delivery; failures are kept until Flush or Close
	// returns them, or SendAll its own, and take room in the buffer until then.
	OnSettled func(Settlement[T])

	// Aggregate packs many values into one record in the format of the Kinesis
	// Producer Library, which this package's Consumer, the Kinesis Client
	// Library and AWS Lambda's helpers unpack: for values much smaller than
	// 1 KB, of which a shard takes only 1,000 a second, and for the price,
	// which counts in units of 25 KB. Values keep their own keys. It costs a
	// longer Linger, and readers that do not unpack see the packed record.
	Aggregate bool

	// AggregateBytes bounds the packed record, key included. 0 is 25,600, one
	// unit of the price; at most 1 MiB. A value that is larger travels alone.
	// What Compress makes of an aggregate is known only afterwards: one that
	// compresses less well than those before it may exceed its bound.
	AggregateBytes int

	// Compress compresses aggregates with zstd, in an envelope of this
	// package's own: for text that exceeds 1 MiB a second and shard. Only this
	// package's Consumer reads it. It implies Aggregate.
	Compress bool

	// Ordered keeps values with the same partition key in the order in which
	// Send took them, through retries and reshards. At most one call at a time
	// then carries values of a key, and only one of them unless they are
	// aggregated: a key is written once a round trip. A duplicate (see
	// [Producer]) may still come late. It is refused on a stream with AUTO
	// distribution, which has no order, and without PartitionKey.
	Ordered bool

	// TimeToLive is how long after Send a value is tried: then it fails with
	// [ErrExpired]. 0 is for ever: until Close gives up.
	TimeToLive time.Duration

	// MaxBufferedRecords and MaxBufferedBytes bound the values that are not
	// settled, with their keys; 0 is 100,000 and 64 MiB. Each shard has an
	// equal share of both (but at least 256 records and 256 KiB, or what the
	// bounds allow), so that a shard that is throttled blocks only the callers
	// that write to it. A value larger than its share is taken when the share
	// is empty.
	MaxBufferedRecords int
	MaxBufferedBytes   int

	// Rate is how much of a shard's write limits (1,000 records and 1 MiB a
	// second) to use: 0.5 leaves half for other producers. 0 is all of it.
	// When the stream throttles, less is used for a while, so that programs
	// that write to the same shards find about equal parts by themselves; but
	// records of 100 KB and more find no room beside smaller ones that use up
	// the bytes. Give each program a fixed part then, of no more than 1 in all.
	// Negative: calls are not paced at all, and throttled entries only sent
	// again.
	Rate float64

	// MaxCalls is how many calls are under way at once: 0 is 10, or one for
	// every four shards if that is more, up to 100. With many more than 10, let
	// the client's HTTP transport keep as many idle connections.
	MaxCalls int

	// CallTimeout ends a call whose answer does not come; what it carried is
	// sent again, and may then be in the stream twice. 0 is 15 s.
	CallTimeout time.Duration

	// CBOR has the calls and their answers encoded in CBOR, as the AWS SDK for
	// Java writes them, in place of JSON: their data is not in base64, which
	// makes them a quarter smaller and writing them much cheaper. Amazon Kinesis
	// Data Streams speaks it; not every server that imitates it does.
	CBOR bool

	// Logger is told of rare events: a stream that reshards, calls that keep
	// failing. Nil is [slog.Default].
	Logger *slog.Logger
}

// senderConfig is what is left of a ProducerConfig without its type.
type senderConfig struct {
	client         *kinesis.Client
	stream         string
	ref            streamRef
	keyed          bool // values bring their partition keys
	linger         time.Duration
	aggregateBytes int // 0: not aggregated
	compress       bool
	ordered        bool
	receipts       bool // somebody is told of every value, and not only of Put's
	timeToLive     time.Duration
	maxRecords     int
	maxBytes       int
	rate           float64 // 0: not paced
	maxCalls       int     // 0: by the number of shards
	callTimeout    time.Duration
	cbor           bool
	logger         *slog.Logger
}

// sender checks a configuration and fills in the defaults.
func (cfg *ProducerConfig[T]) sender(client *kinesis.Client) (senderConfig, error) {
	var errs []error
	bad := func(when bool, format string, args ...any) {
		if when {
			errs = append(errs, fmt.Errorf("kstream: new producer: "+format, args...))
		}
	}
	ref, err := refOf(cfg.Stream)
	bad(err != nil, "%w", err)
	bad(client == nil, "no client")
	bad(cfg.AggregateBytes < 0 || cfg.AggregateBytes > shardByteRate, "AggregateBytes %d is not in 0..%d", cfg.AggregateBytes, shardByteRate)
	bad(cfg.AggregateBytes > 0 && !cfg.Aggregate && !cfg.Compress, "AggregateBytes without Aggregate")
	bad(cfg.Ordered && cfg.PartitionKey == nil, "Ordered without PartitionKey")
	bad(cfg.ExplicitHashKey != nil && cfg.PartitionKey == nil, "ExplicitHashKey without PartitionKey")
	bad(cfg.TimeToLive < 0, "TimeToLive %v is negative", cfg.TimeToLive)
	bad(cfg.MaxBufferedRecords < 0, "MaxBufferedRecords %d is negative", cfg.MaxBufferedRecords)
	bad(cfg.MaxBufferedBytes < 0, "MaxBufferedBytes %d is negative", cfg.MaxBufferedBytes)
	bad(!(cfg.Rate <= 1), "Rate %v is more than 1, the whole limit", cfg.Rate)
	bad(cfg.MaxCalls < 0, "MaxCalls %d is negative", cfg.MaxCalls)
	bad(cfg.CallTimeout < 0, "CallTimeout %v is negative", cfg.CallTimeout)
	if len(errs) > 0 {
		return senderConfig{}, errors.Join(errs...)
	}
	sc := senderConfig{
		client: client, stream: cfg.Stream, ref: ref,
		keyed:       cfg.PartitionKey != nil,
		linger:      min(max(0, cfg.Linger), forever),
		compress:    cfg.Compress,
		ordered:     cfg.Ordered,
		receipts:    cfg.OnSettled != nil,
		timeToLive:  min(cfg.TimeToLive, forever),
		maxRecords:  or(cfg.MaxBufferedRecords, defaultBufferRecords),
		maxBytes:    or(cfg.MaxBufferedBytes, defaultBufferBytes),
		rate:        or(max(cfg.Rate, 0), 1),
		maxCalls:    cfg.MaxCalls,
		callTimeout: or(cfg.CallTimeout, defaultCallTimeout),
		cbor:        cfg.CBOR,
		logger:      or(cfg.Logger, slog.Default()),
	}
	if cfg.Rate < 0 {
		sc.rate = 0
	}
	if cfg.Aggregate || cfg.Compress {
		sc.aggregateBytes = or(cfg.AggregateBytes, defaultAggregateBytes+1) - 1
	}
	if cfg.Linger == 0 {
		sc.linger = defaultLinger
		if sc.aggregateBytes > 0 {
			sc.linger = defaultAggregateLinger
		}
	}
	return sc, nil
}

// or returns v, or the default that its zero value stands for.
func or[V comparable](v, byDefault V) V {
	var zero V
	if v == zero {
		return byDefault
	}
	return v
}
