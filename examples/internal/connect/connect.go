// Package connect makes the Kinesis client of a program from the ordinary AWS
// configuration: the environment, the shared files, a profile, or the machine's
// role. AWS_ENDPOINT_URL_KINESIS leads it to another server, such as the one
// that examples/localkinesis runs.
package connect

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream"
)

// ErrUsage is wrapped by errors of the command line: the program exits with 2.
var ErrUsage = errors.New("see -h")

var (
	errNoRegion = errors.New("no AWS region: set AWS_REGION, or region in ~/.aws/config, or pass -region")

	errNoCredentials = errors.New("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " +
		"or AWS_PROFILE, or run aws configure")
)

// credentialsTimeout bounds the search for credentials, which ends with the
// network address at which a virtual machine finds its role.
const credentialsTimeout = 15 * time.Second

// Options are what a program's flags say about the connection. The zero value
// leaves everything to the AWS configuration.
type Options struct {
	Region   string // instead of the configured one
	Endpoint string // the server's URL instead of the region's
}

// Flags defines -region and -endpoint.
func (o *Options) Flags(flags *flag.FlagSet) {
	flags.StringVar(&o.Region, "region", "", "AWS `region`, instead of the configured one")
	flags.StringVar(&o.Endpoint, "endpoint", "", "`URL` of the server, instead of the region's (or set AWS_ENDPOINT_URL_KINESIS)")
}

// Parse reads a command line. For -h it prints the usage and the flags, and
// returns [flag.ErrHelp]; other errors wrap [ErrUsage], and only [Exit] prints
// them.
func Parse(flags *flag.FlagSet, args []string, usage string, stderr io.Writer) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, usage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", err, ErrUsage)
	}
	return nil
}

// Client returns a client that has a region and credentials. Its errors say
// which of them is missing and how to give it.
func (o Options) Client(ctx context.Context) (*kinesis.Client, error) {
	var with []func(*config.LoadOptions) error
	if o.Region != "" {
		with = append(with, config.WithRegion(o.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, with...)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return nil, errNoRegion
	}
	limited, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	if _, err := cfg.Credentials.Retrieve(limited); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%w (%w)", errNoCredentials, err)
	}
	client := kinesis.NewFromConfig(cfg, func(k *kinesis.Options) {
		if o.Endpoint != "" {
			k.BaseEndpoint = aws.String(o.Endpoint)
		}
	})
	if endpoint := client.Options().BaseEndpoint; endpoint != nil {
		if u, err := url.Parse(*endpoint); err != nil || u.Host == "" {
			return nil, fmt.Errorf("the server %q is no URL such as http://127.0.0.1:4567: see -endpoint and AWS_ENDPOINT_URL_KINESIS", *endpoint)
		}
	}
	return client, nil
}

// Explain adds to an error what its reader can do about it.
func Explain(client *kinesis.Client, err error) error {
	where := "region " + client.Options().Region
	if endpoint := client.Options().BaseEndpoint; endpoint != nil {
		where = "the server " + *endpoint
	}
	if errors.Is(err, kstream.ErrStreamNotFound) {
		return fmt.Errorf("no such stream here: check the name and the region (this is %s)\n  %w", where, err)
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("no connection: is %s running and within reach?\n  %w", where, err)
	}
	return err
}

// Exit prints an error as the program's last line and returns its exit code:
// 0 without an error or after -h, 2 for a wrong command line, else 1.
func Exit(program string, stderr io.Writer, err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, ErrUsage):
		fmt.Fprintf(stderr, "%s: %v\n", program, err)
		return 2
	}
	fmt.Fprintf(stderr, "%s: %v\n", program, err)
	return 1
}
