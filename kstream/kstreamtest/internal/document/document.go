// Package document reads and writes the two encodings of the Kinesis protocol:
// JSON, and the CBOR that the Java clients speak.
//
// Both are read into the same tree (Parse) and written by the same calls
// (Writer), so an operation is written once. The encodings differ in two
// things: JSON carries a blob as base64 text and a time as seconds, CBOR a blob
// as bytes and a time as milliseconds, tagged as if they were seconds
// (https://github.com/aws/aws-sdk-java-v2/issues/4661).
package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Format is an encoding.
type Format int

// The encodings, named after their content types, application/x-amz-json-1.1
// and application/x-amz-cbor-1.1.
const (
	JSON Format = iota
	CBOR
)

// ErrSyntax says that bytes are not a document of the format.
var ErrSyntax = errors.New("document: not well formed")

// A Number is a JSON number as it was written.
type Number = json.Number

// Parse reads one document and nothing after it. A value is nil, a bool, a
// string, a Number (JSON), an int64 or a float64 (CBOR), a []byte (CBOR), a
// []any or a map[string]any. A tag in CBOR is dropped.
func Parse(data []byte, format Format) (any, error) {
	if format == CBOR {
		return parseCBOR(data)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, ErrSyntax
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, ErrSyntax
	}
	return v, nil
}
