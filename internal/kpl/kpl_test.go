package kpl

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// seal puts the magic number before a message and its MD5 behind it.
func seal(message string) []byte {
	sum := md5.Sum([]byte(message))
	return append([]byte(magic+message), sum[:]...)
}

// decode reads all members of data, copied.
func decode(data []byte) (members []Member, aggregated bool, err error) {
	var d Decoder
	aggregated, err = d.Reset(data)
	for i, m := range d.All() {
		if i != len(members) {
			return nil, aggregated, fmt.Errorf("member %d has the sub-sequence number %d", len(members), i)
		}
		members = append(members, Member{strings.Clone(m.PartitionKey), strings.Clone(m.ExplicitHashKey), bytes.Clone(m.Data)})
	}
	if d.Len() != len(members) {
		return nil, aggregated, fmt.Errorf("Len is %d, All yielded %d members", d.Len(), len(members))
	}
	return members, aggregated, err
}

func build(members []Member) []byte {
	var b Builder
	for _, m := range members {
		b.Add(m)
	}
	return b.AppendTo(nil)
}

// diff returns how got differs from want; nil and empty data are the same. Comparing comes first: cmp.Diff takes seconds
// for thousands of members.
func diff(want, got []Member) string {
	same := func(a, b Member) bool {
		return a.PartitionKey == b.PartitionKey && a.ExplicitHashKey == b.ExplicitHashKey && bytes.Equal(a.Data, b.Data)
	}
	if slices.EqualFunc(want, got, same) {
		return ""
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// TestBuilder holds the bytes that are written to the format, by hand.
func TestBuilder(t *testing.T) {
	for _, tc := range []struct {
		name    string
		members []Member
		want    string // the message
	}{
		{"no members", nil, ""},
		{"one member", []Member{{"pk", "", []byte("data")}},
			"\x0a\x02pk" + "\x1a\x08\x08\x00\x1a\x04data"},
		{"an explicit hash key", []Member{{"pk", "17", []byte("data")}},
			"\x0a\x02pk" + "\x12\x0217" + "\x1a\x0a\x08\x00\x10\x00\x1a\x04data"},
		{"keys are written once", []Member{{"a", "1", []byte("x")}, {"b", "", []byte("y")}, {"a", "1", []byte("z")}, {"b", "2", nil}},
			"\x0a\x01a\x0a\x01b" + "\x12\x011\x12\x012" +
				"\x1a\x07\x08\x00\x10\x00\x1a\x01x" + "\x1a\x05\x08\x01\x1a\x01y" +
				"\x1a\x07\x08\x00\x10\x00\x1a\x01z" + "\x1a\x06\x08\x01\x10\x01\x1a\x00"},
		{"lengths of two bytes", []Member{{"k", "", bytes.Repeat([]byte("d"), 200)}},
			"\x0a\x01k" + "\x1a\xcd\x01\x08\x00\x1a\xc8\x01" + strings.Repeat("d", 200)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if d := cmp.Diff(seal(tc.want), build(tc.members)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// A decoderCase is a message, and the members that it holds or part of the error that it gives.
type decoderCase struct {
	name    string
	message string
	want    []Member
	err     string
}

func decoderCases() []decoderCase {
	const (
		keys   = "\x0a\x02p0\x0a\x02p1\x12\x011"
		member = "\x1a\x08\x08\x00\x1a\x04data"
	)
	group := func(depth int) string { return strings.Repeat("\x2b", depth) + strings.Repeat("\x2c", depth) }
	p0 := []Member{{"p0", "", []byte("data")}}
	return []decoderCase{
		{"a member", keys + member, p0, ""},
		{"all fields", keys + "\x1a\x09\x08\x01\x10\x00\x1a\x03abc", []Member{{"p1", "1", []byte("abc")}}, ""},
		{"fields in another order", keys + "\x1a\x0a\x1a\x04data\x10\x00\x08\x01", []Member{{"p1", "1", []byte("data")}}, ""},
		{"tables after the members", member + keys, p0, ""},
		{"tables between the members", "\x0a\x02p0" + "\x1a\x08\x08\x01\x1a\x04data" + "\x0a\x02p1" + member,
			[]Member{{"p1", "", []byte("data")}, {"p0", "", []byte("data")}}, ""},
		{"the last of a repeated field counts", keys + "\x1a\x0e\x08\x07\x1a\x02no\x08\x00\x1a\x04data", p0, ""},
		{"no data in a member", keys + "\x1a\x04\x08\x00\x1a\x00", []Member{{"p0", "", nil}}, ""},
		{"keys without members", "\x0a\x0fa partition key", nil, ""},
		{"an empty key", "\x0a\x00" + member, []Member{{"", "", []byte("data")}}, ""},
		{"tags are skipped", keys + "\x1a\x0f\x08\x00\x1a\x04data\x22\x05\x0a\x03tag", p0, ""},
		{"unknown fields are skipped", "\x20\x07\x2a\x03abc\x35four\x39eightbyt" + keys + "\x1a\x0d\x28\x05\x08\x00\x32\x01x\x1a\x04data", p0, ""},
		{"known numbers with other wire types are skipped", "\x08\x05\x10\x05\x18\x05" + keys + "\x1a\x0d\x0a\x00\x12\x01x\x08\x00\x1a\x04data", p0, ""},
		{"unknown groups are skipped", group(1) + keys + "\x1a\x0e\x2b\x33\x0a\x00\x34\x2c\x08\x00\x1a\x04data", p0, ""},
		{"groups nested as deep as is read", group(maxGroupDepth) + keys + member, p0, ""},
		{"a varint longer than it needs to be", keys + "\x1a\x8a\x80\x00\x08\x80\x80\x00\x1a\x04data", p0, ""},
		{"an aggregate in a member stays what it is", keys + "\x1a\x18\x08\x00\x1a\x14" + string(seal("")), []Member{{"p0", "", seal("")}}, ""},

		{"partition key index past the table", keys + "\x1a\x08\x08\x02\x1a\x04data", nil, "member 0: partition key 2 of 2"},
		{"partition key index without a table", member, nil, "member 0: partition key 0 of 0"},
		{"the largest partition key index", keys + "\x1a\x11\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x04data", nil, "partition key 18446744073709551614 of 2"},
		{"the largest explicit hash key index", keys + "\x1a\x13\x08\x00\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x04data", nil, "explicit hash key 18446744073709551614 of 1"},
		{"explicit hash key index past the table", keys + member + "\x1a\x09\x08\x01\x10\x01\x1a\x03abc", nil, "member 1: explicit hash key 1 of 1"},
		{"no partition key", keys + "\x1a\x06\x1a\x04data", nil, "no partition key"},
		{"no data", keys + "\x1a\x02\x08\x00", nil, "no data"},
		{"an empty member", keys + "\x1a\x00", nil, "no partition key"},
		{"data longer than the member", keys + "\x1a\x08\x08\x00\x1a\x05data" + member, nil, "member 0: an invalid field"},
		{"a member longer than the message", keys + "\x1a\x09\x08\x00\x1a\x04data", nil, "no valid field at byte 11"},
		{"a length that overflows an int", keys + "\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", nil, "no valid field"},
		{"a varint of more than 64 bits", "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02" + keys, nil, "no valid field at byte 0"},
		{"a varint that does not end", keys + "\x20\xff", nil, "no valid field"},
		{"a tag alone", keys + "\x0a", nil, "no valid field"},
		{"field number 0", keys + "\x00\x00", nil, "no valid field"},
		{"a field number of 30 bits", keys + "\x80\x80\x80\x80\x10\x00", nil, "no valid field"},
		{"wire type 6", keys + "\x26", nil, "no valid field"},
		{"short fixed32", keys + "\x35abc", nil, "no valid field"},
		{"short fixed64", keys + "\x39abcdefg", nil, "no valid field"},
		{"the end of no group", keys + "\x2c", nil, "no valid field"},
		{"the end of another group", keys + "\x2b\x34", nil, "no valid field"},
		{"a group that does not end", keys + "\x2b\x0a\x00", nil, "no valid field"},
		{"groups nested deeper", group(maxGroupDepth+1) + keys + member, nil, "no valid field at byte 0"},
		{"more keys than the bytes can use", strings.Repeat("\x0a\x00", 1000) + member, nil, "1000 keys in 2010 bytes"},
		{"not a protocol buffer", "just some text", nil, "no valid field"},
	}
}

func TestDecoder(t *testing.T) {
	for _, tc := range decoderCases() {
		t.Run(tc.name, func(t *testing.T) {
			got, aggregated, err := decode(seal(tc.message))
			if !aggregated {
				t.Fatal("not seen as aggregated")
			}
			if (tc.err == "") != (err == nil) || err != nil && (!errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("error %v, want one about %q", err, tc.err)
			}
			if d := diff(tc.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestPlainRecords(t *testing.T) {
	whole := build([]Member{{"a", "", []byte("x")}})
	flipped := bytes.Clone(whole)
	flipped[10] ^= 1
	for _, tc := range []struct {
		name string
		data []byte
	}{
		{"nothing", nil},
		{"text", []byte("text")},
		{"the magic number alone", []byte(magic)},
		{"part of the magic number", []byte(magic[:3])},
		{"the checksum of an empty message", seal("")},
		{"the last byte missing", whole[:len(whole)-1]},
		{"a byte too many", append(bytes.Clone(whole), 0)},
		{"a flipped bit", flipped},
		{"without the magic number", whole[4:]},
	} {
		got, aggregated, err := decode(tc.data)
		if got != nil || aggregated || err != nil {
			t.Errorf("%s: got %v, aggregated %v, error %v, want a plain record", tc.name, got, aggregated, err)
		}
	}
}

func TestDecoderForgetsTheLastRecord(t *testing.T) {
	var d Decoder
	good := build([]Member{{"a", "1", []byte("x")}, {"b", "2", []byte("y")}})
	for name, data := range map[string][]byte{"plain": []byte("text"), "malformed": seal("text")} {
		if _, err := d.Reset(good); err != nil || d.Len() != 2 {
			t.Fatalf("Len %d, error %v", d.Len(), err)
		}
		d.Reset(data)
		for range d.All() {
			t.Errorf("%s: yields members of the record before", name)
		}
		if d.Len() != 0 {
			t.Errorf("%s: Len is %d", name, d.Len())
		}
	}
}

func TestAllStopsAndStartsAgain(t *testing.T) {
	var d Decoder
	if _, err := d.Reset(build([]Member{{"a", "", []byte("x")}, {"b", "", []byte("y")}})); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for i, m := range d.All() {
			if i != 0 || m.PartitionKey != "a" {
				t.Errorf("got member %d of %q first", i, m.PartitionKey)
			}
			break
		}
	}
}

func TestMembersDoNotReachIntoEachOther(t *testing.T) {
	data := build([]Member{{"a", "", []byte("xx")}, {"a", "", []byte("yy")}})
	var d Decoder
	if _, err := d.Reset(data); err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(data)
	for _, m := range d.All() {
		_ = append(m.Data, "overwrites what follows"...)
	}
	if !bytes.Equal(before, data) {
		t.Error("append to a member's data changed the aggregate")
	}
}

// randomMembers returns members with keys that repeat, some distinct, some with explicit hash keys.
func randomMembers(r *rand.Rand, n int) []Member {
	members := make([]Member, n)
	for i := range members {
		m := Member{PartitionKey: fmt.Sprint("key", r.IntN(1+n/2)), Data: make([]byte, r.IntN(300))}
		for j := range m.Data {
			m.Data[j] = byte(r.Uint32())
		}
		if r.IntN(3) == 0 {
			m.ExplicitHashKey = fmt.Sprint(r.IntN(1 + n/2))
		}
		members[i] = m
	}
	return members
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var b Builder
	var buf []byte
	for _, n := range []int{0, 1, 2, 3, 10, 100, 127, 128, 129, 5000, 2} { // the last with the tables of the one before
		members := randomMembers(r, n)
		b.Reset()
		for i, m := range members {
			if b.Add(m); b.Len() != i+1 {
				t.Fatalf("Len %d after %d members", b.Len(), i+1)
			}
		}
		buf = b.AppendTo(append(buf[:0], "before"...))
		if !strings.HasPrefix(string(buf), "before") || len(buf) != len("before")+b.Size() {
			t.Fatalf("%d members: %d bytes, want %d", n, len(buf)-len("before"), b.Size())
		}
		data := buf[len("before"):]
		if !bytes.Equal(data, b.AppendTo(nil)) {
			t.Errorf("%d members: written again it is different", n)
		}
		if n == 0 {
			continue // an empty message is a plain record
		}
		got, aggregated, err := decode(data)
		if err != nil || !aggregated {
			t.Fatalf("%d members: aggregated %v, error %v", n, aggregated, err)
		}
		if d := diff(members, got); d != "" {
			t.Errorf("%d members: (-want +got)\n%s", n, d)
		}
	}
}

// TestSealer seals sets of records of all lengths, more than one time.
func TestSealer(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var b Builder
	var s Sealer
	for _, n := range []int{0, 1, 3, 40, 8} {
		var got, want [][]byte
		for i := range n {
			b.Reset()
			for _, m := range randomMembers(r, 1+i*7) {
				b.Add(m)
			}
			want = append(want, b.AppendTo(nil))
			got = append(got, b.AppendUnsealed(nil))
			s.Add(got[i])
		}
		s.Seal()
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%d records: sealed together they are not what they are alone", n)
		}
	}
}

// TestDetector asks of sets of records, some of them aggregated, some damaged.
func TestDetector(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var d Detector
	for _, n := range []int{0, 1, 2, 40, 9} {
		var want []bool
		for i := range n {
			data := build(randomMembers(r, 1+i*3))
			switch r.IntN(4) {
			case 0:
				data = []byte("a plain record")
			case 1:
				data[r.IntN(len(data))] ^= 1
			case 2:
				data = data[:r.IntN(len(data))]
			}
			want = append(want, Aggregated(data))
			d.Add(data)
		}
		if got := d.Detect(); !slices.Equal(got, want) {
			t.Errorf("of %d records %v are aggregated, one by one %v", n, got, want)
		}
	}
}

func TestResetLetsGo(t *testing.T) {
	var b Builder
	b.Add(Member{"key", "1", []byte("data")})
	b.Reset()
	if e := b.members[:1][0]; e.data != nil {
		t.Error("the data of a former member is still referred to")
	}
	if b.partitionKeys.keys[:1][0] != "" || b.explicitHashKeys.keys[:1][0] != "" {
		t.Error("the keys of a former member are still referred to")
	}
}

func TestNoAllocation(t *testing.T) {
	members := randomMembers(rand.New(rand.NewPCG(7, 8)), 200)
	var b Builder
	var d Decoder
	var buf []byte
	allocs := testing.AllocsPerRun(20, func() {
		b.Reset()
		for _, m := range members {
			b.Add(m)
		}
		buf = b.AppendTo(buf[:0])
		if aggregated, err := d.Reset(buf); !aggregated || err != nil {
			t.Error(aggregated, err)
		}
		n := 0
		for _, m := range d.All() {
			n += len(m.PartitionKey)
		}
	})
	if allocs != 0 {
		t.Errorf("got %v allocations, want 0", allocs)
	}
}

// FuzzDecoder checks that a message of arbitrary bytes is read without a panic and with less memory than it takes itself,
// and that what was read can be written and read again.
func FuzzDecoder(f *testing.F) {
	for _, tc := range decoderCases() {
		f.Add([]byte(tc.message))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		data := seal(string(message))
		if len(message) == 0 {
			return // a plain record
		}
		var d Decoder
		aggregated, err := d.Reset(data)
		if !aggregated || (err != nil && !errors.Is(err, ErrMalformed)) {
			t.Fatalf("aggregated %v, error %v", aggregated, err)
		}
		if tables := 4 * (cap(d.partitionKeys) + cap(d.explicitHashKeys)); tables > len(message) {
			t.Errorf("%d bytes of tables for a message of %d", tables, len(message))
		}
		members := slices.Collect(func(yield func(Member) bool) {
			for _, m := range d.All() {
				if !yield(m) {
					return
				}
			}
		})
		if len(members) == 0 {
			return
		}
		again, _, err := decode(build(members))
		if d := diff(members, again); d != "" || err != nil {
			t.Errorf("error %v, (-want +got)\n%s", err, d)
		}
	})
}

// FuzzRoundTrip cuts arbitrary bytes into members.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("\x03keydata\x00\x05key15xyz"))
	f.Add(bytes.Repeat([]byte{1, 'a', 2, 'b', 'c'}, 200))
	f.Fuzz(func(t *testing.T, raw []byte) {
		take := func() []byte {
			if len(raw) == 0 {
				return nil
			}
			n := min(int(raw[0]), len(raw)-1)
			piece := raw[1 : 1+n]
			raw = raw[1+n:]
			return piece
		}
		var b Builder
		var want []Member
		for len(raw) > 0 {
			m := Member{string(take()), string(take()), take()}
			b.Add(m)
			want = append(want, m)
		}
		data := b.AppendTo(nil)
		if len(data) != b.Size() {
			t.Fatalf("%d bytes, Size %d", len(data), b.Size())
		}
		if got, aggregated, err := decode(data); err != nil || aggregated != (len(want) > 0) || diff(want, got) != "" {
			t.Errorf("aggregated %v, error %v, (-want +got)\n%s", aggregated, err, diff(want, got))
		}
	})
}
