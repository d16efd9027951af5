package books

import (
	"math/bits"
	"math/rand/v2"
	"sort"
)

// random draws integers from a PCG. Only PCG.Uint64 is used, whose sequence is
// part of its definition, and only integer arithmetic, which is the same on
// every machine: a seed names the same bytes for ever.
type random struct{ src *rand.PCG }

func newRandom(seed uint64) random { return random{rand.NewPCG(seed, 0x6b696e65736973)} }

// below returns an integer from 0 to n-1. The bias of one multiplication,
// n/2^64, is far too small to matter here.
func (r random) below(n int) int {
	hi, _ := bits.Mul64(r.src.Uint64(), uint64(n))
	return int(hi)
}

// between returns an integer from low to high, both included.
func (r random) between(low, high int) int { return low + r.below(high-low+1) }

// percent reports true p times in a hundred.
func (r random) percent(p int) bool { return r.below(100) < p }

// pick returns one of list, each as likely as another.
func (r random) pick(list []string) string { return list[r.below(len(list))] }

// lexicon is a word list drawn from with Zipf's law: the word of rank k weighs
// 1/(k+flat), so that text made of it compresses as written text does.
type lexicon struct {
	words []string
	upTo  []int // upTo[k] is the weight of the words 0 to k
}

// newLexicon ranks words as they stand. A larger flat evens the weights out.
func newLexicon(words []string, flat int) lexicon {
	const unit = 1 << 30
	l := lexicon{words: words, upTo: make([]int, len(words))}
	total := 0
	for k := range words {
		total += unit / (k + flat)
		l.upTo[k] = total
	}
	return l
}

func (l lexicon) draw(r random) string {
	w := r.below(l.upTo[len(l.upTo)-1])
	return l.words[sort.SearchInts(l.upTo, w+1)]
}
