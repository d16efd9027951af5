// Package kstreamtest runs an Amazon Kinesis Data Streams service inside the
// process, for tests of code that writes to streams or reads them.
//
// NewServer is to Kinesis what httptest.NewServer is to HTTP. The server speaks
// the service's wire protocol, so the code under test uses the unmodified AWS
// SDK, and answers as the service does: the same checks in the same order with
// the same texts, MD5 routing over 128-bit hash ranges, sequence numbers in the
// service's layout, iterators that expire, shards that split, merge and end.
// What a shard takes and gives is limited as documented, because code that has
// never been throttled does not work.
//
// Client's requests travel through memory, so everything works in a
// testing/synctest bubble, where an hour of streaming takes milliseconds. URL
// opens a port on the loopback interface for any other client.
//
// Server, Put, Records and Counters are how a test prepares a stream and looks
// at what is really in it.
package kstreamtest
