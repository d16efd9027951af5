package kstream

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
)

// An unpacker finds the members of one record after the other.
type unpacker struct {
	members      kpl.Decoder
	decompressor func() (*zstd.Decoder, error) // makes it, or returns the one that was made
}

// open readies the members of a record, if it is an aggregated one, compressed
// or not. They refer to data, or to memory of their own.
func (u *unpacker) open(data []byte) (aggregated bool, err error) {
	if isEnveloped(data) {
		decompressor, err := u.decompressor()
		if err != nil {
			return false, err
		}
		if data, err = openEnvelope(nil, decompressor, data); err != nil {
			return false, fmt.Errorf("%w: %w", ErrMalformedAggregate, err)
		}
	}
	if aggregated, err = u.members.Reset(data); err != nil {
		err = fmt.Errorf("%w: %w", ErrMalformedAggregate, err)
	}
	return aggregated, err
}
