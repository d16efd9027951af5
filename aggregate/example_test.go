package aggregate_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kinesiskit/kinesiskit/aggregate"
)

func Example() {
	column := []string{"12.99", "CDN$ 6.99", "", "7.50", "NaN", "1,033.01", "Not available"}

	var s aggregate.Summary
	for _, cell := range column {
		price, _ := aggregate.ParsePrice(cell)
		s.AddPrice(price)
	}
	fmt.Println("count", s.Count(), "missing", s.Missing())
	fmt.Println("sum", s.Sum(), "mean", s.Mean(), "median", s.Median())
	fmt.Println(s.MissingReasons())
	// Output:
	// count 3 missing 4
	// sum 1053.5 mean 351.1666666666667 median 12.99
	// map[another currency:1 empty:1 not a number:1 words without a number:1]
}

func ExampleParsePrice() {
	for _, text := range []string{"₹1,02,990", "9.990,00 €", "CHF 1'049,95", "From $109.90", "21.49 - 33.72", "40% OFF"} {
		price, err := aggregate.ParsePrice(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		amount, _ := price.Amount()
		fmt.Println(price.Currency(), amount, price.From())
	}
	// Output:
	// INR 102990 false
	// EUR 9990 false
	// CHF 1049.95 false
	// USD 109.9 true
	// aggregate: no price: a range of prices
	// aggregate: no price: a percentage
}

func ExamplePriceError() {
	_, err := aggregate.ParsePrice("15.08.2017")
	var noPrice *aggregate.PriceError
	fmt.Println(errors.Is(err, aggregate.ErrNoPrice))
	fmt.Println(errors.As(err, &noPrice) && noPrice.Reason == aggregate.ReasonDate)
	// Output:
	// true
	// true
}

// A shop in Toronto writes "$" and means Canadian dollars.
func ExamplePriceParser() {
	parser := aggregate.PriceParser{Currency: "CAD", Labels: []string{"clearance"}}
	for _, text := range []string{"$5.99", "5.99", "US$5.99", "Clearance: $4"} {
		price, _ := parser.Parse(text)
		fmt.Println(price)
	}
	// Output:
	// CAD 5.99
	// CAD 5.99
	// USD 5.99
	// CAD 4
}

// A column whose decimals are known to follow a point needs no guessing.
func ExampleDecimalMark() {
	byRule, _ := aggregate.ParsePrice("129.900")
	parser := aggregate.PriceParser{DecimalMark: aggregate.MarkPoint}
	byPoint, _ := parser.Parse("129.900")
	fmt.Println(byRule, byPoint)
	// Output: 129900 129.9
}

func ExamplePrice() {
	a, _ := aggregate.ParsePrice("12.5")
	b, _ := aggregate.ParsePrice("12.50")
	fmt.Println(a == b)

	var unset aggregate.Price
	fmt.Println(unset.Missing(), unset.Reason())
	// Output:
	// true
	// true absent
}

func ExamplePrice_UnmarshalJSON() {
	type Book struct {
		Price aggregate.Price `json:"price"`
	}
	var books []Book
	data := `[{"price": 129.900}, {"price": "129.900"}, {"price": "CDN$ 6.99"}, {"price": null}, {}]`
	if err := json.Unmarshal([]byte(data), &books); err != nil {
		fmt.Println(err)
	}
	for _, book := range books {
		fmt.Println(book.Price)
	}
	// Output:
	// 129.9
	// 129900
	// CAD 6.99
	// (null)
	// (absent)
}

func ExampleNewPrice() {
	fmt.Println(aggregate.NewPrice(1299, 2, "USD"))
	// Output: USD 12.99
}

func ExampleFloatPrice() {
	var binary, decimal aggregate.Summary
	for range 3 {
		binary.Add(0.1)
		decimal.AddPrice(aggregate.FloatPrice(0.1, ""))
	}
	fmt.Println(binary.Sum())
	fmt.Println(decimal.Sum())
	// Output:
	// 0.3000000000000000166533453693773481063544750213623046875
	// 0.3
}

func ExampleMissingPrice() {
	var s aggregate.Summary
	s.AddPrice(aggregate.MissingPrice("not for sale"))
	s.AddMissing("not for sale")
	fmt.Println(s.MissingReasons())
	// Output: map[not for sale:2]
}

func ExampleSummary_Add() {
	var s aggregate.Summary
	for _, f := range []float64{1e16, 1, -1e16} { // a loop of additions says 0
		s.Add(f)
	}
	fmt.Println(s.Sum(), s.Mean())
	// Output: 1 0.3333333333333333
}

func ExampleSummary_Merge() {
	var total, shard1, shard2 aggregate.Summary
	shard1.AddPrice(aggregate.NewPrice(1299, 2, ""))
	shard2.AddPrice(aggregate.NewPrice(701, 2, ""))
	shard2.AddMissing(aggregate.ReasonNull)
	total.Merge(&shard1)
	total.Merge(&shard2)
	fmt.Println(&total)
	// Output: 2 values, 1 missing, sum 20, mean 10, min 7.01, median 10, max 12.99
}

func ExampleSummary_ByCurrency() {
	var s aggregate.Summary
	for _, text := range []string{"$5", "€7.50", "€8.50", "12"} {
		price, _ := aggregate.ParsePrice(text)
		s.AddPrice(price)
	}
	fmt.Println(s.Currency(), s.Sum(), s.Missing())
	for currency, each := range s.ByCurrency() {
		fmt.Printf("%q %v\n", currency, each.Sum())
	}
	// Output:
	// EUR 16 2
	// "" 12
	// "EUR" 16
	// "USD" 5
}

func ExampleSummary_Quantile() {
	var s aggregate.Summary
	for cents := range int64(101) {
		s.AddPrice(aggregate.NewPrice(cents, 2, ""))
	}
	fmt.Println(s.Median(), s.Quantile(0.95), s.Quantile(0.999), s.QuantileError())
	// Output: 0.5 0.95 0.999 0
}

func ExampleSummary_StdDev() {
	var s aggregate.Summary
	for _, cents := range []int64{250, 350, 450} {
		s.AddPrice(aggregate.NewPrice(cents, 2, ""))
	}
	fmt.Println(s.StdDev(), s.PopVariance())
	// Output: 1 0.6666666666666666
}

// A worker sends its part as JSON; the other side merges it.
func ExampleSummary_MarshalText() {
	type Message struct {
		Shard string
		Stats aggregate.Summary
	}
	var out, in Message
	out.Shard = "shardId-000000000001"
	out.Stats.AddPrice(aggregate.NewPrice(1299, 2, "USD"))
	data, _ := json.Marshal(&out)

	if err := json.Unmarshal(data, &in); err != nil {
		fmt.Println(err)
	}
	var total aggregate.Summary
	total.Merge(&in.Stats)
	fmt.Println(&total)
	// Output: 1 value in USD, 0 missing, sum 12.99, mean 12.99, min 12.99, median 12.99, max 12.99
}

func ExampleSummary_MarshalBinary() {
	var worker, total aggregate.Summary
	worker.Add(12.5)
	data, _ := worker.MarshalBinary()

	var received aggregate.Summary
	if err := received.UnmarshalBinary(data); err != nil {
		fmt.Println(err)
	}
	total.Merge(&received)
	fmt.Println(total.Count(), total.Sum())
	// Output: 1 12.5
}

func ExampleDecimal_Fixed() {
	var s aggregate.Summary
	s.AddPrice(aggregate.NewPrice(431657, 1, "USD"))
	fmt.Println(s.Sum(), s.Sum().Fixed(2))
	// Output: 43165.7 43165.70
}
