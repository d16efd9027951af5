//go:build darwin || freebsd || linux

package md5x

import (
	"testing"

	"github.com/kinesiskit/kinesiskit/internal/fence"
)

// The assembly reads exactly the messages: before and after them are pages whose
// reading ends the process.
func TestNoReadOutside(t *testing.T) {
	inside := fence.Page(t)
	page := len(inside)
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
