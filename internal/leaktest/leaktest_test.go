package leaktest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

func TestMain(m *testing.M) { Main(m) }

// recorder is a testing.TB whose failures and cleanups are looked at rather than reported.
type recorder struct {
	testing.TB
	cleanups []func()
	errors   []string
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) end() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}

// waitForever is what the leaking tests run; its name must be in the report.
func waitForever(stop chan struct{}) { <-stop }

// The tests run in bubbles, so that the patience passes in fake time.

func TestCheckReportsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{TB: t}
		Check(r)
		stop := make(chan struct{})
		go waitForever(stop)
		r.end()
		close(stop)
		if len(r.errors) != 1 || !strings.Contains(r.errors[0], "leaktest.waitForever") {
			t.Errorf("got errors %q, want one that shows waitForever", r.errors)
		}
	})
}

func TestCheckWaitsForTheLastSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{TB: t}
		Check(r)
		stop := make(chan struct{})
		go waitForever(stop)
		close(stop)
		r.end()
		if len(r.errors) != 0 {
			t.Errorf("got errors %q, want none", r.errors)
		}
	})
}

func TestCheckIgnoresOlderGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		go waitForever(stop)
		synctest.Wait()
		r := &recorder{TB: t}
		Check(r)
		r.end()
		close(stop)
		if len(r.errors) != 0 {
			t.Errorf("got errors %q, want none", r.errors)
		}
	})
}

func TestExitCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		if got := exitCode(0, &out); got != 0 || out.Len() != 0 {
			t.Errorf("nothing leaked: got %d and %q, want 0 and no output", got, &out)
		}
		stop := make(chan struct{})
		go waitForever(stop)
		if got := exitCode(2, &out); got != 2 || out.Len() != 0 {
			t.Errorf("failed tests: got %d and %q, want their code 2 and no output", got, &out)
		}
		if got := exitCode(0, &out); got != 1 || !strings.Contains(out.String(), "leaktest.waitForever") {
			t.Errorf("a leak: got %d and %q, want 1 and the stack", got, &out)
		}
		close(stop)
	})
}
