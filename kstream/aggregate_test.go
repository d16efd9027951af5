package kstream

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kinesiskit/kinesiskit/internal/kpl"
	"github.com/kinesiskit/kinesiskit/internal/shardmap"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// aggregateOf packs texts as members with keys of their own.
func aggregateOf(texts ...string) []byte {
	var b kpl.Builder
	for _, text := range texts {
		b.Add(kpl.Member{PartitionKey: "key of " + text, Data: []byte(text)})
	}
	return b.AppendTo(nil)
}

func sealed(t *testing.T, aggregate []byte) []byte {
	t.Helper()
	z, err := newCompressor()
	if err != nil {
		t.Fatal(err)
	}
	return appendEnvelope(nil, z, aggregate)
}

func TestMembersOfAggregatesAreRecords(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		t.Run(fmt.Sprintf("compressed %t", compressed), func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				packed := aggregateOf("b", "c", "d")
				if compressed {
					packed = sealed(l.T, packed)
				}
				l.putTexts("a")
				l.server.Put("s", kstreamtest.Record{PartitionKey: "a", Data: packed})
				l.putTexts("e")
				var got []string
				for _, rec := range collect(l.T, l.consumer(ConsumerConfig[string]{})) {
					got = append(got, fmt.Sprintf("%s %d %s", rec.Value, rec.SubSequence, rec.PartitionKey))
				}
				want := []string{"a 0 k", "b 0 key of b", "c 1 key of c", "d 2 key of d", "e 0 k"}
				if !slices.Equal(got, want) {
					l.Errorf("got %q, want %q", got, want)
				}
			})
		})
	}
}

func TestResumeInTheMiddleOfAnAggregate(t *testing.T) {
	inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
		l.server.Put("s", kstreamtest.Record{PartitionKey: "a", Data: aggregateOf("a", "b", "c")})
		l.server.Put("s", kstreamtest.Record{PartitionKey: "a", Data: sealed(l.T, aggregateOf("d", "e"))})
		cfg := ConsumerConfig[string]{Store: new(MemoryStore), Until: Count(1)}
		for _, want := range []string{"a", "b", "c", "d", "e"} {
			if got := l.read(cfg); len(got) != 1 || got[0] != want {
				l.Errorf("got %q, want %s", got, want)
			}
		}
	})
}

// A brokenAggregate is data that looks like an aggregate and is none.
type brokenAggregate struct {
	name, reason string
	data         []byte
	malformed    bool // otherwise it is a record like any other
}

func brokenAggregates(t *testing.T) []brokenAggregate {
	good := aggregateOf("a", "b")
	badIndex := func() []byte { // a member whose key is not in the table
		i := bytes.Index(good, []byte("\x1a")) // the first member
		bad := slices.Clone(good[:len(good)-16])
		bad[i+3] = 9
		return bad
	}()
	return []brokenAggregate{
		{"checksum", "no aggregate after all", append(slices.Clone(good[:len(good)-1]), good[len(good)-1]^1), false},
		{"cut off", "no aggregate after all", good[:10], false},
		{"magic alone", "no aggregate after all", good[:4], false},
		{"member", "the checksum matches", withChecksum(badIndex), true},
		{"envelope", "a frame that breaks off", sealed(t, good)[:12], true},
		{"foreign envelope", "only the first bytes are alike", []byte("\xf3KSZfoo"), true},
	}
}

func TestMalformedAggregatesAreDeliveredRaw(t *testing.T) {
	for _, tt := range brokenAggregates(t) {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, 1, kstreamtest.Options{}, func(l *lab) {
				l.server.Put("s", kstreamtest.Record{PartitionKey: "outer", Data: tt.data})
				l.putTexts("next")
				got, errs := errorsOf(l.consumer(ConsumerConfig[string]{}).Records(l.Context()))
				if !tt.malformed {
					if len(errs) > 0 || len(got) != 2 || got[0] != string(tt.data) {
						l.Errorf("%s: values %q, errors %v", tt.reason, got, errs)
					}
					return
				}
				if len(errs) != 1 || len(got) != 1 {
					l.Fatalf("%s: values %q, errors %v", tt.reason, got, errs)
				}
				poison, ok := errors.AsType[*DecodeError](errs[0])
				if !ok || !errors.Is(poison, ErrMalformedAggregate) || !bytes.Equal(poison.Data, tt.data) || poison.PartitionKey != "outer" {
					l.Errorf("%s: error %#v", tt.reason, errs[0])
				}
			})
		})
	}
}

func TestMembersOutOfTheShardsRangeAreLeftOut(t *testing.T) {
	inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
		open := l.open()
		low, err := shardmap.ParseRange(open[0].FirstHashKey, open[0].LastHashKey)
		if err != nil {
			l.Fatal(err)
		}
		var texts, inRange []string
		for i := range 20 {
			text := fmt.Sprintf("m%d", i)
			texts = append(texts, text)
			if low.Contains(shardmap.OfKey("key of " + text)) {
				inRange = append(inRange, text)
			}
		}
		l.server.Put("s", kstreamtest.Record{PartitionKey: "a", ExplicitHashKey: open[0].FirstHashKey, Data: aggregateOf(texts...)})
		c := l.consumer(ConsumerConfig[string]{})
		got := values(l.T, c.Records(l.Context()))
		if !slices.Equal(got, inRange) || len(inRange) == 0 || len(inRange) == 20 {
			l.Errorf("got %q, want %q", got, inRange)
		}
		if n := c.Stats().OutOfRange; n != int64(20-len(inRange)) {
			l.Errorf("%d members counted as out of range", n)
		}
	})
}

func TestProducerToConsumer(t *testing.T) {
	for _, cfg := range []ProducerConfig[string]{{}, {Aggregate: true}, {Compress: true}} {
		t.Run(fmt.Sprintf("aggregate %t compress %t", cfg.Aggregate, cfg.Compress), func(t *testing.T) {
			inLab(t, 3, kstreamtest.Options{}, func(l *lab) {
				cfg.Stream, cfg.Ordered = "s", true
				cfg.PartitionKey = func(v string) string { key, _, _ := strings.Cut(v, ":"); return key }
				p, err := NewProducer(l.client, cfg)
				if err != nil {
					l.Fatal(err)
				}
				for i := range 400 {
					if i == 200 {
						l.split(1)
					}
					if err := p.Send(l.Context(), fmt.Sprintf("key-%d:%d", i%17, i)); err != nil {
						l.Fatal(err)
					}
				}
				if err := p.Close(l.Context()); err != nil {
					l.Fatal(err)
				}
				l.puts = 400
				l.wantAll(l.read(ConsumerConfig[string]{}), 400) // an aggregate that met the split comes twice
			})
		})
	}
}

// withChecksum ends an aggregate's message with its checksum.
func withChecksum(message []byte) []byte {
	sum := md5.Sum(message[4:])
	return append(message, sum[:]...)
}
