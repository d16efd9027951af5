package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/kinesiskit/kinesiskit/internal/wire"
)

func consumerCases() map[string][]Case {
	nobody := `"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/${name}"`
	subscribe := func(arn, shard, start string) string {
		return `{"ConsumerARN":"` + arn + `","ShardId":"shardId-00000000000` + shard + `","StartingPosition":{"Type":` + start + `}}`
	}
	return map[string][]Case{
		"RegisterStreamConsumer": {
			{Name: "no such stream", Rule: reference, Operation: "RegisterStreamConsumer", Body: `{` + nobody + `,"ConsumerName":"a"}`, Code: resourceNotFound},
			{Name: "name in use", Rule: reference, Operation: "RegisterStreamConsumer", Body: `{"StreamARN":"${arn}","ConsumerName":"reader"}`, Code: resourceInUse},
			{Name: "ARN and status", Rule: reference, Do: registered},
			{Name: "the 21st", Rule: reference, Code: limitExceeded, Do: func(e *Env) error {
				arn := e.arn(e.NewStream(1))
				for i := range 20 {
					if err := e.register(arn, fmt.Sprintf("c%d", i)); err != nil {
						return fmt.Errorf("consumer %d: %s", i, err)
					}
				}
				return e.register(arn, "one-more")
			}},
		},
		"DescribeStreamConsumer": {
			{Name: "by its ARN", Rule: reference, Operation: "DescribeStreamConsumer", Body: `{"ConsumerARN":"${consumer}"}`},
			{Name: "by name", Rule: reference, Operation: "DescribeStreamConsumer", Body: `{"StreamARN":"${arn}","ConsumerName":"reader"}`},
			{Name: "no such consumer", Rule: reference, Operation: "DescribeStreamConsumer", Body: `{"StreamARN":"${arn}","ConsumerName":"nobody"}`, Code: resourceNotFound},
			{Name: "a name alone", Rule: reference, Operation: "DescribeStreamConsumer", Body: `{"ConsumerName":"reader"}`, Code: invalidArgument},
			{Name: "nothing", Rule: reference, Operation: "DescribeStreamConsumer", Body: `{}`, Code: invalidArgument},
		},
		"ListStreamConsumers": {
			{Name: "no such stream", Rule: reference, Operation: "ListStreamConsumers", Body: `{` + nobody + `}`, Code: resourceNotFound},
			{Name: "a token of nobody's", Rule: reference, Operation: "ListStreamConsumers", Body: `{"StreamARN":"${arn}","NextToken":"AAAA"}`, Code: invalidArgument},
			{Name: "another creation", Rule: reference, Operation: "ListStreamConsumers", Body: `{"StreamARN":"${arn}","StreamCreationTimestamp":1000000000}`, Code: resourceNotFound},
			{Name: "token and creation", Rule: reference, Code: invalidArgument, Do: func(e *Env) error {
				arn, token := e.consumerToken()
				_, err := e.Client.ListStreamConsumers(e.Context(), &kinesis.ListStreamConsumersInput{StreamARN: &arn, NextToken: token, StreamCreationTimestamp: aws.Time(time.Now())})
				return err
			}},
			{Name: "another stream's token", Rule: inferred, Code: invalidArgument, Do: func(e *Env) error {
				_, token := e.consumerToken()
				_, err := e.Client.ListStreamConsumers(e.Context(), &kinesis.ListStreamConsumersInput{StreamARN: &e.ARN, NextToken: token})
				return err
			}},
			{Name: "in pages", Rule: reference, Do: consumerPages},
		},
		"DeregisterStreamConsumer": {
			{Name: "no such consumer", Rule: reference, Operation: "DeregisterStreamConsumer", Body: `{"StreamARN":"${arn}","ConsumerName":"nobody"}`, Code: resourceNotFound},
			{Name: "nothing", Rule: reference, Operation: "DeregisterStreamConsumer", Body: `{}`, Code: invalidArgument},
		},
		"SubscribeToShard": {
			{Name: "no such consumer", Rule: reference, Operation: "SubscribeToShard", Body: subscribe("${arn}/consumer/nobody:1", "0", `"LATEST"`), Code: resourceNotFound},
			{Name: "no such shard", Rule: reference, Operation: "SubscribeToShard", Body: subscribe("${consumer}", "9", `"LATEST"`), Code: resourceNotFound},
			{Name: "AT_SEQUENCE_NUMBER without one", Rule: reference, Operation: "SubscribeToShard", Body: subscribe("${consumer}", "0", `"AT_SEQUENCE_NUMBER"`), Code: invalidArgument},
			{Name: "AT_TIMESTAMP without one", Rule: reference, Operation: "SubscribeToShard", Body: subscribe("${consumer}", "0", `"AT_TIMESTAMP"`), Code: invalidArgument},
			{Name: "DryRun", Rule: reference, Operation: "SubscribeToShard",
				Body: `{"ConsumerARN":"${consumer}","ShardId":"shardId-000000000000","StartingPosition":{"Type":"LATEST"},"DryRun":true}`, Code: "DryRunOperationException"},
			{Name: "pushes records", Rule: reference, Do: pushes},
			{Name: "ends with the shard", Rule: kcl, Do: endsWithShard},
			{Name: "again within 5 s", Rule: reference, Do: subscribeAgain},
		},
	}
}

func (e *Env) register(arn, name string) error {
	_, err := e.Client.RegisterStreamConsumer(e.Context(), &kinesis.RegisterStreamConsumerInput{StreamARN: &arn, ConsumerName: &name})
	if err != nil {
		return err
	}
	for range 600 {
		d, err := e.Client.DescribeStreamConsumer(e.Context(), &kinesis.DescribeStreamConsumerInput{StreamARN: &arn, ConsumerName: &name})
		if err != nil || d.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			return err
		}
		e.pause()
	}
	return errors.New("the consumer does not become ACTIVE")
}

func registered(e *Env) error {
	arn := e.arn(e.NewStream(1))
	out, err := e.Client.RegisterStreamConsumer(e.Context(), &kinesis.RegisterStreamConsumerInput{StreamARN: &arn, ConsumerName: aws.String("a")})
	if err != nil {
		return err
	}
	c := out.Consumer
	want := fmt.Sprintf("%s/consumer/a:%d", arn, c.ConsumerCreationTimestamp.Unix())
	return errors.Join(differ("ConsumerARN", *c.ConsumerARN, want), differ("ConsumerStatus", c.ConsumerStatus, types.ConsumerStatusCreating))
}

// consumerToken returns the token of the first page of a new stream's consumers.
func (e *Env) consumerToken() (arn string, token *string) {
	arn = e.arn(e.NewStream(1))
	for _, name := range []string{"a", "b"} {
		if err := e.register(arn, name); err != nil {
			e.Fatal(err)
		}
	}
	out, err := e.Client.ListStreamConsumers(e.Context(), &kinesis.ListStreamConsumersInput{StreamARN: &arn, MaxResults: aws.Int32(1)})
	if err != nil || out.NextToken == nil {
		e.Fatal("no token: ", err)
	}
	return arn, out.NextToken
}

func consumerPages(e *Env) error {
	arn := e.arn(e.NewStream(1))
	for _, name := range []string{"a", "b", "c"} {
		if err := e.register(arn, name); err != nil {
			return err
		}
	}
	var names []string
	in := &kinesis.ListStreamConsumersInput{StreamARN: &arn, MaxResults: aws.Int32(1)}
	for {
		out, err := e.Client.ListStreamConsumers(e.Context(), in)
		if err != nil {
			return err
		}
		for _, c := range out.Consumers {
			names = append(names, *c.ConsumerName)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return differ("consumers", strings.Join(names, " "), "a b c")
		}
	}
}

// subscriptionTime is how long a subscription may take to show what a case waits
// for. The service pushes an event at least every 5 seconds.
const subscriptionTime = 10 * time.Second

// subscribe opens a subscription that ends with the case.
func (e *Env) subscribe(consumer string, kind types.ShardIteratorType) (*kinesis.SubscribeToShardEventStream, error) {
	ctx, cancel := context.WithTimeout(e.Context(), subscriptionTime)
	e.Cleanup(cancel)
	out, err := e.Client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: &consumer, ShardId: aws.String(shardID(0)), StartingPosition: &types.StartingPosition{Type: kind},
	}, wire.SubscribeToShard) // the SDK's own subscriptions are not safe beside one another
	if err != nil {
		return nil, err
	}
	e.Cleanup(func() { out.GetStream().Close() })
	return out.GetStream(), nil
}

func event(stream *kinesis.SubscribeToShardEventStream) (types.SubscribeToShardEvent, error) {
	e, ok := (<-stream.Events()).(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
	if !ok {
		return types.SubscribeToShardEvent{}, fmt.Errorf("the subscription ended: %w", errors.Join(stream.Err()))
	}
	return e.Value, nil
}

func pushes(e *Env) error {
	name, numbers := e.filled()
	stream, err := e.subscribe(e.NewConsumer(name), types.ShardIteratorTypeTrimHorizon)
	if err != nil {
		return err
	}
	got := ""
	for len(got) < 3 {
		ev, err := event(stream)
		if err != nil {
			return err
		}
		got += data(ev.Records)
		if ev.ContinuationSequenceNumber == nil || len(got) == 3 && *ev.ContinuationSequenceNumber < numbers[2] {
			return fmt.Errorf("goes on after %v, the last record is %s", ev.ContinuationSequenceNumber, numbers[2])
		}
	}
	return differ("records", got, "abc")
}

func endsWithShard(e *Env) error {
	name, _ := e.filled()
	consumer := e.NewConsumer(name)
	e.split(name, 0, "1000")
	stream, err := e.subscribe(consumer, types.ShardIteratorTypeTrimHorizon)
	if err != nil {
		return err
	}
	for {
		ev, err := event(stream)
		if err != nil {
			return err
		}
		if len(ev.ChildShards) > 0 {
			_, more := <-stream.Events()
			return errors.Join(differ("children", len(ev.ChildShards), 2), differ("events after the last", more, false),
				differ("an error after the last", stream.Err(), nil))
		}
	}
}

func subscribeAgain(e *Env) error {
	consumer := e.NewConsumer(e.NewStream(1))
	if _, err := e.subscribe(consumer, types.ShardIteratorTypeLatest); err != nil {
		return err
	}
	_, err := e.subscribe(consumer, types.ShardIteratorTypeLatest)
	_, inUse := errors.AsType[*types.ResourceInUseException](err)
	_, tooFast := errors.AsType[*types.LimitExceededException](err)
	return differ("a second subscription is refused", inUse || tooFast, true)
}
