package kstream

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// ErrBusy says that a loop was begun while another one of the same Consumer
// runs. A Consumer runs one at a time; make a second Consumer for the second.
var ErrBusy = errors.New("consumer is already running a loop")

// ConsumerConfig says what a [Consumer] reads and how. Only Stream is needed.
type ConsumerConfig[T any] struct {
	// Stream is the stream's name or ARN.
	Stream string

	// Start is where reading begins. The zero Position is TrimHorizon: nothing
	// that the stream still holds is skipped.
	Start Position

	// StartShards are the positions of single shards, by shard ID, and go
	// before Start. A shard that descends from one of these, and is not named
	// itself, is read from its beginning.
	StartShards map[string]Position

	// Until says when a loop ends by itself. The zero Until is never.
	Until Until

	// Codec reads values. nil means DefaultCodec: []byte, string and
	// json.RawMessage are the record's data, anything else is JSON.
	Codec Codec[T]

	// OnDecodeError is called for each record that cannot be decoded, in place
	// of yielding the error. If it returns nil the loop goes on, and the record
	// counts as read; an error ends the loop with that error. EachShard calls
	// it from several goroutines.
	OnDecodeError func(*DecodeError) error

	// PrefetchRecords and PrefetchBytes bound what the whole Consumer has read
	// and not yet handed to the loop, by records (aggregated ones count once)
	// and by the bytes of their data and keys; answers that are on the way
	// count as what they can hold at most. When they are reached, nothing more
	// is read until the loop has gone on. 0 means 250,000 and 256 MiB;
	// PrefetchBytes is at least 10 MiB, the size of the largest answer.
	PrefetchRecords int
	PrefetchBytes   int

	// IdleInterval is the longest pause between two reads of a shard that has
	// nothing new, and so about the longest that a new record waits. 0 means
	// 1 s; at least 200 ms, as the service answers 5 reads a second for each
	// shard, which all consumers without fan-out share.
	IdleInterval time.Duration

	// RetryFor is how long the reading of a shard is tried again, with growing
	// pauses, while all that comes back are faults: connections that break,
	// internal failures. Then the loop ends with the last one. 0 means 5
	// minutes; negative means for ever. Throttling is always waited out, and
	// what can't get better by waiting ends the loop at once.
	RetryFor time.Duration

	// Logger is told about retries and other events that the loop survives.
	// nil means none of them are logged.
	Logger *slog.Logger
}

const (
	defaultPrefetchRecords = 250_000
	defaultPrefetchBytes   = 256 << 20
	defaultIdleInterval    = time.Second
	defaultRetryFor        = 5 * time.Minute
)

// consumerSettings is a ConsumerConfig, without its type, as the constructor
// has checked and completed it.
type consumerSettings struct {
	stream          string
	start           Position
	startShards     map[string]Position
	until           Until
	onDecodeError   func(*DecodeError) error
	prefetchRecords int
	prefetchBytes   int
	idleInterval    time.Duration
	retryFor        time.Duration
	logger          *slog.Logger
}

// A Consumer reads the records of a stream: all of its shards, through any
// reshard. Make one with [NewConsumer]. It holds no resources between loops
// and needs no Close.
//
// One loop runs at a time, any number after each other; each begins anew from
// the configured position. Stats may be called at any time.
type Consumer[T any] struct {
	client *kinesis.Client
	cfg    consumerSettings
	codec  Codec[T]
	stats  *consumerMeter
	busy   atomic.Bool
}

// NewConsumer makes a Consumer. It checks the configuration, reporting
// everything that is wrong with it at once, but does not call the service.
func NewConsumer[T any](client *kinesis.Client, cfg ConsumerConfig[T]) (*Consumer[T], error) {
	settings := consumerSettings{
		stream:          cfg.Stream,
		start:           cfg.Start,
		startShards:     maps.Clone(cfg.StartShards),
		until:           cfg.Until,
		onDecodeError:   cfg.OnDecodeError,
		prefetchRecords: orDefault(cfg.PrefetchRecords, defaultPrefetchRecords),
		prefetchBytes:   orDefault(cfg.PrefetchBytes, defaultPrefetchBytes),
		idleInterval:    orDefault(cfg.IdleInterval, defaultIdleInterval),
		retryFor:        orDefault(cfg.RetryFor, defaultRetryFor),
		logger:          cfg.Logger,
	}
	if settings.logger == nil {
		settings.logger = slog.New(slog.DiscardHandler)
	}
	err := settings.validate()
	if client == nil {
		err = errors.Join(errors.New("no client"), err)
	}
	if err != nil {
		return nil, fmt.Errorf("kstream: new consumer: %w", err)
	}
	c := &Consumer[T]{client: client, cfg: settings, codec: cfg.Codec, stats: newConsumerMeter()}
	if c.codec == nil {
		c.codec = DefaultCodec[T]()
	}
	return c, nil
}

func orDefault[N int | time.Duration](n, def N) N {
	if n == 0 {
		return def
	}
	return n
}

func (s *consumerSettings) validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, err := parseStream(s.stream); err != nil {
		errs = append(errs, err)
	}
	if err := s.start.check(); err != nil {
		wrong("Start: %w", err)
	}
	if s.start.ofShard() {
		wrong("Start: %s is a position of one shard; use StartShards", s.start)
	}
	for id, p := range s.startShards {
		if err := p.check(); err != nil {
			wrong("StartShards: %s: %w", id, err)
		}
	}
	if s.until.kind == untilCount && s.until.count < 1 {
		wrong("Until: a count of %d", s.until.count)
	}
	if s.until.kind == untilTime && s.until.time.IsZero() {
		wrong("Until: no time")
	}
	if s.prefetchRecords < 1 {
		wrong("PrefetchRecords: %d is not positive", s.prefetchRecords)
	}
	if s.prefetchBytes < maxAnswerBytes {
		wrong("PrefetchBytes: %d is less than an answer of %d", s.prefetchBytes, maxAnswerBytes)
	}
	if s.idleInterval < minReadInterval {
		wrong("IdleInterval: %v is shorter than %v", s.idleInterval, minReadInterval)
	}
	return errors.Join(errs...)
}
