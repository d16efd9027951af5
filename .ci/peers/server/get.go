package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/internal/wire/cborscan"
)

const (
	pageRecords = 10_000 // user records in an answer
	recordBytes = 400
	members     = 100 // user records in an aggregate
)

// A page is a GetRecords answer without its iterator.
type page struct {
	body    []byte
	numbers []int // where each sequence number has the page's number
}

// pageNumber stands where a page's number goes.
const pageNumber = "00000000"

// at returns the page with a number.
func (p page) at(number int) []byte {
	body := bytes.Clone(p.body)
	digits := fmt.Appendf(nil, "%08d", number)
	for _, pos := range p.numbers {
		copy(body[pos:], digits)
	}
	return body
}

// A getter answers GetShardIterator and GetRecords. An iterator is a stream, a
// shard, and the page's number.
type getter struct {
	pages map[source]page
}

// A source is what one page stands for again and again.
type source struct {
	stream, shard string
	cbor          bool
}

func newGetter() getter {
	text := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range text {
		text[i] = byte(' ' + random.IntN(90))
	}
	g := getter{make(map[source]page)}
	for i, keys := range shardmap.Even(readShards) {
		entries := newEntries(text, keys)
		packed := pack(entries)
		g.pages[source{"plain", shardID(i), false}] = jsonPage(entries)
		g.pages[source{"plain", shardID(i), true}] = cborPage(entries)
		g.pages[source{"aggregated", shardID(i), false}] = jsonPage(packed)
		g.pages[source{"aggregated", shardID(i), true}] = cborPage(packed)
	}
	return g
}

// newEntries makes a page's records: their keys belong to the shard, or else
// readers would leave out the members of aggregates.
func newEntries(text []byte, keys shardmap.Range) []kpl.Member {
	entries := make([]kpl.Member, 0, pageRecords)
	for i := 0; len(entries) < pageRecords; i++ {
		key := fmt.Sprintf("customer-%06d", i)
		if !keys.Contains(shardmap.OfKey(key)) {
			continue
		}
		pos := len(entries) * 97 // somewhere
		entries = append(entries, kpl.Member{PartitionKey: key, Data: text[pos : pos+recordBytes]})
	}
	return entries
}

// pack makes aggregates of entries.
func pack(entries []kpl.Member) []kpl.Member {
	var packed []kpl.Member
	for chunk := range slices.Chunk(entries, members) {
		var b kpl.Builder
		for _, m := range chunk {
			b.Add(m)
		}
		packed = append(packed, kpl.Member{PartitionKey: chunk[0].PartitionKey, Data: b.AppendTo(nil)})
	}
	return packed
}

// sequenceNumber returns the number of a page's record, but for the page's number, which begins at pos.
func sequenceNumber(i int) (number string, pos int) {
	const prefix = "495903382714902566085596925383615710959215"
	return fmt.Sprintf("%s%s%06d", prefix, pageNumber, i), len(prefix)
}

func jsonPage(entries []kpl.Member) page {
	var p page
	p.body = append(p.body, `{"MillisBehindLatest":5000,"Records":[`...)
	for i, e := range entries {
		if i > 0 {
			p.body = append(p.body, ',')
		}
		number, pos := sequenceNumber(i)
		p.body = append(p.body, `{"SequenceNumber":"`...)
		p.numbers = append(p.numbers, len(p.body)+pos)
		p.body = fmt.Appendf(p.body, `%s","ApproximateArrivalTimestamp":1700000000.%03d,"Data":"%s","PartitionKey":%q}`,
			number, i%1000, base64.StdEncoding.EncodeToString(e.Data), e.PartitionKey)
	}
	p.body = append(p.body, `],"NextShardIterator":`...)
	return p
}

func cborPage(entries []kpl.Member) page {
	const timestamp = 6<<5 | 1 // the tag of a time
	var p page
	p.body = cborscan.AppendMap(p.body, 3)
	p.body = cborscan.AppendInt(cborscan.AppendText(p.body, "MillisBehindLatest"), 5000)
	p.body = cborscan.AppendArray(cborscan.AppendText(p.body, "Records"), len(entries))
	for i, e := range entries {
		number, pos := sequenceNumber(i)
		p.body = cborscan.AppendMap(p.body, 4)
		p.body = cborscan.AppendText(cborscan.AppendText(p.body, "SequenceNumber"), number)
		p.numbers = append(p.numbers, len(p.body)-len(number)+pos)
		p.body = append(cborscan.AppendText(p.body, "ApproximateArrivalTimestamp"), timestamp)
		p.body = cborscan.AppendInt(p.body, 1_700_000_000_000+int64(i)%1000)
		p.body = cborscan.AppendBytes(cborscan.AppendText(p.body, "Data"), e.Data)
		p.body = cborscan.AppendText(cborscan.AppendText(p.body, "PartitionKey"), e.PartitionKey)
	}
	p.body = cborscan.AppendText(p.body, "NextShardIterator")
	return p
}

var (
	shardPattern    = regexp.MustCompile(`shardId-\d{12}`)
	streamPattern   = regexp.MustCompile(`plain|aggregated`)
	iteratorPattern = regexp.MustCompile(`(plain|aggregated):(shardId-\d{12}):(\d{8})`)
)

// iterator answers GetShardIterator, wherever reading begins.
func (g getter) iterator(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	shard, stream := shardPattern.Find(body), streamPattern.Find(body)
	if err != nil || shard == nil || stream == nil {
		http.Error(w, "not a GetShardIterator request", http.StatusBadRequest)
		return
	}
	iterator := fmt.Sprintf("%s:%s:%08d", stream, shard, 1)
	if r.Header.Get("Content-Type") == cborType {
		answer(w, true, cborscan.AppendText(cborscan.AppendText(cborscan.AppendMap(nil, 1), "ShardIterator"), iterator))
		return
	}
	answer(w, false, fmt.Appendf(nil, `{"ShardIterator":%q}`, iterator))
}

// records answers GetRecords with the page that the iterator names.
func (g getter) records(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	found := iteratorPattern.FindSubmatch(body)
	if err != nil || found == nil {
		http.Error(w, "not a GetRecords request", http.StatusBadRequest)
		return
	}
	from := source{string(found[1]), string(found[2]), r.Header.Get("Content-Type") == cborType}
	number, _ := strconv.Atoi(string(found[3]))
	next := fmt.Sprintf("%s:%s:%08d", from.stream, from.shard, number+1)
	end := fmt.Appendf(nil, "%q}", next)
	if from.cbor {
		end = cborscan.AppendText(nil, next)
	}
	answer(w, from.cbor, g.pages[from].at(number), end)
}
