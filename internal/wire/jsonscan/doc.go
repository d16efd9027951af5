// Package jsonscan reads and writes the JSON of the Kinesis protocol without
// building anything between the bytes and the program's own structs.
//
// A [Scanner] walks a document that lies in memory whole. Its methods are called
// in the order in which the document should go; the first surprise makes it fail
// for good, and everything that follows returns zero values, so that a caller
// checks once, at the end:
//
//	s := jsonscan.New(body)
//	for s.Object(); s.Member(); {
//		switch string(s.Name()) {
//		case "StreamName":
//			stream = s.String()
//		case "Records":
//			for s.Array(); s.Element(); {
//				…
//			}
//		default:
//			s.Skip()
//		}
//	}
//	s.End()
//	if s.Failed() { … }
//
// A Scanner doesn't say what is wrong with a document, only that something is:
// its callers have a slower reader at hand that gives the proper error. What it
// accepts is JSON (RFC 8259), except that strings may hold bytes that are not
// UTF-8 and that values nest no deeper than [MaxDepth] where they are skipped.
//
// [AppendString] writes strings. Base64 is in the package b64.
package jsonscan
