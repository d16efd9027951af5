// Package kinesiskit is the overview of a Go SDK for Amazon Kinesis Data
// Streams: it takes tables of records into a stream and back, and computes
// trustworthy statistics over them. It holds no code; the packages below do.
//
//		CSV files ─ csvjson ─▶ JSON, typed values ─ kstream.Producer ─▶ stream
//		stream ─ kstream.Consumer ─▶ typed values ─ aggregate ─▶ statistics
//
//	  - [github.com/kinesiskit/kinesiskit/csvjson] reads messy CSV files as one
//	    table of records, writes JSON, and reads JSON back as typed values.
//	  - [github.com/kinesiskit/kinesiskit/kstream] has the Producer, which
//	    batches, paces and retries, and the Consumer, which reads every record
//	    of every shard through one range loop.
//	  - [github.com/kinesiskit/kinesiskit/kstream/kstreamtest] is an in-process
//	    Kinesis server for tests and examples.
//	  - [github.com/kinesiskit/kinesiskit/aggregate] computes exact, NaN-safe,
//	    mergeable price statistics.
//
// The narrow waist between the stages is iter.Seq2[T, error]: each package is
// useful alone, and the example of this package joins them all.
package kinesiskit
