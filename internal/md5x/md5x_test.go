package md5x

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The assembly runs so many messages side by side.
const (
	halfLanes = 8
	allLanes  = 16
)

// sum is one way to sum messages; all of them must agree with crypto/md5.
type sum struct {
	name string
	sums func(dst [][Size]byte, msgs [][]byte)
}

// ways returns what this machine can run.
func ways() []sum {
	all := []sum{{"Sums", Sums}, {"one by one", sumEach}}
	if haveLanes() {
		all = append(all, sum{"lanes", sumLanes})
	}
	return all
}

// check sums msgs in every way.
func check(t *testing.T, msgs [][]byte) {
	t.Helper()
	for _, way := range ways() {
		// More room than messages, to see that nothing else is written.
		got := make([][Size]byte, len(msgs)+1)
		got[len(msgs)] = [Size]byte{1, 2, 3}
		way.sums(got, msgs)
		for i, msg := range msgs {
			if want := md5.Sum(msg); got[i] != want {
				t.Fatalf("%s: message %d of %d, %d bytes: got %x, want %x", way.name, i, len(msgs), len(msg), got[i], want)
			}
		}
		if got[len(msgs)] != [Size]byte{1, 2, 3} {
			t.Fatalf("%s: wrote a sum more than there are messages", way.name)
		}
	}
}

func randomBytes(rng *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	rng.Read(b)
	return b
}

func TestVectors(t *testing.T) {
	// RFC 1321, appendix A.5.
	vectors := []struct{ msg, want string }{
		{"", "d41d8cd98f00b204e9800998ecf8427e"},
		{"a", "0cc175b9c0f1b6a831c399e269772661"},
		{"abc", "900150983cd24fb0d6963f7d28e17f72"},
		{"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
		{"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"},
		{"12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a"},
	}
	for _, way := range ways() {
		var msgs [][]byte
		for _, v := range vectors {
			msgs = append(msgs, []byte(v.msg))
		}
		got := make([][Size]byte, len(msgs))
		way.sums(got, msgs)
		for i, v := range vectors {
			if s := hex.EncodeToString(got[i][:]); s != v.want {
				t.Errorf("%s: MD5 of %q is %s, want %s", way.name, v.msg, s, v.want)
			}
		}
	}
}

func TestEveryLength(t *testing.T) {
	data := randomBytes(rand.NewChaCha8([32]byte{1}), 400)
	var together [][]byte
	for n := range 301 {
		msg := data[n%64:][:n] // at every alignment, too
		together = append(together, msg)
		for _, count := range []int{1, 2, halfLanes, halfLanes + 1, allLanes} {
			same := make([][]byte, count)
			for i := range same {
				same[i] = data[i:][:n]
			}
			check(t, same)
		}
	}
	check(t, together)
}

func TestRandomSets(t *testing.T) {
	seed := [32]byte{2}
	rng := rand.NewChaCha8(seed)
	r := rand.New(rng)
	data := randomBytes(rng, 80_000)
	shapes := []struct {
		name   string
		length func() int
	}{
		{"keys", func() int { return r.IntN(257) }},
		{"aggregates", func() int { return 24_000 + r.IntN(1_500) }},
		{"any", func() int { return r.IntN(4_000) }},
		{"one of ten long", func() int {
			if r.IntN(10) == 0 {
				return 33_000 + r.IntN(40_000)
			}
			return r.IntN(200)
		}},
	}
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			for range 60 {
				msgs := make([][]byte, r.IntN(2*allLanes+8))
				for i := range msgs {
					n := shape.length()
					msgs[i] = data[r.IntN(len(data)-n+1):][:n]
				}
				check(t, msgs)
			}
		})
	}
}

// A long message beside short ones ends up alone in its lane: early, late, or on
// the edge between the two.
func TestLeftAlone(t *testing.T) {
	data := randomBytes(rand.NewChaCha8([32]byte{3}), 100_000)
	for _, long := range []int{64, 6_400, 6_399, 100_000} {
		for _, short := range []int{0, 1, long / 8, long / 4, long/4 + 64, long / 2, long - 1} {
			t.Run(fmt.Sprint(long, " beside ", short), func(t *testing.T) {
				check(t, [][]byte{data[:long], data[:short]})
				check(t, [][]byte{data[:short], data[:short], data[:short], data[:long]})
			})
		}
	}
}

func TestNothingToSum(t *testing.T) {
	check(t, nil)
	check(t, [][]byte{nil, {}, nil})
}

func TestTooFewSums(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic, though a sum has no place")
		}
	}()
	Sums(make([][Size]byte, 1), make([][]byte, 2))
}

// Sums may be called with any room left on the stack, so that it moves at any
// call, that of the assembly included, with the lanes that are on it.
func TestMovingStack(t *testing.T) {
	data := randomBytes(rand.NewChaCha8([32]byte{4}), 1_000)
	msgs := make([][]byte, allLanes+3)
	want := make([][Size]byte, len(msgs))
	for i := range msgs {
		msgs[i] = data[i : 500+10*i]
		want[i] = md5.Sum(msgs[i])
	}
	for depth := range 200 {
		got := make([][Size]byte, len(msgs))
		var done sync.WaitGroup
		done.Go(func() { deep(depth, func() { Sums(got, msgs) }) })
		done.Wait()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d calls deep (-want +got):\n%s", depth, diff)
		}
	}
}

// deep calls f below n calls, which take about a hundred bytes of stack each.
func deep(n int, f func()) (used byte) {
	var room [64]byte
	if n == 0 {
		f()
		return 0
	}
	room[n%len(room)] = deep(n-1, f)
	return room[0]
}

func TestNoAllocation(t *testing.T) {
	for _, count := range []int{1, 3, 8, 20} {
		msgs := make([][]byte, count)
		for i := range msgs {
			msgs[i] = make([]byte, 1000+i)
		}
		dst := make([][Size]byte, count)
		if allocs := testing.AllocsPerRun(100, func() { Sums(dst, msgs) }); allocs != 0 {
			t.Errorf("%d messages: %v allocations", count, allocs)
		}
	}
}

func FuzzSums(f *testing.F) {
	f.Add([]byte("message digest"), []byte{0, 1, 13})
	f.Add(make([]byte, 700), []byte{63, 64, 65, 55, 56, 119, 120, 128, 0})
	f.Add(make([]byte, 4000), []byte{200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215, 216, 217})
	f.Fuzz(func(t *testing.T, data, lengths []byte) {
		// Message after message from data, as long as lengths say, and what is left.
		var msgs [][]byte
		for _, n := range lengths[:min(len(lengths), 64)] {
			cut := min(int(n), len(data))
			msgs = append(msgs, data[:cut:cut])
			data = data[cut:]
		}
		check(t, append(msgs, data))
	})
}
