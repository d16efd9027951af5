package kstream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

var (
	// ErrStoreInUse says that another process, or another FileStore of this
	// one, has the file open. Only one may.
	ErrStoreInUse = errors.New("store is in use by another process")

	// ErrStoreClosed says that a FileStore was used after Close.
	ErrStoreClosed = errors.New("store is closed")
)

// A FileStore keeps leases in a file, for an application that is one process.
// Make one with [OpenFileStore].
//
// A change has reached the disk when its call returns. Each is written to a new
// file, synced, and renamed into the place of the old one, so whenever the
// process or the machine stops, the file holds either the state before a change
// or the one after it. Changes that are made at the same time share a write.
type FileStore struct {
	path string
	lock *os.File

	mu        sync.Mutex // guards what follows
	leases    leaseTable
	unwritten bool // leases are not what the file holds
	waiting   []*fileChange
	writing   bool // a call is writing for all that wait
	idle      *sync.Cond
	closed    bool
}

var _ Store = (*FileStore)(nil)

// A fileChange is a change that waits to be written.
type fileChange struct {
	leaseChange
	done chan struct{} // closed when err is set
	err  error
}

// OpenFileStore opens the file at path, which need not exist yet; its folder
// must. If path is a symbolic link, the file it leads to is meant. A second file, path + ".lock", keeps others out as long as the store is
// open: if another process has it, the error wraps [ErrStoreInUse]. The lock
// ends with the process, however that ends.
func OpenFileStore(path string) (*FileStore, error) {
	if path == "" {
		return nil, errors.New("kstream: open store: no path")
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a rename would replace the link, and each link have a lock of its own
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("kstream: open store %s: %w", path, err)
	}
	s := &FileStore{path: path, lock: lock}
	s.idle = sync.NewCond(&s.mu)
	if err := s.load(); err != nil {
		lock.Close()
		return nil, fmt.Errorf("kstream: open store %s: %w", path, err)
	}
	return s, nil
}

// Close waits for changes that are being written and lets others open the file.
// It may be called more than once.
func (s *FileStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for s.writing {
		s.idle.Wait()
	}
	return s.lock.Close()
}

// List implements [Store].
func (s *FileStore) List(ctx context.Context, stream StreamID) ([]Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrStoreClosed
	}
	return s.leases.list(stream), ctx.Err()
}

// Create implements [Store].
func (s *FileStore) Create(ctx context.Context, lease Lease) error {
	return s.change(ctx, leaseChange{new: &lease})
}

// Update implements [Store].
func (s *FileStore) Update(ctx context.Context, old, new Lease) error {
	return s.change(ctx, leaseChange{old: &old, new: &new})
}

// Delete implements [Store].
func (s *FileStore) Delete(ctx context.Context, old Lease) error {
	return s.change(ctx, leaseChange{old: &old})
}

// change queues a change. The first call that finds nobody writing writes for
// all that are queued, until none is.
func (s *FileStore) change(ctx context.Context, c leaseChange) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	mine := &fileChange{leaseChange: c, done: make(chan struct{})}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrStoreClosed
	}
	s.waiting = append(s.waiting, mine)
	if s.writing {
		s.mu.Unlock()
		<-mine.done // the writer never waits for anything but the disk
		return mine.err
	}
	s.writing = true
	for len(s.waiting) > 0 {
		s.writeWaiting()
	}
	s.writing = false
	s.idle.Broadcast()
	s.mu.Unlock()
	return mine.err
}

// writeWaiting makes and writes all changes that wait. It is called with mu
// held, and lets go of it during the write.
//
// If that fails, all of them do, conflicts too: they are with a state that is not
// on the disk. The next call writes it again, whatever it changes itself.
func (s *FileStore) writeWaiting() {
	batch := s.waiting
	s.waiting = nil
	for _, c := range batch {
		c.err = s.leases.change(c.leaseChange)
		s.unwritten = s.unwritten || c.err == nil
	}
	if s.unwritten {
		content := s.encode()
		s.mu.Unlock()
		err := replaceFile(s.path, content)
		s.mu.Lock()
		s.unwritten = err != nil
		for _, c := range batch {
			if err != nil {
				c.err = fmt.Errorf("kstream: write store %s: %w", s.path, err)
			}
		}
	}
	for _, c := range batch {
		close(c.done)
	}
}

// The file is JSON, so that it can be looked at:
//
//	{"version": 1, "streams": [{"arn": …, "created": …, "shards": [{"id": …, "position": …}]}]}
type (
	storeFile struct {
		Version int           `json:"version"`
		Streams []storeStream `json:"streams"`
	}
	storeStream struct {
		ARN     string       `json:"arn"`
		Created time.Time    `json:"created"`
		Shards  []storeShard `json:"shards"`
	}
	storeShard struct {
		ID       string   `json:"id"`
		Parents  []string `json:"parents,omitempty"`
		Position Position `json:"position"`
		Owner    string   `json:"owner,omitempty"`
		Version  int64    `json:"version"`
	}
)

const storeFileVersion = 1

func (s *FileStore) load() error {
	content, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var file storeFile
	if err := json.Unmarshal(content, &file); err != nil {
		return fmt.Errorf("not a store: %w", err)
	}
	if file.Version != storeFileVersion {
		return fmt.Errorf("format version %d is not %d", file.Version, storeFileVersion)
	}
	for _, stream := range file.Streams {
		id := StreamID{ARN: stream.ARN, Created: stream.Created}
		for _, shard := range stream.Shards {
			lease := Lease{id, shard.ID, shard.Parents, shard.Position, shard.Owner, shard.Version}
			if err := s.leases.change(leaseChange{new: &lease}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *FileStore) encode() []byte {
	file := storeFile{Version: storeFileVersion, Streams: []storeStream{}}
	for _, shards := range s.leases.streams {
		var stream storeStream
		for _, l := range shards {
			stream.ARN, stream.Created = l.Stream.ARN, l.Stream.Created
			stream.Shards = append(stream.Shards, storeShard{l.ShardID, l.Parents, l.Position, l.Owner, l.Version})
		}
		if len(stream.Shards) == 0 {
			continue
		}
		slices.SortFunc(stream.Shards, func(a, b storeShard) int { return cmp.Compare(a.ID, b.ID) })
		file.Streams = append(file.Streams, stream)
	}
	slices.SortFunc(file.Streams, func(a, b storeStream) int {
		return cmp.Or(cmp.Compare(a.ARN, b.ARN), a.Created.Compare(b.Created))
	})
	content, err := json.MarshalIndent(file, "", " ")
	if err != nil {
		panic(err) // strings, numbers and times of four-digit years always encode
	}
	return append(content, '\n')
}

// replaceFile puts content in the place of the file at path, all or nothing,
// also when the machine stops in the middle. For that it syncs the file before
// the rename, and the folder after it; no test can see whether it does, as only
// a machine that loses power forgets what was not synced.
func replaceFile(path string, content []byte) (err error) {
	temporary, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}
