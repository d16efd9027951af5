package kstreamtest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

// crashDir is set in the environment of the process that is to be killed.
const crashDir = "KINESISKIT_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		serveUntilKilled(dir)
	}
	leaktest.Main(m)
}

func serveUntilKilled(dir string) {
	s, err := Open(Options{Dir: dir, Limits: Unlimited()})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if s.find("books", time.Now()) == nil {
		s.CreateStream("books", 2)
	}
	fmt.Println(s.URL())
	select {}
}

// TestCrash kills the server's process in the middle of writes, again and
// again, and reads back everything that it had acknowledged.
func TestCrash(t *testing.T) {
	rounds := 3
	if os.Getenv("KINESISKIT_LONG") != "" {
		rounds = 30
	}
	dir := t.TempDir()
	acknowledged := map[string]string{} // by place, the data
	for round := range rounds {
		crashOnce(t, dir, round, acknowledged)
		s, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		there := map[string]string{}
		for _, r := range s.Records("books") {
			there[r.Shard+" "+r.SequenceNumber] = string(r.Data)
		}
		s.Close()
		for place, data := range acknowledged {
			if there[place] != data {
				t.Errorf("round %d: %s was acknowledged at %s; there is %q", round, data, place, there[place])
			}
		}
	}
	if len(acknowledged) < rounds {
		t.Errorf("only %d records were acknowledged", len(acknowledged))
	}
}

// crashOnce runs a server, writes to it, and kills it.
func crashOnce(t *testing.T, dir string, round int, acknowledged map[string]string) {
	t.Helper()
	server := exec.CommandContext(t.Context(), os.Args[0])
	server.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Wait()
	lines := bufio.NewScanner(out)
	lines.Scan()
	client := kinesis.New(kinesis.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(lines.Text()), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := 0; ; n++ {
				data := fmt.Sprintf("%d %d %d", round, w, n)
				in := &kinesis.PutRecordsInput{StreamName: aws.String("books")}
				for i := range 5 {
					in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: []byte(data), PartitionKey: aws.String(fmt.Sprint(data, i))})
				}
				answer, err := client.PutRecords(ctx, in)
				if err != nil {
					return
				}
				mu.Lock()
				for _, r := range answer.Records {
					acknowledged[*r.ShardId+" "+*r.SequenceNumber] = data
				}
				mu.Unlock()
			}
		})
	}
	// Not before something is acknowledged, and then at any moment.
	for {
		mu.Lock()
		n := len(acknowledged)
		mu.Unlock()
		if n > round*5 {
			break
		}
		<-time.After(time.Millisecond)
	}
	<-time.After(rand.N(50 * time.Millisecond))
	if err := server.Process.Kill(); err != nil {
		t.Error(err)
	}
	writers.Wait()
	cancel()
}
