package wire_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"
)

// filler makes random values of the SDK's types by reflection, so that a field
// which a new version of the SDK brings is filled too, and missed if the codec
// doesn't know it.
type filler struct {
	rng *rand.Rand
	// full leaves no field empty.
	full bool
	// exactTimes leaves out the times that the SDK misreads by a
	// millisecond.
	exactTimes bool
}

func newFiller(seed uint64) filler {
	return filler{rng: rand.New(rand.NewPCG(seed, 0x5d1))}
}

func (f filler) fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(f.time()))
		return
	case []byte:
		v.SetBytes(f.bytes())
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if f.absent() {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		if f.absent() {
			return
		}
		n := f.length(5)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Name != "ResultMetadata" {
				f.fill(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString(f.string())
	case reflect.Bool:
		v.SetBool(f.rng.IntN(2) == 0)
	case reflect.Int32:
		v.SetInt(int64(int32(f.rng.Uint32())))
	case reflect.Int64:
		v.SetInt(int64(f.rng.Uint64()))
	default:
		panic(fmt.Sprintf("no random values of type %v: teach the filler, and see whether the codec knows it", v.Type()))
	}
}

func (f filler) absent() bool { return !f.full && f.rng.IntN(4) == 0 }

func (f filler) length(max int) int {
	if f.full {
		return 1 + f.rng.IntN(max)
	}
	return f.rng.IntN(max + 1)
}

func (f filler) bytes() []byte {
	if f.absent() {
		return nil
	}
	p := make([]byte, f.length(70))
	for i := range p {
		p[i] = byte(f.rng.Uint32())
	}
	return p
}

// stringParts are the kinds of text that JSON treats in different ways.
var stringParts = []string{
	"shardId-000000000012", "49650000000000000000000000000000000000000000000000000012",
	"a", "key", `"`, `\`, "/", "<&>", "\n\r\t", "\b\f\x00\x1f", "\x7f", "é", "日本", "😀",
	"\u2028\u2029", "\ufffd", "\xff", "\xe2\x80", "\xed\xa0\x80",
}

func (f filler) string() string {
	if f.full {
		return stringParts[0]
	}
	var b strings.Builder
	for range f.rng.IntN(5) {
		b.WriteString(stringParts[f.rng.IntN(len(stringParts))])
	}
	return b.String()
}

// time returns a time in whole milliseconds, as the service does, mostly of the
// years in which the codec reads them by itself.
func (f filler) time() time.Time {
	if f.rng.IntN(8) == 0 && !f.full && !f.exactTimes {
		return time.UnixMilli(f.rng.Int64N(1 << 43)).UTC()
	}
	return time.UnixMilli(1_700_000_000_000 + f.rng.Int64N(200_000_000_000)).UTC()
}
