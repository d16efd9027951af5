package kstreamtest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
)

// TestCloseCuts ends what is still open and says what it was.
func TestCloseCuts(t *testing.T) {
	inFanOut(t, Options{}, func(f *fanOut) {
		stream := f.mustSubscribe(types.ShardIteratorTypeLatest)
		time.Sleep(time.Second)
		f.server.Inject(Fault{Kind: Stall, Operation: "PutRecord"})
		put := make(chan error)
		go func() { put <- putOne(f.T, f.client) }()
		synctest.Wait()
		want := []Pending{{"SubscribeToShard", f.start}, {"PutRecord", f.start.Add(time.Second)}}
		if diff := cmp.Diff(want, f.server.Pending()); diff != "" {
			f.Errorf("before (-want +got):\n%s", diff)
		}
		f.server.Close()
		if diff := cmp.Diff(want, f.server.Pending()); diff != "" {
			f.Errorf("cut (-want +got):\n%s", diff)
		}
		if err := <-put; code(err) != "connection" {
			f.Errorf("the call in flight: %v", err)
		}
		if _, more := <-stream.Events(); more {
			f.Error("an event after Close")
		}
		if err := putOne(f.T, f.client); code(err) != "connection" {
			f.Errorf("a call after Close: %v", err)
		}
		f.server.Close()
	})
}

// TestOptionsRefused names all that is wrong at once.
func TestOptionsRefused(t *testing.T) {
	_, err := Open(Options{Account: "me", Region: "a b", Delay: -1, Faults: []Fault{{Kind: "flood"}, {Kind: Fail, Chance: 2}}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`Account "me"`, `Region "a b"`, "Delay -1ns", `Faults[0]: a fault of the unknown kind "flood"`, "Faults[1]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: nothing of %s", err, want)
		}
	}
}
