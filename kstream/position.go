package kstream

import (
	"encoding"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// A Position is a place in a shard from which reading goes on. The zero
// Position is [TrimHorizon].
//
// A Position can be kept as text: String and MarshalText write it, for example
// as "AFTER_SEQUENCE_NUMBER 4959…2306 3", and UnmarshalText reads it.
type Position struct {
	kind positionKind
	seq  string
	sub  int64     // of afterRecord: the last member that was read
	time time.Time // of atTime; of afterRecord: when the shard held nothing after it; zero: not known
}

type positionKind uint8

const (
	trimHorizon positionKind = iota
	latest
	atTime
	atSequence
	afterSequence
	afterRecord
	shardEnd
)

// wholeRecord, as a sub-sequence number, is after every member of a record.
const wholeRecord = 1<<63 - 1

var (
	_ encoding.TextMarshaler   = Position{}
	_ encoding.TextUnmarshaler = (*Position)(nil)
)

// TrimHorizon is the oldest record that the shard still holds.
func TrimHorizon() Position { return Position{} }

// Latest is after the newest record: only what is written from the beginning
// of the loop on is read. Shards that come from a later reshard are still read
// from their beginning, so nothing of them is missed.
//
// If a shard can be asked only more than a second after that, since fan-out had
// to be registered first or a call failed, its reading begins at the second in
// which the loop began, and so with what was written in that second before it.
func Latest() Position { return Position{kind: latest} }

// AtTime is the first record that arrived at t or later, by the service's
// approximate arrival times (milliseconds). A time before the oldest record
// means TrimHorizon. A time in the future is an error, but for up to a minute,
// which is waited for: not all clocks are the same.
func AtTime(t time.Time) Position { return Position{kind: atTime, time: t.Round(0).UTC()} }

// AtSequenceNumber is the record with that sequence number or, if there is
// none, the next one. It is a position of one shard: see StartShards.
func AtSequenceNumber(seq string) Position { return Position{kind: atSequence, seq: seq} }

// AfterSequenceNumber is after the record with that sequence number and all
// that is aggregated in it. It is a position of one shard: see StartShards.
func AfterSequenceNumber(seq string) Position { return Position{kind: afterSequence, seq: seq} }

// AfterRecord is after a record that was read before, as its SequenceNumber
// and SubSequence name it. Unlike AfterSequenceNumber it can be in the middle
// of an aggregated record, and if the service no longer holds the record, so
// that others after it may be lost too, the loop yields a [*GapError]. It is a
// position of one shard: see StartShards.
func AfterRecord(seq string, sub int64) Position {
	return Position{kind: afterRecord, seq: seq, sub: sub}
}

// ShardEnd is after the last record of a closed shard: nothing of it is read
// any more, and its children can begin.
func ShardEnd() Position { return Position{kind: shardEnd} }

// ofShard reports whether p only means something in one shard.
func (p Position) ofShard() bool { return p.kind >= atSequence }

// namesRecord reports whether p is at or after a certain record.
func (p Position) namesRecord() bool { return p.kind >= atSequence && p.kind != shardEnd }

// shown is the position as others may see it.
func (p Position) shown() Position {
	if p.kind == afterRecord && p.sub == wholeRecord {
		return AfterSequenceNumber(p.seq)
	}
	if p.kind == afterRecord {
		p.time = time.Time{}
	}
	return p
}

// Equal reports whether p and o are the same position.
func (p Position) Equal(o Position) bool {
	return p.kind == o.kind && p.seq == o.seq && p.sub == o.sub && p.time.Equal(o.time)
}

// String returns the text that UnmarshalText reads, such as "TRIM_HORIZON".
func (p Position) String() string {
	switch p.kind {
	case trimHorizon:
		return "TRIM_HORIZON"
	case latest:
		return "LATEST"
	case atTime:
		return "AT_TIMESTAMP " + p.time.Format(time.RFC3339Nano)
	case atSequence:
		return "AT_SEQUENCE_NUMBER " + p.seq
	case afterSequence:
		return "AFTER_SEQUENCE_NUMBER " + p.seq
	case afterRecord:
		text := "AFTER_SEQUENCE_NUMBER " + p.seq + " " + strconv.FormatInt(p.sub, 10)
		if !p.time.IsZero() {
			text += " " + p.time.Format(time.RFC3339Nano)
		}
		return text
	default:
		return "SHARD_END"
	}
}

// MarshalText returns String's text.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Position) UnmarshalText(text []byte) error {
	parsed, err := parsePosition(strings.Split(string(text), " "))
	if err == nil {
		err = parsed.check()
	}
	if err != nil {
		return fmt.Errorf("kstream: position %.80q: %w", text, err)
	}
	*p = parsed
	return nil
}

// parsePosition reads the words of a position: its kind, and what belongs to that.
func parsePosition(words []string) (Position, error) {
	kind, rest := words[0], words[1:]
	switch {
	case kind == "TRIM_HORIZON" && len(rest) == 0:
		return TrimHorizon(), nil
	case kind == "LATEST" && len(rest) == 0:
		return Latest(), nil
	case kind == "SHARD_END" && len(rest) == 0:
		return ShardEnd(), nil
	case kind == "AT_TIMESTAMP" && len(rest) == 1:
		t, err := time.Parse(time.RFC3339Nano, rest[0])
		return AtTime(t), err
	case kind == "AT_SEQUENCE_NUMBER" && len(rest) == 1:
		return AtSequenceNumber(rest[0]), nil
	case kind == "AFTER_SEQUENCE_NUMBER" && len(rest) == 1:
		return AfterSequenceNumber(rest[0]), nil
	case kind == "AFTER_SEQUENCE_NUMBER" && (len(rest) == 2 || len(rest) == 3):
		sub, err := strconv.ParseInt(rest[1], 10, 64)
		p := AfterRecord(rest[0], sub)
		if err == nil && len(rest) == 3 {
			p.time, err = time.Parse(time.RFC3339Nano, rest[2])
			p.time = p.time.UTC()
		}
		return p, err
	}
	return Position{}, errors.New("unknown kind, or too many or too few words")
}

// maxSequenceDigits is the length of the longest sequence number (the API's
// pattern 0|([1-9]\d{0,128})).
const maxSequenceDigits = 129

// check says what is wrong with p.
func (p Position) check() error {
	switch p.kind {
	case atTime:
		if p.time.IsZero() {
			return errors.New("no time")
		}
	case atSequence, afterSequence, afterRecord:
		if p.seq == "" || len(p.seq) > maxSequenceDigits || strings.Trim(p.seq, "0123456789") != "" || (p.seq[0] == '0' && p.seq != "0") {
			return errors.New("a sequence number is 1 to 129 digits without leading zeros")
		}
		if p.sub < 0 {
			return errors.New("a sub-sequence number is not negative")
		}
	}
	return nil
}

// request fills in where an iterator begins. For afterRecord that is the
// record itself: that it is still there shows that nothing was trimmed.
func (p Position) request(in *kinesis.GetShardIteratorInput) {
	start := p.starting()
	in.ShardIteratorType, in.StartingSequenceNumber, in.Timestamp = start.Type, start.SequenceNumber, start.Timestamp
}

// starting is the position as SubscribeToShard takes it.
func (p Position) starting() types.StartingPosition {
	switch p.kind {
	case latest:
		return types.StartingPosition{Type: types.ShardIteratorTypeLatest}
	case atTime:
		return types.StartingPosition{Type: types.ShardIteratorTypeAtTimestamp, Timestamp: &p.time}
	case atSequence, afterRecord:
		return types.StartingPosition{Type: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: &p.seq}
	case afterSequence:
		return types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: &p.seq}
	default:
		return types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	}
}
