package wire

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// jsonRecords reads the records of one JSON document, of which it keeps no part.
type jsonRecords struct {
	recordBuilder
	scan jsonscan.Scanner
}

func (c *GetCall) newJSONRecords(body []byte) *jsonRecords {
	return &jsonRecords{c.newRecordBuilder(len(body)), jsonscan.New(body)}
}

func (r *jsonRecords) read() []types.Record {
	r.begin(r.scan.Pos())
	for r.scan.Array(); r.scan.Element(); {
		rec, fields := r.add(r.scan.Pos())
		r.record(rec, fields)
	}
	return r.end()
}

func (r *jsonRecords) record(rec *types.Record, fields *recordFields) {
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "Data":
			rec.Data = r.data()
		case "SequenceNumber":
			fields.sequence = r.text()
			rec.SequenceNumber = &fields.sequence
		case "PartitionKey":
			fields.key = r.text()
			rec.PartitionKey = &fields.key
		case "ApproximateArrivalTimestamp":
			fields.arrived = r.timestamp()
			rec.ApproximateArrivalTimestamp = &fields.arrived
		case "EncryptionType":
			text, escaped := s.Text()
			if escaped {
				text = []byte(jsonscan.Unescape(text))
			}
			rec.EncryptionType = encryptionType(text)
		default:
			s.Skip()
		}
	}
}

func (r *jsonRecords) data() []byte {
	text := r.scan.Base64()
	data := r.arena.bytes(b64.DecodedLen(text))
	if !b64.Decode(data, text) {
		r.scan.Fail()
	}
	return data
}

func (r *jsonRecords) text() string {
	text, escaped := r.scan.Text()
	if escaped {
		return jsonscan.Unescape(text)
	}
	return r.arena.text(text)
}

// The SDK reads a timestamp, seconds with a fraction, as float64, multiplies it
// by 1000 and cuts off what is behind the point. Between these bounds, from 2004
// to 2038, whole milliseconds survive that: the product's error is less than half
// of the distance between two float64 there, so it is rounded to the integer. So
// whoever computes with integers gets the same. Outside of them this is not so,
// and the SDK is asked.
const (
	minExactMillis = 1 << 40
	maxExactMillis = 1000 << 31
)

// timestamp reads seconds since 1970, as a service in Java writes them:
// 1760000000.123, 1.760000000123E9, 1760000000.
func (r *jsonRecords) timestamp() time.Time {
	millis, exponent := r.scan.Decimal()
	if millis < 0 {
		r.scan.Fail()
		return time.Time{}
	}
	for exponent += 3; exponent > 0 && millis < maxExactMillis; exponent-- {
		millis *= 10
	}
	// Zeros at the end of the fraction.
	for ; exponent < 0 && millis%10 == 0; exponent++ {
		millis /= 10
	}
	if exponent != 0 || millis < minExactMillis || millis >= maxExactMillis {
		r.scan.Fail()
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}
