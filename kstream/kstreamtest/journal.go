package kstreamtest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A journal keeps the server's state in an append-only file: the requests that
// changed a stream, as they came, and the records, with their places. Replaying
// it makes the same state again, because what a request does depends on nothing
// but the state and the time, which is written down too.
//
// An entry is
//
//	length of the payload 4 | CRC of kind and payload 4 | kind 1 | payload
//
// in little-endian. The end of a file may be torn, as a crash leaves it: what
// comes after the last whole entry is cut off. A shard's records are appended in
// the order of their indices, so a torn end never leaves a hole. A whole entry
// behind one that is not is no crash's work: such a file is left as it is.
type journal struct {
	// order keeps requests that change streams apart from writes of records, so
	// that the journal has them in the order in which they took effect. Only
	// memory is touched while it is held.
	order sync.RWMutex

	file  *os.File
	lock  io.Closer
	sync  time.Duration // between fsyncs; negative: before every answer
	ended sync.WaitGroup

	mu       sync.Mutex // guards everything below
	cond     sync.Cond  // written has grown, or failed
	pending  []byte     // appended, and not yet on its way to the file
	spare    []byte
	appended int64
	written  int64
	writing  bool // somebody is in the file
	dirty    bool // written since the last fsync
	err      error
}

const (
	journalName   = "journal"
	journalMagic  = "kstreamtest journal 1\n"
	journalHeader = 4 + 4 + 1
	// maxJournalEntry bounds what is believed of a length when reading.
	maxJournalEntry = 32 << 20
	defaultSync     = time.Second
)

// Kinds of entries.
const (
	journalRequest = 'Q'
	journalRecord  = 'R'
	journalSalt    = 'S' // of the iterators, so that they outlive the process
)

// openJournal opens the journal in a folder, which it makes, and calls apply for
// each entry. Then the journal can be appended to.
func openJournal(dir string, every time.Duration, apply func(kind byte, payload []byte) error) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, journalName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		lock.Close()
		return nil, err
	}
	j := &journal{file: file, lock: lock, sync: every}
	j.cond.L = &j.mu
	if err := j.recover(apply); err != nil {
		file.Close()
		lock.Close()
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return j, nil
}

// recover reads the file, cuts off a torn end and stands behind the last entry.
// It fails, and changes nothing, if the file is damaged before its end.
func (j *journal) recover(apply func(kind byte, payload []byte) error) error {
	good, err := readJournal(j.file, apply)
	if err != nil {
		return err
	}
	size := j.size()
	if next := entryAfter(j.file, good, size); next < size {
		return fmt.Errorf("damaged from byte %d to %d, where whole entries follow (to go on without them, cut the file at byte %[1]d)", good, next)
	}
	if good == 0 { // new, or torn in its first line
		if _, err := j.file.WriteAt([]byte(journalMagic), 0); err != nil {
			return err
		}
		if err := syncFolder(filepath.Dir(j.file.Name())); err != nil {
			return err
		}
		good = int64(len(journalMagic))
	}
	if err := j.file.Truncate(good); err != nil {
		return err
	}
	_, err = j.file.Seek(good, io.SeekStart)
	return err
}

var errNotJournal = errors.New("not a journal of kstreamtest")

// readJournal calls apply for each whole entry and returns where they end.
func readJournal(r io.Reader, apply func(kind byte, payload []byte) error) (good int64, err error) {
	in := newCountingReader(r)
	magic := make([]byte, len(journalMagic))
	if n, err := io.ReadFull(in, magic); err != nil {
		if string(magic[:n]) == journalMagic[:n] {
			return 0, nil
		}
		return 0, errNotJournal
	}
	if string(magic) != journalMagic {
		return 0, errNotJournal
	}
	var header [journalHeader]byte
	var payload []byte
	for {
		good = in.read
		if _, err := io.ReadFull(in, header[:]); err != nil {
			return good, tornEnd(err)
		}
		size := binary.LittleEndian.Uint32(header[:])
		if size > maxJournalEntry {
			return good, nil
		}
		if int(size) > cap(payload) {
			payload = make([]byte, size)
		}
		payload = payload[:size]
		if _, err := io.ReadFull(in, payload); err != nil {
			return good, tornEnd(err)
		}
		if binary.LittleEndian.Uint32(header[4:]) != journalSum(header[8], payload) {
			return good, nil
		}
		if err := apply(header[8], payload); err != nil {
			return good, fmt.Errorf("the entry at byte %d: %w", good, err)
		}
	}
}

// entryAfter returns where the first whole entry behind an offset begins, which
// is the file's size if there is none. Lengths tell nothing here: the one that is
// damaged may be the first.
func entryAfter(file io.ReaderAt, offset, size int64) int64 {
	in := bufio.NewReaderSize(io.NewSectionReader(file, offset, size-offset), 1<<20)
	for at := offset; ; at++ {
		header, err := in.Peek(journalHeader)
		if err != nil {
			return size
		}
		if isEntry(file, header, at, size) {
			return at
		}
		in.Discard(1)
	}
}

// isEntry reports whether a whole entry with the header is at an offset.
func isEntry(file io.ReaderAt, header []byte, at, size int64) bool {
	length, kind := binary.LittleEndian.Uint32(header), header[8]
	if kind != journalRequest && kind != journalRecord && kind != journalSalt || length > maxJournalEntry || at+journalHeader+int64(length) > size {
		return false
	}
	sum := crc32.NewIEEE()
	sum.Write([]byte{kind})
	_, err := io.Copy(sum, io.NewSectionReader(file, at+journalHeader, int64(length)))
	return err == nil && sum.Sum32() == binary.LittleEndian.Uint32(header[4:])
}

// tornEnd is nil for an error that means that the file ended.
func tornEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func journalSum(kind byte, parts ...[]byte) uint32 {
	sum := crc32.ChecksumIEEE([]byte{kind})
	for _, p := range parts {
		sum = crc32.Update(sum, crc32.IEEETable, p)
	}
	return sum
}

// append adds an entry made of parts. It touches memory only; commit brings it
// to the file.
func (j *journal) append(kind byte, parts ...[]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	var header [journalHeader]byte
	binary.LittleEndian.PutUint32(header[:], uint32(size))
	binary.LittleEndian.PutUint32(header[4:], journalSum(kind, parts...))
	header[8] = kind
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending = append(j.pending, header[:]...)
	for _, p := range parts {
		j.pending = append(j.pending, p...)
	}
	j.appended += int64(journalHeader + size)
}

// commit returns when everything appended before is in the file: safe from the
// end of the process, and with a negative sync interval from the end of the
// machine. One caller writes for all that wait.
func (j *journal) commit() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	target := j.appended
	for j.written < target && j.err == nil {
		if j.writing {
			j.cond.Wait()
			continue
		}
		buf, end := j.pending, j.appended
		j.pending, j.spare = j.spare[:0], nil
		j.writing = true
		j.mu.Unlock()
		_, err := j.file.Write(buf)
		if err == nil && j.sync < 0 {
			err = j.file.Sync()
		}
		j.mu.Lock()
		j.writing, j.dirty, j.written, j.spare = false, true, end, buf
		if err != nil {
			j.err = err
		}
		j.cond.Broadcast()
	}
	return j.err
}

// size is how long the file is. Nothing is being appended.
func (j *journal) size() int64 {
	info, err := j.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// rewrite replaces the file by one with the entries that keep wants. Nothing is
// being appended. A crash in between leaves the old file.
func (j *journal) rewrite(keep func(kind byte, payload []byte) bool) error {
	path := j.file.Name()
	file, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	next := &journal{file: file, sync: j.sync}
	next.cond.L = &next.mu
	next.pending = append(next.pending, journalMagic...)
	next.appended = int64(len(journalMagic))
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return errors.Join(err, file.Close())
	}
	_, err = readJournal(j.file, func(kind byte, payload []byte) error {
		if keep(kind, payload) {
			next.append(kind, payload)
		}
		if len(next.pending) > 1<<20 {
			return next.commit()
		}
		return nil
	})
	err = errors.Join(err, next.commit(), file.Sync())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	err = j.file.Close()
	j.file = file
	return err
}

// flushEvery fsyncs at the interval until stop is closed.
func (j *journal) flushEvery(stop <-chan struct{}) {
	if j.sync < 0 {
		return
	}
	j.ended.Go(func() {
		tick := time.NewTicker(j.sync)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				j.fsync()
			case <-stop:
				return
			}
		}
	})
}

func (j *journal) fsync() {
	j.mu.Lock()
	dirty := j.dirty
	j.dirty = false
	j.mu.Unlock()
	if !dirty {
		return
	}
	if err := j.file.Sync(); err != nil {
		j.mu.Lock()
		j.err = err
		j.mu.Unlock()
	}
}

// close brings everything to the disk. The server serves no more.
func (j *journal) close() error {
	j.ended.Wait()
	err := j.commit()
	return errors.Join(err, j.file.Sync(), j.file.Close(), j.lock.Close())
}

// countingReader buffers and counts what was handed out.
type countingReader struct {
	in   *bufio.Reader
	read int64
}

func newCountingReader(r io.Reader) *countingReader {
	return &countingReader{in: bufio.NewReaderSize(r, 1<<20)}
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.read += int64(n)
	return n, err
}
