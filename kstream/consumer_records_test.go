package kstream

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// collect runs a loop to its end.
func collect[T any](t *testing.T, c *Consumer[T]) []Record[T] {
	t.Helper()
	var records []Record[T]
	for rec, err := range c.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, rec)
	}
	return records
}

func TestRecordsReadsEveryPageOfEveryShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := [][]byte{[]byte(strings.Repeat("x", 400)), []byte("y"), []byte("z")}
		stub := newStubTransport(3, 2, stubPagePrefix(data, 5))
		c, err := NewConsumer(stub.client(), ConsumerConfig[string]{Stream: "s", Until: Tip()})
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for _, rec := range collect(t, c) {
			got[rec.ShardID] += rec.Value[:1]
		}
		want := map[string]string{"shardId-000000000000": "xyzxyz", "shardId-000000000001": "xyzxyz", "shardId-000000000002": "xyzxyz"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if s := c.Stats(); s.Records != 18 || s.EmptyCalls != 3 || s.Calls != 9 {
			t.Errorf("stats %+v, want 18 records from 9 calls, 3 of them empty", s)
		}
	})
}

func TestNewConsumerReportsEverythingWrong(t *testing.T) {
	_, err := NewConsumer(nil, ConsumerConfig[string]{
		Stream: "no name!", Start: AtSequenceNumber("1"), Until: Count(-1),
		StartShards:     map[string]Position{"shardId-000000000000": AfterSequenceNumber("x")},
		PrefetchRecords: -1, PrefetchBytes: 1, IdleInterval: 1,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{"client", "no name!", "Start:", "StartShards:", "Until:", "PrefetchRecords:", "PrefetchBytes:", "IdleInterval:"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("the error does not mention %s:\n%v", field, err)
		}
	}
	for line := range strings.Lines(err.Error()) {
		if !strings.HasPrefix(line, "kstream: new consumer: ") {
			t.Errorf("a line of the error does not say where it is from: %s", line)
		}
	}
}
