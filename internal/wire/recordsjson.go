package wire

import (
	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

// jsonRecords reads the records of one JSON document, of which it keeps no part.
type jsonRecords struct {
	*Records
	arena arena
	scan  jsonscan.Scanner
}

func (c *GetCall) newJSONRecords(body []byte) *jsonRecords {
	return &jsonRecords{&c.records, newArena(len(body)), jsonscan.New(body)}
}

func (r *jsonRecords) read() {
	r.begin()
	for r.scan.Array(); r.scan.Element(); {
		r.record(r.add())
	}
}

func (r *jsonRecords) record(rec *record) {
	s := &r.scan
	for s.Object(); s.Member(); {
		name := s.Name()
		if s.Null() {
			continue
		}
		switch string(name) {
		case "Data":
			rec.data = r.data()
		case "SequenceNumber":
			rec.sequence = r.text()
		case "PartitionKey":
			rec.key = r.text()
		case "ApproximateArrivalTimestamp":
			rec.arrived = r.timestamp()
		case "EncryptionType":
			rec.encryption = r.encryption(s.AppendText(nil))
		default:
			s.Skip()
		}
	}
}

func (r *jsonRecords) data() part {
	text := r.scan.Base64()
	data := r.arena.bytes(b64.DecodedLen(text))
	if !b64.Decode(data, text) {
		r.scan.Fail()
	}
	return r.place(data)
}

func (r *jsonRecords) text() part {
	text, escaped := r.scan.Text()
	if escaped {
		return r.place([]byte(jsonscan.Unescape(text)))
	}
	return r.place(r.arena.copy(text))
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
// 1760000000.123, 1.760000000123E9, 1760000000. It returns milliseconds.
func (r *jsonRecords) timestamp() int64 {
	millis, exponent := r.scan.Decimal()
	if millis < 0 {
		r.scan.Fail()
		return noTime
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
		return noTime
	}
	return millis
}
