//go:build darwin || freebsd || linux

package fence_test

import (
	"os"
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/kinesiskit/kinesiskit/internal/fence"
)

func TestPage(t *testing.T) {
	page := fence.Page(t)
	if len(page) != os.Getpagesize() || cap(page) != len(page) {
		t.Fatalf("%d bytes, capacity %d", len(page), cap(page))
	}
	for i := range page {
		page[i] = byte(i)
	}
	for name, outside := range map[string]unsafe.Pointer{
		"before": unsafe.Add(unsafe.Pointer(&page[0]), -1),
		"after":  unsafe.Add(unsafe.Pointer(&page[0]), len(page)),
	} {
		if !faults(func() { *(*byte)(outside) = 1 }) {
			t.Errorf("the byte %s the page can be written", name)
		}
		if !faults(func() { page[0] = *(*byte)(outside) }) {
			t.Errorf("the byte %s the page can be read", name)
		}
	}
}

// faults tells whether f touches memory that it must not: what ends the process
// otherwise is a panic here.
func faults(f func()) (faulted bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { faulted = recover() != nil }()
	f()
	return
}
