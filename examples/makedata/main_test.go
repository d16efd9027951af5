package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinesiskit/kinesiskit/csvjson"
	"github.com/kinesiskit/kinesiskit/internal/books"
	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// inDirWith makes a folder of files, by name and text, the current one.
func inDirWith(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	romance = "Title,Author(s),Price,Description,KU\nA,\"B, C\",5.10,\"x\ny\",1\n,,,,\n"
	novels  = "title,author,price,description,genre\n1984,Orwell,CDN$ 6.99,,\"sci \"\"fi\"\"\"\n"
)

const joined = `{"Title":"A","Author(s)":"B, C","Price":5.10,"Description":"x\ny","KU":"1","genre":null},
{"Title":null,"Author(s)":null,"Price":null,"Description":null,"KU":null,"genre":null},
{"Title":"1984","Author(s)":"Orwell","Price":"CDN$ 6.99","Description":null,"KU":null,"genre":"sci \"fi\""}`

var makedataTests = []struct {
	name   string
	args   []string
	files  map[string]string
	output string // file to look at, or - for standard output
	want   string
	stderr string // is in the summary
}{
	{name: "defaults", output: "books.json", want: "[\n" + joined + "\n]\n",
		stderr: "makedata: 3 rows to books.json: "},
	{name: "to standard output", args: []string{"-o", "-"}, output: "-", want: "[\n" + joined + "\n]\n",
		stderr: "to standard output"},
	{name: "lines, missing left out", args: []string{"-o", "x.json", "-format", "ndjson", "-missing", "omit"}, output: "x.json",
		want: `{"Title":"A","Author(s)":"B, C","Price":5.10,"Description":"x\ny","KU":"1"}
{}
{"Title":"1984","Author(s)":"Orwell","Price":"CDN$ 6.99","genre":"sci \"fi\""}
`, stderr: "Price: text that is no number: 1"},
	{name: "arguments instead of the two files", args: []string{"-o", "-", "-format", "ndjson", "c.csv"}, output: "-",
		files: map[string]string{"c.csv": "Title\nC\n"}, want: "{\"Title\":\"C\"}\n", stderr: "c.csv: 1 row, 1 column"},
	{name: "arguments besides one of them", args: []string{"-o", "-", "-format", "ndjson", "-rom", "d.csv", "c.csv"}, output: "-",
		files: map[string]string{"c.csv": "Title\nC\n", "d.csv": "Title\nD\n"}, want: "{\"Title\":\"D\"}\n{\"Title\":\"C\"}\n"},
	{name: "other columns", args: []string{"-o", "-", "-format", "ndjson", "-numbers", "n", "-required", "", "-comma", `\t`, "-trim", "c.csv"},
		files: map[string]string{"c.csv": "n\tm\n1 \t 2\n"}, output: "-", want: "{\"n\":1,\"m\":\"2\"}\n"},
	{name: "renamed columns", args: []string{"-o", "-", "-format", "ndjson", "-rename", "Book Name=Title", "-rename", "=n", "-numbers", "n", "c.csv"},
		files: map[string]string{"c.csv": ",Book Name\n0,A\n"}, output: "-", want: "{\"n\":0,\"Title\":\"A\"}\n"},
	{name: "another encoding", args: []string{"-o", "-", "-format", "ndjson", "-encoding", "windows-1252", "c.csv"}, output: "-",
		files: map[string]string{"c.csv": "Title\nIt\x92s\n"}, want: "{\"Title\":\"It’s\"}\n"},
	{name: "lazy quotes", args: []string{"-o", "-", "-format", "ndjson", "-lazy", "c.csv"}, output: "-",
		files: map[string]string{"c.csv": "Title\n5\" disk\n"}, want: "{\"Title\":\"5\\\" disk\"}\n"},
	{name: "bad rows left out", args: []string{"-o", "-", "-format", "ndjson", "-skip-bad", "c.csv"}, output: "-",
		files: map[string]string{"c.csv": "Title,b\nA,1\nB\nC,3\n"}, want: "{\"Title\":\"A\",\"b\":\"1\"}\n{\"Title\":\"C\",\"b\":\"3\"}\n",
		stderr: "makedata: left out: csvjson: c.csv: line 3, column 2: row 2: wrong number of fields"},
	{name: "indented", args: []string{"-o", "-", "-format", "indent", "c.csv"}, output: "-",
		files: map[string]string{"c.csv": "Title\nA\n"}, want: "[\n  {\n    \"Title\": \"A\"\n  }\n]\n"},
}

func TestMakedata(t *testing.T) {
	for _, test := range makedataTests {
		t.Run(test.name, func(t *testing.T) {
			inDirWith(t, map[string]string{"rom.csv": romance, "book.csv": novels})
			for name, text := range test.files {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), test.args, &stdout, &stderr); code != 0 {
				t.Fatalf("exit code %d: %s", code, &stderr)
			}
			got := stdout.String()
			if test.output != "-" {
				text, err := os.ReadFile(test.output)
				if err != nil {
					t.Fatal(err)
				}
				got = string(text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
			if !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("summary does not say %q:\n%s", test.stderr, &stderr)
			}
		})
	}
}

func TestMakedataBadInput(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		file   string // text of c.csv
		code   int
		stderr []string
	}{
		{name: "missing file", args: []string{"none.csv"}, code: 1, stderr: []string{"none.csv: open: no such file", "-rom and -book"}},
		{name: "empty file", args: []string{"c.csv"}, code: 1, stderr: []string{"c.csv: the source is empty"}},
		{name: "no key column", args: []string{"c.csv"}, file: "name,cost\nA,1\n", code: 1,
			stderr: []string{`c.csv: line 1, column 1: a required column is missing: "Title"; the header has "name", "cost"`, "-rename header=column"}},
		{name: "unterminated quote", args: []string{"c.csv"}, file: "Title,b\nA,1\nB,\"2\nC,3\n", code: 1,
			stderr: []string{"c.csv: line 3, column 3: a quoted field opens here and never ends"}},
		{name: "another encoding", args: []string{"c.csv"}, file: "Title\nIt\x92s\n", code: 1,
			stderr: []string{"line 2, column 3: row 1: Title: not UTF-8 (byte 0x92); likely Windows-1252", "-encoding says"}},
		{name: "ragged row", args: []string{"c.csv"}, file: "Title,b\nA\n", code: 1, stderr: []string{"line 2, column 2", "-skip-bad"}},
		{name: "stray quote", args: []string{"c.csv"}, file: "Title\n5\" disk\n", code: 1, stderr: []string{"line 2, column 2", "-lazy"}},
		{name: "a folder as input", args: []string{"."}, code: 1, stderr: []string{"is a directory"}},
		{name: "a folder as output", args: []string{"-o", "."}, code: 1, stderr: []string{"output . is a directory"}},
		{name: "no folder for the output", args: []string{"-o", "no/x.json", "c.csv"}, file: "Title\nA\n", code: 1, stderr: []string{"output: open no/x.json"}},
		{name: "output over an input", args: []string{"-o", "./books.json", "c.csv", "books.json"}, file: "Title\nA\n", code: 1,
			stderr: []string{"output books.json is one of the files to read"}},
		{name: "unknown flag", args: []string{"-x"}, code: 2, stderr: []string{"-x", "makedata -h"}},
		{name: "unknown format", args: []string{"-format", "xml"}, code: 2, stderr: []string{"array, indent, ndjson"}},
		{name: "bad separator", args: []string{"-comma", "ab"}, code: 2, stderr: []string{"one ASCII character"}},
		{name: "no files", args: []string{"-rom", "", "-book", ""}, code: 2, stderr: []string{"no files to read"}},
		{name: "help", args: []string{"-h"}, code: 0, stderr: []string{"Usage: makedata", "-skip-bad"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inDirWith(t, map[string]string{"c.csv": test.file, "books.json": "before"})
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), test.args, &stdout, &stderr); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if strings.Contains(test.name, "output") && strings.Contains(stderr.String(), "-rom and -book") {
				t.Errorf("advice about the input for a fault of the output:\n%s", &stderr)
			}
			for _, want := range test.stderr {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("message does not say %q:\n%s", want, &stderr)
				}
			}
			checkUntouched(t)
		})
	}
}

// checkUntouched checks that a failed run left books.json, and nothing else.
func checkUntouched(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile("books.json")
	if err != nil || string(text) != "before" {
		t.Errorf("books.json is %q, %v after a failure", text, err)
	}
	if left, _ := filepath.Glob("*.tmp"); left != nil {
		t.Errorf("left behind: %q", left)
	}
}

func TestMakedataInterrupted(t *testing.T) {
	inDirWith(t, map[string]string{"c.csv": "Title\nA\n", "books.json": "before"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	if code := run(ctx, []string{"c.csv"}, &bytes.Buffer{}, &stderr); code != 1 || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("exit code %d, message %q", code, &stderr)
	}
	checkUntouched(t)
}

func TestOutputKeepsModeAndLinks(t *testing.T) {
	inDirWith(t, map[string]string{"c.csv": "Title\nA\n", "real.json": "before"})
	if err := os.Symlink("real.json", "link.json"); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"-o", "link.json", "c.csv"}, &bytes.Buffer{}, &stderr); code != 0 {
		t.Fatal(stderr.String())
	}
	info, err := os.Stat("real.json")
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() < 10 {
		t.Errorf("real.json: %v, %v; want a new file with the old mode", info, err)
	}
	if _, err := os.Readlink("link.json"); err != nil {
		t.Error(err)
	}
	if code := run(t.Context(), []string{"-o", os.DevNull, "c.csv"}, &bytes.Buffer{}, &stderr); code != 0 {
		t.Errorf("writing to %s: %s", os.DevNull, &stderr)
	}
}

// TestMakedataGenerated converts generated books and checks what is known
// about them.
func TestMakedataGenerated(t *testing.T) {
	var rom, book bytes.Buffer
	truth, err := books.Write(&rom, &book, 500, 1)
	if err != nil {
		t.Fatal(err)
	}
	inDirWith(t, map[string]string{"rom.csv": rom.String(), "book.csv": book.String()})
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-o", "-", "-missing", "omit"}, &stdout, &stderr); code != 0 {
		t.Fatal(stderr.String())
	}
	type row struct{ Price *float64 }
	got := books.Truth{Min: truth.Min, Max: truth.Max}
	for r, err := range csvjson.ReadJSON[row](&stdout) {
		if err != nil {
			t.Fatal(err)
		}
		got.Rows++
		if r.Price == nil {
			got.Missing++
			continue
		}
		got.Priced++
		got.Sum += int64(math.Round(*r.Price * 100))
	}
	if diff := cmp.Diff(truth, got); diff != "" {
		t.Errorf("generated books (-want +got):\n%s", diff)
	}
}
