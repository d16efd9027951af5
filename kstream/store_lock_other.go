//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package kstream

import (
	"errors"
	"os"
)

// lockFile fails: this system offers no lock that ends with the process.
func lockFile(path string) (*os.File, error) {
	return nil, &os.PathError{Op: "lock", Path: path, Err: errors.ErrUnsupported}
}

func syncFolder(string) error { return nil }
