package kstreamtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// ask sends one request to the handler. A header with an empty value is left
// out.
func ask(s *Server, operation, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", jsonType)
	r.Header.Set("X-Amz-Target", targetPrefix+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c")
	r.Header.Set("X-Amz-Date", "20260102T150405Z")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	w := httptest.NewRecorder()
	s.serve(w, r)
	return w
}

// envelopeCases are requests that never come to an operation. Texts were seen on
// the service by the authors of kinesalite's suite.
var envelopeCases = []struct {
	name      string
	operation string
	body      string
	headers   []string
	status    int
	want      string
}{
	{"content type", "ListStreams", "{}", []string{"Content-Type", "text/plain"}, 404, "<UnknownOperationException/>\n"},
	{"content type with a charset", "ListStreams", "{}", []string{"Content-Type", jsonType + "; charset=utf-8"}, 200,
		`{"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]}`},
	{"unknown operation", "CreateChannel", "{}", nil, 400, `{"__type":"UnknownOperationException"}`},
	{"another service's target", "", "{}", []string{"X-Amz-Target", "DynamoDB_20120810.ListTables"}, 400, `{"__type":"UnknownOperationException"}`},
	{"no body", "ListStreams", "", nil, 400, `{"__type":"SerializationException"}`},
	{"no JSON", "ListStreams", "{", nil, 400, `{"__type":"SerializationException"}`},
	{"no object", "ListStreams", "[]", nil, 400, `{"__type":"SerializationException"}`},
	{"text for a number", "ListStreams", `{"Limit":"1"}`, nil, 400,
		`{"__type":"SerializationException","Message":"class java.lang.String can not be converted to an Integer"}`},
	{"number for text", "DescribeStream", `{"StreamName":1}`, nil, 400,
		`{"__type":"SerializationException","Message":"class java.lang.Integer can not be converted to an String"}`},
	{"fraction for text", "DescribeStream", `{"StreamName":1.5}`, nil, 400,
		`{"__type":"SerializationException","Message":"class java.lang.Double can not be converted to an String"}`},
	{"truth for text", "DescribeStream", `{"StreamName":true}`, nil, 400,
		`{"__type":"SerializationException","Message":"class java.lang.Boolean can not be converted to an String"}`},
	{"list for text", "DescribeStream", `{"StreamName":[]}`, nil, 400,
		`{"__type":"SerializationException","Message":"Start of list found where not expected"}`},
	{"object for text", "DescribeStream", `{"StreamName":{}}`, nil, 400,
		`{"__type":"SerializationException","Message":"Start of structure or map found where not expected."}`},
	{"text for a list", "PutRecords", `{"StreamName":"books","Records":"a"}`, nil, 400,
		`{"__type":"SerializationException","Message":"Expected null"}`},
	{"base64 that is none", "PutRecord", `{"StreamName":"books","PartitionKey":"a","Data":"*"}`, nil, 400,
		`{"__type":"SerializationException","Message":"\"*\" can not be converted to a Blob: Invalid Base64"}`},
	{"null is absent", "ListStreams", `{"Limit":null,"Unknown":{"a":[1]}}`, nil, 200,
		`{"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]}`},
	{"no signature", "ListStreams", "{}", []string{"Authorization", ""}, 400,
		`{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`},
	{"half a signature", "ListStreams", "{}", []string{"Authorization", "AWS4-HMAC-SHA256 Credential=a"}, 400,
		`{"__type":"IncompleteSignatureException","message":"Authorization header requires 'Signature' parameter. ` +
			`Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 Credential=a"}`},
	{"no date", "ListStreams", "{}", []string{"X-Amz-Date", ""}, 400,
		`{"__type":"IncompleteSignatureException","message":"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ` +
			`Authorization=AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c"}`},
	{"syntax before signature", "ListStreams", "{", []string{"Authorization", ""}, 400, `{"__type":"SerializationException"}`},
	{"signature before types", "ListStreams", `{"Limit":"1"}`, []string{"Authorization", ""}, 400,
		`{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`},
	{"no answer is an empty body", "DeleteStream", `{"StreamName":"films"}`, nil, 200, ""},
	{"several violations, null first", "GetShardIterator", `{"ShardId":"","StreamName":"a b"}`, nil, 400,
		`{"__type":"ValidationException","message":"4 validation errors detected: ` +
			`Value null at 'shardIteratorType' failed to satisfy constraint: Member must not be null; ` +
			`Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; ` +
			`Value '' at 'shardId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; ` +
			`Value '' at 'shardId' failed to satisfy constraint: Member must have length greater than or equal to 1"}`},
}

func TestEnvelope(t *testing.T) {
	for _, test := range envelopeCases {
		t.Run(test.name, func(t *testing.T) {
			s := NewServer(Options{})
			defer s.Close()
			if test.operation == "DeleteStream" {
				s.CreateStream("films", 1)
			}
			w := ask(s, test.operation, test.body, test.headers...)
			if w.Code != test.status {
				t.Errorf("status %d, want %d", w.Code, test.status)
			}
			if diff := cmp.Diff(test.want, w.Body.String()); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if w.Header().Get("X-Amz-Id-2") == "" {
				t.Error("no X-Amz-Id-2")
			}
			if id := w.Header().Get("X-Amzn-Requestid"); !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(id) {
				t.Errorf("request ID %q", id)
			}
		})
	}
}

// TestTooLarge bounds request bodies, whether their length is told or not.
func TestTooLarge(t *testing.T) {
	s := NewServer(Options{})
	defer s.Close()
	for _, told := range []bool{true, false} {
		r := httptest.NewRequest(http.MethodPost, "/", io.LimitReader(zeros{}, maxBody+1))
		r.Header.Set("Content-Type", jsonType)
		r.Header.Set("X-Amz-Target", targetPrefix+"PutRecords")
		r.ContentLength = -1
		if told {
			r.ContentLength = maxBody + 1
		}
		w := httptest.NewRecorder()
		s.serve(w, r)
		if w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("told=%t: status %d", told, w.Code)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestCBOR speaks as the Java clients do: blobs as bytes, times as tagged
// milliseconds.
func TestCBOR(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{})
		defer s.Close()
		s.CreateStream("books", 1)
		request := func(operation string, write func(*document.Writer)) map[string]any {
			return askCBOR(t, s, operation, write)
		}
		put := request("PutRecords", func(w *document.Writer) {
			w.Key("StreamName")
			w.String("books")
			w.Key("Records")
			w.Array()
			w.Object()
			w.Key("PartitionKey")
			w.String("k")
			w.Key("Data")
			w.Blob([]byte{0, 1, 255})
			w.End()
			w.End()
		})
		if put["FailedRecordCount"] != int64(0) {
			t.Errorf("PutRecords: %v", put)
		}
		arrived := time.Now()
		time.Sleep(time.Second)
		iterator := request("GetShardIterator", func(w *document.Writer) {
			w.Key("StreamName")
			w.String("books")
			w.Key("ShardId")
			w.String(shardID(0))
			w.Key("ShardIteratorType")
			w.String("AT_TIMESTAMP")
			w.Key("Timestamp")
			w.Time(arrived)
		})
		got := request("GetRecords", func(w *document.Writer) {
			w.Key("ShardIterator")
			w.String(iterator["ShardIterator"].(string))
		})
		want := map[string]any{
			"Records":            []any{map[string]any{"Data": []byte{0, 1, 255}, "PartitionKey": "k", "ApproximateArrivalTimestamp": arrived.UnixMilli()}},
			"MillisBehindLatest": int64(0),
		}
		ignore := cmpopts.IgnoreMapEntries(func(name string, _ any) bool { return name == "NextShardIterator" || name == "SequenceNumber" })
		if diff := cmp.Diff(want, got, ignore); diff != "" {
			t.Errorf("GetRecords (-want +got):\n%s", diff)
		}
		failed := request("DescribeStream", func(w *document.Writer) {
			w.Key("StreamName")
			w.String("films")
		})
		if diff := cmp.Diff(map[string]any{"__type": resourceNotFound, "message": "Stream films under account 123456789012 not found."}, failed); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
	})
}

// askCBOR sends a request in CBOR and reads the answer.
func askCBOR(t *testing.T, s *Server, operation string, write func(*document.Writer)) map[string]any {
	t.Helper()
	w := document.NewWriter(document.CBOR, nil)
	w.Object()
	write(w)
	w.End()
	answer := ask(s, operation, string(w.Bytes()), "Content-Type", cborType)
	if got := answer.Header().Get("Content-Type"); got != cborType {
		t.Errorf("%s: content type %q", operation, got)
	}
	doc, err := document.Parse(answer.Body.Bytes(), document.CBOR)
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return doc.(map[string]any)
}

// TestSignature verifies what the SDK signs.
func TestSignature(t *testing.T) {
	tests := []struct {
		name   string
		client func(*kinesis.Options)
		want   string
	}{
		{"right", func(*kinesis.Options) {}, ""},
		{"another secret", sign(AccessKeyID, "guess"), invalidSignature},
		{"another key", sign("AKIASOMEBODYELSE", "open sesame"), unrecognizedClient},
		{"another region", func(o *kinesis.Options) { o.Region = "eu-west-1" }, ""},
		{"body changed on the way", tamper(func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(`{"Limit":10}`))
			r.ContentLength = 12
		}), invalidSignature},
		{"header changed on the way", tamper(func(r *http.Request) { r.Header.Set("X-Amz-Target", targetPrefix+"DescribeLimits") }), invalidSignature},
		{"an old request", tamper(func(*http.Request) { time.Sleep(6 * time.Minute) }), invalidSignature},
		{"unsigned", tamper(func(r *http.Request) { r.Header.Del("Authorization") }), missingAuthentication},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewServer(Options{SecretAccessKey: "open sesame"})
				defer s.Close()
				_, err := s.Client(noRetry, test.client).ListStreams(t.Context(), &kinesis.ListStreamsInput{})
				if got := code(err); got != test.want {
					t.Errorf("%v, want %q", err, test.want)
				}
			})
		})
	}
}

func sign(id, secret string) func(*kinesis.Options) {
	return func(o *kinesis.Options) {
		o.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
		})
	}
}

// tamper changes requests after they were signed.
func tamper(change func(*http.Request)) func(*kinesis.Options) {
	return func(o *kinesis.Options) { o.HTTPClient = tampering{o.HTTPClient, change} }
}

type tampering struct {
	next   kinesis.HTTPClient
	change func(*http.Request)
}

func (t tampering) Do(r *http.Request) (*http.Response, error) {
	t.change(r)
	return t.next.Do(r)
}

// FuzzRequest sends anything to any operation: no panic, and the two ways to
// read PutRecords agree.
func FuzzRequest(f *testing.F) {
	f.Add("PutRecords", []byte(`{"StreamName":"books","Records":[{"Data":"AQID","PartitionKey":"k","ExplicitHashKey":"7"},{"PartitionKey":"\u00e9","Data":""}]}`), false)
	f.Add("PutRecord", []byte(`{"StreamName":"books","Data":"AQID","PartitionKey":"k","SequenceNumberForOrdering":"0"}`), false)
	f.Add("GetShardIterator", []byte(`{"StreamName":"books","ShardId":"shardId-000000000000","ShardIteratorType":"AT_TIMESTAMP","Timestamp":1e9}`), false)
	f.Add("GetRecords", []byte(`{"ShardIterator":"AAAA"}`), false)
	f.Add("ListShards", []byte(`{"StreamName":"books","ShardFilter":{"Type":"AT_TIMESTAMP","Timestamp":1}}`), false)
	f.Add("SplitShard", []byte(`{"StreamName":"books","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"99"}`), false)
	f.Add("AddTagsToStream", []byte(`{"StreamName":"books","Tags":{"a":"b"}}`), false)
	f.Add("PutRecords", []byte("\xa2\x6aStreamName\x65books\x67Records\x81\xa2\x64Data\x41a\x6cPartitionKey\x61k"), true)
	f.Fuzz(func(t *testing.T, operation string, body []byte, cbor bool) {
		if operation == "SubscribeToShard" {
			return // would stay for five minutes
		}
		var answers [2]*httptest.ResponseRecorder
		for i := range answers {
			s := NewServer(Options{Limits: Unlimited()})
			s.CreateStream("books", 2)
			if i == 1 {
				s.operations["PutRecords"].whole = nil
			}
			contentType := jsonType
			if cbor {
				contentType = cborType
			}
			answers[i] = ask(s, operation, string(body), "Content-Type", contentType)
			if answers[i].Code >= 500 {
				t.Errorf("%s %q: %d %s", operation, body, answers[i].Code, answers[i].Body)
			}
			s.Close()
		}
		if answers[0].Code != answers[1].Code || operation == "PutRecords" && len(answers[0].Body.Bytes()) != len(answers[1].Body.Bytes()) {
			t.Errorf("in one pass %d %s, the long way %d %s", answers[0].Code, answers[0].Body, answers[1].Code, answers[1].Body)
		}
		if operation == "PutRecords" && answers[0].Code >= 400 && !bytes.Equal(answers[0].Body.Bytes(), answers[1].Body.Bytes()) {
			t.Errorf("in one pass %s, the long way %s", answers[0].Body, answers[1].Body)
		}
	})
}

// TestNoIteratorLooksLikeAnOption: a command line has to take every iterator and
// every page token for a value.
func TestNoIteratorLooksLikeAnOption(t *testing.T) {
	s := NewServer(Options{})
	defer s.Close()
	for range 1000 {
		if sealed := s.seal(time.Now(), "iterator", "books", "0", "0", "0"); !strings.HasPrefix(sealed, "AAAA") {
			t.Fatalf("%q, want AAAA before all", sealed)
		}
	}
}

// FuzzSealed opens iterators and tokens that nobody made.
func FuzzSealed(f *testing.F) {
	s := NewServer(Options{})
	defer s.Close()
	made := s.seal(time.Now(), "iterator", "books", "0", "0", "0")
	f.Add(made)
	f.Add("AAAA")
	f.Add(made + "\n")
	f.Fuzz(func(t *testing.T, sealed string) {
		for n := range 7 {
			if _, _, err := s.unseal(sealed, n); err == nil && n != 5 {
				t.Errorf("%q opens with %d fields", sealed, n)
			}
		}
		if _, err := s.openIterator(sealed); err == nil && sealed != made {
			t.Errorf("%q is an iterator", sealed)
		}
	})
}
