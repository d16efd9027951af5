package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// output is the file being written: next to its place until it is complete, so
// that a failure leaves what was there before.
type output struct {
	io.Writer
	file *os.File // nil: written in place, there is nothing to move
	path string   // where the file belongs
}

// create begins an output; "-" is stdout. What is no regular file, such as a
// device or a pipe, is written in place. It refuses to take the place of one of
// the inputs.
func create(path string, stdout io.Writer, inputs []string) (*output, error) {
	if path == "-" {
		return &output{Writer: stdout}, nil
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return nil, fmt.Errorf("output %s is a directory", path)
	}
	for _, input := range inputs {
		if in, inErr := os.Stat(input); err == nil && inErr == nil && os.SameFile(info, in) {
			return nil, fmt.Errorf("output %s is one of the files to read: -o names another", path)
		}
	}
	if err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("output: %w", err)
		}
		return &output{Writer: f}, nil
	}
	mode := fs.FileMode(0o666)
	if err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.OpenFile(fmt.Sprintf("%s.%d.tmp", path, os.Getpid()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return &output{Writer: f, file: f, path: path}, nil
}

// commit puts the complete file in its place.
func (o *output) commit() error {
	if o.file == nil {
		return nil
	}
	if err := o.file.Close(); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	if err := os.Rename(o.file.Name(), o.path); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	o.file = nil
	return nil
}

// discard removes a file that was not committed.
func (o *output) discard() {
	if o.file != nil {
		o.file.Close()
		os.Remove(o.file.Name())
	}
}
