package aggregate

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// samples are Summaries of every kind of content.
func samples() map[string]*Summary {
	summaries := map[string]*Summary{"empty": {}}
	for name, input := range inputs {
		rng := rand.New(rand.NewPCG(11, 12))
		s := new(Summary)
		for range 300 {
			input(rng).add(s)
		}
		summaries[name] = s
	}
	currencies := new(Summary)
	for _, text := range []string{"$5", "€7.50", "from $3", "free", "", "-2"} {
		p, _ := ParsePrice(text)
		currencies.AddPrice(p)
	}
	summaries["currencies"] = currencies
	coarse := new(Summary)
	for i := range maxDistinct + 100 {
		coarse.Add(float64(i) / 7)
		coarse.Add(-float64(i) / 9)
	}
	summaries["beyond the bound"] = coarse
	return summaries
}

func TestEncoding(t *testing.T) {
	for name, s := range samples() {
		data, err := s.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back Summary
		back.Add(99) // must be gone
		if err := back.UnmarshalBinary(data); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(results(s), results(&back)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if encoded(&back) != string(data) {
			t.Errorf("%s: encodes differently after decoding", name)
		}
		s.Merge(s)
		if back.Merge(&back); encoded(&back) != encoded(s) {
			t.Errorf("%s: merges differently after decoding", name)
		}
	}
}

func results(s *Summary) []string {
	return []string{s.String(), s.Sum().String(), showFloat(s.StdDev()), showFloat(s.Quantile(0.9)), showFloat(s.QuantileError())}
}

// No front part of an encoding is an encoding, nor is one with more behind it,
// and a wrong byte never makes a panic or a Summary that cannot be used.
func TestDecodingDamage(t *testing.T) {
	for name, s := range samples() {
		data, _ := s.MarshalBinary()
		step := 1 + len(data)/200
		if len(data) > 10_000 {
			step = len(data) / 4
		}
		for n := 0; n < len(data); n += step {
			if err := new(Summary).UnmarshalBinary(data[:n]); !errors.Is(err, ErrEncoding) {
				t.Fatalf("%s: the first %d of %d bytes: %v", name, n, len(data), err)
			}
		}
		if err := new(Summary).UnmarshalBinary(append(data[:len(data):len(data)], 0)); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s and a byte: %v", name, err)
		}
		for i := 0; i < len(data); i += step {
			damaged := append([]byte(nil), data...)
			damaged[i] ^= 1 << (i % 8)
			checkDecoded(t, damaged)
		}
	}
}

// checkDecoded decodes data; if that works, the Summary must work too.
func checkDecoded(t *testing.T, data []byte) {
	t.Helper()
	s := new(Summary)
	s.Add(42)
	before := encoded(s)
	if err := s.UnmarshalBinary(data); err != nil {
		if !errors.Is(err, ErrEncoding) {
			t.Errorf("%v does not wrap ErrEncoding", err)
		}
		if encoded(s) != before {
			t.Errorf("changed by an error: %v", s)
		}
		return
	}
	results(s)
	again := new(Summary)
	if err := again.UnmarshalBinary([]byte(encoded(s))); err != nil || encoded(again) != encoded(s) {
		t.Errorf("%x decodes to what does not survive: %v", data, err)
	}
	s.Merge(again)
	s.Add(1)
	if lowest, median, highest := s.Min(), s.Median(), s.Max(); lowest > median || median > highest {
		t.Errorf("min %v, median %v, max %v", lowest, median, highest)
	}
}

// What the parts say of each other is checked.
func TestDecodingContradictions(t *testing.T) {
	for name, spoil := range map[string]func(*Summary, *group){
		"a count of more":      func(_ *Summary, g *group) { g.count++ },
		"a count of less":      func(_ *Summary, g *group) { g.count-- },
		"no count":             func(_ *Summary, g *group) { g.count = 0 },
		"a huge count":         func(_ *Summary, g *group) { g.count = maxCount + 1 },
		"too many negative":    func(_ *Summary, g *group) { g.negative = 4 },
		"too many free":        func(_ *Summary, g *group) { g.free, g.from = 2, 2 },
		"another minimum":      func(_ *Summary, g *group) { g.min = -100 },
		"another maximum":      func(_ *Summary, g *group) { g.max = 100 },
		"NaN":                  func(_ *Summary, g *group) { g.min = math.NaN() },
		"minus zero":           func(_ *Summary, g *group) { g.min = math.Copysign(0, -1) },
		"a currency":           func(_ *Summary, g *group) { g.currency = "usd" },
		"a currency twice":     func(s *Summary, g *group) { s.groups = append(s.groups, g) },
		"sums without squares": func(_ *Summary, g *group) { g.sums.decimal.run[0].sumLo += 1 << 40 },
		"a sum of too much":    func(_ *Summary, g *group) { g.sums.decimal.run[0].sumHi = 1 << 40 },
		"squares of too much":  func(_ *Summary, g *group) { g.sums.decimal.run[0].square[2] = 1 << 40 },
		"an exponent":          func(_ *Summary, g *group) { g.sums.decimal.first = minExp - 1 },
		"no squares at all":    func(_ *Summary, g *group) { g.sums.decimal.run = make([]cell, 1) },
		"a resolution":         func(_ *Summary, g *group) { g.values.level = 53 },
		"a wide sum of zero":   func(_ *Summary, g *group) { g.sums.wide = new(wideSums) },
		"a value of nothing":   func(_ *Summary, g *group) { g.values.counts = counter{} },
		"another value":        func(_ *Summary, g *group) { g.values.counts.add(12345, 1) },
		"an infinite value": func(_ *Summary, g *group) {
			g.count++
			g.values.counts.add(math.Float64bits(math.Inf(1)), 1)
		},
		"a reason without a count": func(s *Summary, _ *group) { s.missing.counts = map[Reason]int64{"x": 0} },
		"the reason Other by name": func(s *Summary, _ *group) { s.missing.counts = map[Reason]int64{ReasonOther: 1} },
		"a reason not in UTF-8":    func(s *Summary, _ *group) { s.missing.counts = map[Reason]int64{"\xff": 1} },
		"too much missing":         func(s *Summary, _ *group) { s.missing.other, s.missing.counts = maxCount, map[Reason]int64{"x": 1} },
	} {
		s := new(Summary)
		for _, units := range []int64{1299, -3, 701} {
			s.AddPrice(NewPrice(units, 2, "USD"))
		}
		spoil(s, s.groups[0])
		if err := new(Summary).UnmarshalBinary([]byte(encoded(s))); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: error %v, want ErrEncoding", name, err)
		}
	}
}

func TestEncodingJSON(t *testing.T) {
	type message struct {
		Shard string
		Stats Summary
	}
	out := message{Shard: "shardId-000000000000"}
	out.Stats.AddPrice(NewPrice(1299, 2, "USD"))
	data, err := json.Marshal(out) // by value, on purpose
	if err != nil {
		t.Fatal(err)
	}
	var in message
	if err := json.Unmarshal(data, &in); err != nil || in.Stats.String() != out.Stats.String() {
		t.Errorf("%s comes back as %v, %v", data, &in.Stats, err)
	}
	if err := json.Unmarshal([]byte(`{"Stats": "!"}`), &in); !errors.Is(err, ErrEncoding) {
		t.Errorf("not base64: %v", err)
	}
}

func FuzzUnmarshalBinary(f *testing.F) {
	for _, s := range samples() {
		if data := encoded(s); len(data) < 2000 {
			f.Add([]byte(data))
		}
	}
	f.Fuzz(checkDecoded)
}
