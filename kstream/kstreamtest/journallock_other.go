//go:build !unix

package kstreamtest

import "io"

// syncFolder does nothing where folders cannot be brought to the disk.
func syncFolder(string) error { return nil }

// lockFolder does nothing where the system has no advisory locks.
func lockFolder(string) (io.Closer, error) { return io.NopCloser(nil), nil }
