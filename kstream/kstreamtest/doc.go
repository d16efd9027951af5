// Package kstreamtest runs an Amazon Kinesis Data Streams service inside the
// process, for tests of code that writes to streams or reads them.
//
// NewServer is to Kinesis what httptest.NewServer is to HTTP:
//
//	func TestUpload(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			server := kstreamtest.NewServer(kstreamtest.Options{})
//			defer server.Close()
//			server.CreateStream("books", 2)
//			if err := upload(t.Context(), server.Client(), "books", values); err != nil { // the code under test
//				t.Error(err)
//			}
//			if n := len(server.Records("books")); n != len(values) {
//				t.Errorf("%d records arrived, want %d", n, len(values))
//			}
//		})
//	}
//
// The example Upload refuses some of the records and reshards the stream, and is
// there to be copied; TestUpload in this package's example_test.go does so in a
// bubble. Programs in other languages use the server through URL, and
// examples/localkinesis is one to leave running.
//
// # What it promises
//
//   - The server speaks the service's wire protocol, JSON and CBOR, over HTTP/1.1
//     and HTTP/2, so the code under test uses the unmodified AWS SDK, or any other
//     client through URL.
//   - It answers as the service does: the same checks in the same order with the
//     same texts, MD5 routing over 128-bit hash ranges, sequence numbers in the
//     service's layout, iterators that expire, shards that split, merge and end,
//     subscriptions that last five minutes. Each rule has a case, with its source,
//     in internal/conformance.
//   - What a shard takes and gives is limited as documented, because code that has
//     never been throttled does not work. Options.Limits changes or lifts that.
//   - Client's requests travel through memory and time is the process's, so
//     everything works in a testing/synctest bubble, fan-out included: an hour of
//     streaming takes milliseconds and comes out the same each time.
//   - What goes wrong, goes wrong on purpose: Faults are data, drawn from a seed,
//     and Options.Hook sees every request and may answer it.
//   - Counters, Records and Pending tell what really happened.
//   - It listens on the loopback interface only, unless told otherwise, bounds
//     requests and memory, and takes any input without a panic.
//
// # In a bubble
//
// Make the server, its clients and what uses them in the bubble, and close them
// before it ends. What is forgotten shows as an error of the runtime:
//
//	semaphore wake of synctest goroutine from outside bubble       the server was made outside
//	deadlock: main bubble goroutine has exited but blocked …       the server, or a Producer, was not closed
//	deadlock: all goroutines in bubble are blocked                 what is waited for cannot come any more
//	nothing: time stands still                                     URL or Listen, or another real connection
//
// # What it does not do
//
// Channels, and billing, permissions and KMS: policies and keys are kept as state
// and shown again, but nothing is refused or encrypted for them. On-demand streams
// do not scale by themselves. Records are durable only with Options.Dir.
//
// # Errors
//
// NewServer, CreateStream, Put, Records and Inject panic on what is a mistake in
// the test: a stream that is not there, an option that cannot be. Open and Listen
// return errors of the system. What a client gets are the service's exceptions:
//
//	ProvisionedThroughputExceededException  a shard's limit, or a Throttle fault
//	LimitExceededException                  an operation's rate, a quota, or Options.MaxBytes
//	ExpiredIteratorException                Limits.IteratorAge, or an ExpireIterator fault
//	RequestEntityTooLargeException          a body over 16 MiB
//	InternalFailure                         a Fail fault, or a journal that cannot be written
package kstreamtest
