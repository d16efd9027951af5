package kstream

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// ErrBusy says that a loop was begun while another one of the same Consumer
// runs. A Consumer runs one at a time; make a second Consumer for the second.
var ErrBusy = errors.New("consumer is already running a loop")

// ErrUndone says that a loop with ManualDone ended because too many of the
// records that it handed out were not marked with Done: the program forgets
// some, or queues more than PrefetchRecords.
var ErrUndone = errors.New("too many records are not done")

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
	//
	// If the stream no longer lists a shard that is named here, because all of it
	// was trimmed, the loop yields a [*GapError], unless the position is none of
	// a record. A shard that the stream never had ends the loop with an error.
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

	// FanOut is the name of a consumer that is registered with the stream, for
	// enhanced fan-out: its 2 MiB/s a shard are not shared with others, records
	// come without being asked for, within about 70 ms, and it has its own
	// price. A name that is not registered yet is, and stays so, and is paid for,
	// when the loop has ended, until the client's DeregisterStreamConsumer. A
	// registered consumer can be read by one loop at a time; a second one takes
	// its shards away. Empty means no fan-out.
	//
	// Each shard's subscription holds up to two events, of about 1 MiB, in
	// addition to PrefetchBytes. While a loop is slow, the service is held
	// back; subscriptions that end meanwhile are continued without loss.
	FanOut string

	// FanOutOrPoll reads by polling when fan-out can't be had: the name can't
	// be registered, or was deregistered.
	FanOutOrPoll bool

	// CBOR has the answers of polling encoded in CBOR, as the AWS SDK for Java
	// reads them, in place of JSON: their data is not in base64, which makes
	// them a quarter smaller and reading them much cheaper. Amazon Kinesis Data
	// Streams speaks it; not every server that imitates it does.
	CBOR bool

	// Store keeps checkpoints: a loop goes on where the last one with this Store
	// stopped, in this process or another. Once it holds any of the stream,
	// Start and StartShards are not used; a shard that it doesn't know is read
	// from its beginning. nil means that every loop begins at Start.
	//
	// A record counts as done when the loop's body has finished for it. So if
	// the process stops at any moment, what has been done since the last save is
	// delivered again, and nothing is left out.
	Store Store

	// CheckpointInterval is the time between two saves, and so bounds what is
	// delivered again. 0 means 10 s; negative means that only
	// CheckpointRecords and the end of the loop save.
	CheckpointInterval time.Duration

	// CheckpointRecords saves a shard also when so many of its records were done
	// since the last time. The loop waits for it, so the bound holds exactly,
	// unless ManualDone or Batches let go of the order. 0 means no such bound.
	CheckpointRecords int

	// ManualDone leaves it to the program to say when a record is done, by
	// calling its Done method: for loops that hand records on to other
	// goroutines. The calls may come in any order; the checkpoint is before the
	// first record that is not done. A record that is never marked stops it, and
	// when PrefetchRecords have been handed out and not been marked, the loop
	// ends with ErrUndone. See also Checkpoint.
	ManualDone bool

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
	// internal failures, credentials that have expired, a list of shards that
	// stays behind what was read of them, for it is only eventually consistent.
	// Then the loop ends with the last one. 0 means 5 minutes; negative means for
	// ever. Throttling is always waited out, and what can't get better by waiting
	// ends the loop at once.
	RetryFor time.Duration

	// Logger is told what a loop survives, such as reads that keep failing, and
	// of a last save of the checkpoints that failed where the loop has ended
	// with something else; single retries at the level Debug. nil means
	// [slog.Default].
	Logger *slog.Logger
}

const (
	defaultPrefetchRecords = 250_000
	defaultCheckpoint      = 10 * time.Second
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

	store              Store
	checkpointInterval time.Duration
	checkpointRecords  int
	manualDone         bool

	fanOut       string
	fanOutOrPoll bool

	getRecords func(*wire.GetCall, *kinesis.Options) // the codec of the answers
	readLimits readLimits
}

// readLimits is what the service lets a shard be read at.
type readLimits struct {
	interval    time.Duration // between calls
	bytesPerSec int
}

// A Consumer reads the records of a stream: all of its shards, through any
// reshard. Make one with [NewConsumer]. It holds no resources between loops
// and needs no Close.
//
// One loop runs at a time, any number after each other; each begins anew from
// the configured position, or from the checkpoints of its Store. Stats and
// Checkpoint may be called at any time.
type Consumer[T any] struct {
	client *kinesis.Client
	cfg    consumerSettings
	codec  Codec[T]
	stats  *consumerMeter
	busy   atomic.Bool
	saver  atomic.Pointer[checkpointer] // of the running loop, or the last one
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
		logger:          or(cfg.Logger, slog.Default()),

		store:              cfg.Store,
		checkpointInterval: orDefault(cfg.CheckpointInterval, defaultCheckpoint),
		checkpointRecords:  cfg.CheckpointRecords,
		manualDone:         cfg.ManualDone,

		fanOut:       cfg.FanOut,
		fanOutOrPoll: cfg.FanOutOrPoll,

		getRecords: (*wire.GetCall).GetRecords,
		readLimits: readLimits{minReadInterval, readBytesPerSec},
	}
	if cfg.CBOR {
		settings.getRecords = (*wire.GetCall).GetRecordsCBOR
	}
	if err := settings.validate(client != nil); err != nil {
		return nil, err
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

// validate reports everything that is wrong, each in a line of its own.
func (s *consumerSettings) validate(hasClient bool) error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("kstream: new consumer: "+format, args...))
	}
	if !hasClient {
		wrong("no client")
	}
	if s.stream == "" {
		wrong("Stream: none is named")
	} else if _, err := parseStream(s.stream); err != nil {
		wrong("Stream: %w", err)
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
	if s.fanOut != "" && !streamNamePattern.MatchString(s.fanOut) {
		wrong("FanOut: %q is no name: letters, digits, '_', '.' and '-', at most 128", s.fanOut)
	}
	if s.checkpointRecords < 0 {
		wrong("CheckpointRecords: %d is negative", s.checkpointRecords)
	}
	if s.idleInterval < minReadInterval {
		wrong("IdleInterval: %v is shorter than %v", s.idleInterval, minReadInterval)
	}
	return errors.Join(errs...)
}
