package kstream

import (
	"encoding/json"
	"slices"
	"sync"
)

// A Codec turns values into record data and back. A Producer uses Append, a
// Consumer uses Decode. Both methods must be safe for concurrent use.
type Codec[T any] interface {
	// Append appends the encoding of v to dst and returns the longer slice.
	// It does not keep dst, nor return memory that anybody else uses: the
	// Producer writes its next value there.
	Append(dst []byte, v T) ([]byte, error)

	// Decode returns the value that data holds. The value may alias data,
	// which belongs to the record and is never written to again; but it then
	// keeps the buffer alive that the record shares with its neighbours, up to
	// 28 KiB.
	Decode(data []byte) (T, error)
}

// DefaultCodec returns the codec that a nil Codec stands for: values of the
// types []byte, string and [json.RawMessage] are the record data, untouched;
// values of any other type are JSON as [JSON] writes it.
//
// A decoded []byte or json.RawMessage aliases the record's data.
func DefaultCodec[T any]() Codec[T] {
	var zero T
	var c any
	switch any(zero).(type) {
	case []byte:
		c = bytesCodec[[]byte]{}
	case json.RawMessage:
		c = bytesCodec[json.RawMessage]{}
	case string:
		c = stringCodec{}
	default:
		return JSON[T]()
	}
	return c.(Codec[T])
}

// JSON returns a codec that writes values as compact JSON in UTF-8, without
// escaping <, > and & as [json.Marshal] does, and reads them with
// [json.Unmarshal]. What those cannot encode, such as a NaN, is an error.
func JSON[T any]() Codec[T] {
	return &jsonCodec[T]{encoders: sync.Pool{New: func() any { return newJSONEncoder() }}}
}

type bytesCodec[T ~[]byte] struct{}

func (bytesCodec[T]) Append(dst []byte, v T) ([]byte, error) { return append(dst, v...), nil }
func (bytesCodec[T]) Decode(data []byte) (T, error)          { return T(slices.Clip(data)), nil }

type stringCodec struct{}

func (stringCodec) Append(dst []byte, v string) ([]byte, error) { return append(dst, v...), nil }
func (stringCodec) Decode(data []byte) (string, error)          { return string(data), nil }

type jsonCodec[T any] struct {
	encoders sync.Pool // of *jsonEncoder
}

func (c *jsonCodec[T]) Append(dst []byte, v T) ([]byte, error) {
	e := c.encoders.Get().(*jsonEncoder)
	defer c.encoders.Put(e)
	e.dst = dst
	err := e.enc.Encode(v)
	out := e.dst
	e.dst = nil
	if err != nil {
		return dst, err
	}
	return out[:len(out)-1], nil // without the line feed that Encode ends with
}

func (c *jsonCodec[T]) Decode(data []byte) (T, error) {
	var v T
	err := json.Unmarshal(data, &v)
	return v, err
}

// A jsonEncoder is a json.Encoder that appends to dst.
type jsonEncoder struct {
	enc *json.Encoder
	dst []byte
}

func newJSONEncoder() *jsonEncoder {
	e := new(jsonEncoder)
	e.enc = json.NewEncoder(e)
	e.enc.SetEscapeHTML(false)
	return e
}

func (e *jsonEncoder) Write(p []byte) (int, error) {
	e.dst = append(e.dst, p...)
	return len(p), nil
}
