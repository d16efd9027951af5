// Localkinesis runs a Kinesis service on this machine, for any AWS client:
//
//	go run ./examples/localkinesis -stream books -shards 2
//
// It prints the environment that clients need and serves until Ctrl-C. It holds
// the limits of the real service, so what is throttled there is throttled here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// config is what the command line asks for.
type config struct {
	address string
	streams []string
	shards  int
	options kstreamtest.Options
}

// run serves until ctx ends. It returns the exit code: 2 for a command line it
// cannot take.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "localkinesis:", err)
		return 2
	}
	server, err := kstreamtest.Open(cfg.options)
	if err != nil {
		fmt.Fprintln(stderr, "localkinesis:", err)
		return 1
	}
	defer server.Close()
	url, err := server.Listen(cfg.address)
	if err != nil {
		fmt.Fprintln(stderr, "localkinesis:", err)
		if errors.Is(err, syscall.EADDRINUSE) {
			fmt.Fprintln(stderr, "localkinesis: -port gives another port, and -port 0 a free one")
		}
		return 1
	}
	for _, name := range cfg.streams {
		if !server.HasStream(name) { // kept in -dir from the last run
			server.CreateStream(name, cfg.shards)
		}
	}
	announce(stdout, url, cfg)
	<-ctx.Done()
	fmt.Fprintln(stdout, "\nlocalkinesis: stopped")
	return 0
}

// maxShards is how many shards the streams may have together, which is the
// account's quota.
const maxShards = 20_000

// parse reads the command line.
func parse(args []string, stderr io.Writer) (config, error) {
	var cfg config
	flags := flag.NewFlagSet("localkinesis", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	host := flags.String("addr", "127.0.0.1", "`host` to listen on")
	port := flags.Int("port", 4567, "`port` to listen on; 0 takes a free one")
	stream := flags.String("stream", "", "`names` of streams to begin with, separated by commas")
	flags.IntVar(&cfg.shards, "shards", 1, "shards of each of these streams")
	limits := flags.String("limits", "on", "hold the service's limits: `on or off`")
	flags.DurationVar(&cfg.options.Delay, "delay", 0, "round trip added to each request, such as 25ms")
	flags.DurationVar(&cfg.options.StateChange, "state-change", 500*time.Millisecond, "how long streams stay CREATING, UPDATING and DELETING")
	flags.StringVar(&cfg.options.Dir, "dir", "", "`folder` to keep streams in from one run to the next; empty: in memory")
	flags.DurationVar(&cfg.options.Sync, "sync", time.Second, "with -dir: how often to force the file to the disk; negative: before every answer")
	flags.StringVar(&cfg.options.Region, "region", "us-east-1", "region in ARNs")
	flags.BoolVar(&cfg.options.TLS, "tls", false, "serve HTTPS with a certificate made for the occasion")
	flags.BoolVar(&cfg.options.AnyInterface, "any-interface", false, "let -addr be one that other machines reach")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, "Usage: localkinesis [flags]\n\nServes Amazon Kinesis Data Streams on this machine until Ctrl-C.\n\n")
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return cfg, err
	case err != nil:
		return cfg, fmt.Errorf("%w: see -h", err)
	}
	cfg.address = net.JoinHostPort(*host, strconv.Itoa(*port))
	if *stream != "" {
		cfg.streams = strings.Split(*stream, ",")
	}
	return cfg, errors.Join(checkAddress(*host, *port), cfg.check(flags, *limits))
}

// checkAddress reports a host that has the port in it too, and a port that is none.
func checkAddress(host string, port int) error {
	var faults []error
	if name, number, err := net.SplitHostPort(host); err == nil {
		faults = append(faults, fmt.Errorf("-addr %s: it is the host alone; write -addr %s -port %s", host, name, number))
	}
	if port < 0 || port > math.MaxUint16 {
		faults = append(faults, fmt.Errorf("-port %d: 0 to %d", port, math.MaxUint16))
	}
	return errors.Join(faults...)
}

// check reports everything that is wrong with the command line.
func (cfg *config) check(flags *flag.FlagSet, limits string) error {
	var faults []error
	if flags.NArg() > 0 {
		faults = append(faults, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	}
	switch limits {
	case "on":
	case "off":
		cfg.options.Limits = kstreamtest.Unlimited()
	default:
		faults = append(faults, fmt.Errorf("-limits %s: on or off", limits))
	}
	if most := maxShards / max(1, len(cfg.streams)); cfg.shards < 1 || cfg.shards > most {
		faults = append(faults, fmt.Errorf("-shards %d: 1 to %d", cfg.shards, most))
	}
	if cfg.options.Delay < 0 {
		faults = append(faults, fmt.Errorf("-delay %v is negative", cfg.options.Delay))
	}
	if cfg.options.StateChange < 0 {
		faults = append(faults, fmt.Errorf("-state-change %v is negative", cfg.options.StateChange))
	}
	seen := make(map[string]bool)
	for _, name := range cfg.streams {
		if !kstreamtest.ValidName(name) {
			faults = append(faults, fmt.Errorf("-stream %q: a name is 1 to 128 letters, digits, '_', '.' or '-'", name))
		}
		if seen[name] {
			faults = append(faults, fmt.Errorf("-stream %s: named twice", name))
		}
		seen[name] = true
	}
	return errors.Join(faults...)
}

// announce prints how clients reach the server.
func announce(w io.Writer, url string, cfg config) {
	fmt.Fprintf(w, "localkinesis: serving %s\n", url)
	for _, name := range cfg.streams {
		fmt.Fprintf(w, "localkinesis: stream %s\n", name)
	}
	fmt.Fprintf(w, `
For the AWS SDKs and recent versions of the AWS CLI:

    export AWS_ENDPOINT_URL_KINESIS=%[1]s
    export AWS_REGION=%[2]s AWS_DEFAULT_REGION=%[2]s
    export AWS_ACCESS_KEY_ID=%[3]s
    export AWS_SECRET_ACCESS_KEY=%[4]s

For older versions, beside the last three:

    aws --endpoint-url %[1]s --region %[2]s kinesis list-streams

Ctrl-C ends it.
`, url, cfg.options.Region, kstreamtest.AccessKeyID, kstreamtest.SecretAccessKey)
}
