// Package leaktest fails a test, or a whole test binary, that leaves goroutines behind.
//
// Every package of this module that starts goroutines has
//
//	func TestMain(m *testing.M) { leaktest.Main(m) }
//
// Only the goroutines of the runtime and of package testing may be left at the end. An idle connection of an
// [net/http.Transport] counts as a leak too: close the server, or the client's idle connections, before the test ends.
package leaktest

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long goroutines that are about to end are waited for. A goroutine that was joined through a channel or
// a WaitGroup may still have to return.
const patience = 2 * time.Second

// Main runs the tests and exits the process: with the tests' own code when they fail, with 1 when they pass but leave
// goroutines behind. It prints the stacks of those to standard error.
func Main(m *testing.M) {
	os.Exit(exitCode(m.Run(), os.Stderr))
}

func exitCode(code int, w io.Writer) int {
	if code != 0 {
		return code
	}
	leaked := wait(nil)
	if len(leaked) == 0 {
		return 0
	}
	fmt.Fprintf(w, "leaktest: %d goroutines are left after the tests:\n\n%s\n", len(leaked), join(leaked))
	return 1
}

// Check notes the goroutines that exist and fails tb at its end, in a Cleanup, when others remain. Call it first in the
// test, so that it runs after the test's other Cleanups. Tests that run in parallel see each other's goroutines: those
// rely on [Main].
func Check(tb testing.TB) {
	tb.Helper()
	before := make(map[string]bool)
	for _, g := range goroutines() {
		before[g.id] = true
	}
	tb.Cleanup(func() {
		if leaked := wait(before); len(leaked) > 0 {
			tb.Errorf("leaktest: %d goroutines are left after the test:\n\n%s", len(leaked), join(leaked))
		}
	})
}

// wait returns the goroutines that are not in known and do not end within patience.
func wait(known map[string]bool) []goroutine {
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; ; pause *= 2 {
		var leaked []goroutine
		for _, g := range goroutines() {
			if !known[g.id] && !g.expected() {
				leaked = append(leaked, g)
			}
		}
		if len(leaked) == 0 || time.Now().After(deadline) {
			return leaked
		}
		time.Sleep(pause)
	}
}

// A goroutine is one entry of the dump that [runtime.Stack] writes.
type goroutine struct {
	id    string
	stack string
}

// expectedIn are functions in whose goroutines the runtime or package testing waits, in tests that leak nothing.
var expectedIn = [...]string{
	"testing.(*M).Run(",                     // the main goroutine, when Check runs in a test
	"testing.(*T).Run(",                     // a parent waiting for its subtests
	"testing.(*F).Fuzz(",                    // a fuzz target waiting for its inputs
	"testing.(*T).Parallel(",                // a test that has not started yet
	"internal/synctest.Run(",                // a test waiting for its bubble
	"testing/synctest.testingSynctestTest(", // the first goroutine of the bubble
	"testing.runFuzzing(",                   // the coordinator of go test -fuzz
	"testing/internal/testdeps",             // its worker process
	"os/signal.loop",                        // interrupts, while fuzzing
	"os/signal.signal_recv",                 //
	"runtime.ensureSigM",                    //
	"runtime.ReadTrace",                     // -trace
	"runtime/pprof.profileWriter",           // -cpuprofile
}

func (g goroutine) expected() bool {
	for _, name := range expectedIn {
		if strings.Contains(g.stack, name) {
			return true
		}
	}
	return false
}

// goroutines lists all goroutines but the caller's, which comes first in the dump.
func goroutines() []goroutine {
	var list []goroutine
	for i, stack := range strings.Split(dump(), "\n\n") {
		if i == 0 {
			continue
		}
		header, _, _ := strings.Cut(stack, "[")
		list = append(list, goroutine{id: strings.TrimSpace(header), stack: strings.TrimSpace(stack)})
	}
	return list
}

func dump() string {
	for size := 64 << 10; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return string(buf[:n])
		}
	}
}

func join(list []goroutine) string {
	stacks := make([]string, len(list))
	for i, g := range list {
		stacks[i] = g.stack
	}
	return strings.Join(stacks, "\n\n")
}
