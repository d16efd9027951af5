package kstreamtest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// TestOnDemandStreams counts them, whichever way a stream becomes one.
func TestOnDemandStreams(t *testing.T) {
	s := NewServer(Options{Limits: Limits{OnDemandStreams: 2, Control: -1}})
	defer s.Close()
	s.CreateStream("provisioned", 1)
	client := s.Client(noRetry)
	demand := &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}
	create := func(name string) error {
		_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, StreamModeDetails: demand})
		return err
	}
	change := func(name string) error {
		_, err := client.UpdateStreamMode(t.Context(), &kinesis.UpdateStreamModeInput{
			StreamARN: aws.String(streamARN("us-east-1", "123456789012", name)), StreamModeDetails: demand})
		return err
	}
	for _, step := range []struct {
		name string
		err  error
		want string
	}{
		{"the first", create("a"), ""},
		{"the second", create("b"), ""},
		{"the third", create("c"), limitExceeded},
		{"the third, changed", change("provisioned"), limitExceeded},
		{"one that is already", change("a"), ""},
	} {
		if code(step.err) != step.want {
			t.Errorf("%s: %v, want %q", step.name, step.err, step.want)
		}
	}
	limits, err := client.DescribeLimits(t.Context(), &kinesis.DescribeLimitsInput{})
	if err != nil || *limits.OnDemandStreamCount != 2 || *limits.OnDemandStreamCountLimit != 2 {
		t.Errorf("limits %v, %v", limits, err)
	}
}

// TestWarmThroughput sets it in the three ways there are, for an account that may:
// the one bound is the same for all.
func TestWarmThroughput(t *testing.T) {
	s := NewServer(Options{Limits: Unlimited()})
	defer s.Close()
	s.CreateStream("provisioned", 1)
	client := s.Client(noRetry)
	_, err := client.UpdateAccountSettings(t.Context(), &kinesis.UpdateAccountSettingsInput{
		MinimumThroughputBillingCommitment: &types.MinimumThroughputBillingCommitmentInput{
			Status: types.MinimumThroughputBillingCommitmentInputStatusEnabled}})
	if err != nil {
		t.Fatal(err)
	}
	demand := &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}
	for _, test := range []struct {
		name   string
		stream string
		set    func(mibps int32) error
	}{
		{"CreateStream", "new", func(mibps int32) error {
			_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{
				StreamName: aws.String("new"), StreamModeDetails: demand, WarmThroughputMiBps: &mibps})
			return err
		}},
		{"UpdateStreamMode", "provisioned", func(mibps int32) error {
			_, err := client.UpdateStreamMode(t.Context(), &kinesis.UpdateStreamModeInput{
				StreamARN: aws.String(streamARN("us-east-1", "123456789012", "provisioned")), StreamModeDetails: demand, WarmThroughputMiBps: &mibps})
			return err
		}},
		{"UpdateStreamWarmThroughput", "new", func(mibps int32) error {
			_, err := client.UpdateStreamWarmThroughput(t.Context(), &kinesis.UpdateStreamWarmThroughputInput{
				StreamName: aws.String("new"), WarmThroughputMiBps: &mibps})
			return err
		}},
	} {
		if err := test.set(maxWarmMiBps + 1); code(err) != limitExceeded {
			t.Errorf("%s with more than 10 GiB/s: %v", test.name, err)
		}
		if err := test.set(maxWarmMiBps); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		out, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &test.stream})
		if err != nil {
			t.Fatal(err)
		}
		if warm := out.StreamDescriptionSummary.WarmThroughput; warm == nil || *warm.TargetMiBps != maxWarmMiBps {
			t.Errorf("after %s: %v", test.name, warm)
		}
	}
}
