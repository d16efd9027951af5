package kstream

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode/utf8"
)

const (
	// maxKeyLength is the longest legal partition key: 256 Unicode characters
	// (Kinesis API reference, PutRecordsRequestEntry). Here it is counted in
	// UTF-16 code units, so that it holds however the service counts.
	maxKeyLength = 256

	// emptyKey stands for the empty text, which is no legal key.
	emptyKey = "(empty)"
)

// PartitionKey returns a legal partition key for any text, such as a title:
// 1 to 256 characters of valid UTF-8, always the same for the same text.
//
// A legal text is returned as it is. The empty text becomes "(empty)". Bytes
// that are not UTF-8 become U+FFFD. A text that is too long is cut, and ends
// in "~" and 16 hexadecimal digits of its FNV-1a hash, so that texts with a
// long common beginning still spread over the shards.
func PartitionKey(text string) string {
	if text == "" {
		return emptyKey
	}
	valid := strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(valid) <= maxKeyLength || prefixOf(valid, maxKeyLength) == len(valid) {
		return valid
	}
	h := fnv.New64a()
	h.Write([]byte(text))
	tail := fmt.Sprintf("~%016x", h.Sum64())
	return valid[:prefixOf(valid, maxKeyLength-len(tail))] + tail
}

// checkKey tells why the service would refuse a partition key.
func checkKey(key string) error {
	switch {
	case key == "":
		return &KeyError{Reason: "it is empty"}
	case !utf8.ValidString(key):
		return &KeyError{Key: key, Reason: "it is not valid UTF-8"}
	case len(key) > maxKeyLength && prefixOf(key, maxKeyLength) < len(key):
		return &KeyError{Key: key, Reason: "it is longer than 256 characters"}
	}
	return nil
}

// prefixOf returns the length in bytes of the longest prefix of s that has at
// most n UTF-16 code units.
func prefixOf(s string, n int) int {
	units := 0
	for i, r := range s {
		units++
		if r > 0xFFFF {
			units++
		}
		if units > n {
			return i
		}
	}
	return len(s)
}

// A KeyError says why a partition key, or an explicit hash key, is not legal.
// [PartitionKey] makes a legal key of any text.
type KeyError struct {
	Key    string // the key, or the explicit hash key
	Reason string // what is wrong with it
}

func (e *KeyError) Error() string {
	return "kstream: partition key is not legal: " + e.Reason
}
