package aggregate

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSummaryCurrency(t *testing.T) {
	var s Summary
	for _, text := range []string{"$5", "$7", "€100", "€200", "€300", "12", ""} {
		p, _ := ParsePrice(text)
		s.AddPrice(p)
	}
	if s.Currency() != "EUR" || s.Count() != 3 || s.Sum().String() != "600" || s.Missing() != 4 {
		t.Errorf("%v, want three in EUR and four missing", &s)
	}
	want := map[Reason]int64{ReasonCurrency: 3, ReasonEmpty: 1}
	if diff := cmp.Diff(want, s.MissingReasons()); diff != "" {
		t.Error("reasons (-want +got):\n" + diff)
	}
	var got []string
	for currency, each := range s.ByCurrency() {
		got = append(got, strconv.Quote(string(currency))+" "+each.Sum().String())
		if each.Currency() != currency || each.Missing() != 0 {
			t.Errorf("ByCurrency yields %v for %q", each, currency)
		}
	}
	if diff := cmp.Diff([]string{`"" 12`, `"EUR" 600`, `"USD" 12`}, got); diff != "" {
		t.Error("ByCurrency (-want +got):\n" + diff)
	}
	for range s.ByCurrency() {
		break // must not go on
	}
}

// Of equally many values, the first code counts, whichever came first.
func TestSummaryCurrencyTie(t *testing.T) {
	var a, b Summary
	a.AddPrice(NewPrice(1, 0, "USD"))
	b.AddPrice(NewPrice(1, 0, "EUR"))
	a.Merge(&b)
	if a.Currency() != "EUR" {
		t.Errorf("Currency = %q, want EUR", a.Currency())
	}
	a.Add(1)
	if a.Currency() != "" {
		t.Errorf("Currency = %q, want none", a.Currency())
	}
}

func TestReasonsAreBounded(t *testing.T) {
	var s, up, down Summary
	for i := range 200 {
		s.AddMissing(Reason(strconv.Itoa(1000 + i)))
		up.AddMissing(Reason(strconv.Itoa(1000 + i)))
		down.AddMissing(Reason(strconv.Itoa(1199 - i)))
	}
	s.AddMissing("")
	s.AddMissing(ReasonOther)
	reasons := s.MissingReasons()
	if len(reasons) != maxReasons+1 || reasons["1000"] != 1 || reasons["1063"] != 1 || reasons[ReasonOther] != 138 {
		t.Errorf("%d reasons, %d others", len(reasons), reasons[ReasonOther])
	}
	if encoded(&up) != encoded(&down) {
		t.Error("the reasons kept depend on the order")
	}
	var long Summary
	long.AddMissing(Reason(strings.Repeat("x", 63) + "é" + strings.Repeat("y", 1000)))
	if diff := cmp.Diff(map[Reason]int64{Reason(strings.Repeat("x", 63)): 1}, long.MissingReasons()); diff != "" {
		t.Error("a long reason (-want +got):\n" + diff)
	}
}

func TestSummaryString(t *testing.T) {
	var s Summary
	if got, want := s.String(), "0 values, 0 missing"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	s.AddPrice(NewPrice(1299, 2, "USD"))
	s.AddPrice(NewPrice(701, 2, "USD"))
	s.AddMissing(ReasonNull)
	want := "2 values in USD, 1 missing, sum 20, mean 10, min 7.01, median 10, max 12.99"
	if got := s.String(); got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

// Every code and word of the tables is found, and every code is one.
func TestCurrencyTables(t *testing.T) {
	for _, list := range []string{dollars, pounds, rupees, kroner} {
		for code := range strings.FieldsSeq(list) {
			if findCode(code) != Currency(code) {
				t.Errorf("%s is not a code", code)
			}
		}
	}
	for _, word := range []string{"", "US", "USDX", "usd", "D A", "AED AFN", "ALL", "XYZ"} {
		if got := findCode(word); got != "" {
			t.Errorf("findCode(%q) = %q, want none", word, got)
		}
	}
}
