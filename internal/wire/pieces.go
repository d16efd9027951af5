package wire

import (
	"errors"
	"io"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// pieces reads the body of a response into pieces of memory that are each used
// once, so that whoever scans them can keep parts of them. A part that is cut by
// a piece's end is moved to the next one. That saves the copy of every part, and
// goes through the memory of a response once, not twice.
type pieces struct {
	body  io.Reader
	left  int64 // of body, -1 if that is not known
	ended bool
	err   error // of reading
}

func newPieces(resp *smithyhttp.Response) *pieces {
	return &pieces{body: resp.Body, left: resp.ContentLength}
}

// next returns a piece that begins with rest and has n bytes or more, or is the
// last.
func (p *pieces) next(rest []byte, n int) []byte {
	if p.ended || n > maxPooledBody {
		return rest
	}
	size := int64(arenaChunk)
	if p.left >= 0 { // one byte more, so that the end is seen
		size = min(size, int64(len(rest))+p.left+1)
	}
	piece := make([]byte, max(size, int64(n)))
	have := copy(piece, rest)
	read, err := io.ReadFull(p.body, piece[have:])
	p.left = max(p.left-int64(read), min(p.left, 0))
	p.ended = err != nil
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		p.err = err
	}
	return piece[:have+read]
}
