package books

import "fmt"

// shelf makes the rows. It remembers its last titles to use some again.
type shelf struct {
	*writer
	recent [64]string
	kept   int
	blank  int // which of five book rows has no price
}

func newShelf(seed uint64) *shelf { return &shelf{writer: newWriter(seed)} }

// romance returns row i of the romance file. Every 60th title is missing, as
// are every 28th price and a few ratings.
func (s *shelf) romance(i int, truth *Truth) []string {
	title := s.nextTitle(3)
	if i%60 == 9 {
		title = ""
	}
	price := ""
	if i%28 != 13 {
		n := int64(s.between(0, 12)*100 + 99)
		if s.percent(40) {
			n = int64(s.between(99, 1999))
		}
		truth.price(n)
		price = cents(n)
	}
	rating := ""
	if !s.percent(3) {
		rating = fmt.Sprintf("%d.%d out of 5 stars", s.between(3, 4), s.below(10))
	}
	return []string{
		title, "['" + s.author() + "']", price, s.description(s.length(1200), ""),
		number(s.below(2)), rating, thousands(s.between(1, 20000)) + " ratings",
	}
}

// book returns row i of the book file. One price in five is missing; every
// 600th title is longer than a partition key may be, and others look like a
// number or a missing value.
func (s *shelf) book(i int, truth *Truth) []string {
	title := s.nextTitle(12)
	switch i % 600 {
	case 41:
		title = s.longTitle()
	case 67:
		title = number(s.between(1000, 2100))
	case 83:
		title = "NA"
	case 97:
		title = "0" + number(s.between(100, 999))
	case 99:
		title = s.title() + " 📚"
	}
	if i%5 == 0 {
		s.blank = s.below(5)
	}
	price := ""
	if i%5 != s.blank {
		n := s.bookPrice()
		truth.price(n)
		price = cents(n)
	}
	gap := ""
	if s.percent(70) {
		gap = "\n"
	}
	edition := fmt.Sprintf("%s,– %d %s %d", s.pick(bindings), s.between(1, 28), s.pick(months), s.between(1985, 2020))
	return []string{title, s.author(), price, s.description(s.length(1050), gap), edition, s.pick(genres)}
}

// bookPrice returns cents: most prices are a few hundred, a few are thousands.
func (s *shelf) bookPrice() int64 {
	switch {
	case s.percent(35):
		return int64(s.between(1, 8)*10000 - 100) // 99.00, 199.00, …
	case s.percent(3):
		return int64(s.between(200000, 1450000))
	}
	return int64(s.between(2500, 95000))
}

// nextTitle returns a title, again percent times in a hundred one of the last.
func (s *shelf) nextTitle(again int) string {
	if s.kept > 0 && s.percent(again) {
		return s.recent[s.below(min(s.kept, len(s.recent)))]
	}
	title := s.title()
	s.recent[s.kept%len(s.recent)] = title
	s.kept++
	return title
}

// length returns a description's length in bytes: about mean on average, from
// a line to, seldom, many pages.
func (s *shelf) length(mean int) int {
	switch {
	case s.below(1000) == 0:
		return s.between(8*mean, 12*mean)
	case s.percent(3):
		return s.between(0, 80)
	}
	return s.below(mean) + s.below(mean)
}

// thousands writes n with a comma, as shops do.
func thousands(n int) string {
	if n < 1000 {
		return number(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
