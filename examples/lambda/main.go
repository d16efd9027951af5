// Lambda is an AWS Lambda function that logs the books of a Kinesis stream. It
// is a custom runtime (provided.al2023) in itself, so it needs no Lambda SDK:
//
//	GOOS=linux GOARCH=arm64 go build -o bootstrap ./examples/lambda
//	zip function.zip bootstrap
//
// Outside of Lambda it handles one event from standard input and prints the
// response:
//
//	lambda < event.json
//
// Its event source mapping must have ReportBatchItemFailures among its
// FunctionResponseTypes.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream"
)

// A book is what the stream's records hold.
type book struct {
	Title string `json:"title"`
	Price any    `json:"price"`
}

const usageText = `Usage: lambda < event.json

Handles the event of a Kinesis stream that AWS Lambda delivers, and prints the
response. In AWS Lambda, as the bootstrap of a custom runtime, it handles one
event after the other.
`

func main() {
	flag.Usage = func() { fmt.Fprint(flag.CommandLine.Output(), usageText) }
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	handler := newHandler(log)
	var err error
	if api := os.Getenv("AWS_LAMBDA_RUNTIME_API"); api != "" {
		r := &runtime{base: "http://" + api + "/2018-06-01/runtime/invocation/", handle: handler.Handle}
		err = r.serve(ctx)
	} else {
		err = handleOne(ctx, handler.Handle, os.Stdin, os.Stdout)
	}
	if err != nil {
		log.Error("lambda", "error", err)
		os.Exit(1)
	}
}

func newHandler(log *slog.Logger) *kstream.LambdaHandler[book] {
	return &kstream.LambdaHandler[book]{
		Record: func(_ context.Context, rec kstream.Record[book]) error {
			log.Info("book", "title", rec.Value.Title, "price", rec.Value.Price, "shard", rec.ShardID, "key", rec.PartitionKey)
			return nil
		},
		OnDecodeError: func(err *kstream.DecodeError) error {
			log.Warn("no book", "error", err, "data", string(err.Data))
			return nil
		},
	}
}

type handle func(context.Context, json.RawMessage) (kstream.LambdaResponse, error)

// handleOne handles one event outside of Lambda.
func handleOne(ctx context.Context, h handle, in io.Reader, out io.Writer) error {
	event, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	response, err := h(ctx, event)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(response)
}

// A runtime asks Lambda for events and answers them, by the Lambda Runtime API
// (AWS Lambda Developer Guide, "Using the Lambda runtime API for custom
// runtimes").
type runtime struct {
	base   string
	handle handle
}

// serve handles one event after the other until ctx ends or Lambda goes away.
func (r *runtime) serve(ctx context.Context) error {
	for {
		if err := r.serveOne(ctx); err != nil {
			return err
		}
	}
}

func (r *runtime) serveOne(ctx context.Context) error {
	next, event, err := r.call(ctx, http.MethodGet, "next", nil)
	if err != nil {
		return err
	}
	id := next.Get("Lambda-Runtime-Aws-Request-Id")
	if id == "" {
		return errors.New("the runtime API sent no request id")
	}
	handleCtx, cancel := withLambdaDeadline(ctx, next.Get("Lambda-Runtime-Deadline-Ms"))
	defer cancel()
	response, err := r.handle(handleCtx, event)
	if err != nil {
		_, _, err = r.call(ctx, http.MethodPost, id+"/error", map[string]string{"errorType": "Error", "errorMessage": err.Error()})
		return err
	}
	_, _, err = r.call(ctx, http.MethodPost, id+"/response", response)
	return err
}

func withLambdaDeadline(ctx context.Context, millis string) (context.Context, context.CancelFunc) {
	n, err := strconv.ParseInt(millis, 10, 64)
	if err != nil {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, time.UnixMilli(n))
}

// call makes one call of the runtime API.
func (r *runtime) call(ctx context.Context, method, path string, body any) (http.Header, []byte, error) {
	content, err := json.Marshal(body)
	if err != nil {
		return nil, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	return res.Header, answer, err
}
