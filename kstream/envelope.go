package kstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
)

// The envelope of a compressed record, which only this package reads:
//
//	"\xf3KSZ" | version 1 | length of the content, uvarint | zstd frame
//
// The content is always an aggregate, even of a single member. Its own magic
// number and checksum confirm what the envelope's four bytes only suggest, so
// that no foreign record is taken for one.
const (
	envelopeMagic   = "\xf3KSZ"
	envelopeVersion = 1

	// maxEnvelopeContent bounds what a reader decompresses a record to. The
	// Producer packs less than half of it.
	maxEnvelopeContent = 16 << 20
)

// errEnvelope is wrapped by the errors of records that have the envelope's
// magic number but no aggregate in it.
var errEnvelope = errors.New("malformed compressed record")

// newCompressor makes an encoder for sealing; it starts no goroutine.
func newCompressor() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(1<<20),
		zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false)) // the aggregate has a checksum
}

// newDecompressor makes a decoder for opening; it starts no goroutine.
func newDecompressor() (*zstd.Decoder, error) {
	return zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(0),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxEnvelopeContent))
}

// appendEnvelope appends the envelope of an aggregate to dst.
func appendEnvelope(dst []byte, z *zstd.Encoder, aggregate []byte) []byte {
	dst = append(dst, envelopeMagic...)
	dst = append(dst, envelopeVersion)
	dst = binary.AppendUvarint(dst, uint64(len(aggregate)))
	return z.EncodeAll(aggregate, dst)
}

// isEnveloped reports whether data begins as an envelope does.
func isEnveloped(data []byte) bool {
	return len(data) > len(envelopeMagic) && string(data[:len(envelopeMagic)]) == envelopeMagic
}

// openEnvelope appends the aggregate in an envelope to dst. Data that only
// looks like an envelope is an error that wraps errEnvelope: it may be a record
// of somebody else's. It never takes more memory than the content's announced
// length, which is at most maxEnvelopeContent.
func openEnvelope(dst []byte, z *zstd.Decoder, data []byte) ([]byte, error) {
	if !isEnveloped(data) {
		return dst, fmt.Errorf("%w: no magic number", errEnvelope)
	}
	rest := data[len(envelopeMagic):]
	if rest[0] != envelopeVersion {
		return dst, fmt.Errorf("%w: version %d", errEnvelope, rest[0])
	}
	length, n := binary.Uvarint(rest[1:])
	if n <= 0 || length > maxEnvelopeContent {
		return dst, fmt.Errorf("%w: bad length", errEnvelope)
	}
	start := len(dst)
	frame := rest[1+n:]
	var header zstd.Header
	if err := header.Decode(frame); err != nil {
		return dst, fmt.Errorf("%w: %w", errEnvelope, err)
	}
	if header.Skippable || header.HasFCS && header.FrameContentSize != length {
		return dst, fmt.Errorf("%w: bad length", errEnvelope)
	}
	dst = slices.Grow(dst, min(int(length), 256*len(frame))) // no frame grows by more in its first blocks
	out, err := z.DecodeAll(frame, dst)
	if err != nil {
		return dst[:start], fmt.Errorf("%w: %w", errEnvelope, err)
	}
	if uint64(len(out)-start) != length || !kpl.Aggregated(out[start:]) {
		return dst[:start], fmt.Errorf("%w: no aggregate", errEnvelope)
	}
	return out, nil
}
