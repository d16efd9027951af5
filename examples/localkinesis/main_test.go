package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"
	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// serve runs the program until the test ends and returns the URL it prints.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	exit := make(chan int)
	go func() {
		exit <- run(ctx, append([]string{"-port", "0"}, args...), in, in)
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	lines.Scan()
	url, found := strings.CutPrefix(lines.Text(), "localkinesis: serving ")
	if !found {
		t.Fatalf("first line %q", lines.Text())
	}
	go io.Copy(io.Discard, out)
	t.Cleanup(func() {
		stop()
		if code := <-exit; code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
	return url
}

func newClient(url string) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider("any", "thing", ""),
	})
}

func TestServesAnyClient(t *testing.T) {
	url := serve(t, "-stream", "books,films", "-shards", "2")
	client := newClient(url)
	out, err := client.ListStreams(t.Context(), &kinesis.ListStreamsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"books", "films"}, out.StreamNames); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("books")})
	if err != nil || len(shards.Shards) != 2 {
		t.Errorf("shards: %v, %v", shards, err)
	}
}

// TestKeepsStreams runs the program twice with the same folder.
func TestKeepsStreams(t *testing.T) {
	dir := t.TempDir()
	for run := range 2 {
		t.Run("", func(t *testing.T) {
			client := newClient(serve(t, "-dir", dir, "-stream", "books"))
			if _, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{
				StreamName: aws.String("books"), PartitionKey: aws.String("k"), Data: []byte("v")}); err != nil {
				t.Fatal(err)
			}
			it, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
				StreamName: aws.String("books"), ShardId: aws.String("shardId-000000000000"), ShardIteratorType: "TRIM_HORIZON"})
			if err != nil {
				t.Fatal(err)
			}
			out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
			if err != nil || len(out.Records) != run+1 {
				t.Errorf("run %d: %v, %v", run, out, err)
			}
		})
	}
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"help", []string{"-h"}, 0, "Usage: localkinesis"},
		{"unknown flag", []string{"-nope"}, 2, "-nope: see -h\n"},
		{"argument", []string{"books"}, 2, `unexpected argument "books"`},
		{"bad name", []string{"-stream", "a,b c"}, 2, `-stream "b c"`},
		{"name twice", []string{"-stream", "a,a"}, 2, "named twice"},
		{"no shards", []string{"-shards", "0"}, 2, "-shards 0: 1 to 20000"},
		{"more shards than an account has", []string{"-stream", "a,b", "-shards", "10001"}, 2, "-shards 10001: 1 to 10000"},
		{"negative delay", []string{"-delay", "-3s"}, 2, "-delay -3s is negative"},
		{"negative state change", []string{"-state-change", "-1s"}, 2, "-state-change -1s is negative"},
		{"address with a port", []string{"-addr", "127.0.0.1:0"}, 2, "-addr 127.0.0.1:0: it is the host alone; write -addr 127.0.0.1 -port 0"},
		{"no port", []string{"-port", "99999"}, 2, "-port 99999: 0 to 65535"},
		{"limits", []string{"-limits", "maybe"}, 2, "-limits maybe: on or off"},
		{"a folder that cannot be", []string{"-dir", "main.go", "-port", "0"}, 1, "kstreamtest: open"},
		{"other interface", []string{"-addr", "0.0.0.0", "-port", "0"}, 1, "not on the loopback interface"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stderr strings.Builder
			if code := run(t.Context(), test.args, io.Discard, &stderr); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.Contains(stderr.String(), test.says) {
				t.Errorf("says %q, want %q in it", stderr.String(), test.says)
			}
		})
	}
}
