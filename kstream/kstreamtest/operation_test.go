package kstreamtest

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// TestOperations compares the operations and their members with those of the SDK:
// all that a client can send is known, but for channels.
func TestOperations(t *testing.T) {
	operations := indexOperations()
	client := reflect.TypeFor[*kinesis.Client]()
	seen := 0
	for method := range client.Methods() {
		if method.Type.NumIn() < 3 || !strings.HasSuffix(method.Type.In(2).String(), "."+method.Name+"Input") || strings.Contains(method.Name, "Channel") {
			continue
		}
		seen++
		op := operations[method.Name]
		if op == nil {
			t.Errorf("%s is not known", method.Name)
			continue
		}
		var want, got []string
		for _, field := range reflect.VisibleFields(method.Type.In(2).Elem()) {
			if field.IsExported() {
				want = append(want, field.Name)
			}
		}
		for _, m := range op.members {
			got = append(got, m.name)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s has the members %v, want %v", method.Name, got, want)
		}
	}
	if seen != len(operations) {
		t.Errorf("the SDK has %d of %d operations", seen, len(operations))
	}
}
