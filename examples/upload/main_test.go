package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/csvjson"
	"github.com/kinesiskit/kinesiskit/internal/books"
	"github.com/kinesiskit/kinesiskit/internal/leaktest"
	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// transferTo runs the program with a client; what it would end with is in err.
func transferTo(ctx context.Context, t *testing.T, client *kinesis.Client, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	o, err := parse(args, &errs)
	if err != nil {
		t.Fatal(err)
	}
	err = transfer(ctx, client, o, strings.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), err
}

// booksJSON makes a file of made-up books.
func booksJSON(t *testing.T, rows int) (name, text string) {
	t.Helper()
	var romance, book, out bytes.Buffer
	if _, err := books.Write(&romance, &book, rows, 1); err != nil {
		t.Fatal(err)
	}
	options := csvjson.Options{
		Columns: []csvjson.Column{{Name: "Title", Aliases: []string{"title"}}},
		Format:  csvjson.Indented,
	}
	_, err := csvjson.Convert(&out, options, csvjson.Reader("rom.csv", &romance), csvjson.Reader("book.csv", &book))
	if err != nil {
		t.Fatal(err)
	}
	return saved(t, "books.json", out.String()), out.String()
}

func saved(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestUploadForms puts the same three records in every form that a file has.
func TestUploadForms(t *testing.T) {
	want := map[string]string{
		"a":       `{"Title":"a","Price":5.10}`,
		"(empty)": `{"Title":null,"Price":null}`,
		"1984":    `{"Title":"1984"}`,
	}
	const a, empty, orwell = `{ "Title": "a", "Price": 5.10 }`, `{"Title":null,"Price":NaN}`, `{"Title":"1984"}`
	tests := []struct{ name, file, text string }{
		{"array", "b.json", "[\n  " + a + ",\n  " + empty + ",\n  " + orwell + "\n]\n"},
		{"array in an array", "b.json", "[[" + a + "," + empty + "," + orwell + "]]"},
		{"a record a line", "b.ndjson", a + "\n" + empty + "\n" + orwell + "\n"},
		{"byte order mark", "b.json", "\ufeff[" + a + "," + empty + "," + orwell + "]"},
	}
	for _, tt := range tests {
		for _, stdin := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s stdin %t", tt.name, stdin), func(t *testing.T) {
				server := kstreamtest.NewServer(kstreamtest.Options{})
				defer server.Close()
				file, input := saved(t, tt.file, tt.text), ""
				if stdin {
					file, input = "-", tt.text
				}
				_, _, err := transferTo(t.Context(), t, server.Client(), input, "-stream", "books", "-create", "1", "-key", "TITLE", file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, contents(server)); diff != "" {
					t.Errorf("stream (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestUploadCSV: a title 1984 stays text, and an empty field is left out.
func TestUploadCSV(t *testing.T) {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	file := saved(t, "b.CSV", "Title,Price\n1984,5.10\n,2\n\"a \"\"b\"\"\",\n")
	if _, _, err := transferTo(t.Context(), t, server.Client(), "", "-stream", "books", "-create", "1", file); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"1984": `{"Title":"1984","Price":"5.10"}`, "(empty)": `{"Price":"2"}`, `a "b"`: `{"Title":"a \"b\""}`,
	}
	if diff := cmp.Diff(want, contents(server)); diff != "" {
		t.Errorf("stream (-want +got):\n%s", diff)
	}
}

// TestUploadWithoutKey: an empty -key gives each record a random key.
func TestUploadWithoutKey(t *testing.T) {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 2)
	file := saved(t, "b.csv", "Name\n"+strings.Repeat("a\n", 200))
	_, stderr, err := transferTo(t.Context(), t, server.Client(), "", "-stream", "books", "-key", "", file)
	if err != nil || stderr != "" {
		t.Fatalf("error %v, standard error %q", err, stderr)
	}
	shards := make(map[string]int)
	for _, r := range server.Records("books") {
		shards[r.Shard]++
	}
	if len(shards) != 2 || shards["shardId-000000000000"]+shards["shardId-000000000001"] != 200 {
		t.Errorf("records by shard: %v", shards)
	}
}

// contents returns the records of the stream books by their keys.
func contents(server *kstreamtest.Server) map[string]string {
	got := make(map[string]string)
	for _, r := range server.Records("books") {
		got[r.PartitionKey] = string(r.Data)
	}
	return got
}

func TestUploadSummary(t *testing.T) {
	file, _ := booksJSON(t, 212)
	synctest.Test(t, func(t *testing.T) {
		server := kstreamtest.NewServer(kstreamtest.Options{Delay: 50 * time.Millisecond})
		defer server.Close()
		stdout, stderr, err := transferTo(t.Context(), t, server.Client(), "", "-stream", "books", "-create", "2", file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"records  212 acknowledged\n", "212 PUT payload units of 25 KB\n", "retries  0 records sent again, 0 throttled\n", "p99 50.0 ms",
		} {
			if !strings.Contains(stdout, want) {
				t.Errorf("no %q in\n%s", want, stdout)
			}
		}
		if want := "created the stream books, shards: 2\n"; stderr != want {
			t.Errorf("standard error %q, want %q", stderr, want)
		}
		if got := len(server.Records("books")); got != 212 {
			t.Errorf("%d records in the stream", got)
		}
	})
}

var (
	acknowledged = regexp.MustCompile(`(\d+) records? (?:was|were) acknowledged`)
	twice        = regexp.MustCompile(`(\d+) of them will be there twice`)
	command      = regexp.MustCompile(`(?m)^  upload (.*)$`)
)

// TestUploadInterrupted interrupts an upload that takes two seconds at some
// points, runs the command that it prints, and looks at what is in the stream.
func TestUploadInterrupted(t *testing.T) {
	file, text := booksJSON(t, 2000)
	const ms = time.Millisecond
	for shards, points := range map[int][]time.Duration{
		1: {0, 90 * ms, 777 * ms},
		2: {140 * ms}, // acknowledged in another order than sent
	} {
		for _, after := range points {
			t.Run(fmt.Sprintf("%d shards %v", shards, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { interrupt(t, shards, after, file, text) })
			})
		}
	}
}

func interrupt(t *testing.T, shards int, after time.Duration, file, text string) {
	server := kstreamtest.NewServer(kstreamtest.Options{Delay: 50 * time.Millisecond})
	defer server.Close()
	server.CreateStream("books", shards)
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	_, _, err := transferTo(ctx, t, server.Client(), "", "-stream", "books", file)
	if err == nil || !strings.HasPrefix(err.Error(), "interrupted") {
		t.Fatalf("error %v", err)
	}
	if !acknowledged.MatchString(err.Error()) {
		if n := len(server.Records("books")); n > 0 || after > 100*time.Millisecond {
			t.Errorf("%v, but there are %d records", err, n)
		}
		return
	}
	if got, want := find(t, acknowledged, err), len(server.Records("books")); got != want {
		t.Errorf("it says that %d records were acknowledged; %d are in the stream", got, want)
	}
	again := command.FindStringSubmatch(err.Error())
	if again == nil {
		t.Fatalf("no command in %v", err)
	}
	_, _, err2 := transferTo(t.Context(), t, server.Client(), "", strings.Fields(again[1])...)
	if err2 != nil {
		t.Fatal(err2)
	}
	left := make(map[string]int)
	for record := range csvjson.ReadJSON[json.RawMessage](strings.NewReader(text)) {
		left[string(compact(record))]++
	}
	doubled := 0
	for _, r := range server.Records("books") {
		left[string(r.Data)]--
	}
	for _, n := range left {
		if n > 0 {
			t.Fatalf("%d records are lost", n)
		}
		doubled -= n
	}
	want := 0
	if twice.MatchString(err.Error()) {
		want = find(t, twice, err)
	}
	if doubled != want {
		t.Errorf("%d records are there twice, it announced %d", doubled, want)
	}
}

func find(t *testing.T, what *regexp.Regexp, err error) int {
	t.Helper()
	match := what.FindStringSubmatch(err.Error())
	if match == nil {
		t.Fatalf("no %v in %v", what, err)
	}
	n, _ := strconv.Atoi(match[1])
	return n
}

// TestUploadBrokenFile: what comes before the place at which a file breaks off
// is uploaded, and the file, once mended, is gone on with.
func TestUploadBrokenFile(t *testing.T) {
	file, text := booksJSON(t, 212)
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 1)
	broken := saved(t, "broken.json", text[:len(text)*2/3])
	_, _, err := transferTo(t.Context(), t, server.Client(), "", "-stream", "books", broken)
	if err == nil {
		t.Fatal("no error")
	}
	n := find(t, acknowledged, err)
	if got := len(server.Records("books")); n != got || n < 100 || n > 200 {
		t.Errorf("it says that %d records were acknowledged; %d are in the stream", n, got)
	}
	want := fmt.Sprintf("%s: line ", broken)
	if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("(byte %d)", len(text)*2/3)) ||
		!errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error does not say where:\n%v", err)
	}
	_, _, err = transferTo(t.Context(), t, server.Client(), "", "-stream", "books", "-from", strconv.Itoa(n), file)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(server.Records("books")); got != 212 {
		t.Errorf("%d records in the stream, want 212", got)
	}
}

// TestUploadInterruptedWaiting: Ctrl-C ends an upload whose input has stalled.
func TestUploadInterruptedWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := kstreamtest.NewServer(kstreamtest.Options{})
		defer server.Close()
		server.CreateStream("books", 1)
		stdin, stalled := io.Pipe()
		defer stalled.Close() // ends the read that cannot be broken off
		go io.WriteString(stalled, `{"Title":"a"}`+"\n")
		o, err := parse([]string{"-stream", "books", "-"}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		err = transfer(ctx, server.Client(), o, stdin, io.Discard, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), "interrupted\n1 record was acknowledged") {
			t.Errorf("error %v", err)
		}
		if took := time.Since(begin); took > time.Minute+settleTimeout {
			t.Errorf("it took %v to end", took)
		}
	})
}

// TestUploadTooLarge: one record that the stream does not take is named, and
// the others are uploaded.
func TestUploadTooLarge(t *testing.T) {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	server.CreateStream("books", 1)
	text := `{"Title":"a"}{"Title":"huge","x":"` + strings.Repeat("x", 1<<20) + `"}{"Title":"b"}`
	_, stderr, err := transferTo(t.Context(), t, server.Client(), text, "-stream", "books", "-")
	if err == nil || err.Error() != "2 records were acknowledged, 1 can never be sent, 0 may be in the stream" {
		t.Errorf("error %v", err)
	}
	if want := `not sent: record 2 (key "huge"): kstream: a record of 1048`; !strings.HasPrefix(stderr, want) {
		t.Errorf("standard error %.200s, want %s...", stderr, want)
	}
	if got := len(server.Records("books")); got != 2 {
		t.Errorf("%d records in the stream, want 2", got)
	}
}

func TestUploadErrors(t *testing.T) {
	good := saved(t, "good.json", `[{"Title":"a"}]`)
	tests := []struct {
		name   string
		args   []string
		stderr string
		want   string
	}{
		{"unknown stream", []string{"-stream", "nope", good}, "", "no such stream here: check the name and the region"},
		{"no file", []string{"-stream", "books", "nowhere.json"}, "", "open nowhere.json"},
		{"not JSON", []string{"-stream", "books", saved(t, "x.json", "Title,Price\n")}, "", "x.json: line 1, column 1"},
		{"empty CSV", []string{"-stream", "books", saved(t, "x.csv", "")}, "", "x.csv: the source is empty"},
		{"open quote", []string{"-stream", "books", saved(t, "y.csv", "Title\na\n\"b\nc\n")}, "", "y.csv: line 3, column 1"},
		{"no key column", []string{"-stream", "books", saved(t, "z.csv", "Name\na\n")}, "", `z.csv: line 1, column 1: a required column is missing: "Title"; the header has "Name": -key names`},
		{"no key in JSON", []string{"-stream", "books", saved(t, "z.json", `[{"Name":"a"}]`)}, `no record has a text in "Title"`, ""},
		{"empty array", []string{"-stream", "books", saved(t, "e.json", "[]")}, "e.json has no records", ""},
		{"nothing left", []string{"-stream", "books", "-from", "7", good}, "no more than 7 records: nothing was left", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := kstreamtest.NewServer(kstreamtest.Options{})
			defer server.Close()
			server.CreateStream("books", 1)
			_, stderr, err := transferTo(t.Context(), t, server.Client(), "", tt.args...)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if !strings.Contains(stderr, tt.stderr) {
				t.Errorf("standard error %q, want %q", stderr, tt.stderr)
			}
		})
	}
}

// TestRun goes the whole way, through the environment and a real connection.
func TestRun(t *testing.T) {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_KINESIS", server.URL())
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", kstreamtest.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", kstreamtest.SecretAccessKey)
	file := saved(t, "good.json", `[{"Title":"a"}]`)
	tests := []struct {
		name string
		args []string
		code int
		want string // in both outputs
	}{
		{"help", []string{"-h"}, 0, "Usage: upload -stream NAME"},
		{"no stream", []string{file}, 2, "upload: -stream is missing: see -h\n"},
		{"no file", []string{"-stream", "s"}, 2, "upload: the file is missing"},
		{"flag behind", []string{"-stream", "s", file, "-from", "3"}, 2, `flags before it: what is ["-from" "3"]?`},
		{"negative", []string{"-stream", "s", "-from", "-1", "-create", "-1", file}, 2, "-create is negative\n-from is negative: see -h"},
		{"uploads", []string{"-stream", "books", "-create", "1", file}, 0, "records  1 acknowledged\n"},
		{"again, there is one", []string{"-stream", "books", "-create", "5", "-file", file}, 0, "records  1 acknowledged\n"},
		{"no stream there", []string{"-stream", "nope", file}, 1, "upload: no such stream here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := run(t.Context(), tt.args, strings.NewReader(""), &out, &out); code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			if !strings.Contains(out.String(), tt.want) {
				t.Errorf("no %q in\n%s", tt.want, &out)
			}
		})
	}
}

func TestCommand(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-stream", "s", "b.json"}, "upload -stream s -from 7 b.json"},
		{[]string{"-stream=s", "-from", "3", "-aggregate", "-file", "b.json"}, "upload -aggregate=true -stream s -from 7 b.json"},
		{[]string{"-stream", "s", "-key", "It's a key", "my books.json"}, `upload -key 'It'\''s a key' -stream s -from 7 'my books.json'`},
		{[]string{"-stream", "s", "-key", "", "-"}, `upload -key '' -stream s -from 7 -`},
	}
	for _, tt := range tests {
		o, err := parse(tt.args, &bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, o.command(7)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
