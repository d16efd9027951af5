package conformance

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func settingCases() map[string][]Case {
	hours := func(operation, n, text string) Case {
		return Case{Name: n + " hours", Rule: observed, Operation: operation, Body: `{"StreamName":"${stream}","RetentionPeriodHours":` + n + `}`,
			Code: invalidArgument, Text: text}
	}
	kms := `,"EncryptionType":"KMS","KeyId":"alias/k"`
	metrics := `,"ShardLevelMetrics":["ALL"]`
	nobody := `{"ResourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/${name}"`
	return map[string][]Case{
		"IncreaseStreamRetentionPeriod": {
			notFound("IncreaseStreamRetentionPeriod", `,"RetentionPeriodHours":48`),
			hours("IncreaseStreamRetentionPeriod", "23", "too short"), hours("IncreaseStreamRetentionPeriod", "8761", "too long"),
			{Name: "and back", Rule: reference, Do: retention},
			{Name: "shorter", Rule: observed, Code: invalidArgument, Text: "can not be shorter than existing retention period", Do: func(e *Env) error {
				name := e.NewStream(1)
				if err := e.keep(name, 48); err != nil {
					return fmt.Errorf("48 hours: %s", err)
				}
				return e.keep(name, 30)
			}},
		},
		"DecreaseStreamRetentionPeriod": {
			notFound("DecreaseStreamRetentionPeriod", `,"RetentionPeriodHours":24`),
			hours("DecreaseStreamRetentionPeriod", "23", "too short"), hours("DecreaseStreamRetentionPeriod", "48", "can not be longer than existing retention period"),
		},
		"EnableEnhancedMonitoring": {
			notFound("EnableEnhancedMonitoring", metrics),
			{Name: "and disable", Rule: reference, Do: monitoring},
		},
		"DisableEnhancedMonitoring": {notFound("DisableEnhancedMonitoring", metrics)},
		"StartStreamEncryption": {
			notFound("StartStreamEncryption", kms),
			{Name: "marks answers and records", Rule: observed, Do: encryption},
			{Name: "type NONE", Rule: reference, Operation: "StartStreamEncryption", Body: `{"StreamName":"${stream}","EncryptionType":"NONE","KeyId":"k"}`, Code: invalidArgument},
		},
		"StopStreamEncryption": {notFound("StopStreamEncryption", kms)},
		"PutResourcePolicy": {
			{Name: "no such stream", Rule: reference, Operation: "PutResourcePolicy", Body: nobody + `,"Policy":"{}"}`, Code: resourceNotFound},
			{Name: "put, get, delete", Rule: reference, Do: policy},
		},
		"GetResourcePolicy": {
			{Name: "no policy", Rule: reference, Operation: "GetResourcePolicy", Body: `{"ResourceARN":"${arn}"}`, Code: resourceNotFound},
		},
		"DescribeAccountSettings": {
			{Name: "has a status", Rule: reference, Do: func(e *Env) error {
				out, err := e.Client.DescribeAccountSettings(e.Context(), &kinesis.DescribeAccountSettingsInput{})
				if err != nil {
					return err
				}
				return differ("a status", out.MinimumThroughputBillingCommitment != nil && out.MinimumThroughputBillingCommitment.Status != "", true)
			}},
		},
	}
}

func (e *Env) keep(name string, hours int32) error {
	_, err := e.Client.IncreaseStreamRetentionPeriod(e.Context(), &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: &name, RetentionPeriodHours: &hours})
	if err == nil {
		e.Settle(name)
	}
	return err
}

func retention(e *Env) error {
	name := e.NewStream(1)
	if err := e.keep(name, 8760); err != nil {
		return err
	}
	longest := *e.Settle(name).RetentionPeriodHours
	_, err := e.Client.DecreaseStreamRetentionPeriod(e.Context(), &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: &name, RetentionPeriodHours: aws.Int32(24)})
	return errors.Join(err, differ("RetentionPeriodHours", longest, 8760), differ("RetentionPeriodHours", *e.Settle(name).RetentionPeriodHours, 24))
}

func monitoring(e *Env) error {
	name := e.NewStream(1)
	on, err := e.Client.EnableEnhancedMonitoring(e.Context(), &kinesis.EnableEnhancedMonitoringInput{
		StreamName: &name, ShardLevelMetrics: []types.MetricsName{types.MetricsNameIncomingBytes, types.MetricsNameOutgoingBytes}})
	if err != nil {
		return err
	}
	e.Settle(name)
	off, err := e.Client.DisableEnhancedMonitoring(e.Context(), &kinesis.DisableEnhancedMonitoringInput{
		StreamName: &name, ShardLevelMetrics: []types.MetricsName{types.MetricsNameIncomingBytes}})
	if err != nil {
		return err
	}
	return errors.Join(differ("before", len(on.CurrentShardLevelMetrics), 0), differ("enabled", len(on.DesiredShardLevelMetrics), 2),
		differ("left", fmt.Sprint(off.DesiredShardLevelMetrics), "[OutgoingBytes]"))
}

func encryption(e *Env) error {
	name := e.NewStream(1)
	_, err := e.Client.StartStreamEncryption(e.Context(), &kinesis.StartStreamEncryptionInput{StreamName: &name, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/k")})
	if err != nil {
		return err
	}
	e.Settle(name)
	put, err := e.Client.PutRecord(e.Context(), &kinesis.PutRecordInput{StreamName: &name, PartitionKey: aws.String("k"), Data: []byte("v")})
	if err != nil {
		return err
	}
	out, err := e.read(name, 0, types.ShardIteratorTypeTrimHorizon, "", 10)
	if err != nil {
		return err
	}
	if len(out.Records) != 1 {
		return fmt.Errorf("%d records", len(out.Records))
	}
	return errors.Join(differ("PutRecord", put.EncryptionType, types.EncryptionTypeKms), differ("record", out.Records[0].EncryptionType, types.EncryptionTypeKms),
		differ("summary", e.Settle(name).EncryptionType, types.EncryptionTypeKms))
}

func policy(e *Env) error {
	arn := e.arn(e.NewStream(1))
	text := `{"Version":"2012-10-17","Statement":[]}`
	if _, err := e.Client.PutResourcePolicy(e.Context(), &kinesis.PutResourcePolicyInput{ResourceARN: &arn, Policy: &text}); err != nil {
		return err
	}
	got, err := e.Client.GetResourcePolicy(e.Context(), &kinesis.GetResourcePolicyInput{ResourceARN: &arn})
	if err != nil {
		return err
	}
	_, err = e.Client.DeleteResourcePolicy(e.Context(), &kinesis.DeleteResourcePolicyInput{ResourceARN: &arn})
	return errors.Join(err, differ("policy", *got.Policy, text))
}

func tagCases() map[string][]Case {
	tags := `,"Tags":{"a":"b"}`
	nobody := `{"ResourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/${name}"`
	return map[string][]Case{
		"AddTagsToStream": {
			notFound("AddTagsToStream", tags), unnamed("AddTagsToStream", tags[1:]),
			{Name: "a key with a star", Rule: observed, Operation: "AddTagsToStream", Body: `{"StreamName":"${stream}","Tags":{"a*":"b"}}`, Code: invalidArgument, Text: "invalid characters"},
			{Name: "add, replace, remove", Rule: reference, Do: streamTags},
			{Name: "the 51st", Rule: reference, Code: invalidArgument, Do: func(e *Env) error {
				name := e.NewStream(1)
				for i := range 51 {
					_, err := e.Client.AddTagsToStream(e.Context(), &kinesis.AddTagsToStreamInput{StreamName: &name, Tags: map[string]string{fmt.Sprint("k", i): "v"}})
					if err != nil {
						if i < 50 {
							return fmt.Errorf("tag %d: %s", i+1, err)
						}
						return err
					}
				}
				return nil
			}},
		},
		"RemoveTagsFromStream": {
			notFound("RemoveTagsFromStream", `,"TagKeys":["a"]`),
			{Name: "a tag that is not there", Rule: reference, Operation: "RemoveTagsFromStream", Body: `{"StreamName":"${stream}","TagKeys":["nothing"]}`},
		},
		"ListTagsForStream": {
			notFound("ListTagsForStream", ""), unnamed("ListTagsForStream", ""),
			{Name: "in pages", Rule: reference, Do: tagPages},
		},
		"TagResource": {
			{Name: "no such stream", Rule: reference, Operation: "TagResource", Body: nobody + tags + `}`, Code: resourceNotFound},
			{Name: "a stream", Rule: reference, Do: func(e *Env) error { return e.tagResource(e.arn(e.NewStream(1))) }},
			{Name: "a consumer", Rule: reference, Do: func(e *Env) error { return e.tagResource(e.NewConsumer(e.NewStream(1))) }},
		},
		"UntagResource": {
			{Name: "no such stream", Rule: reference, Operation: "UntagResource", Body: nobody + `,"TagKeys":["a"]}`, Code: resourceNotFound},
		},
		"ListTagsForResource": {
			{Name: "no such stream", Rule: reference, Operation: "ListTagsForResource", Body: nobody + `}`, Code: resourceNotFound},
		},
	}
}

func tagList(tags []types.Tag) string {
	var list []string
	for _, t := range tags {
		list = append(list, *t.Key+"="+aws.ToString(t.Value))
	}
	return strings.Join(list, " ")
}

func streamTags(e *Env) error {
	name := e.NewStream(1)
	for _, tags := range []map[string]string{{"a": "1", "b": "2"}, {"b": "3", "c": ""}} {
		if _, err := e.Client.AddTagsToStream(e.Context(), &kinesis.AddTagsToStreamInput{StreamName: &name, Tags: tags}); err != nil {
			return err
		}
	}
	if _, err := e.Client.RemoveTagsFromStream(e.Context(), &kinesis.RemoveTagsFromStreamInput{StreamName: &name, TagKeys: []string{"a"}}); err != nil {
		return err
	}
	out, err := e.Client.ListTagsForStream(e.Context(), &kinesis.ListTagsForStreamInput{StreamName: &name})
	if err != nil {
		return err
	}
	return differ("tags", tagList(out.Tags), "b=3 c=")
}

func tagPages(e *Env) error {
	name := e.NewStreamWith(&kinesis.CreateStreamInput{ShardCount: aws.Int32(1), Tags: map[string]string{"c": "3", "a": "1", "b": "2"}})
	first, err := e.Client.ListTagsForStream(e.Context(), &kinesis.ListTagsForStreamInput{StreamName: &name, Limit: aws.Int32(2)})
	if err != nil {
		return err
	}
	second, err := e.Client.ListTagsForStream(e.Context(), &kinesis.ListTagsForStreamInput{StreamName: &name, ExclusiveStartTagKey: aws.String("b")})
	if err != nil {
		return err
	}
	return errors.Join(differ("first", tagList(first.Tags), "a=1 b=2"), differ("HasMoreTags", *first.HasMoreTags, true),
		differ("second", tagList(second.Tags), "c=3"), differ("HasMoreTags", *second.HasMoreTags, false))
}

func (e *Env) tagResource(arn string) error {
	_, err := e.Client.TagResource(e.Context(), &kinesis.TagResourceInput{ResourceARN: &arn, Tags: map[string]string{"a": "1", "b": "2"}})
	if err != nil {
		return err
	}
	if _, err := e.Client.UntagResource(e.Context(), &kinesis.UntagResourceInput{ResourceARN: &arn, TagKeys: []string{"a"}}); err != nil {
		return err
	}
	out, err := e.Client.ListTagsForResource(e.Context(), &kinesis.ListTagsForResourceInput{ResourceARN: &arn})
	if err != nil {
		return err
	}
	return differ("tags", tagList(out.Tags), "b=2")
}
