package csvjson

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// Source is CSV text with a name for error messages. [File], [FS] and [Reader]
// make the usual ones; fill in the fields for anything else, such as an object
// store or a decompressor.
type Source struct {
	// Name stands in errors and in the [Report].
	Name string
	// Open is called once a loop, before the first row of any source is read,
	// because the columns of all sources make up the table. The reader is
	// closed when its last row has been read or the loop ends.
	Open func() (io.ReadCloser, error)
}

// File is the file of that path.
func File(path string) Source {
	return Source{Name: path, Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// Files makes a [File] of each path.
func Files(paths ...string) []Source {
	sources := make([]Source, len(paths))
	for i, path := range paths {
		sources[i] = File(path)
	}
	return sources
}

// FS is a file of a file system, for example of an embed.FS.
func FS(fsys fs.FS, name string) Source {
	return Source{Name: name, Open: func() (io.ReadCloser, error) { return fsys.Open(name) }}
}

// Reader is what r holds. It can be read once, so a second loop over it finds
// nothing but what the first left. r is not closed.
func Reader(name string, r io.Reader) Source {
	return Source{Name: name, Open: func() (io.ReadCloser, error) {
		if r == nil {
			return nil, errors.New("the reader is nil")
		}
		return io.NopCloser(r), nil
	}}
}
