// Package kstream writes typed values to Amazon Kinesis Data Streams and reads
// them back.
package kstream
