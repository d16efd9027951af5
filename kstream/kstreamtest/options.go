package kstreamtest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"
)

// Options configure a Server. The zero value is a server in us-east-1 that
// enforces the service's documented limits, changes states at once, answers
// without delay and keeps its streams in memory.
type Options struct {
	// Region and Account go into ARNs, the region with its partition, such as aws-cn
	// for cn-north-1. The zero values are "us-east-1" and "123456789012".
	Region  string
	Account string

	// Limits are the service's, each to be changed or switched off.
	Limits Limits

	// Delay is the round trip that every request takes on top of the work: half
	// of it passes before the request is looked at, half before the answer leaves.
	Delay time.Duration

	// StateChange is how long streams and consumers stay CREATING, UPDATING or
	// DELETING; the service takes seconds. Zero: the change is done when the
	// request is answered.
	StateChange time.Duration

	// Dir, if not empty, is a folder where the server keeps its streams, so that
	// the next server with the same folder has them too. What was acknowledged
	// survives the end of the process, however sudden; Sync is about the end of the
	// machine: how often the file is forced to the disk. Zero: every second;
	// negative: before every answer.
	Dir  string
	Sync time.Duration

	// MaxBytes bounds the memory that records take: partition keys, data and a
	// few bytes each. Writes that would pass it fail with LimitExceededException,
	// whatever others are under way; those of Put do not. Zero: 1 GiB; negative: no
	// bound.
	MaxBytes int64

	// Faults go wrong from the start; Inject adds others. Seed is where their
	// random numbers come from.
	Faults []Fault
	Seed   uint64

	// Hook, if set, sees every request that has passed validation, before it takes
	// effect, and may answer it: nil lets it go on. Hooks run at the same time for
	// requests that are in flight at the same time.
	Hook func(Request) *Reply

	// SecretAccessKey makes the server verify every request's signature with that
	// key; empty, the server wants a signature but does not look at it. AccessKeyID
	// is the key's ID, that of Client when empty. Client signs with both.
	AccessKeyID     string
	SecretAccessKey string

	// TLS makes URL and Listen serve HTTPS with a certificate that the server makes
	// for itself (see Server.Certificate). Client does not need it.
	TLS bool

	// AnyInterface lets Listen take addresses that other machines can reach. The
	// server asks nobody for a password.
	AnyInterface bool

	// ExposeBodyRace makes Client use net/http as the SDK does by default, which
	// now and then loses the answer to a request that took effect, so that the SDK
	// sends it again and records are doubled. It is for testing code that must
	// bear or cure that.
	ExposeBodyRace bool
}

// Limits are the rates a Server enforces. In every field zero is the service's
// documented value and a negative value switches the limit off.
type Limits struct {
	// WriteRecords and WriteBytes bound what a shard accepts each second: 1,000
	// records and 1 MiB, partition keys included. Both are token buckets that hold
	// one second and start full. A record over 1 MiB (where the stream's maximum
	// record size allows it) needs a full bucket and leaves a debt, so that the
	// next seconds repay it.
	WriteRecords int
	WriteBytes   int

	// ReadCalls is how many GetRecords calls a shard answers each second: 5.
	ReadCalls int

	// ReadBytes is how many bytes of records GetRecords returns from a shard each
	// second: 2 MiB. An answer larger than what is left, up to 10 MiB, is given
	// and blocks the shard for its size / 2 MiB seconds.
	ReadBytes int

	// IteratorCalls is how many GetShardIterator calls a shard answers each
	// second: 5.
	IteratorCalls int

	// IteratorAge is how long a shard iterator or a page token is good: 5 minutes.
	IteratorAge time.Duration

	// Control is the factor on the rates of the operations on streams and
	// consumers, such as 5 CreateStream calls a second: 1.
	Control float64

	// Shards is how many open shards the account may have: 20,000. Switched off,
	// it is the million that memory bears.
	Shards int

	// OnDemandStreams is how many on-demand streams the account may have: 50.
	OnDemandStreams int
}

// Unlimited returns Limits with every rate switched off. Iterators still expire.
func Unlimited() Limits {
	return Limits{WriteRecords: -1, WriteBytes: -1, ReadCalls: -1, ReadBytes: -1, IteratorCalls: -1, Control: -1}
}

// The service's quotas, from
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html.
const (
	shardWriteRecords  = 1000
	shardWriteBytes    = 1 << 20
	shardReadCalls     = 5
	shardReadBytes     = 2 << 20
	shardIteratorCalls = 5
	iteratorAge        = 5 * time.Minute
	accountShards      = 20000
	mostShards         = 1_000_000 // of a server without Limits.Shards
	onDemandStreams    = 50
)

func (l Limits) withDefaults() Limits {
	l.WriteRecords = cmp.Or(l.WriteRecords, shardWriteRecords)
	l.WriteBytes = cmp.Or(l.WriteBytes, shardWriteBytes)
	l.ReadCalls = cmp.Or(l.ReadCalls, shardReadCalls)
	l.ReadBytes = cmp.Or(l.ReadBytes, shardReadBytes)
	l.IteratorCalls = cmp.Or(l.IteratorCalls, shardIteratorCalls)
	l.IteratorAge = cmp.Or(l.IteratorAge, iteratorAge)
	l.Control = cmp.Or(l.Control, 1)
	if l.Shards = cmp.Or(l.Shards, accountShards); l.Shards < 0 {
		l.Shards = mostShards
	}
	if l.OnDemandStreams = cmp.Or(l.OnDemandStreams, onDemandStreams); l.OnDemandStreams < 0 {
		l.OnDemandStreams = math.MaxInt32
	}
	return l
}

func (o Options) withDefaults() Options {
	o.Region = cmp.Or(o.Region, "us-east-1")
	o.Account = cmp.Or(o.Account, "123456789012")
	o.Limits = o.Limits.withDefaults()
	o.MaxBytes = cmp.Or(o.MaxBytes, 1<<30)
	return o
}

func (o Options) accessKeyID() string { return cmp.Or(o.AccessKeyID, AccessKeyID) }

// validate reports every field that cannot be.
func (o Options) validate() error {
	var faults []error
	if !accountPattern.regex.MatchString(o.Account) {
		faults = append(faults, fmt.Errorf("options: Account %q is not twelve digits", o.Account))
	}
	if !regionPattern.regex.MatchString(o.Region) {
		faults = append(faults, fmt.Errorf("options: Region %q is not a region's name", o.Region))
	}
	if o.Delay < 0 || o.StateChange < 0 {
		faults = append(faults, fmt.Errorf("options: Delay %v and StateChange %v must not be negative", o.Delay, o.StateChange))
	}
	for i, f := range o.Faults {
		if err := f.validate(); err != nil {
			faults = append(faults, fmt.Errorf("options: Faults[%d]: %w", i, err))
		}
	}
	return errors.Join(faults...)
}

var (
	accountPattern = newPattern(`\d{12}`)
	regionPattern  = newPattern(`[a-z0-9-]+`)
)
