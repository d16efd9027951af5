package wire

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// cborRecords reads the records of one CBOR document, and keeps parts of it.
type cborRecords struct {
	recordBuilder
	scan cborscan.Scanner
}

// readCBOR reads a response while it comes.
func (c *GetCall) readCBOR(resp *smithyhttp.Response, out *kinesis.GetRecordsOutput) error {
	body := newPieces(resp)
	r := &cborRecords{c.newRecordBuilder(int(resp.ContentLength)), cborscan.NewFrom(body.next)}
	read := readGetRecords(&r.scan, r.read, out)
	switch {
	case body.err != nil:
		return &smithy.DeserializationError{Err: body.err}
	case !read:
		return errMalformedCBOR
	}
	return nil
}

func (r *cborRecords) read() []types.Record {
	r.begin(r.scan.Pos())
	for r.scan.Array(); r.scan.Element(); {
		rec, fields := r.add(r.scan.Pos())
		r.record(rec, fields)
	}
	return r.end()
}

// kept returns a part that the caller may keep and append to.
func kept(part []byte) []byte {
	if len(part) == 0 {
		return []byte{}
	}
	return slices.Clip(part)
}

func (r *cborRecords) record(rec *types.Record, fields *recordFields) {
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "Data":
			rec.Data = kept(s.Bytes())
		case "SequenceNumber":
			fields.sequence = jsonscan.Shared(s.Text())
			rec.SequenceNumber = &fields.sequence
		case "PartitionKey":
			fields.key = jsonscan.Shared(s.Text())
			rec.PartitionKey = &fields.key
		case "ApproximateArrivalTimestamp":
			fields.arrived = time.UnixMilli(s.Int()).UTC()
			rec.ApproximateArrivalTimestamp = &fields.arrived
		case "EncryptionType":
			rec.EncryptionType = encryptionType(s.Text())
		default:
			s.Skip()
		}
	}
}
