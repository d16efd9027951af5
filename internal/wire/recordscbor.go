package wire

import (
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
)

// cborRecords reads the records of one CBOR document, and keeps parts of it.
type cborRecords struct {
	*Records
	scan cborscan.Scanner
}

// readCBOR reads a response while it comes.
func (c *GetCall) readCBOR(resp *smithyhttp.Response, out *kinesis.GetRecordsOutput) error {
	body := newPieces(resp)
	r := &cborRecords{&c.records, cborscan.NewFrom(body.next)}
	read := readGetRecords(&r.scan, r.read, out)
	switch {
	case body.err != nil:
		return &smithy.DeserializationError{Err: body.err}
	case !read:
		return errMalformedCBOR
	}
	return nil
}

func (r *cborRecords) read() {
	r.begin()
	for r.scan.Array(); r.scan.Element(); {
		r.record(r.add())
	}
}

func (r *cborRecords) record(rec *record) {
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "Data":
			rec.data = r.place(s.Bytes())
		case "SequenceNumber":
			rec.sequence = r.place(s.Text())
		case "PartitionKey":
			rec.key = r.place(s.Text())
		case "ApproximateArrivalTimestamp":
			rec.arrived = s.Int()
		case "EncryptionType":
			rec.encryption = r.encryption(s.Text())
		default:
			s.Skip()
		}
	}
}
