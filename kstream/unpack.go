package kstream

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
	"github.com/kinesiskit/kinesiskit/internal/wire"
)

// An unpacker finds the members of one record after the other.
type unpacker struct {
	detector     kpl.Detector
	members      kpl.Decoder
	decompressor func() (*zstd.Decoder, error) // makes it, or returns the one that was made
}

// lookahead is how many records are looked at together: their checksums are
// computed side by side.
const lookahead = 16

// look tells which of the records with the indexes from up to to are aggregated
// and not compressed.
func (u *unpacker) look(records *wire.Records, from, to int) []bool {
	for i := from; i < to; i++ {
		u.detector.Add(records.Data(i))
	}
	return u.detector.Detect()
}

// open readies the members of a record, if it is an aggregated one, compressed
// or not. They refer to data, or to memory of their own. aggregated is what look
// says of it.
func (u *unpacker) open(data []byte, aggregated bool) (bool, error) {
	switch {
	case isEnveloped(data):
		return u.openEnvelope(data)
	case aggregated:
		return true, malformed(u.members.ResetAggregated(data))
	}
	return false, nil
}

// openEnvelope readies the members of a compressed record.
func (u *unpacker) openEnvelope(data []byte) (aggregated bool, err error) {
	decompressor, err := u.decompressor()
	if err != nil {
		return false, err
	}
	if data, err = openEnvelope(nil, decompressor, data); err != nil {
		return false, malformed(err)
	}
	aggregated, err = u.members.Reset(data)
	return aggregated, malformed(err)
}

// malformed says that err is an aggregate's fault.
func malformed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrMalformedAggregate, err)
}
