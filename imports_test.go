package kinesiskit_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kinesiskit/kinesiskit"

// What each package may import beside the standard library; a path stands for
// itself and for what lies under it. Users of csvjson compile nothing of the
// AWS SDK, users of kstream nothing of its configuration chain, and kstreamtest
// stands below kstream, so that kstream's own tests can use it.
var arrows = map[string][]string{
	"":                          {},
	"csvjson":                   {},
	"aggregate":                 {},
	"internal/kpl":              {module + "/internal/md5x"},
	"internal/shardmap":         {module + "/internal/md5x"},
	"internal/ratelimit":        {},
	"internal/books":            {},
	"internal/md5x":             {"golang.org/x/sys/cpu"},
	"internal/leaktest":         {},
	"internal/fence":            {},
	"internal/wire":             {sdk, sdkKinesis, smithy, module + "/internal/wire"},
	"internal/wire/b64":         {"golang.org/x/sys/cpu"},
	"kstream":                   {sdk, sdkKinesis, smithy, module + "/internal", "github.com/klauspost/compress"},
	"kstream/kstreamtest":       {sdk, sdkKinesis, smithy, sdkCredentials, sdkEventStream, module + "/internal", module + "/kstream/kstreamtest"},
	"kstream/storetest":         {module + "/kstream"},
	"examples":                  {"github.com/aws", module},
	"examples/internal":         {module},
	"examples/internal/connect": {"github.com/aws", module},
	".ci":                       {"github.com/aws", module},
}

const (
	sdk            = "github.com/aws/aws-sdk-go-v2/aws"
	sdkKinesis     = "github.com/aws/aws-sdk-go-v2/service/kinesis"
	sdkCredentials = "github.com/aws/aws-sdk-go-v2/credentials"
	sdkEventStream = "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	smithy         = "github.com/aws/smithy-go"
)

// Tests may import these too.
var testArrows = []string{"github.com/google/go-cmp", sdk, sdkKinesis, sdkCredentials, smithy, module}

func TestImportArrows(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		files++
		dir := path.Dir(filepath.ToSlash(name))
		if dir == "." {
			dir = ""
		}
		allowed, ok := arrowsOf(dir)
		if !ok {
			t.Errorf("%s: package %s is not in the table of import arrows", name, dir)
			return nil
		}
		isTest := strings.HasSuffix(name, "_test.go")
		if isTest {
			allowed = append(slices.Clone(allowed), testArrows...)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			standard := !strings.Contains(strings.Split(imported, "/")[0], ".")
			if !standard && !slices.ContainsFunc(allowed, func(a string) bool { return under(imported, a) }) {
				t.Errorf("%s imports %s", name, imported)
			}
			if under(dir, "kstream/kstreamtest") && imported == module+"/kstream" {
				t.Errorf("%s: kstreamtest must not know kstream, not even in its tests", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 5 {
		t.Fatalf("found %d Go files: is this the module's root?", files)
	}
}

// arrowsOf finds the row for dir or the nearest folder above it.
func arrowsOf(dir string) ([]string, bool) {
	for d := dir; ; d = path.Dir(d) {
		if d == "." {
			d = ""
		}
		if allowed, ok := arrows[d]; ok && (d != "" || dir == "") {
			return allowed, true
		}
		if d == "" {
			return nil, false
		}
	}
}

func under(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}
