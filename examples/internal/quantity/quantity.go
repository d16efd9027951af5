// Package quantity writes how many there are of something.
package quantity

import "fmt"

// Of returns n and the noun, in the plural unless n is 1: "1 record",
// "2 records".
func Of[N int | int64](n N, noun string) string {
	return fmt.Sprintf("%d %s", n, Noun(n, noun))
}

// Noun returns the noun in the form that it has behind n.
func Noun[N int | int64](n N, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
