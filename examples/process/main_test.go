package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// reportOf runs the program on a stream with these records.
func reportOf(ctx context.Context, t *testing.T, server *kstreamtest.Server, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	o, err := parse(args, &errs)
	if err != nil {
		t.Fatal(err)
	}
	err = report(ctx, server.Client(), o, &out, &errs)
	return out.String(), errs.String(), err
}

// put puts records into the stream books, under the keys k0, k1 and so on.
func put(server *kstreamtest.Server, records ...string) {
	for i, data := range records {
		server.Put("books", kstreamtest.Record{PartitionKey: fmt.Sprint("k", i), Data: []byte(data)})
	}
}

// reportCase is what the program prints of records in one shard.
type reportCase struct {
	name    string
	records []string
	args    []string
	want    string
}

func checkReports(t *testing.T, tests []reportCase) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := kstreamtest.NewServer(kstreamtest.Options{})
				defer server.Close()
				server.CreateStream("books", 1)
				put(server, tt.records...)
				stdout, stderr, err := reportOf(t.Context(), t, server, append([]string{"-stream", "books"}, tt.args...)...)
				if err != nil || stderr != "" {
					t.Errorf("error %v, standard error %q", err, stderr)
				}
				if diff := cmp.Diff(tt.want, stdout); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestReport(t *testing.T) {
	checkReports(t, []reportCase{
		{
			name: "prices and what is missing",
			records: []string{
				`{"Price":5.10}`, `{"Price":"6.90"}`, `{"Price":null}`, `{"Title":"a"}`, `{"Price":""}`, `{"Price":NaN}`, `{"Price":[1]}`, `{"Price":3}`,
			},
			want: `8 records, 106 bytes, read from 1 shard of books in 0.00 s
  shardId-000000000000  8 records

Price: 3 values, 5 missing
  missing  1 absent
  missing  1 empty
  missing  1 neither a number nor a text
  missing  2 null
  count    3
  sum      15
  mean     5
  min      3
  max      6.9
  median   5.1
  stddev   1.9519221295943134
`,
		},
		{
			name:    "a column in another case",
			records: []string{`{"PRICE":1.5}`, `{"price ":2}`},
			args:    []string{"-column", "price"},
			want: `2 records, 25 bytes, read from 1 shard of books in 0.00 s
  shardId-000000000000  2 records

price: 2 values, 0 missing
  count    2
  sum      3.5
  mean     1.75
  min      1.5
  max      2
  median   1.75
  stddev   0.3535533905932738
`,
		},
	})
}

func TestReportFewValues(t *testing.T) {
	checkReports(t, []reportCase{
		{
			name:    "nothing matches",
			records: []string{`{"Title":"a","Cost":1}`, `{"Title":"b"}`},
			want: `2 records, 35 bytes, read from 1 shard of books in 0.00 s
  shardId-000000000000  2 records
warning: no record has a column "Price"; there are: Cost, Title

Price: 0 values, 2 missing
  missing  2 absent
`,
		},
		{
			name:    "one record",
			records: []string{`{"Price":2}`},
			want: `1 record, 11 bytes, read from 1 shard of books in 0.00 s
  shardId-000000000000  1 record

Price: 1 value, 0 missing
  count    1
  sum      2
  mean     2
  min      2
  max      2
  median   2
  stddev   –
`,
		},
		{
			name:    "nothing there",
			records: nil,
			want: `0 records, 0 bytes, read from books in 0.00 s

Price: 0 values, 0 missing
`,
		},
	})
}

func TestReportCurrencies(t *testing.T) {
	checkReports(t, []reportCase{
		{
			name:    "currencies",
			records: []string{`{"Price":"₹1,234.00"}`, `{"Price":"CDN$ 6.99"}`, `{"Price":"₹ 6"}`, `{"Price":"2"}`},
			want: `4 records, 74 bytes, read from 1 shard of books in 0.00 s
  shardId-000000000000  4 records

Price: 4 values, 0 missing
  of which 2 in INR:
  count    2
  sum      1240
  mean     620
  min      6
  max      1234
  median   620
  stddev   868.3271272970803
  and 2 values in other currencies: see -by-currency
`,
		},
		{
			name:    "each currency",
			records: []string{`{"Price":"₹1,234.00"}`, `{"Price":"CDN$ 6.99"}`, `{"Price":"2"}`},
			args:    []string{"-by-currency"},
			want: `3 records, 57 bytes, read from 1 shard of books in 0.00 s
  shardId-000000000000  3 records

Price: 3 values, 0 missing

without a currency
  count    1
  sum      2
  mean     2
  min      2
  max      2
  median   2
  stddev   –

CAD
  count    1
  sum      6.99
  mean     6.99
  min      6.99
  max      6.99
  median   6.99
  stddev   –

INR
  count    1
  sum      1234
  mean     1234
  min      1234
  max      1234
  median   1234
  stddev   –
`,
		},
	})
}

// TestReportPoison: records that are no JSON objects are counted, the first
// ones named with their place, and the others still summed up.
func TestReportPoison(t *testing.T) {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 1)
	put(server, `{"Price":1}`, `{"Price":`, `7`, `null`, "\xff", ``, `[]`, `"x"`, `{"Price":2}`)
	stdout, _, err := reportOf(t.Context(), t, server, "-stream", "books")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"9 records, ", "7 records left out, not readable:\n", "  and 2 more\n",
		server.Records("books")[1].SequenceNumber, ": not a JSON object\n",
		"Price: 2 values, 0 missing\n", "sum      3\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
}

func TestReportStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := kstreamtest.NewServer(kstreamtest.Options{})
		defer server.Close()
		server.CreateStream("books", 4)
		put(server, `{"Price":1}`, `{"Price":10}`, `{"Price":100}`)
		time.Sleep(time.Minute)
		middle := time.Now().UTC().Format(time.RFC3339)
		time.Sleep(time.Minute)
		put(server, `{"Price":1000}`, `{"Price":10000}`)
		for start, want := range map[string]string{
			"trim_horizon": "sum      11111\n",
			"TRIM_HORIZON": "sum      11111\n",
			middle:         "sum      11000\n",
		} {
			stdout, _, err := reportOf(t.Context(), t, server, "-stream", "books", "-start", start)
			if err != nil || !strings.Contains(stdout, want) {
				t.Errorf("-start %s: error %v, no %q in\n%s", start, err, want, stdout)
			}
		}
	})
}

// TestReportFollow waits at the tip for what comes, and ends without an error
// on Ctrl-C.
func TestReportFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := kstreamtest.NewServer(kstreamtest.Options{})
		defer server.Close()
		server.CreateStream("books", 2)
		put(server, `{"Price":1}`)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Minute)
			put(server, `{"Price":10}`, `{"Price":100}`)
			time.Sleep(time.Minute)
			cancel()
		}()
		stdout, _, err := reportOf(ctx, t, server, "-stream", "books", "-start", "latest", "-follow")
		if err != nil || !strings.Contains(stdout, "sum      110\n") {
			t.Errorf("error %v, no sum of 110 in\n%s", err, stdout)
		}
	})
}

// TestReportInterrupted: without -follow Ctrl-C cuts something off.
func TestReportInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := kstreamtest.NewServer(kstreamtest.Options{Delay: time.Second})
		defer server.Close()
		server.CreateStream("books", 2)
		put(server, `{"Price":1}`)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, _, err := reportOf(ctx, t, server, "-stream", "books")
		if err == nil || err.Error() != "interrupted: the statistics are of the 0 records until then" {
			t.Errorf("error %v", err)
		}
	})
}

// TestRun goes the whole way, through the environment and a real connection.
func TestRun(t *testing.T) {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 2)
	put(server, `{"Price":1}`, `{"Price":10}`)
	t.Setenv("AWS_ENDPOINT_URL_KINESIS", server.URL())
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", kstreamtest.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", kstreamtest.SecretAccessKey)
	future := time.Now().Add(time.Hour).Format(time.RFC3339)
	tests := []struct {
		name string
		args []string
		code int
		want string // in either output
	}{
		{"help", []string{"-h"}, 0, "Usage: process -stream NAME"},
		{"no stream", nil, 2, "process: -stream is missing: see -h\n"},
		{"unknown flag", []string{"-what"}, 2, "-what"},
		{"argument", []string{"-stream", "s", "what"}, 2, `process: unexpected argument "what"`},
		{"start", []string{"-stream", "s", "-start", "yesterday"}, 2, "process: -start yesterday: neither trim_horizon nor latest nor a time"},
		{"no stream there", []string{"-stream", "nope"}, 1, "process: no such stream here: check the name and the region"},
		{"future", []string{"-stream", "books", "-start", future}, 2, "process: -start " + future + ": the time is in the future"},
		{"nothing to wait for", []string{"-stream", "books", "-start", "latest"}, 2, "process: -start latest needs -follow"},
		{"no column", []string{"-stream", "books", "-column", ""}, 2, "process: -column is empty"},
		{"reads", []string{"-stream", "books"}, 0, "sum      11\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := run(t.Context(), tt.args, strings.NewReader(""), &out, &out); code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			if !strings.Contains(out.String(), tt.want) {
				t.Errorf("no %q in\n%s", tt.want, &out)
			}
		})
	}
}
