package shardmap

import (
	"crypto/md5"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// random returns a number generator that gives the same numbers in every run.
func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// randomHash returns hash keys of every magnitude, not just large ones.
func randomHash(r *rand.Rand) Hash {
	h := Hash{r.Uint64(), r.Uint64()}
	if r.IntN(4) == 0 {
		h.Hi = 0
	}
	h.Hi >>= r.UintN(64)
	h.Lo >>= r.UintN(64) * r.UintN(2)
	return h
}

func (h Hash) big() *big.Int {
	n := new(big.Int).SetUint64(h.Hi)
	return n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(h.Lo))
}

func TestOfKey(t *testing.T) {
	for _, key := range []string{"", "a", "partitionKey-0", "schlüssel", "鍵", strings.Repeat("k", 256), "\xff\x00"} {
		sum := md5.Sum([]byte(key))
		want := new(big.Int).SetBytes(sum[:])
		if got := OfKey(key).big(); got.Cmp(want) != 0 {
			t.Errorf("OfKey(%q) = %v, want %v", key, got, want)
		}
	}
}

func TestOfKeys(t *testing.T) {
	var keys []string
	for n := range 50 {
		hashes := make([]Hash, n+1)
		hashes[n] = MaxHash()
		OfKeys(hashes, keys)
		for i, key := range keys {
			if hashes[i] != OfKey(key) {
				t.Errorf("key %d of %d, %q: %v, want %v", i, n, key, hashes[i], OfKey(key))
			}
		}
		if hashes[n] != MaxHash() {
			t.Errorf("%d keys made a hash more", n)
		}
		keys = append(keys, strings.Repeat(fmt.Sprint(n, "ö"), n%17+n/40*30))
	}
}

func TestNothingAllocates(t *testing.T) {
	long := strings.Repeat("k", 256)
	pair := [2]string{long, "short"}
	m := New(evenShards(64))
	buf := make([]byte, 0, maxDigits)
	allocs := testing.AllocsPerRun(100, func() {
		h := OfKey(long)
		var both [2]Hash
		OfKeys(both[:], pair[:])
		_, _ = m.Find(h)
		buf = h.AppendDecimal(buf[:0])
		_, _ = ParseHash("340282366920938463463374607431768211455")
	})
	if allocs != 0 {
		t.Errorf("got %v allocations, want 0", allocs)
	}
}

// A parseCase is a text and the hash key that it is, if it is one.
type parseCase struct {
	in   string
	want Hash
	ok   bool
}

func parseCases() []parseCase {
	return []parseCase{
		{"0", Hash{}, true},
		{"7", Hash{0, 7}, true},
		{"9999999999999999999", Hash{0, 9999999999999999999}, true},
		{"18446744073709551615", Hash{0, ^uint64(0)}, true},
		{"18446744073709551616", Hash{1, 0}, true},
		{"170141183460469231731687303715884105728", Hash{1 << 63, 0}, true},
		{"340282366920938463463374607431768211455", MaxHash(), true},
		{"340282366920938463463374607431768211456", Hash{}, false}, // 2^128
		{"999999999999999999999999999999999999999", Hash{}, false},
		{"1000000000000000000000000000000000000000", Hash{}, false}, // 40 digits
		{strings.Repeat("1", 10_000), Hash{}, false},
		{"", Hash{}, false},
		{"00", Hash{}, false},
		{"01", Hash{}, false},
		{"-1", Hash{}, false},
		{"+1", Hash{}, false},
		{"1 ", Hash{}, false},
		{"0x10", Hash{}, false},
		{"1_000", Hash{}, false},
		{"١", Hash{}, false},
	}
}

func TestParseHash(t *testing.T) {
	for _, tc := range parseCases() {
		got, err := ParseHash(tc.in)
		if got != tc.want || (err == nil) != tc.ok || (err != nil && !errors.Is(err, ErrHash)) {
			t.Errorf("ParseHash(%.50q) = %v, %v, want %v, ok %v", tc.in, got, err, tc.want, tc.ok)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("ParseHash(%.50q): the error has %d bytes", tc.in, len(err.Error()))
		}
	}
}

func TestHashAgainstBig(t *testing.T) {
	r := random()
	for range 20_000 {
		h, o := randomHash(r), randomHash(r)
		if got, want := h.String(), h.big().String(); got != want {
			t.Fatalf("String() = %s, want %s", got, want)
		}
		if back, err := ParseHash(h.String()); back != h || err != nil {
			t.Fatalf("ParseHash(%v) = %v, %v", h, back, err)
		}
		if got, want := h.Compare(o), h.big().Cmp(o.big()); got != want || h.Less(o) != (want < 0) {
			t.Fatalf("%v: Compare(%v) = %d, Less = %v, want %d", h, o, got, h.Less(o), want)
		}
		next := new(big.Int).Add(h.big(), big.NewInt(1))
		if h != MaxHash() && h.Next().big().Cmp(next) != 0 {
			t.Fatalf("Next(%v) = %v", h, h.Next())
		}
		if h.Next().Prev() != h {
			t.Fatalf("Prev(Next(%v)) = %v", h, h.Next().Prev())
		}
	}
	if MaxHash().Next() != (Hash{}) || (Hash{}).Prev() != MaxHash() {
		t.Error("Next and Prev do not wrap around")
	}
}

func FuzzParseHash(f *testing.F) {
	for _, tc := range parseCases() {
		f.Add(tc.in)
	}
	limit := new(big.Int).Lsh(big.NewInt(1), 128)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseHash(s)
		n, isNumber := new(big.Int).SetString(s, 10)
		valid := isNumber && n.Sign() >= 0 && n.Cmp(limit) < 0 && n.String() == s
		switch {
		case valid != (err == nil):
			t.Errorf("ParseHash(%q): error %v, want valid %v", s, err, valid)
		case valid && got.String() != s:
			t.Errorf("ParseHash(%q).String() = %q", s, got.String())
		}
	})
}

func TestEven(t *testing.T) {
	space := new(big.Int).Lsh(big.NewInt(1), 128)
	for _, n := range []int{1, 2, 3, 4, 7, 64, 1000, 9999, 10_000} {
		ranges := Even(n)
		step := new(big.Int).Div(space, big.NewInt(int64(n)))
		for i, r := range ranges {
			start := new(big.Int).Mul(step, big.NewInt(int64(i)))
			end := new(big.Int).Sub(new(big.Int).Add(start, step), big.NewInt(1))
			if i == n-1 {
				end = MaxHash().big()
			}
			if r.Start.big().Cmp(start) != 0 || r.End.big().Cmp(end) != 0 {
				t.Fatalf("Even(%d)[%d] = %v..%v, want %v..%v", n, i, r.Start, r.End, start, end)
			}
		}
		if len(ranges) != n {
			t.Errorf("Even(%d) has %d ranges", n, len(ranges))
		}
	}
	if got := Even(0); got != nil {
		t.Errorf("Even(0) = %v, want none", got)
	}
	if got := Even(-1); got != nil {
		t.Errorf("Even(-1) = %v, want none", got)
	}
}

func TestRange(t *testing.T) {
	r := Range{Hash{0, 10}, Hash{1, 5}}
	for h, want := range map[Hash]bool{{0, 9}: false, {0, 10}: true, {0, 1 << 60}: true, {1, 0}: true, {1, 5}: true, {1, 6}: false, {2, 0}: false} {
		if got := r.Contains(h); got != want {
			t.Errorf("Contains(%v) = %v", h, got)
		}
	}
	for _, tc := range []struct {
		name               string
		next               Range
		adjacent, overlaps bool
	}{
		{"directly after", Range{Hash{1, 6}, Hash{2, 0}}, true, false},
		{"after a hole", Range{Hash{1, 7}, Hash{2, 0}}, false, false},
		{"touching", Range{Hash{1, 5}, Hash{2, 0}}, false, true},
		{"inside", Range{Hash{0, 11}, Hash{0, 12}}, false, true},
		{"around", Whole(), false, true},
		{"before", Range{Hash{}, Hash{0, 9}}, false, false},
	} {
		if got := r.Adjacent(tc.next); got != tc.adjacent {
			t.Errorf("%s: Adjacent = %v", tc.name, got)
		}
		if got, back := r.Overlaps(tc.next), tc.next.Overlaps(r); got != tc.overlaps || back != got {
			t.Errorf("%s: Overlaps = %v, the other way %v", tc.name, got, back)
		}
	}
	if Whole().Adjacent(Whole()) {
		t.Error("nothing is adjacent to the last hash key")
	}
	if got, err := ParseRange("10", "18446744073709551621"); err != nil || got != r {
		t.Errorf("ParseRange = %v, %v", got, err)
	}
	for _, ends := range [][2]string{{"x", "1"}, {"1", ""}} {
		if _, err := ParseRange(ends[0], ends[1]); !errors.Is(err, ErrHash) {
			t.Errorf("ParseRange(%q, %q): error %v", ends[0], ends[1], err)
		}
	}
}

func evenShards(n int) []Shard {
	shards := make([]Shard, 0, n)
	for i, r := range Even(n) {
		shards = append(shards, Shard{ID: fmt.Sprintf("shardId-%012d", i), Range: r})
	}
	return shards
}

// linear is what Find must agree with: the last shard, in the order of Map, of those that hold h.
func linear(m *Map, h Hash) (int, bool) {
	for i := m.Len() - 1; i >= 0; i-- {
		if m.Covers(i, h) {
			return i, true
		}
	}
	return 0, false
}

func TestFindEven(t *testing.T) {
	r := random()
	for _, n := range []int{1, 2, 3, 5, 64, 100, 1000, 10_000} {
		shards := evenShards(n)
		r.Shuffle(n, func(i, j int) { shards[i], shards[j] = shards[j], shards[i] })
		m := New(shards)
		if err := m.Check(); err != nil || m.Len() != n {
			t.Fatalf("%d shards: Len %d, Check: %v", n, m.Len(), err)
		}
		for i := range n {
			s := m.Shard(i)
			for _, h := range []Hash{s.Start, s.End} {
				if got, ok := m.Find(h); got != i || !ok {
					t.Fatalf("%d shards: Find(%v) = %d, %v, want %d", n, h, got, ok, i)
				}
			}
		}
	}
}

func TestFindUneven(t *testing.T) {
	r := random()
	for round := range 300 {
		var shards []Shard
		for i := range r.IntN(40) {
			a, b := randomHash(r), randomHash(r)
			if b.Less(a) {
				a, b = b, a
			}
			shards = append(shards, Shard{ID: fmt.Sprint(i), Range: Range{a, b}})
		}
		m := New(shards)
		probes := []Hash{{}, MaxHash()}
		for _, s := range shards {
			probes = append(probes, s.Start, s.End, s.Start.Prev(), s.End.Next(), randomHash(r))
		}
		for _, h := range probes {
			got, ok := m.Find(h)
			want, wantOK := linear(m, h)
			if got != want || ok != wantOK {
				t.Fatalf("round %d: Find(%v) = %d, %v, want %d, %v in %v", round, h, got, ok, want, wantOK, shards)
			}
		}
	}
}

func TestFindOneWideManyNarrow(t *testing.T) {
	const n = 500
	var shards []Shard
	for i := range uint64(n) { // all in one entry of the index
		shards = append(shards, Shard{ID: fmt.Sprint(i), Range: Range{Hash{0, i}, Hash{0, i}}})
	}
	shards = append(shards, Shard{ID: "wide", Range: Range{Hash{0, n}, MaxHash()}})
	m := New(shards)
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	for i := range n + 3 {
		if got, ok := m.Find(Hash{0, uint64(i)}); got != min(i, n) || !ok {
			t.Errorf("Find(%d) = %d, %v", i, got, ok)
		}
	}
}

func TestNewCopies(t *testing.T) {
	shards := evenShards(2)
	m := New(shards)
	shards[0].ID = "changed"
	if got := m.Shard(0).ID; got != "shardId-000000000000" {
		t.Errorf("the map follows its caller's slice: %q", got)
	}
}

func TestNilMap(t *testing.T) {
	var m *Map
	if _, ok := m.Find(Hash{}); ok || m.Len() != 0 || !errors.Is(m.Check(), ErrGap) {
		t.Error("a nil map has shards")
	}
}

func TestCheck(t *testing.T) {
	shard := func(id string, start, end uint64) Shard {
		return Shard{id, Range{Hash{start, 0}, Hash{end, ^uint64(0)}}}
	}
	const last = ^uint64(0)
	for _, tc := range []struct {
		name   string
		shards []Shard
		want   []string
	}{
		{"one shard", []Shard{shard("a", 0, last)}, nil},
		{"two shards", []Shard{shard("b", 10, last), shard("a", 0, 9)}, nil},
		{"no shards", nil, []string{"no shards: hash keys without a shard"}},
		{"holes everywhere", []Shard{shard("a", 1, 8), shard("b", 10, 20)}, []string{
			"before a: hash keys without a shard", "between a and b: hash keys without a shard", "after b: hash keys without a shard",
		}},
		{"a parent beside its children", []Shard{shard("parent", 0, last), shard("low", 0, 9), shard("high", 10, last)}, []string{
			"parent and low: hash keys with two shards", "parent and high: hash keys with two shards",
		}},
		{"a parent beside one child", []Shard{shard("parent", 0, 20), shard("low", 0, 9), shard("next", 21, last)}, []string{
			"parent and low: hash keys with two shards",
		}},
	} {
		err := New(tc.shards).Check()
		var got []string
		if err != nil {
			got = strings.Split(strings.ReplaceAll(err.Error(), "shardmap: ", ""), "\n")
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tc.name, diff)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	r := random()
	keys := make([]Hash, 1024)
	for i := range keys {
		keys[i] = Hash{r.Uint64(), r.Uint64()}
	}
	for _, n := range []int{1, 16, 1000, 10_000} {
		m := New(evenShards(n))
		b.Run(fmt.Sprintf("shards=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := m.Find(keys[i%len(keys)]); !ok {
					b.Fatal("not found")
				}
			}
		})
	}
}

// Sixteen keys an operation, both ways.
func BenchmarkOfKeys(b *testing.B) {
	var keys [16]string
	var hashes [16]Hash
	for i := range keys {
		keys[i] = fmt.Sprintf("customer-%010d", i)
	}
	b.Run("by=OfKey", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i, key := range keys {
				hashes[i] = OfKey(key)
			}
		}
	})
	b.Run("by=OfKeys", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			OfKeys(hashes[:], keys[:])
		}
	})
}

func BenchmarkParseHash(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseHash("340282366920938463463374607431768211455"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendDecimal(b *testing.B) {
	b.ReportAllocs()
	buf := make([]byte, 0, maxDigits)
	for b.Loop() {
		buf = MaxHash().AppendDecimal(buf[:0])
	}
}
