package books

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// writer writes titles, names and descriptions from the vocabulary.
type writer struct {
	random
	noun, verb, adjective, adverb lexicon
}

func newWriter(seed uint64) *writer {
	return &writer{
		random:    newRandom(seed),
		noun:      newLexicon(nouns, 60),
		verb:      newLexicon(verbs, 40),
		adjective: newLexicon(adjectives, 60),
		adverb:    newLexicon(adverbs, 12),
	}
}

// clauses are the shapes a sentence is made of, a letter a word: A article,
// J adjective, N noun, V verb (third person), B verb (plain), D adverb,
// P preposition or "and", S pronoun, M name, X word with foreign letters.
var clauses = []string{
	"AJNVAN", "ANPANVAJN", "SDVAN", "MVAJNPM", "ANVM", "SVAN", "AJNPAN", "MDVAN", "PAM", "JNPN", "AJJN", "SVPAN",
	"ANPMVAN", "MVMPM", "NPM", "PAJNSVM", "MPMVAN", "NPNPN", "SVXPAN", "AJXVAN", "DPAJN", "SVDPSV", "PMPANPAN", "JPJ", "AJM", "SV",
}

// sentence returns one to three clauses that begin with a capital and end
// with a full stop or its like.
func (w *writer) sentence() string {
	var b strings.Builder
	if w.percent(15) {
		b.WriteString(w.pick(starters))
		b.WriteByte(' ')
	}
	for i, n := 0, w.between(1, 3); i < n; i++ {
		if i > 0 {
			b.WriteString(w.pick([]string{", ", ", ", ", and ", ", but ", " – ", "; ", " when "}))
		}
		b.WriteString(w.clause(w.pick(clauses)))
	}
	text := capital(b.String())
	switch {
	case w.percent(6):
		return `"` + text + w.pick([]string{`!"`, `?"`, `."`})
	case w.percent(5):
		return "“" + text + ".”"
	}
	return text + w.pick([]string{".", ".", ".", ".", ".", ".", "!", "?", "…"})
}

func (w *writer) clause(shape string) string {
	words := make([]string, len(shape))
	for i, kind := range []byte(shape) {
		words[i] = w.word(kind)
		if i > 0 && words[i-1] == "a" && strings.ContainsAny(words[i][:1], "aeiou") {
			words[i-1] = "an"
		}
	}
	return strings.Join(words, " ")
}

func (w *writer) word(kind byte) string {
	switch kind {
	case 'A':
		return w.pick(articles)
	case 'J':
		return w.adjective.draw(w.random)
	case 'N':
		return w.nounForm()
	case 'V':
		return w.verbForm()
	case 'D':
		return w.adverb.draw(w.random)
	case 'P':
		return w.pick(links)
	case 'S':
		return w.pick(pronouns)
	case 'X':
		return w.pick(foreign)
	default:
		return w.name()
	}
}

// nounForm returns a noun, seldom a plural or a possessive.
func (w *writer) nounForm() string {
	noun := w.noun.draw(w.random)
	switch {
	case w.percent(4):
		return "all the " + plural(noun)
	case w.percent(4):
		return noun + "’s " + w.noun.draw(w.random)
	}
	return noun
}

func (w *writer) verbForm() string {
	verb := w.verb.draw(w.random)
	switch {
	case w.percent(50):
		return plural(verb) // the third person takes a noun's ending
	case w.percent(30):
		return w.pick([]string{"must", "will", "can", "would", "could"}) + " " + verb
	}
	return w.pick([]string{"learns to", "has to", "wants to", "begins to", "refuses to"}) + " " + verb
}

func plural(word string) string {
	last, size := utf8.DecodeLastRuneInString(word)
	stem := word[:len(word)-size]
	switch {
	case last == 'y' && !strings.ContainsAny(stem[len(stem)-1:], "aeou"):
		return stem + "ies"
	case strings.ContainsRune("sxz", last), strings.HasSuffix(word, "sh"), strings.HasSuffix(word, "ch"):
		return word + "es"
	}
	return word + "s"
}

// name returns a made-up name of a person or a place, so varied that a
// compressor has to spell most of them out.
func (w *writer) name() string {
	name := w.pick(onsets) + w.pick(nuclei) + w.pick(codas)
	if w.percent(60) {
		name += w.pick(endings)
	}
	return capital(name)
}

// author returns a name of two or three parts.
func (w *writer) author() string {
	if w.percent(12) {
		return string(rune('A'+w.below(26))) + "." + string(rune('A'+w.below(26))) + ". " + w.name()
	}
	return w.name() + " " + w.name()
}

// description returns sentences of at least length bytes in all, their
// paragraphs separated by gap.
func (w *writer) description(length int, gap string) string {
	var b strings.Builder
	for b.Len() < length {
		if b.Len() > 0 {
			if w.percent(20) {
				b.WriteString(gap)
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteString(w.sentence())
	}
	return b.String()
}

// title returns a book's title, often with its series or its praise.
func (w *writer) title() string {
	title := titleCase(w.clause(w.pick([]string{"AJN", "ANPAN", "JNPN", "AN", "NPM", "MPAN", "ANPM", "AJX", "NPN"})))
	switch {
	case w.percent(30):
		title += ": " + titleCase(w.clause(w.pick([]string{"AJNN", "AJJN", "ANPAJN", "AJNPAN"})))
	case w.percent(30):
		title += " (" + titleCase(w.clause("AJN")) + " Book " + number(w.between(1, 12)) + ")"
	}
	return title
}

// longTitle returns a title of more characters than a partition key may have.
func (w *writer) longTitle() string {
	title := w.title()
	for target := w.between(257, 480); utf8.RuneCountInString(title) <= target; {
		title += ", " + titleCase(w.clause("AJNPAN"))
	}
	return title
}

func titleCase(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = capital(word)
	}
	return strings.Join(words, " ")
}

func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
