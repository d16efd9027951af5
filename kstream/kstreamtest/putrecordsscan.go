package kstreamtest

import (
	"unicode/utf8"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/internal/wire/b64"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// scanPutRecords reads an ordinary PutRecords request in one pass, with the
// same result as parse. It is false for every request that is not plainly valid:
// parse then says what is wrong with it.
func (s *Server) scanPutRecords(c *call) bool {
	if c.format != document.JSON {
		return false
	}
	in := putScan{scan: jsonscan.New(c.scratch.body), data: c.scratch.data[:0], entries: c.scratch.entries[:0], params: make(params, 2)}
	ok := in.request()
	c.scratch.data, c.scratch.entries = in.data, in.entries
	if ok {
		c.in, c.entries = in.params, in.entries
	}
	return ok
}

type putScan struct {
	scan    jsonscan.Scanner
	data    []byte
	entries []entry
	params  params
}

func (in *putScan) request() bool {
	s := &in.scan
	// All data together is shorter than the body, so that the entries' slices of
	// the buffer are never moved.
	if n := len(s.Rest()); cap(in.data) < n {
		in.data = make([]byte, 0, n)
	}
	for s.Object(); s.Member(); {
		switch name := string(s.Name()); name {
		case "StreamName", "StreamARN":
			in.params[name] = s.String()
		case "Records":
			if len(in.entries) > 0 {
				return false
			}
			in.records()
		case "DryRun", "StreamId":
			return false
		default:
			s.Skip()
		}
	}
	s.End()
	return !s.Failed() && len(in.entries) > 0 && in.named()
}

// named holds the constraints on the stream's name and ARN.
func (in *putScan) named() bool {
	for name, v := range in.params {
		text, _ := v.(string)
		if name == "StreamName" && !ValidName(text) || name == "StreamARN" && !streamARNMember.pattern.regex.MatchString(text) {
			return false
		}
	}
	return true
}

const maxPutEntries = 500

func (in *putScan) records() {
	s := &in.scan
	for s.Array(); s.Element(); {
		if len(in.entries) == maxPutEntries {
			s.Fail()
			return
		}
		in.entries = append(in.entries, entry{})
		in.record(&in.entries[len(in.entries)-1])
	}
}

func (in *putScan) record(e *entry) {
	s := &in.scan
	for s.Object(); s.Member(); {
		switch string(s.Name()) {
		case "Data":
			text := s.Base64()
			start := len(in.data)
			n := b64.DecodedLen(text)
			if n > maxDataBytes || start+n > cap(in.data) || !b64.Decode(in.data[start:start+n:start+n], text) {
				s.Fail()
				return
			}
			in.data = in.data[:start+n]
			e.data = in.data[start : start+n : start+n]
		case "PartitionKey":
			text, escaped := s.Text()
			if escaped || len(text) == 0 || len(text) > maxKeyLength || !utf8.Valid(text) {
				s.Fail()
				return
			}
			e.key, e.hasKey = text, true
		case "ExplicitHashKey":
			text, escaped := s.Text()
			h, err := shardmap.ParseHash(jsonscan.Shared(text))
			if escaped || err != nil {
				s.Fail()
				return
			}
			e.hash, e.hasHash = h, true
		default:
			s.Skip()
		}
	}
	if e.data == nil || !e.hasKey {
		s.Fail()
	}
}
