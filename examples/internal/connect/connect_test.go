package connect

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
	"github.com/kinesiskit/kinesiskit/kstream"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// noConfiguration leaves nothing of this machine's AWS configuration.
func noConfiguration(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "none")
	for _, name := range []string{
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", nowhere)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func TestClient(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		env     map[string]string
		want    string // part of the error, or of the endpoint
		region  string
	}{
		{name: "no region", want: "no AWS region: set AWS_REGION"},
		{name: "no credentials", options: Options{Region: "eu-west-1"}, want: "no AWS credentials: set AWS_ACCESS_KEY_ID"},
		{
			name: "no URL", options: Options{Region: "eu-west-1", Endpoint: "localhost:4567"},
			env:  map[string]string{"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"},
			want: `the server "localhost:4567" is no URL`,
		},
		{
			name:    "flags win",
			options: Options{Region: "eu-west-1", Endpoint: "http://127.0.0.1:1"},
			env: map[string]string{
				"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
				"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_KINESIS": "http://127.0.0.1:2",
			},
			want: "http://127.0.0.1:1", region: "eu-west-1",
		},
		{
			name: "environment",
			env: map[string]string{
				"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
				"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_KINESIS": "http://127.0.0.1:2",
			},
			want: "http://127.0.0.1:2", region: "us-east-1",
		},
		{
			name: "unknown profile", options: Options{Region: "eu-west-1"},
			env:  map[string]string{"AWS_PROFILE": "nobody"},
			want: "AWS configuration: failed to get shared config profile, nobody",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noConfiguration(t)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			client, err := tt.options.Client(t.Context())
			if tt.region == "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error %v, want one with %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := *client.Options().BaseEndpoint; got != tt.want {
				t.Errorf("endpoint %s, want %s", got, tt.want)
			}
			if got := client.Options().Region; got != tt.region {
				t.Errorf("region %s, want %s", got, tt.region)
			}
		})
	}
}

func TestClientStopsOnCancel(t *testing.T) {
	noConfiguration(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Options{Region: "eu-west-1"}.Client(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestExplain(t *testing.T) {
	noConfiguration(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "k")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	aws, err := Options{Region: "eu-west-1"}.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := Options{Region: "eu-west-1", Endpoint: "http://127.0.0.1:1"}.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unknown := fmt.Errorf("describe: %w", kstream.ErrStreamNotFound)
	if got, want := Explain(aws, unknown).Error(), "no such stream here: check the name and the region (this is region eu-west-1)\n  describe: stream not found"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	_, err = kstream.DescribeStream(t.Context(), nobody, "books")
	if got, want := Explain(nobody, err).Error(), "no connection: is the server http://127.0.0.1:1 running and within reach?\n"; !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s...", got, want)
	}
}

func TestExit(t *testing.T) {
	tests := []struct {
		err    error
		code   int
		stderr string
	}{
		{nil, 0, ""},
		{flag.ErrHelp, 0, ""},
		{fmt.Errorf("no stream: %w", ErrUsage), 2, "upload: no stream: see -h\n"},
		{errors.New("disk full"), 1, "upload: disk full\n"},
	}
	for _, tt := range tests {
		var stderr bytes.Buffer
		if code := Exit("upload", &stderr, tt.err); code != tt.code || stderr.String() != tt.stderr {
			t.Errorf("%v: exit %d, %q; want %d, %q", tt.err, code, &stderr, tt.code, tt.stderr)
		}
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		err    error
		stderr string
	}{
		{"good", []string{"-n", "1"}, nil, ""},
		{"help", []string{"-h"}, flag.ErrHelp, "Usage: x\n  -n int\n    \tcount\n"},
		{"unknown flag", []string{"-m"}, ErrUsage, ""},
		{"bad value", []string{"-n", "one"}, ErrUsage, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			flags := flag.NewFlagSet("x", flag.ContinueOnError)
			flags.Int("n", 0, "count")
			var stderr bytes.Buffer
			err := Parse(flags, tt.args, "Usage: x\n", &stderr)
			if !errors.Is(err, tt.err) || stderr.String() != tt.stderr {
				t.Errorf("error %v, standard error %q; want %v, %q", err, &stderr, tt.err, tt.stderr)
			}
		})
	}
}
