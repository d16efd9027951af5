package kpl

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGolden reads aggregates that a library of AWS wrote, and writes the same bytes. The file says what made it.
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/aws_kinesis_agg.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Origin     string
		Aggregates []struct {
			Name    string
			Members []struct {
				PartitionKey    string `json:"partition_key"`
				ExplicitHashKey string `json:"explicit_hash_key"`
				Data            []byte
			}
			Record []byte
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if file.Origin == "" || len(file.Aggregates) == 0 {
		t.Fatalf("origin %q, %d aggregates", file.Origin, len(file.Aggregates))
	}
	for _, a := range file.Aggregates {
		t.Run(a.Name, func(t *testing.T) {
			var want []Member
			for _, m := range a.Members {
				want = append(want, Member(m))
			}
			got, aggregated, err := decode(a.Record)
			if !aggregated || err != nil {
				t.Fatalf("aggregated %v, error %v", aggregated, err)
			}
			if d := diff(want, got); d != "" {
				t.Errorf("read: (-want +got)\n%s", d)
			}
			if d := cmp.Diff(a.Record, build(want)); d != "" {
				t.Errorf("written: (-want +got)\n%s", d)
			}
		})
	}
}
