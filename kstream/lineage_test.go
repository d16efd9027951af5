package kstream

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
)

// listing makes a list of shards of lines such as "c closed < a b": its ID,
// whether it is closed, its parents.
func listing(lines ...string) []types.Shard {
	var shards []types.Shard
	for _, line := range lines {
		name, parents, _ := strings.Cut(line, " < ")
		name, closed := strings.CutSuffix(name, " closed")
		s := types.Shard{ShardId: &name, SequenceNumberRange: &types.SequenceNumberRange{StartingSequenceNumber: aws.String("1")}}
		if closed {
			s.SequenceNumberRange.EndingSequenceNumber = aws.String("2")
		}
		if list := strings.Fields(parents); len(list) > 0 {
			s.ParentShardId = &list[0]
			if len(list) > 1 {
				s.AdjacentParentShardId = &list[1]
			}
		}
		shards = append(shards, s)
	}
	return shards
}

func place(t *testing.T, l *lineage, listed []types.Shard, cfg *consumerSettings, leases []Lease) {
	t.Helper()
	if err := placeShards(l, listed, cfg, leases); err != nil {
		t.Fatal(err)
	}
}

func ids(nodes []*shardNode) string {
	var list []string
	for _, n := range nodes {
		list = append(list, n.shard.ID)
	}
	return strings.Join(list, " ")
}

func TestLineageParentsFirst(t *testing.T) {
	l := newLineage()
	place(t, l, listing("a closed < gone", "b closed", "ab closed < a b", "x < ab", "y < ab", "lone"), &consumerSettings{}, nil)
	steps := []struct{ finish, begun, reason string }{
		{"", "a b lone", "a's parent is no longer listed"},
		{"a", "", "the merged shard has another parent"},
		{"b", "ab", ""},
		{"ab", "x y", "both children of a split"},
		{"x", "", ""},
	}
	for _, step := range steps {
		begun := ""
		if step.finish == "" {
			begun = ids(l.begin())
		} else {
			begun = ids(l.finish(step.finish, nil))
		}
		if diff := cmp.Diff(step.begun, begun); diff != "" {
			t.Errorf("after %q (%s) (-want +got):\n%s", step.finish, step.reason, diff)
		}
	}
	if got := ids(l.finish("lone", []Shard{{ID: "x", Parents: []string{"lone"}}})); got != "" {
		t.Errorf("a known shard was added and begun again: %s", got)
	}
}

func TestLineageLeftShardKeepsItsChildrenBack(t *testing.T) {
	l := newLineage()
	place(t, l, listing("a closed", "b closed", "ab < a b"), &consumerSettings{}, nil)
	l.begin()
	l.leave("a")
	if got := ids(l.finish("b", nil)); got != "" {
		t.Errorf("%s began although a parent was left", got)
	}
}

func TestPlaceShards(t *testing.T) {
	split := listing("p closed", "q", "p1 < p", "p2 closed < p", "p21 < p2")
	tests := []struct {
		name   string
		reason string
		listed []types.Shard
		start  Position
		own    map[string]Position
		leases []Lease
		want   map[string]string
	}{
		{
			name: "trim horizon", listed: split,
			want: map[string]string{"p": "TRIM_HORIZON", "q": "TRIM_HORIZON", "p1": "TRIM_HORIZON", "p2": "TRIM_HORIZON", "p21": "TRIM_HORIZON"},
		},
		{
			name: "latest leaves closed shards out", listed: split, start: Latest(),
			want: map[string]string{"p": "SHARD_END", "q": "LATEST", "p1": "LATEST", "p2": "SHARD_END", "p21": "LATEST"},
		},
		{
			name: "latest, split while listing", listed: listing("a", "b < a", "c closed < a", "d < c"), start: Latest(),
			reason: "what was written to b before its iterator is made came after the loop began",
			want:   map[string]string{"a": "LATEST", "b": "TRIM_HORIZON", "c": "TRIM_HORIZON", "d": "TRIM_HORIZON"},
		},
		{
			name: "own positions", listed: split, start: Latest(),
			own:  map[string]Position{"p": AfterSequenceNumber("7"), "p21": AtSequenceNumber("9")},
			want: map[string]string{"p": "AFTER_SEQUENCE_NUMBER 7", "q": "LATEST", "p1": "TRIM_HORIZON", "p2": "TRIM_HORIZON", "p21": "AT_SEQUENCE_NUMBER 9"},
		},
		{
			name: "descendants of a shard that was read", listed: listing("p21 < p2", "p2 closed < p", "p closed"), start: Latest(),
			own:  map[string]Position{"p": ShardEnd()},
			want: map[string]string{"p": "SHARD_END", "p2": "TRIM_HORIZON", "p21": "TRIM_HORIZON"},
		},
		{
			name: "leases", start: Latest(), listed: listing("old closed", "p closed < old", "p1 < p", "p2 < p", "n"),
			own:    map[string]Position{"n": ShardEnd()},
			leases: []Lease{{ShardID: "p", Parents: []string{"old"}, Position: AfterRecord("5", 1), Version: 2}, {ShardID: "p1", Parents: []string{"p"}}},
			reason: "old was left out at first; what the Store doesn't know is new; the configuration counts no more",
			want:   map[string]string{"old": "SHARD_END", "p": "AFTER_SEQUENCE_NUMBER 5 1", "p1": "TRIM_HORIZON", "p2": "TRIM_HORIZON", "n": "TRIM_HORIZON"},
		},
		{
			name: "leases of a loop that ended before it had created all", start: Latest(),
			listed: listing("old closed", "a", "b closed", "b1 < b", "c closed", "c1 < c", "c2 < c"),
			own:    map[string]Position{"c": AfterRecord("5", 0)},
			leases: []Lease{{ShardID: "a", Position: AtTime(time.Unix(7, 0)), Version: 1}, {ShardID: "c1", Parents: []string{"c"}, Version: 1}},
			reason: "b can have been split since the time that LATEST was",
			want: map[string]string{
				"old": "AT_TIMESTAMP 1970-01-01T00:00:07Z", "a": "AT_TIMESTAMP 1970-01-01T00:00:07Z",
				"b": "AT_TIMESTAMP 1970-01-01T00:00:07Z", "b1": "AT_TIMESTAMP 1970-01-01T00:00:07Z",
				"c": "AFTER_SEQUENCE_NUMBER 5 0", "c1": "TRIM_HORIZON", "c2": "TRIM_HORIZON",
			},
		},
		{
			name: "leases of another start", start: Latest(), listed: listing("a", "b"),
			leases: []Lease{{ShardID: "a", Version: 1}},
			want:   map[string]string{"a": "TRIM_HORIZON", "b": "TRIM_HORIZON"},
		},
		{
			name: "leases of shards that vanished", listed: listing("c < b"),
			leases: []Lease{{ShardID: "a", Position: ShardEnd()}, {ShardID: "b", Parents: []string{"a"}, Position: AfterRecord("5", 0)}},
			want:   map[string]string{"b": "AFTER_SEQUENCE_NUMBER 5 0", "c": "TRIM_HORIZON"},
		},
		{
			name: "descendants of a trimmed shard", start: Latest(),
			listed: listing("shardId-000000000002", "shardId-000000000003 < shardId-000000000001",
				"shardId-000000000008 < shardId-000000000006", "shardId-000000000009 < shardId-000000000002"),
			own:    map[string]Position{"shardId-000000000005": AfterRecord("7", 0)},
			reason: "6 is gone as well, and may come from 5; 1 is older",
			want: map[string]string{
				"shardId-000000000005": "AFTER_SEQUENCE_NUMBER 7 0",
				"shardId-000000000002": "LATEST", "shardId-000000000003": "LATEST",
				"shardId-000000000008": "TRIM_HORIZON", "shardId-000000000009": "TRIM_HORIZON",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLineage()
			place(t, l, tt.listed, &consumerSettings{start: tt.start, startShards: tt.own}, tt.leases)
			got := make(map[string]string)
			for id, node := range l.nodes {
				got[id] = node.start.position.String()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
			}
		})
	}
}
