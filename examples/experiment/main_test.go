package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest"
)

// call runs the program.
func call(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// cells returns what a line of the printed table holds beside its label.
func cells(t *testing.T, table, label string) string {
	t.Helper()
	for line := range strings.Lines(table) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), label+"  "); ok {
			return strings.TrimSpace(rest)
		}
	}
	t.Errorf("no line %q in\n%s", label, table)
	return ""
}

var runTests = []struct {
	name  string
	args  []string
	long  bool
	head  string
	lines [][2]string // label, cells
}{
	{
		name: "a table of its own", args: []string{"-rows", "1200", "-shards", "2", "-delay", "20ms"},
		head: "1,200 records, 2 shards",
		lines: [][2]string{
			{"round-trip delay of the server", "20.0 ms"},
			{"the original (put_record, Python, AWS)", "–"},
			{"one PutRecord after the other", "~ 24.00 s"},
			{"records", "1,200"},
			{"lost, doubled", "0, 0"},
			{"equal to what is known", "yes, to the last digit"},
			{"PUT payload units of 25 KB", "1,200"},
			{"provisioned", "0.0300 + 0.000017"},
		},
	},
	{
		name: "as in the README", long: true,
		head: "212 records, 1 shard 8,786 records, 2 shards",
		lines: [][2]string{
			{"books", "made up made up"},
			{"round-trip delay of the server", "43.4 ms 25.8 ms"},
			{"the original (put_record, Python, AWS)", "10.36 s 276.68 s"},
			{"one PutRecord after the other", "9.20 s ~ 226.68 s"},
			{"records", "212 8,786"},
			{"lost, doubled", "0, 0 0, 0"},
			{"priced", "188 7,150"},
			{"missing", "24 1,636"},
			{"sum", "35179.55 4134016.42"},
			{"equal to what is known", "yes, to the last digit yes, to the last digit"},
			{"PUT payload units of 25 KB", "212 8,786"},
			{"provisioned", "0.0150 + 0.000003 0.0300 + 0.000123"},
		},
	},
}

// TestRun runs the program in fake time, in which a request takes its delay
// and nothing else: on a table of its own choice and, if KINESISKIT_LONG is
// set, as the README has it.
func TestRun(t *testing.T) {
	for _, tt := range runTests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.long && os.Getenv("KINESISKIT_LONG") == "" {
				t.Skip("TestProducerKeepsToTheLimits has the same sizes; KINESISKIT_LONG=1 runs this too")
			}
			synctest.Test(t, func(t *testing.T) {
				code, stdout, stderr := call(t.Context(), tt.args...)
				if code != 0 || stderr != "" {
					t.Fatalf("exit %d, %s", code, stderr)
				}
				for _, line := range tt.lines {
					if got := words(cells(t, stdout, line[0])); got != line[1] {
						t.Errorf("%s: %s, want %s", line[0], got, line[1])
					}
				}
				if head, _, _ := strings.Cut(stdout, "\n"); words(head) != tt.head {
					t.Errorf("head %s, want %s", words(head), tt.head)
				}
			})
		})
	}
}

// words makes every space between words a single one.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestRunOnFiles runs the made-up books again as files that were saved: the
// statistics are the same.
func TestRunOnFiles(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		code, made, stderr := call(t.Context(), "-rows", "60")
		if code != 0 {
			t.Fatalf("exit %d, %s", code, stderr)
		}
		code, names, stderr := call(t.Context(), "-rows", "60", "-save", dir)
		if want := filepath.Join(dir, "book60.csv") + "\n" + filepath.Join(dir, "rom60.csv") + "\n"; code != 0 || names != want {
			t.Fatalf("exit %d, %s, %s", code, stderr, names)
		}
		code, read, stderr := call(t.Context(), "-shards", "3", "-full",
			"-rom", filepath.Join(dir, "rom60.csv"), "-book", filepath.Join(dir, "book60.csv"))
		if code != 0 {
			t.Fatalf("exit %d, %s", code, stderr)
		}
		for _, label := range []string{"priced", "missing", "sum", "mean", "smallest", "largest", "median", "standard deviation"} {
			if diff := cmp.Diff(cells(t, made, label), cells(t, read, label)); diff != "" {
				t.Errorf("%s (-made up +from files):\n%s", label, diff)
			}
		}
	})
}

// TestRunOnAWS takes the way to the real service: the ordinary configuration,
// an endpoint, streams that are made and deleted.
func TestRunOnAWS(t *testing.T) {
	server := kstreamtest.NewServer(kstreamtest.Options{})
	defer server.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", kstreamtest.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", kstreamtest.SecretAccessKey)
	code, stdout, stderr := call(t.Context(), "-aws", "-region", "us-east-1", "-endpoint", server.URL(), "-rows", "30")
	if code != 0 {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	if got := cells(t, stdout, "equal to what is known"); got != "yes, to the last digit" {
		t.Errorf("statistics: %s", got)
	}
	if got := server.Counters().Operations["DeleteStream"].Calls; got != 4 {
		t.Errorf("%d of 4 streams are deleted", got)
	}
}

func TestRunErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good := file("good.csv", "title,author,price,description\na,b,1.00,c\n")
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"help", []string{"-h"}, 0, "Usage: experiment"},
		{"unknown flag", []string{"-what"}, 2, "-what"},
		{"argument", []string{"what"}, 2, `unexpected arguments ["what"]`},
		{"one file", []string{"-rom", good}, 2, "-rom and -book go together"},
		{"rows of files", []string{"-rom", good, "-book", good, "-rows", "3"}, 2, "-rows is for made-up books"},
		{"negative", []string{"-rows", "-1", "-shards", "-1", "-delay", "-1s"}, 2, "-shards is negative"},
		{"delay on AWS", []string{"-aws", "-delay", "1s"}, 2, "real AWS has its own"},
		{"region without AWS", []string{"-region", "eu-west-1"}, 2, "go with -aws"},
		{"no such file", []string{"-rom", "nowhere.csv", "-book", good}, 1, "nowhere.csv"},
		{"empty file", []string{"-rom", file("empty.csv", ""), "-book", good}, 1, "empty.csv: the source is empty"},
		{"no key column", []string{"-rom", file("keyless.csv", "Name,Price\na,1\n"), "-book", good}, 1, `"Title"`},
		{"open quote", []string{"-rom", file("quote.csv", "Title,Price\na,1\n\"b,2\nc,3\n"), "-book", good}, 1, "quote.csv: line 3, column 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := call(t.Context(), tt.args...)
			if code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit %d, want %d with %q; standard error:\n%s", code, tt.code, tt.want, stderr)
			}
			if stdout != "" {
				t.Errorf("standard output:\n%s", stdout)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // in the middle of the baseline
		defer cancel()
		code, stdout, stderr := call(ctx, "-rows", "212")
		if code != 1 || stdout != "" || stderr != "experiment: interrupted: there are no figures of half a run\n" {
			t.Errorf("exit %d\n%s\n%s", code, stdout, stderr)
		}
	})
}

// TestCheckFindsWhatIsWrong: the program's verdict must be able to be no.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	book := func(key, price string) record { return record{key: key, data: []byte(`{"Price":` + price + `}`)} }
	written := []record{book("a", "1.50"), book("b", "2"), book("b", "2"), book("c", "null")}
	want := truth{priced: 3, sum: "5.5"}
	tests := []struct {
		name string
		read []record
		want string // part of the error
	}{
		{"all", []record{written[3], written[1], written[0], written[2]}, ""},
		{"one lost", written[:3], "records: 1 lost, 0 too many"},
		{"one of two equal ones lost", []record{written[0], written[1], written[3]}, "records: 1 lost, 0 "},
		{"one twice", append([]record{written[3]}, written...), "records: 0 lost, 1 too many"},
		{"another key", []record{book("x", "1.50"), written[1], written[2], written[3]}, "records: 1 lost, 1 "},
		{"another price", []record{book("a", "1.51"), written[1], written[2], written[3]}, "sum up to 5.51, not 5.5"},
		{"a price more", []record{written[0], written[1], written[2], book("c", "0")}, "books with a price: 4, not 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var back readBack
			for _, r := range tt.read {
				back.prices.AddPrice(priceOf(r.data))
			}
			back.compare(written, tt.read)
			err := back.check(want)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
