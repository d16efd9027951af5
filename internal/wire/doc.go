// Package wire holds what stands between the AWS SDK's Kinesis client and the
// network: a cure for a race in the SDK's HTTP handler that duplicates records,
// and faster codecs for the operations that carry the records.
//
// Everything here is a per-call option of the SDK:
//
//	client.ListShards(ctx, in, wire.Cure)
//	client.PutRecords(ctx, in, wire.PutRecords)
//
// so that a program's own client, its credentials, endpoint, signer, retries,
// metrics and middleware stay as its author configured them. The options:
//
//	Cure                    the cure alone, for every other operation
//	PutRecords              JSON; PutCall.PutRecords for calls one after the other
//	PutRecordsCBOR          the same in CBOR
//	GetCall.GetRecords      JSON; the GetCall has the records
//	GetCall.GetRecordsCBOR  the same in CBOR
//	SubscribeToShard        its events
//
// The codecs say and understand what the SDK's do, to the last field; tests that
// fill the SDK's types by reflection fail when a new version brings a field that
// they don't know. JSON that they don't read for sure, and every error response,
// is left to the SDK, so that its errors are the SDK's own. What they save is the
// SDK's generic walk along schemas, most allocations, and half of the time that
// base64 takes.
//
// The parts of the protocol's formats are packages of their own, useful at the
// server's end too: b64, jsonscan, cborscan.
package wire
