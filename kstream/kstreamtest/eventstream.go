package kstreamtest

import (
	"encoding/binary"
	"hash/crc32"
)

const eventStreamType = "application/vnd.amazon.eventstream"

// A header of an event stream message; all that are needed here are text.
type eventHeader struct{ name, value string }

// appendMessage appends one message of the event stream encoding
// (https://smithy.io/2.0/aws/amazon-eventstream.html):
//
//	length 4 | length of the headers 4 | CRC of these 4 | headers | payload | CRC of everything before 4
func appendMessage(dst []byte, payload []byte, headers ...eventHeader) []byte {
	const (
		prelude    = 12
		checksum   = 4
		textHeader = 7 // the type of a header that is text
	)
	start := len(dst)
	dst = append(dst, make([]byte, prelude)...)
	for _, h := range headers {
		dst = append(dst, byte(len(h.name)))
		dst = append(dst, h.name...)
		dst = append(dst, textHeader)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(h.value)))
		dst = append(dst, h.value...)
	}
	headersLen := len(dst) - start - prelude
	dst = append(dst, payload...)
	message := dst[start:]
	binary.BigEndian.PutUint32(message, uint32(len(message)+checksum))
	binary.BigEndian.PutUint32(message[4:], uint32(headersLen))
	binary.BigEndian.PutUint32(message[8:], crc32.ChecksumIEEE(message[:8]))
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(message))
}

// appendEvent appends an event of a subscription. The stream begins with one
// named initial-response: SDKs fail without it.
func appendEvent(dst []byte, name string, payload []byte) []byte {
	return appendMessage(dst, payload,
		eventHeader{":message-type", "event"},
		eventHeader{":event-type", name},
		eventHeader{":content-type", "application/json"})
}

// appendException appends the message that ends a stream with an error.
func appendException(dst []byte, name string, payload []byte) []byte {
	return appendMessage(dst, payload,
		eventHeader{":message-type", "exception"},
		eventHeader{":exception-type", name},
		eventHeader{":content-type", "application/json"})
}
