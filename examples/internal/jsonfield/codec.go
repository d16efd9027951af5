package jsonfield

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/kinesiskit/kinesiskit/csvjson"
)

// Codec is a kstream.Codec for records that are JSON objects. It also reads
// the bare NaN that Python writes, as null.
type Codec struct{}

// Append appends object as JSON.
func (Codec) Append(dst []byte, object Object) ([]byte, error) {
	data, err := json.Marshal(object)
	return append(dst, data...), err
}

// Decode reads one object.
func (Codec) Decode(data []byte) (Object, error) {
	object, err := Parse(data)
	if _, ok := errors.AsType[*json.SyntaxError](err); !ok || !bytes.Contains(data, []byte("NaN")) {
		return object, err
	}
	for lenient, lenientErr := range csvjson.ReadJSON[Object](bytes.NewReader(data)) {
		if lenientErr == nil && lenient != nil {
			return lenient, nil
		}
		break
	}
	return nil, err
}
