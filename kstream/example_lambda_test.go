package kstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/kinesiskit/kinesiskit/kstream"
)

// The data is in base64: "Emma" and "Dune", in quotation marks.
const lambdaEvent = `{"Records": [
	{"eventSource": "aws:kinesis", "eventID": "shardId-000000000000:100", "kinesis": {"partitionKey": "a", "sequenceNumber": "100", "data": "IkVtbWEi"}},
	{"eventSource": "aws:kinesis", "eventID": "shardId-000000000000:101", "kinesis": {"partitionKey": "b", "sequenceNumber": "101", "data": "IkR1bmUi"}}
]}`

// The handler names the record that failed, and AWS Lambda delivers the batch
// again from there on.
func ExampleLambdaHandler() {
	handler := &kstream.LambdaHandler[string]{
		Codec: kstream.JSON[string](),
		Record: func(ctx context.Context, rec kstream.Record[string]) error {
			if rec.Value == "Dune" {
				return errors.New("no room for it")
			}
			fmt.Println("stored", rec.Value)
			return nil
		},
	}
	response, err := handler.Handle(context.Background(), json.RawMessage(lambdaEvent))
	if err != nil {
		log.Fatal(err)
	}
	answer, err := json.Marshal(response)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", answer)
	// Output:
	// stored Emma
	// {"batchItemFailures":[{"itemIdentifier":"101"}]}
}

func ExampleLambdaRecords() {
	for rec, err := range kstream.LambdaRecords([]byte(lambdaEvent), kstream.JSON[string]()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.ShardID, rec.SequenceNumber, rec.Value)
	}
	// Output:
	// shardId-000000000000 100 Emma
	// shardId-000000000000 101 Dune
}
