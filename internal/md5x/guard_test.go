//go:build darwin || freebsd || linux

package md5x

import (
	"os"
	"syscall"
	"testing"
)

// The assembly reads exactly the messages: before and after them are pages whose
// reading ends the process.
func TestNoReadOutside(t *testing.T) {
	page := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	for _, guard := range [][]byte{memory[:page], memory[2*page:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	inside := memory[page : 2*page]
	for i := range inside {
		inside[i] = byte(i * 7)
	}
	for n := range 301 {
		for _, count := range []int{1, 2, halfLanes, allLanes, allLanes + 1} {
			first, last, both := make([][]byte, count), make([][]byte, count), make([][]byte, count)
			for i := range count {
				first[i] = inside[:n]
				last[i] = inside[page-n:]
				both[i] = first[i]
				if i%2 == 1 {
					// Other lengths, so that lanes without a message read along.
					both[i] = inside[page-n/2:]
				}
			}
			check(t, first)
			check(t, last)
			check(t, both)
		}
	}
	check(t, [][]byte{inside, inside[1:], inside[:page-1], inside, inside[page:]})
}
