package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	table := table{heads: []string{"small", "large"}}
	table.add("Upload")
	table.add("  größe", "1", "2 × 3")
	table.add("  time", "10.36 s", "–")
	want := "           small  large\n\nUpload\n  größe        1  2 × 3\n  time   10.36 s      –\n"
	var got bytes.Buffer
	table.write(&got)
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFormats(t *testing.T) {
	tests := []struct{ got, want string }{
		{seconds(0), "0.0 ms"},
		{seconds(43400 * time.Microsecond), "43.4 ms"},
		{seconds(10360 * time.Millisecond), "10.36 s"},
		{times(3*time.Second, 2*time.Second), "1.50 ×"},
		{times(100*time.Second, 2*time.Second), "50 ×"},
		{times(time.Second, 0), "–"},
		{times(0, 0), "–"},
		{grouped(0), "0"},
		{grouped(999), "999"},
		{grouped(1000), "1,000"},
		{grouped(-11553674), "-11,553,674"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
