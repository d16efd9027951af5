package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
	"github.com/kinesiskit/kinesiskit/internal/wire/jsonscan"
)

const cborType = "application/x-amz-cbor-1.1"

var errRequest = errors.New("not a PutRecords request")

// A scanner is what jsonscan and cborscan have in common.
type scanner interface {
	Object()
	Array()
	Member() bool
	Element() bool
	Name() []byte
	String() string
	Skip()
	Failed() bool
}

// A putter answers PutRecords calls: each entry goes to the shard that its key
// belongs to, or else an aggregate would be sent again.
type putter struct {
	ranges []shardmap.Range
	last   atomic.Int64 // number of the last record
}

func (p *putter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return // the client has gone
	}
	cbor := r.Header.Get("Content-Type") == cborType
	var s scanner
	if cbor {
		c := cborscan.New(body.Bytes())
		s = &c
	} else {
		j := jsonscan.New(body.Bytes())
		s = &j
	}
	shards, err := p.shards(s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	last := p.last.Add(int64(len(shards)))
	answer(w, cbor, p.append(nil, cbor, shards, last-int64(len(shards))))
}

// shards reads a request and returns the shard of each entry.
func (p *putter) shards(s scanner) ([]int, error) {
	var shards []int
	for s.Object(); s.Member(); {
		if string(s.Name()) != "Records" {
			s.Skip()
			continue
		}
		for s.Array(); s.Element(); {
			shard, err := p.shard(s)
			if err != nil {
				return nil, err
			}
			shards = append(shards, shard)
		}
	}
	if s.Failed() || len(shards) == 0 {
		return nil, errRequest
	}
	return shards, nil
}

// shard reads an entry and finds its shard.
func (p *putter) shard(s scanner) (int, error) {
	var hash shardmap.Hash
	explicit := false
	for s.Object(); s.Member(); {
		switch string(s.Name()) {
		case "PartitionKey":
			if key := s.String(); !explicit {
				hash = shardmap.OfKey(key)
			}
		case "ExplicitHashKey":
			explicit = true
			var err error
			if hash, err = shardmap.ParseHash(s.String()); err != nil {
				return 0, err
			}
		default:
			s.Skip()
		}
	}
	return slices.IndexFunc(p.ranges, func(r shardmap.Range) bool { return r.Contains(hash) }), nil
}

// append appends an answer for entries that went to these shards.
func (p *putter) append(dst []byte, cbor bool, shards []int, first int64) []byte {
	if !cbor {
		dst = append(dst, `{"FailedRecordCount":0,"Records":[`...)
		for i, shard := range shards {
			dst = fmt.Appendf(dst, `{"SequenceNumber":"49590338271490256608559692538361%024d","ShardId":%q},`, first+int64(i), shardID(shard))
		}
		return append(dst[:len(dst)-1], `]}`...)
	}
	dst = cborscan.AppendMap(dst, 2)
	dst = cborscan.AppendInt(cborscan.AppendText(dst, "FailedRecordCount"), 0)
	dst = cborscan.AppendArray(cborscan.AppendText(dst, "Records"), len(shards))
	for i, shard := range shards {
		dst = cborscan.AppendMap(dst, 2)
		dst = cborscan.AppendText(dst, "SequenceNumber")
		dst = cborscan.AppendText(dst, fmt.Sprintf("49590338271490256608559692538361%024d", first+int64(i)))
		dst = cborscan.AppendText(cborscan.AppendText(dst, "ShardId"), shardID(shard))
	}
	return dst
}

func shardID(i int) string { return fmt.Sprintf("shardId-%012d", i) }

// answer writes an answer's parts.
func answer(w http.ResponseWriter, cbor bool, parts ...[]byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if cbor {
		w.Header().Set("Content-Type", cborType)
	}
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	w.Header().Set("Content-Length", fmt.Sprint(length))
	for _, part := range parts {
		w.Write(part) // fails when the client has gone
	}
}
