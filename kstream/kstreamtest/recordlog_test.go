package kstreamtest

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kinesiskit/kinesiskit/internal/shardmap"
)

// logged is a record as a test remembers it.
type logged struct {
	Flags     byte
	Arrival   int64
	Hash      shardmap.Hash
	Key, Data string
}

// TestRecordLog compares the log with a slice, through appends, trims and pages
// of all sizes.
func TestRecordLog(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var log recordLog
	var want []logged // by index, trimmed ones too
	memory := int64(0)
	arrival := int64(1_000_000)
	for range 3000 {
		arrival += random.Int64N(20)
		size := random.IntN(200)
		if random.IntN(300) == 0 {
			size = 2 << 20 // more than a chunk
		}
		r := storedRecord{arrival: arrival, key: []byte("key")[:random.IntN(4)], data: bytes.Repeat([]byte{byte(size)}, size), flags: byte(random.IntN(8))}
		if r.flags&flagHash != 0 {
			r.hash = shardmap.Hash{Hi: random.Uint64(), Lo: random.Uint64()}
		}
		if index := log.append(&r); index != uint64(len(want)) {
			t.Fatalf("index %d, want %d", index, len(want))
		}
		want = append(want, logged{r.flags, r.arrival, r.hash, string(r.key), string(r.data)})
		memory = log.memory()
		if random.IntN(400) == 0 {
			freed := log.trim(arrival - 5000)
			if log.memory() != memory-freed {
				t.Fatalf("%d bytes before, %d freed, %d left", memory, freed, log.memory())
			}
		}
		if random.IntN(50) == 0 {
			checkPage(t, &log, want, random)
		}
	}
}

func checkPage(t *testing.T, log *recordLog, want []logged, random *rand.Rand) {
	t.Helper()
	from := random.Uint64N(log.next + 1)
	limit, maxBytes := 1+random.IntN(500), 1+random.IntN(3<<20)
	p := log.page(from, limit, maxBytes)
	from = max(from, log.first)
	if p.from != from || p.count > limit {
		t.Fatalf("page from %d with %d records, want from %d and at most %d", p.from, p.count, from, limit)
	}
	size := 0
	var got []logged
	for index, r := range p.all() {
		if index != from+uint64(len(got)) {
			t.Fatalf("index %d in the place of %d", index, from+uint64(len(got)))
		}
		got = append(got, logged{r.flags, r.arrival, r.hash, string(r.key), string(r.data)})
		size += r.size()
	}
	if len(got) != p.count || size != p.bytes || size > maxBytes && p.count > 1 {
		t.Fatalf("%d records and %d bytes, the page says %d and %d", len(got), size, p.count, p.bytes)
	}
	if diff := cmp.Diff(want[from:from+uint64(p.count)], got); diff != "" && p.count > 0 {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	at := log.last - random.Int64N(6000)
	index := log.search(at)
	if index > log.first && want[index-1].Arrival >= at || index < log.next && want[index].Arrival < at {
		t.Fatalf("search for %d finds %d", at, index)
	}
}

// TestSequence checks the layout against big integers, and that text sorts as
// numbers do.
func TestSequence(t *testing.T) {
	tests := []sequence{
		{created: 1_400_000_000, shard: 0, index: 0, seconds: 1_400_000_000},
		{created: 1_400_000_000, shard: 0, index: 1, seconds: 1_400_000_000},
		{created: 1_400_000_000, shard: 17, index: 12345, seconds: 1_500_000_000},
		{created: 1_400_000_000, shard: 1<<32 - 1, index: lastIndex, seconds: maxSeconds},
		{created: endOfTime - 1, shard: 3, index: 1 << 60, seconds: 0},
	}
	for _, s := range tests {
		n := big.NewInt(2)
		for _, field := range []struct {
			bits  uint
			value uint64
		}{{36, uint64(s.created)}, {4, uint64(s.shard & 15)}, {64, s.index}, {8, 0}, {36, uint64(s.seconds)}, {32, uint64(s.shard)}, {4, 2}} {
			n.Lsh(n, field.bits).Or(n, new(big.Int).SetUint64(field.value))
		}
		if got := s.String(); got != n.String() || len(got) != sequenceDigits {
			t.Errorf("%+v: %s, want %s", s, got, n)
		}
		back, err := parseSequence(s.String())
		if err != nil || back != s {
			t.Errorf("%s is %+v, %v; want %+v", s, back, err, s)
		}
	}
	for _, bad := range []string{"", "0", "x", "49590338271490256608559692538361571095921575989136588898x",
		"00000000000000000000000000000000000000000000000000000000", "99999999999999999999999999999999999999999999999999999999",
		sequence{index: 1 << 63}.String(), sequence{created: endOfTime}.String()} {
		if s, err := parseSequence(bad); err == nil {
			t.Errorf("%q is %+v", bad, s)
		}
	}
}

// FuzzParseSequence accepts only what it would write.
func FuzzParseSequence(f *testing.F) {
	f.Add(sequence{created: 1_400_000_000, shard: 5, index: 7, seconds: 1_500_000_000}.String())
	f.Add("49590338271490256608559692538361571095921575989136588898")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseSequence(text); err == nil && s.String() != text {
			t.Errorf("%q is read as %s", text, s)
		}
	})
}
