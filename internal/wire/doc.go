// Package wire holds what stands between the AWS SDK's Kinesis client and the
// network: a cure for a race in the SDK's HTTP handler that duplicates records,
// and faster codecs for the two operations that carry the records.
//
// Everything here is a per-call option of the SDK:
//
//	client.PutRecords(ctx, in, wire.Cure)
//
// so that a program's own client, its credentials, endpoint, retries, metrics
// and middleware stay as its author configured them.
package wire
