package wire

import "time"

// The SDK reads a timestamp, seconds with a fraction, as float64, multiplies it
// by 1000 and cuts off what is behind the point. Between these bounds, from 2004
// to 2038, whole milliseconds survive that: the product's error is less than half
// of the distance between two float64 there, so it is rounded to the integer. So
// whoever computes with integers gets the same. Outside of them this is not so,
// and the SDK is asked.
const (
	minExactMillis = 1 << 40
	maxExactMillis = 1000 << 31
)

// timestamp reads seconds since 1970, as a service of Java writes them:
// 1760000000.123, 1.760000000123E9, 1760000000.
func (r *recordReader) timestamp() time.Time {
	millis, exponent := r.scan.Decimal()
	if millis < 0 {
		r.scan.Fail()
		return time.Time{}
	}
	for exponent += 3; exponent > 0 && millis < maxExactMillis; exponent-- {
		millis *= 10
	}
	// Zeros at the end of the fraction.
	for ; exponent < 0 && millis%10 == 0; exponent++ {
		millis /= 10
	}
	if exponent != 0 || millis < minExactMillis || millis >= maxExactMillis {
		r.scan.Fail()
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}
