package progress

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestShowPaintsAndWipes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen bytes.Buffer
		n := 0
		stop := show(&screen, func() string { n++; return fmt.Sprintf("%d records", n) })
		time.Sleep(3*interval + interval/2)
		stop()
		painted := strings.Split(screen.String(), "\r")
		want := []string{"", "1 records", "2 records", "3 records", "", ""}
		if len(painted) != len(want) {
			t.Fatalf("painted %q", painted)
		}
		for i := range want {
			if got := strings.TrimRight(painted[i], " "); got != want[i] {
				t.Errorf("line %d: %q, want %q", i, got, want[i])
			}
			if i > 0 && i < len(want)-1 && utf8.RuneCountInString(painted[i]) != width {
				t.Errorf("line %d does not fill the width: what stood there shines through", i)
			}
		}
	})
}

// TestShowOnlyOnATerminal: what is written to a file, or into a pipe, is read
// by programs.
func TestShowOnlyOnATerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var pipe bytes.Buffer
	if isTerminal(file) || isTerminal(&pipe) {
		t.Error("a file or a buffer is taken for a terminal")
	}
	Show(&pipe, func() string { t.Error("asked for a line"); return "" })()
}

func TestBar(t *testing.T) {
	tests := []struct {
		done, total int64
		want        string
	}{
		{0, 0, ""},
		{5, -1, ""},
		{0, 10, "[" + strings.Repeat("·", 30) + "]   0 %  "},
		{5, 10, "[" + strings.Repeat("#", 15) + strings.Repeat("·", 15) + "]  50 %  "},
		{11, 10, "[" + strings.Repeat("#", 30) + "] 100 %  "},
	}
	for _, tt := range tests {
		if got := Bar(tt.done, tt.total); got != tt.want {
			t.Errorf("Bar(%d, %d) = %q, want %q", tt.done, tt.total, got, tt.want)
		}
	}
	if got := fit(strings.Repeat("ü", 100)); utf8.RuneCountInString(got) != width {
		t.Errorf("a long line is cut to %d characters, want %d", utf8.RuneCountInString(got), width)
	}
}
