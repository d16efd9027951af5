package kstream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

var (
	// ErrStreamNotFound says that the account has no such stream in the
	// client's region. Check the name and the region.
	ErrStreamNotFound = errors.New("stream not found")

	// ErrStreamExists says that CreateStream found a stream of that name.
	// [WaitActive] makes sure that it is ready to be used.
	ErrStreamExists = errors.New("stream exists")
)

// StreamOptions says what stream [CreateStream] makes. The zero value is an
// on-demand stream.
type StreamOptions struct {
	// Shards is the number of shards of a provisioned stream. 0 means on
	// demand: the service scales the stream itself, from 4 shards.
	Shards int

	// MaxRecordBytes is the largest record, data and partition key together,
	// that the stream takes: 1 MiB to 10 MiB, rounded up to whole KiB. 0 means
	// 1 MiB.
	MaxRecordBytes int

	// AutoDistribution has the service spread the records over the shards by
	// itself and ignore their partition keys; only on demand.
	AutoDistribution bool

	// Tags are put on the stream.
	Tags map[string]string
}

// StreamInfo describes a stream.
type StreamInfo struct {
	Name             string
	ARN              string
	Status           types.StreamStatus
	Created          time.Time
	OnDemand         bool
	AutoDistribution bool          // the service ignores partition keys
	OpenShards       int           // shards that can be written to
	Consumers        int           // registered for enhanced fan-out
	Retention        time.Duration // how long records can be read
	MaxRecordBytes   int           // data and partition key together
}

// CreateStream creates a stream and waits until it is ACTIVE. If there is one
// of that name, the error wraps [ErrStreamExists].
func CreateStream(ctx context.Context, client *kinesis.Client, name string, opts StreamOptions) (StreamInfo, error) {
	if err := opts.check(); err != nil {
		return StreamInfo{}, fmt.Errorf("kstream: create stream %s: %w", name, err)
	}
	in := &kinesis.CreateStreamInput{
		StreamName:        &name,
		StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand},
		Tags:              opts.Tags,
	}
	if opts.Shards > 0 {
		in.StreamModeDetails.StreamMode = types.StreamModeProvisioned
		in.ShardCount = aws.Int32(int32(opts.Shards))
	}
	if opts.MaxRecordBytes > 0 {
		in.MaxRecordSizeInKiB = aws.Int32(int32((opts.MaxRecordBytes + 1023) / 1024))
	}
	if opts.AutoDistribution {
		in.RecordDistributionStrategy = types.RecordDistributionStrategyAuto
	}
	if _, err := client.CreateStream(ctx, in, wire.Cure); err != nil {
		if _, ok := errors.AsType[*types.ResourceInUseException](err); ok {
			err = fmt.Errorf("%w: %w", ErrStreamExists, err)
		}
		return StreamInfo{}, fmt.Errorf("kstream: create stream %s: %w", name, err)
	}
	return WaitActive(ctx, client, name)
}

// check reports everything that is wrong with the options. A number of shards
// that went wrong must not make a stream on demand, which has its price.
func (o StreamOptions) check() error {
	var faults []error
	if o.Shards < 0 || o.Shards > math.MaxInt32 {
		faults = append(faults, fmt.Errorf("the number of Shards is %d", o.Shards))
	}
	if o.MaxRecordBytes != 0 && (o.MaxRecordBytes < 1<<20 || o.MaxRecordBytes > 10<<20) {
		faults = append(faults, fmt.Errorf("MaxRecordBytes: %d is not 1 MiB to 10 MiB", o.MaxRecordBytes))
	}
	if o.AutoDistribution && o.Shards > 0 {
		faults = append(faults, errors.New("both Shards and AutoDistribution, which is only for streams on demand"))
	}
	return errors.Join(faults...)
}

// DescribeStream describes a stream, which is named by its name or its ARN.
// If there is none, the error wraps [ErrStreamNotFound].
func DescribeStream(ctx context.Context, client *kinesis.Client, stream string) (StreamInfo, error) {
	ref, err := parseStream(stream)
	if err != nil {
		return StreamInfo{}, err
	}
	out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{
		StreamName: ref.name, StreamARN: ref.arn,
	}, wire.Cure)
	if err != nil {
		return StreamInfo{}, streamError("describe stream", stream, err)
	}
	s := out.StreamDescriptionSummary
	info := StreamInfo{
		Name:             aws.ToString(s.StreamName),
		ARN:              aws.ToString(s.StreamARN),
		Status:           s.StreamStatus,
		Created:          aws.ToTime(s.StreamCreationTimestamp),
		AutoDistribution: s.RecordDistributionStrategy == types.RecordDistributionStrategyAuto,
		OpenShards:       int(aws.ToInt32(s.OpenShardCount)),
		Consumers:        int(aws.ToInt32(s.ConsumerCount)),
		Retention:        time.Duration(aws.ToInt32(s.RetentionPeriodHours)) * time.Hour,
		MaxRecordBytes:   int(aws.ToInt32(s.MaxRecordSizeInKiB)) << 10,
	}
	if s.StreamModeDetails != nil {
		info.OnDemand = s.StreamModeDetails.StreamMode == types.StreamModeOnDemand
	}
	if info.MaxRecordBytes == 0 { // a server from before records could be larger
		info.MaxRecordBytes = 1 << 20
	}
	return info, nil
}

// DeleteStream deletes a stream, with all its records, and waits until it is
// gone. A stream with registered consumers is not deleted; the error says so.
func DeleteStream(ctx context.Context, client *kinesis.Client, stream string) error {
	ref, err := parseStream(stream)
	if err != nil {
		return err
	}
	_, err = client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: ref.name, StreamARN: ref.arn}, wire.Cure)
	if err != nil {
		return streamError("delete stream", stream, err)
	}
	for wait := newPoll(); ; {
		if _, err := DescribeStream(ctx, client, stream); errors.Is(err, ErrStreamNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		if err := wait.next(ctx); err != nil {
			return fmt.Errorf("kstream: wait until stream %s is deleted: %w", stream, err)
		}
	}
}

// WaitActive waits until a stream can be written and read, and describes it.
// If the stream is being deleted or does not exist, that is an error at once.
func WaitActive(ctx context.Context, client *kinesis.Client, stream string) (StreamInfo, error) {
	for wait := newPoll(); ; {
		info, err := DescribeStream(ctx, client, stream)
		switch {
		case err != nil:
			return info, err
		case info.Status == types.StreamStatusActive, info.Status == types.StreamStatusUpdating:
			return info, nil
		case info.Status == types.StreamStatusDeleting:
			return info, fmt.Errorf("kstream: stream %s is being deleted", stream)
		}
		if err := wait.next(ctx); err != nil {
			return info, fmt.Errorf("kstream: wait until stream %s is active: %w", stream, err)
		}
	}
}

// poll spaces the calls of a wait: DescribeStreamSummary has a quota of 20
// calls a second for the whole account, so it soon slows down.
type poll struct{ delay time.Duration }

func newPoll() *poll { return &poll{delay: 100 * time.Millisecond} }

func (p *poll) next(ctx context.Context) error {
	timer := time.NewTimer(p.delay)
	defer timer.Stop()
	p.delay = min(2*p.delay, 2*time.Second)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A streamRef names a stream in a call: exactly one of its fields is set.
type streamRef struct{ name, arn *string }

var (
	streamNamePattern = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)
	streamARNPattern  = regexp.MustCompile(`^arn:aws[^:]*:kinesis:[^:]+:[0-9]{12}:stream/[a-zA-Z0-9_.-]{1,128}$`)
)

// parseStream reads a stream's name or ARN.
func parseStream(stream string) (streamRef, error) {
	ref, err := refOf(stream)
	if err != nil {
		err = fmt.Errorf("kstream: %w", err)
	}
	return ref, err
}

// refOf does so too; its error is to be part of another.
func refOf(stream string) (streamRef, error) {
	switch {
	case strings.HasPrefix(stream, "arn:") && !streamARNPattern.MatchString(stream):
		return streamRef{}, fmt.Errorf("%q is no ARN of a stream, such as arn:aws:kinesis:us-east-1:123456789012:stream/books", stream)
	case strings.HasPrefix(stream, "arn:"):
		return streamRef{arn: &stream}, nil
	case stream == "":
		return streamRef{}, errors.New("no stream is named")
	case !streamNamePattern.MatchString(stream):
		return streamRef{}, fmt.Errorf("%q is no stream name: letters, digits, '_', '.' and '-', at most 128", stream)
	}
	return streamRef{name: &stream}, nil
}

// streamError names the call and the stream that an error is about.
func streamError(call, stream string, err error) error {
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		err = fmt.Errorf("%w: %w", ErrStreamNotFound, err)
	}
	return fmt.Errorf("kstream: %s %s: %w", call, stream, err)
}
