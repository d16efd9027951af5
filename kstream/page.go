package kstream

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// A page is what one answer brought of a shard. Pages, not records, move from
// the shard's reader to the loop.
type page struct {
	shard   *activeShard
	records wire.Records
	memory  *wire.GetCall // of records; nil: the garbage collector's
	lag     time.Duration
	hold    hold // its part of the budget

	// readBefore is the last member of the first record that was delivered
	// before; -1: none was.
	readBefore int64
	gap        *GapError // what may be missing before the first record

	end      pageEnd
	children []types.ChildShard // of endOfShard
	err      error              // of endFailed
}

type pageEnd uint8

const (
	endNotYet  pageEnd = iota
	endOfShard         // it is closed, and this is the last of it
	endWanted          // what the Until asks for has been read
	endFailed          // it cannot be read on
)
