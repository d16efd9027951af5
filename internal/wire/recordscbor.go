package wire

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
)

// cborRecords reads the records of one CBOR document, of which it keeps no part.
type cborRecords struct {
	recordBuilder
	scan cborscan.Scanner
	kept keeper
}

func (c *GetCall) newCBORRecords(body []byte) *cborRecords {
	return &cborRecords{c.newRecordBuilder(len(body)), cborscan.New(body), keeper{response: body}}
}

func (r *cborRecords) read() []types.Record {
	r.begin(r.scan.Pos())
	for r.scan.Array(); r.scan.Element(); {
		rec, fields := r.add(r.scan.Pos())
		r.record(rec, fields)
	}
	return r.end()
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
			rec.Data = r.kept.bytes(s.Bytes(), s.Pos())
		case "SequenceNumber":
			fields.sequence = r.kept.text(s.Text(), s.Pos())
			rec.SequenceNumber = &fields.sequence
		case "PartitionKey":
			fields.key = r.kept.text(s.Text(), s.Pos())
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
