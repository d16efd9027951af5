//go:build darwin || freebsd || linux

package fence

import (
	"os"
	"syscall"
	"testing"
)

// Page returns a page of zeros between two pages that nobody may touch: a load
// or a store one byte too far ends the test binary. It is unmapped when the test
// ends.
func Page(t testing.TB) []byte {
	t.Helper()
	size := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	for _, fence := range [][]byte{memory[:size], memory[2*size:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return memory[size : 2*size : 2*size]
}
