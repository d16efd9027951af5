package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func event(data ...string) string {
	var records []string
	for i, d := range data {
		records = append(records, fmt.Sprintf(`{"kinesis":{"partitionKey":"k","sequenceNumber":"%d","data":%q,"approximateArrivalTimestamp":1545084650.987},
			"eventSource":"aws:kinesis","eventID":"shardId-000000000006:%d"}`, i, base64.StdEncoding.EncodeToString([]byte(d)), i))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

func TestRuntimeAnswersEvents(t *testing.T) {
	events := []string{event(`{"title":"Emma","price":12.5}`, `no JSON`, `{"title":"Ulysses","price":null}`), `{"foo":"bar"}`}
	answers := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		path := strings.TrimPrefix(req.URL.Path, "/2018-06-01/runtime/invocation/")
		switch {
		case path != "next":
			body, _ := io.ReadAll(req.Body)
			answers += path + " " + string(body) + "\n"
			w.WriteHeader(http.StatusAccepted)
		case len(events) == 0:
			w.WriteHeader(http.StatusGone) // ends the runtime
		default:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprint("id", len(events)))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", "99999999999999")
			io.WriteString(w, events[0])
			events = events[1:]
		}
	}))
	defer server.Close()
	var log bytes.Buffer
	r := &runtime{
		base:   server.URL + "/2018-06-01/runtime/invocation/",
		handle: newHandler(slog.New(slog.NewTextHandler(&log, nil))).Handle,
	}
	if err := r.serve(t.Context()); err == nil || !strings.Contains(err.Error(), "410") {
		t.Errorf("the runtime ended with %v", err)
	}
	want := "id2/response {\"batchItemFailures\":[]}\nid1/error {\"errorMessage\":\"kstream: lambda event: no Records\",\"errorType\":\"Error\"}\n"
	if answers != want {
		t.Errorf("answers\n%s, want\n%s", answers, want)
	}
	for _, text := range []string{"title=Emma price=12.5", `msg="no book"`, "title=Ulysses"} {
		if !strings.Contains(log.String(), text) {
			t.Errorf("the log lacks %s:\n%s", text, &log)
		}
	}
}

func TestOneEventOutsideOfLambda(t *testing.T) {
	var out bytes.Buffer
	h := newHandler(slog.New(slog.DiscardHandler))
	if err := handleOne(t.Context(), h.Handle, strings.NewReader(event(`{"title":"Emma"}`)), &out); err != nil || out.String() != "{\"batchItemFailures\":[]}\n" {
		t.Errorf("printed %q, error %v", &out, err)
	}
	if err := handleOne(t.Context(), h.Handle, strings.NewReader("nothing"), &out); err == nil {
		t.Error("no error")
	}
}
