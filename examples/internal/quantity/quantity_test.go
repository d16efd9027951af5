package quantity

import (
	"testing"

	"github.com/kinesiskit/kinesiskit/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestOf(t *testing.T) {
	for n, want := range map[int64]string{0: "0 records", 1: "1 record", 2: "2 records", 8786: "8786 records"} {
		if got := Of(n, "record"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
