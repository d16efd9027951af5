package conformance

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func iteratorCases() map[string][]Case {
	shard := `,"ShardId":"shardId-000000000000"`
	iterator := func(json string) string { return `{"StreamName":"${stream}"` + shard + `,` + json + `}` }
	future := fmt.Sprint(time.Now().Add(24 * time.Hour).Unix())
	const combination = "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber."
	return map[string][]Case{
		"GetShardIterator": {
			{Name: "no such stream", Rule: observed, Operation: "GetShardIterator", Body: `{"StreamName":"${name}"` + shard + `,"ShardIteratorType":"LATEST"}`,
				Code: resourceNotFound, Text: "Shard shardId-000000000000 in stream "},
			unnamed("GetShardIterator", shard[1:]+`,"ShardIteratorType":"LATEST"`),
			foreign("GetShardIterator", shard+`,"ShardIteratorType":"LATEST"`),
			{Name: "no such shard", Rule: observed, Operation: "GetShardIterator",
				Body: `{"StreamName":"${stream}","ShardId":"shardId-000000000007","ShardIteratorType":"LATEST"}`, Code: resourceNotFound, Text: "does not exist"},
			{Name: "a shard of no form", Rule: observed, Operation: "GetShardIterator",
				Body: `{"StreamName":"${stream}","ShardId":"ABKLFD8","ShardIteratorType":"LATEST"}`, Code: resourceNotFound, Text: "Could not find shard ABKLFD8 in stream "},
			{Name: "a shard of more than 31 bits", Rule: observed, Operation: "GetShardIterator",
				Body: `{"StreamName":"${stream}","ShardId":"shardId-002147483648","ShardIteratorType":"LATEST"}`, Code: resourceNotFound, Text: "Could not find shard shardId-002147483648 in stream "},
			{Name: "a shard by its number", Rule: observed, Operation: "GetShardIterator",
				Body: `{"StreamName":"${stream}","ShardId":"-00002147483647","ShardIteratorType":"LATEST"}`, Code: resourceNotFound, Text: "Shard shardId-002147483647 in stream "},
			{Name: "a shard by a short name", Rule: observed, Operation: "GetShardIterator",
				Body: `{"StreamName":"${stream}","ShardId":"shard-0","ShardIteratorType":"TRIM_HORIZON"}`},
			{Name: "LATEST with a number", Rule: observed, Operation: "GetShardIterator", Body: iterator(`"ShardIteratorType":"LATEST","StartingSequenceNumber":"0"`),
				Code: invalidArgument, Text: combination},
			{Name: "TRIM_HORIZON with a number", Rule: observed, Operation: "GetShardIterator", Body: iterator(`"ShardIteratorType":"TRIM_HORIZON","StartingSequenceNumber":"0"`),
				Code: invalidArgument, Text: combination},
			{Name: "AT_SEQUENCE_NUMBER without one", Rule: observed, Operation: "GetShardIterator", Body: iterator(`"ShardIteratorType":"AT_SEQUENCE_NUMBER"`),
				Code: invalidArgument, Text: combination},
			{Name: "AFTER_SEQUENCE_NUMBER without one", Rule: observed, Operation: "GetShardIterator", Body: iterator(`"ShardIteratorType":"AFTER_SEQUENCE_NUMBER"`),
				Code: invalidArgument, Text: combination},
			{Name: "AT_TIMESTAMP without one", Rule: observed, Operation: "GetShardIterator", Body: iterator(`"ShardIteratorType":"AT_TIMESTAMP"`),
				Code: invalidArgument, Text: "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP."},
			{Name: "a time to come", Rule: observed, Operation: "GetShardIterator", Body: iterator(`"ShardIteratorType":"AT_TIMESTAMP","Timestamp":` + future),
				Code: invalidArgument, Text: "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis."},
			{Name: "another shard's number", Rule: observed, Code: invalidArgument,
				Text: "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard with shardId-000000000000",
				Do:   func(e *Env) error { return e.locate(e.shards(e.Stream)[1]) }},
			{Name: "another stream's number", Rule: observed, Code: invalidArgument, Text: "because it did not come from this stream.", Do: func(e *Env) error {
				<-time.After(1100 * time.Millisecond) // numbers tell streams apart by the second
				return e.locate(e.shards(e.NewStream(1))[0])
			}},
			{Name: "DryRun", Rule: reference, Operation: "GetShardIterator", Body: iterator(`"ShardIteratorType":"LATEST","DryRun":true`), Code: "DryRunOperationException"},
			{Name: "the shard's first number", Rule: reference, Do: func(e *Env) error { return e.locate(e.shards(e.Stream)[0]) }},
		},
	}
}

func getRecordsCases() map[string][]Case {
	return map[string][]Case{
		"GetRecords": {
			{Name: "an iterator of nobody's", Rule: observed, Operation: "GetRecords", Body: `{"ShardIterator":"AAAAAAAAAAFxyz"}`, Code: invalidArgument, Text: "Invalid ShardIterator."},
			{Name: "DryRun", Rule: reference, Code: "DryRunOperationException", Do: func(e *Env) error {
				it, err := e.iterator(e.Stream, 0, types.ShardIteratorTypeLatest, "")
				if err != nil {
					return fmt.Errorf("iterator: %s", err)
				}
				_, err = e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: it, DryRun: aws.Bool(true)})
				return err
			}},
			{Name: "positions", Rule: reference, Do: positions},
			{Name: "what a record has", Rule: reference, Do: recordMembers},
			{Name: "LATEST sees what comes after it", Rule: reference, Do: latest},
			{Name: "AT_TIMESTAMP", Rule: reference, Do: atTimestamp},
			{Name: "a fresh iterator each time", Rule: observed, Do: freshIterators},
			{Name: "Limit", Rule: reference, Do: limited},
			{Name: "up to 10 MiB", Rule: reference, Do: upTo10MiB},
			{Name: "the end of a closed shard", Rule: kcl, Do: endOfShard},
			{Name: "LATEST on a closed shard", Rule: kcl, Do: func(e *Env) error {
				name := e.NewStream(1)
				e.split(name, 0, "1000")
				return e.ended(name, 0, types.ShardIteratorTypeLatest, 1, 2)
			}},
			{Name: "behind until the tip", Rule: reference, Do: behind},
			{Name: "a stream that was made again", Rule: observed, Do: madeAgain},
			{Name: "a stream that is gone", Rule: observed, Code: resourceNotFound, Text: "Shard shardId-000000000000 in stream ", Do: func(e *Env) error {
				name := e.NewStream(1)
				it, err := e.iterator(name, 0, types.ShardIteratorTypeLatest, "")
				if err != nil {
					return fmt.Errorf("iterator: %s", err)
				}
				e.remove(name)
				_, err = e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: it})
				return err
			}},
		},
	}
}

// madeAgain reads with the iterators of a stream that was deleted: another one of
// its name takes them for its own shards, if it has those.
func madeAgain(e *Env) error {
	name := e.NewStream(2)
	var iterators []*string
	for shard := range 2 {
		it, err := e.iterator(name, shard, types.ShardIteratorTypeLatest, "")
		if err != nil {
			return fmt.Errorf("iterator: %s", err)
		}
		iterators = append(iterators, it)
	}
	e.remove(name)
	if _, err := e.Client.CreateStream(e.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(1)}); err != nil {
		return fmt.Errorf("create: %s", err)
	}
	e.Settle(name)
	if _, err := e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: iterators[0]}); err != nil {
		return err
	}
	_, err := e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: iterators[1]})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		return fmt.Errorf("a shard that the new stream does not have: %v", err)
	}
	return nil
}

func (e *Env) locate(sh types.Shard) error {
	_, err := e.iterator(e.Stream, 0, types.ShardIteratorTypeAtSequenceNumber, *sh.SequenceNumberRange.StartingSequenceNumber)
	return err
}

func (e *Env) iterator(name string, shard int, kind types.ShardIteratorType, number string) (*string, error) {
	in := &kinesis.GetShardIteratorInput{StreamName: &name, ShardId: aws.String(shardID(shard)), ShardIteratorType: kind}
	if number != "" {
		in.StartingSequenceNumber = &number
	}
	out, err := e.Client.GetShardIterator(e.Context(), in)
	if err != nil {
		return nil, err
	}
	return out.ShardIterator, nil
}

// read returns one page from a position.
func (e *Env) read(name string, shard int, kind types.ShardIteratorType, number string, limit int32) (*kinesis.GetRecordsOutput, error) {
	it, err := e.iterator(name, shard, kind, number)
	if err != nil {
		return nil, err
	}
	return e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: it, Limit: &limit})
}

// filled returns a stream with one shard and the records a, b and c in it, and
// their sequence numbers.
func (e *Env) filled() (string, []string) {
	e.Helper()
	name := e.NewStream(1)
	var numbers []string
	for _, data := range []string{"a", "b", "c"} {
		out, err := e.Client.PutRecord(e.Context(), &kinesis.PutRecordInput{StreamName: &name, PartitionKey: aws.String("key " + data), Data: []byte(data)})
		if err != nil {
			e.Fatal(err)
		}
		numbers = append(numbers, *out.SequenceNumber)
	}
	return name, numbers
}

func data(records []types.Record) string {
	var all strings.Builder
	for _, r := range records {
		all.Write(r.Data)
	}
	return all.String()
}

func positions(e *Env) error {
	name, numbers := e.filled()
	start := *e.shards(name)[0].SequenceNumberRange.StartingSequenceNumber
	tests := []struct {
		kind   types.ShardIteratorType
		number string
		want   string
	}{
		{types.ShardIteratorTypeTrimHorizon, "", "abc"},
		{types.ShardIteratorTypeLatest, "", ""},
		{types.ShardIteratorTypeAtSequenceNumber, start, "abc"},
		{types.ShardIteratorTypeAfterSequenceNumber, start, "abc"},
		{types.ShardIteratorTypeAtSequenceNumber, numbers[0], "abc"},
		{types.ShardIteratorTypeAfterSequenceNumber, numbers[0], "bc"},
		{types.ShardIteratorTypeAtSequenceNumber, numbers[2], "c"},
		{types.ShardIteratorTypeAfterSequenceNumber, numbers[2], ""},
	}
	for _, test := range tests {
		out, err := e.read(name, 0, test.kind, test.number, 10)
		if err != nil {
			return fmt.Errorf("%s %s: %w", test.kind, test.number, err)
		}
		if err := differ(fmt.Sprintf("%s %s", test.kind, test.number), data(out.Records), test.want); err != nil {
			return err
		}
	}
	return nil
}

func recordMembers(e *Env) error {
	name, numbers := e.filled()
	out, err := e.read(name, 0, types.ShardIteratorTypeTrimHorizon, "", 1)
	if err != nil {
		return err
	}
	r := out.Records[0]
	if age := time.Since(*r.ApproximateArrivalTimestamp); age < -time.Minute || age > time.Minute {
		return fmt.Errorf("arrived %v ago", age)
	}
	return errors.Join(differ("PartitionKey", *r.PartitionKey, "key a"), differ("SequenceNumber", *r.SequenceNumber, numbers[0]),
		differ("encrypted", r.EncryptionType != "" && r.EncryptionType != types.EncryptionTypeNone, false))
}

func latest(e *Env) error {
	name, _ := e.filled()
	it, err := e.iterator(name, 0, types.ShardIteratorTypeLatest, "")
	if err != nil {
		return err
	}
	if _, err := e.Client.PutRecord(e.Context(), &kinesis.PutRecordInput{StreamName: &name, PartitionKey: aws.String("k"), Data: []byte("d")}); err != nil {
		return err
	}
	out, err := e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: it})
	if err != nil {
		return err
	}
	return differ("records", data(out.Records), "d")
}

func atTimestamp(e *Env) error {
	name, _ := e.filled()
	<-time.After(20 * time.Millisecond)
	middle := time.Now()
	<-time.After(20 * time.Millisecond)
	if _, err := e.Client.PutRecord(e.Context(), &kinesis.PutRecordInput{StreamName: &name, PartitionKey: aws.String("k"), Data: []byte("d")}); err != nil {
		return err
	}
	for at, want := range map[time.Time]string{middle: "d", middle.Add(-time.Hour): "abcd"} {
		it, err := e.Client.GetShardIterator(e.Context(), &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: aws.String(shardID(0)), ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: &at,
		})
		if err != nil {
			return err
		}
		out, err := e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
		if err != nil {
			return err
		}
		if err := differ("records", data(out.Records), want); err != nil {
			return err
		}
	}
	return nil
}

func freshIterators(e *Env) error {
	it, err := e.iterator(e.NewStream(1), 0, types.ShardIteratorTypeLatest, "")
	if err != nil {
		return err
	}
	seen := map[string]bool{*it: true}
	for range 3 {
		out, err := e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: it})
		if err != nil {
			return err
		}
		it = out.NextShardIterator
		if it == nil || seen[*it] || len(*it) > 512 {
			return fmt.Errorf("iterator %v, after %d", it, len(seen))
		}
		seen[*it] = true
	}
	return nil
}

func limited(e *Env) error {
	name, _ := e.filled()
	out, err := e.read(name, 0, types.ShardIteratorTypeTrimHorizon, "", 2)
	if err != nil {
		return err
	}
	rest, err := e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: out.NextShardIterator, Limit: aws.Int32(10000)})
	if err != nil {
		return err
	}
	return differ("pages", data(out.Records)+"|"+data(rest.Records), "ab|c")
}

// upTo10MiB reads 21 records of half a MiB: 20 fit.
func upTo10MiB(e *Env) error {
	name := e.NewStream(1)
	for range 3 {
		in := &kinesis.PutRecordsInput{StreamName: &name}
		for range 7 {
			in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: make([]byte, 1<<19-1)})
		}
		if _, err := e.Client.PutRecords(e.Context(), in); err != nil {
			return err
		}
	}
	out, err := e.read(name, 0, types.ShardIteratorTypeTrimHorizon, "", 10000)
	if err != nil {
		return err
	}
	if len(out.Records) > 20 {
		return fmt.Errorf("%d records of half a MiB in one answer", len(out.Records))
	}
	return nil
}

func behind(e *Env) error {
	name, _ := e.filled()
	<-time.After(20 * time.Millisecond)
	out, err := e.read(name, 0, types.ShardIteratorTypeTrimHorizon, "", 2)
	if err != nil {
		return err
	}
	if *out.MillisBehindLatest < 1 {
		return fmt.Errorf("MillisBehindLatest %d with a record left", *out.MillisBehindLatest)
	}
	out, err = e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: out.NextShardIterator})
	if err != nil {
		return err
	}
	return differ("MillisBehindLatest at the tip", *out.MillisBehindLatest, 0)
}

// endOfShard finds the children where the records end.
func endOfShard(e *Env) error {
	name, _ := e.filled()
	e.split(name, 0, "1000")
	if err := e.ended(name, 0, types.ShardIteratorTypeTrimHorizon, 1, 2); err != nil {
		return err
	}
	_, err := e.Client.MergeShards(e.Context(), &kinesis.MergeShardsInput{StreamName: &name, ShardToMerge: aws.String(shardID(1)), AdjacentShardToMerge: aws.String(shardID(2))})
	if err != nil {
		return err
	}
	e.Settle(name)
	return e.ended(name, 2, types.ShardIteratorTypeTrimHorizon, 3)
}

// ended reads a closed shard to its end, where there must be children and no
// iterator, and neither before.
func (e *Env) ended(name string, shard int, kind types.ShardIteratorType, children ...int) error {
	it, err := e.iterator(name, shard, kind, "")
	if err != nil {
		return err
	}
	for range 10 {
		out, err := e.Client.GetRecords(e.Context(), &kinesis.GetRecordsInput{ShardIterator: it, Limit: aws.Int32(1)})
		if err != nil {
			return err
		}
		if (out.NextShardIterator == nil) != (len(out.ChildShards) > 0) {
			return fmt.Errorf("an iterator %v with %d children", out.NextShardIterator, len(out.ChildShards))
		}
		if it = out.NextShardIterator; it != nil {
			continue
		}
		var got []int
		for _, child := range out.ChildShards {
			if len(child.ParentShards) == 0 || child.HashKeyRange == nil {
				return fmt.Errorf("%s without parents or hash keys", *child.ShardId)
			}
			n := 0
			fmt.Sscanf(*child.ShardId, "shardId-%012d", &n)
			got = append(got, n)
		}
		return differ("children", fmt.Sprint(got), fmt.Sprint(children))
	}
	return errors.New("the shard does not end")
}
