package kstream

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

type breakingPolls struct {
	kinesis.HTTPClient
	err error
	n   *atomic.Int64
}

func (c breakingPolls) Do(req *http.Request) (*http.Response, error) {
	res, err := c.HTTPClient.Do(req)
	if err == nil && strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".GetRecords") && c.n.Add(1)%2 == 1 {
		res.Body = &brokenBody{res.Body, 100, c.err}
	}
	return res, err
}

func TestPollingSurvivesAnyBreakOfTheConnection(t *testing.T) {
	for _, broken := range brokenConnections() {
		for _, cbor := range []bool{false, true} {
			t.Run(broken.Error(), func(t *testing.T) {
				inLab(t, 2, kstreamtest.Options{}, func(l *lab) {
					l.put(100, 10)
					options := l.client.Options()
					options.HTTPClient = breakingPolls{options.HTTPClient, broken, new(atomic.Int64)}
					l.client = kinesis.New(options)
					l.wantAll(l.read(ConsumerConfig[string]{CBOR: cbor}), 0)
				})
			})
		}
	}
}
