// Package conformance holds what the documentation of Kinesis, its service model
// and observations of the service say about its operations, as cases that run
// through the AWS SDK against any endpoint.
//
// A case is one row of an operation's table and names the rule's source. Cases
// do not measure rates: the endpoint must not limit control operations or
// GetRecords calls.
package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A Target is an endpoint to be held against the rules.
type Target struct {
	Client *kinesis.Client
	// Differs lists what the endpoint is known to do otherwise than the service.
	// Each case that is listed must differ, as listed: what does not differ any
	// more should be taken off the list.
	Differs []*Difference
}

// Sources of rules.
const (
	reference = "API reference"
	guide     = "developer guide"
	model     = "service model (botocore, kinesis/2013-12-02/service-2.json)"
	observed  = "seen on the service (kinesalite's suite, run remotely)"
	kcl       = "required by KCL 3 (DataRetrievalUtil, ShardConsumerSubscriber)"
	inferred  = "inferred: no source says otherwise"
)

// A Case is one rule.
type Case struct {
	Name string
	Rule string // where it comes from

	// Operation and Body make a request as it is, where the SDK would not send it;
	// ${stream}, ${arn}, ${consumer} and ${name} stand for a stream with two
	// shards, its ARN, that of its consumer, and a name that is not in use.
	Operation string
	Body      string
	// Do is the case when Operation is empty.
	Do func(*Env) error

	// Code is the exception that comes of it, Text a part of its message.
	Code string
	Text string
}

// Run holds the target against every rule.
func Run(t *testing.T, target Target) {
	e := &Env{T: t, Client: target.Client}
	tables := tables()
	used := map[string]bool{}
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		t.Run(table, func(t *testing.T) {
			for _, c := range tables[table] {
				name := table + "/" + c.Name
				if used[name] {
					t.Errorf("two cases have the name %s", name)
				}
				used[name] = true
				t.Run(c.Name, func(t *testing.T) { e.run(t, c, find(target.Differs, name)) })
			}
		})
	}
	for _, d := range target.Differs {
		if d.cases == 0 {
			t.Errorf("the list of differences names no case by %s", d.Case)
		}
	}
}

// tables returns the cases by operation.
func tables() map[string][]Case {
	all := map[string][]Case{}
	for _, part := range []map[string][]Case{
		createCases(), deleteCases(), describeCases(), listingCases(),
		writeCases(), iteratorCases(), getRecordsCases(),
		splitCases(), mergeCases(), shardCountCases(), capacityCases(),
		consumerCases(), settingCases(), tagCases(),
	} {
		maps.Copy(all, part)
	}
	all["Constraints"] = constraintCases()
	return all
}

func (e *Env) run(t *testing.T, c Case, listed *Difference) {
	if err := e.prepare(); err != nil {
		t.Fatal("there is no stream to work with: ", err)
	}
	env, cancel := e.with(t)
	t.Cleanup(cancel) // after the streams that the case made are deleted
	fault := env.check(c)
	if listed == nil {
		if fault != nil {
			t.Errorf("%v\nrule: %s", fault, c.Rule)
		}
		return
	}
	listed.cases++
	if fault == nil {
		t.Errorf("does not differ any more; it is on the list for: %s (%s)", listed.Service, listed.Rule)
	} else if err := listed.shows(fault); err != nil {
		t.Error(err)
	} else {
		t.Logf("differs as listed: %v", fault)
	}
}

// check runs a case and says what is wrong.
func (e *Env) check(c Case) (err error) {
	defer catch(&err)
	if c.Operation != "" {
		err = e.Raw(c.Operation, e.expand(c.Body))
	} else {
		err = c.Do(e)
	}
	if c.Code == "" {
		return err
	}
	if err == nil {
		return fmt.Errorf("got no error, want %s", c.Code)
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fmt.Errorf("got %w, want %s", err, c.Code)
	}
	if api.ErrorCode() != c.Code || !strings.Contains(api.ErrorMessage(), c.Text) {
		return fmt.Errorf("got %s %q, want %s %q", api.ErrorCode(), api.ErrorMessage(), c.Code, c.Text)
	}
	return nil
}

func (e *Env) expand(body string) string {
	return strings.NewReplacer("${stream}", e.Stream, "${arn}", e.ARN, "${consumer}", e.Consumer, "${name}", newName()).Replace(body)
}

// Raw sends a body to an operation through the SDK, which signs it and reads the
// answer, and returns the error that the service answers.
func (e *Env) Raw(operation, body string) error {
	replace := middleware.SerializeMiddlewareFunc("replace", func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
		request, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("a request of type %T", in.Request)
		}
		request.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
		changed, err := request.SetStream(bytes.NewReader([]byte(body)))
		if err != nil {
			return middleware.SerializeOutput{}, middleware.Metadata{}, err
		}
		in.Request = changed
		return next.HandleSerialize(ctx, in)
	})
	// A success is not ListStreams' answer, and may be a stream that does not end.
	empty := middleware.DeserializeMiddlewareFunc("empty", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if answer, ok := out.RawResponse.(*smithyhttp.Response); ok && answer.StatusCode == http.StatusOK {
			answer.Body.Close()
			answer.Body = http.NoBody
		}
		return out, metadata, err
	})
	_, err := e.Client.ListStreams(e.Context(), &kinesis.ListStreamsInput{}, func(o *kinesis.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return errors.Join(stack.Serialize.Add(replace, middleware.After), stack.Deserialize.Add(empty, middleware.After))
		})
		o.Retryer = aws.NopRetryer{}
	})
	return err
}

var (
	letters = regexp.MustCompile(`\{(é?)(\d+)\}`)
	times   = regexp.MustCompile(`\[(.*)\*(\d+)\]`)
)

// constraintCases makes a case of each value that is not allowed.
func constraintCases() []Case {
	cases := make([]Case, len(constraints))
	count := map[string]int{}
	for i, c := range constraints {
		members := maps.Clone(bases[c.operation])
		members[c.member] = spell(c.value)
		var body []string
		for _, name := range slices.Sorted(maps.Keys(members)) {
			body = append(body, strconv.Quote(name)+":"+members[name])
		}
		name := c.operation + " " + c.member
		count[name]++
		cases[i] = Case{
			Name: fmt.Sprintf("%s %d", name, count[name]), Rule: model,
			Operation: c.operation, Body: "{" + strings.Join(body, ",") + "}",
			Code: "ValidationException", Text: c.text,
		}
	}
	return cases
}

// spell writes out a constraint's value.
func spell(value string) string {
	value = times.ReplaceAllStringFunc(value, func(s string) string {
		m := times.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[2])
		return "[" + strings.TrimSuffix(strings.Repeat(m[1]+",", n), ",") + "]"
	})
	return letters.ReplaceAllStringFunc(value, func(s string) string {
		m := letters.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[2])
		letter := m[1]
		if letter == "" {
			letter = "a"
		}
		return strings.Repeat(letter, n)
	})
}

// differ is an error unless the values are equal.
func differ[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s: got %v, want %v", what, got, want)
}
