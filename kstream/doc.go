// Package kstream writes typed values to Amazon Kinesis Data Streams and reads
// them back, without losing any on the way.
//
// # Guarantees of a Producer
//
//   - Each value that Send, SendAll or Put has taken is settled exactly once:
//     [Delivered], with a [Receipt]; [Failed], handed back with its error; or
//     [MaybeDelivered], when the answer of a call was lost and the time for
//     another try ended. Nothing is dropped silently: not by Close, not by a
//     context that ends, not when some entries of a call fail.
//   - Delivery is at least once. A value is in the stream twice only if the
//     answer to a call was lost and the call repeated or, with Aggregate, if a
//     reshard took its aggregate to a shard where other readers would drop it.
//   - A shard that is throttled holds up only the values that belong to it.
//   - Values with one partition key may overtake each other, unless Ordered is
//     set: then they arrive in the order in which they were sent, through
//     retries and reshards.
//   - Memory is bounded: Send blocks while the buffer is full.
//
// # Guarantees of a Consumer
//
//   - Every record of every shard is delivered at least once, in order within
//     its shard, and those of a shard after those of its parents.
//   - A record that cannot be decoded is yielded as a [*DecodeError], with its
//     data, and the loop goes on. Records that retention took before they were
//     read are reported as a [*GapError]. Any other error is yielded once, last.
//   - With a Store, a record counts as done when the loop's body has finished for
//     it. Break, return and a panic leave it for the next time. For loops that
//     hand records on there are Batches and ManualDone.
//   - The end of a loop without an error means that all shards were read to
//     their end, or to what Until asks for.
//   - No goroutine is left when a loop ends, so a Consumer needs no Close.
//   - Memory is bounded, by records and by bytes, whatever the stream holds.
//
// # Use
//
//	producer, err := kstream.NewProducer(client, kstream.ProducerConfig[Book]{
//		Stream:       "books",
//		PartitionKey: func(b Book) string { return kstream.PartitionKey(b.Title) },
//	})
//	…
//	err = producer.Send(ctx, book) // or Put, which waits; or SendAll, for a sequence
//	err = producer.Close(ctx)      // waits for all, and returns what failed
//
//	consumer, err := kstream.NewConsumer(client, kstream.ConsumerConfig[Book]{Stream: "books"})
//	…
//	for rec, err := range consumer.Records(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(rec.ShardID, rec.Value.Title)
//	}
//
// The client is an ordinary one of the AWS SDK; what is configured on it, such
// as credentials, an endpoint or metrics, is used. Package kstreamtest has a
// server for tests.
//
// # What costs what
//
// A Producer by default waits 20 ms for values to share a call, and writes each
// as a record of its own. Aggregate packs small values into records of up to
// 25 KB, which takes a longer wait and readers that unpack them: a hundred
// values of 250 bytes then cost what one did, and it is the way past 1,000
// records a second and shard. Compress is the way past 1 MiB a second and shard,
// for text, and is read by this package only. Ordered has each key written at
// most once a round trip, many values at a time if they are aggregated. A
// Consumer asks each shard up to five times a second, which all polling
// consumers of a stream share.
//
// # Coming from KPL and KCL
//
//	there, and its default                 here
//	user record, addUserRecord             a value, Send; its outcome: OnSettled, or Put
//	flushSync, destroy                     Flush, Close
//	AggregationEnabled (on)                Aggregate (off)
//	AggregationMaxSize (51,200)            AggregateBytes (25,600)
//	CollectionMaxCount (500), …MaxSize     always what the service takes: 500 and 10 MiB
//	RecordMaxBufferedTime (100 ms)         Linger (20 ms; 100 ms with Aggregate)
//	RecordTtl (30 s)                       TimeToLive (for ever)
//	RateLimit (150 %)                      Rate (1: all of it, and less when others write too)
//	FailIfThrottled (off)                  none: what is throttled is tried again
//	getOutstandingRecordsCount             Stats, BufferedRecords; a full buffer blocks Send
//	record processor                       a loop's body, or the function of EachShard
//	sub-sequence number                    SubSequence
//	checkpoint                             made by the loop, or with ManualDone by Done
//	lease, lease table                     Lease; Store, in memory, a file, or your own
//	initial position (LATEST)              Start (TRIM_HORIZON)
//	maxRecords, idleTimeBetweenReads       PrefetchRecords, IdleInterval
//
// A Consumer reads all shards itself: processes do not share out a stream's
// shards as KCL's workers do; EachShard has a goroutine for each. It does not
// use KCL's lease table. To go on where KCL stopped, give StartShards an
// AfterRecord of each lease's checkpoint and checkpointSubSequenceNumber.
//
// # Metrics
//
// Where the client has a MeterProvider, such as the SDK's adapter for
// OpenTelemetry, it is offered the numbers of [ProducerStats] and
// [ConsumerStats] under the scope "github.com/kinesiskit/kinesiskit/kstream",
// each with the property "stream", whole numbers all:
//
//	kinesiskit.producer.   delivered, failed, maybe_delivered, calls, failed_calls, entries,
//	                       throttled_entries, retries, bytes, payload_units
//	                       gauges: buffered_records, buffered_bytes
//	kinesiskit.consumer.   records, bytes, calls, empty_calls, throttled, faults, renewals,
//	                       decode_errors, gaps, out_of_range, save_failures
//	                       a gauge for each shard that is read, with the property "shard": lag (ms)
//
// They are counted anyway and read when the provider collects, so they cost
// nothing between. A Producer takes them back in Close, and a Consumer at the
// end of each loop: a program that ends then should have its provider collect
// once more before, after Flush for instance (ForceFlush, in OpenTelemetry).
//
// # Errors
//
//	error                  from                   what to do
//	ErrStreamNotFound      all                    check the name and the region
//	ErrStreamExists        CreateStream           use the stream, after WaitActive
//	*KeyError              Send                   give the value a legal key, see PartitionKey
//	*EncodeError           Send                   fix the value or its Codec
//	*RecordSizeError       Send                   make the value smaller
//	ErrUnflushed           Send                   Flush, and see to the values that it returns
//	ErrClosed              Send                   use another Producer
//	ErrOrderAuto           Send                   no Ordered on a stream with AUTO distribution
//	*DeliveryError         Put                    send again, if a duplicate is no harm or Outcome is Failed
//	*FailedError           Flush, Close, SendAll  the same, for each value in it
//	ErrExpired             within these           TimeToLive has ended
//	*EntryError            within these           the stream's reason for not taking a record
//	*PanicError            Flush, Close           fix OnSettled
//	*DecodeError           a loop                 keep its Data somewhere, and go on
//	ErrMalformedAggregate  within a DecodeError   its sender is at fault
//	*GapError              a loop                 longer retention, or a faster loop
//	ErrBusy                a loop                 one loop of a Consumer at a time
//	ErrUndone              a loop                 with ManualDone, call Record.Done
//	ErrConflict            a loop, a Store        another process reads the same shards
//	ErrStoreInUse          OpenFileStore          end the other process
//	ErrStoreClosed         a FileStore            close it after the loop
package kstream
