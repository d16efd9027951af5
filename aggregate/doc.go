// Package aggregate computes price statistics that can be trusted: exact,
// indifferent to NaN, and the same however the work was divided.
//
// # Guarantees
//
//   - Nothing is invented. Text is read as a price only where it leaves no
//     doubt which number is the price and what number it is; all else is
//     missing, and counted with its [Reason]. NaN, infinities and null are
//     missing too, so that one bad record never turns a sum into NaN.
//   - Sums are exact. Prices are decimals, from text to result, and their sums
//     are wide integers that cannot overflow; float64s are summed exactly as
//     well. Every result is rounded to float64 once, to the nearest.
//   - Order does not matter. The same values give the same bits, whichever
//     shard, goroutine or process saw them, and in whatever order the parts
//     were merged. This holds for the encoding of a Summary too, byte by byte.
//   - Currencies are not mixed. A Summary describes one; [Summary.ByCurrency]
//     has the others.
//   - Memory is bounded, whatever the input: a currency takes at most about
//     600 KB for quantiles, which are exact up to 16,384 different values and
//     say what they may be off by beyond that, and 40 KB for sums.
//   - Adding allocates nothing once values like those before are being added,
//     and reading an ordinary price never does.
//
// # Use
//
//	var s aggregate.Summary // the zero value is ready
//	for _, cell := range column {
//		price, _ := aggregate.ParsePrice(cell)
//		s.AddPrice(price) // counts it, or why it is missing
//	}
//	fmt.Println(s.Count(), s.Missing(), s.Sum(), s.Mean(), s.Median())
//
// One Summary a goroutine or shard, merged at the end:
//
//	total.Merge(&shard)
//
// Between processes a Summary travels as bytes ([Summary.MarshalBinary]) or as
// a JSON string, which is what encoding/json makes of it.
//
// In structs a [Price] field takes what JSON feeds hold, numbers, strings and
// null. Numbers are read digit by digit: 129.900 is 129.9 as a JSON number,
// while the string "129.900" is a hundred and twenty-nine thousand nine hundred
// to most of those who write it, and to this package; see [PriceParser] for the
// rules and for the options that change them. The bare token NaN, which Python
// writes, is rejected by encoding/json itself; package csvjson reads it.
//
// # Decimals and float64s
//
// 0.1 as a float64 is 0.1000000000000000055…, and [Summary.Add] adds just that.
// Where the data was decimal, read it as a Price, or give [FloatPrice] the
// float64. Both kinds may go into one Summary; the sum of all is still exact.
//
// # Limits
//
// A price has at most 100 significant digits, the first not above 10^308 and
// the last not below 10^-400, and is no larger than the largest float64. What
// is beyond is missing with [ReasonLimit]; reading 1e999999999 costs no more
// than its eleven bytes. Counts go to 2^63-1.
//
// # Errors
//
//	error                     from                           what to do
//	*PriceError (ErrNoPrice)  ParsePrice, PriceParser.Parse  nothing: add the Price, its reason is counted
//	*PriceError               Decimal.UnmarshalJSON          reject the document
//	neither a number, …       Price.UnmarshalJSON            fix the schema: the field is an object, array or boolean
//	ErrEncoding               Summary.UnmarshalBinary, …Text reject the message: damaged, or of a later version
package aggregate
