package kstreamtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// aJournal returns a journal of a stream with a few records, and where its
// entries begin.
func aJournal(t *testing.T) (whole []byte, starts []int) {
	t.Helper()
	dir := t.TempDir()
	s := NewServer(Options{Dir: dir})
	s.CreateStream("books", 1)
	for i := range 10 {
		s.Put("books", Record{PartitionKey: "k", Data: fmt.Appendf(nil, "record %d", i)})
	}
	s.Close()
	whole, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil {
		t.Fatal(err)
	}
	at := len(journalMagic)
	_, err = readJournal(bytes.NewReader(whole), func(_ byte, payload []byte) error {
		starts = append(starts, at)
		at += journalHeader + len(payload)
		return nil
	})
	if err != nil || at != len(whole) {
		t.Fatal(at, err)
	}
	return whole, starts
}

// openJournalOf opens a server on a journal of these bytes, and returns how many
// records there are, and what is in the file then.
func openJournalOf(t *testing.T, journal []byte) (path string, records int, left []byte, err error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), journalName)
	if err := os.WriteFile(path, journal, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Dir: filepath.Dir(path)})
	if err == nil {
		records = len(s.Records("books"))
		s.Close()
	}
	left, readErr := os.ReadFile(path)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return path, records, left, err
}

// TestDamagedJournal changes each byte of an entry in the middle: the server must
// not start without the records behind it, and must not cut them off.
func TestDamagedJournal(t *testing.T) {
	whole, starts := aJournal(t)
	damaged, next := starts[5], starts[6]
	tests := map[string][]byte{
		"a hole": slices.Concat(whole[:damaged+3], whole[next-3:]),
		"zeros":  slices.Concat(whole[:damaged], make([]byte, next-damaged), whole[next:]),
	}
	for at := damaged; at < next; at++ {
		changed := bytes.Clone(whole)
		changed[at] ^= 0x41
		tests[fmt.Sprintf("byte %d of the entry", at-damaged)] = changed
	}
	for name, journal := range tests {
		path, _, left, err := openJournalOf(t, journal)
		if err == nil {
			t.Errorf("%s: the server starts", name)
			continue
		}
		if want := fmt.Sprintf("damaged from byte %d", damaged); !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s: %s", name, err, path, want)
		}
		if !bytes.Equal(left, journal) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// TestTornEnd is about what a crash leaves behind the last whole entry.
func TestTornEnd(t *testing.T) {
	whole, starts := aJournal(t)
	last := starts[len(starts)-1]
	for _, test := range []struct {
		name    string
		journal []byte
		records int
	}{
		{"nothing", whole, 10},
		{"half an entry", whole[:last+20], 9},
		{"half a header", whole[:last+4], 9},
		{"an entry whose end was not written", slices.Concat(whole[:len(whole)-3], make([]byte, 3)), 9},
		{"blocks that were not written", slices.Concat(whole, make([]byte, 8192)), 10},
		{"a length that is none", slices.Concat(whole, []byte("\xff\xff\xff\xff....R")), 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, records, left, err := openJournalOf(t, test.journal)
			if err != nil || records != test.records {
				t.Fatalf("%d records, want %d; %v", records, test.records, err)
			}
			_, again, _, err := openJournalOf(t, left)
			if err != nil || again != records {
				t.Errorf("%d records the next time, %v", again, err)
			}
		})
	}
}

// FuzzJournalFile reads files of any bytes: entries are found where they are, and
// none begins where the whole ones end.
func FuzzJournalFile(f *testing.F) {
	entry := func(kind byte, payload string) []byte {
		j := new(journal)
		j.append(kind, []byte(payload))
		return j.pending
	}
	whole := slices.Concat([]byte(journalMagic), entry(journalSalt, "salt"), entry(journalRecord, ""), entry(journalRequest, "request"))
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(slices.Concat(whole, []byte("torn"), entry(journalRecord, "after")))
	f.Fuzz(func(t *testing.T, file []byte) {
		good, err := readJournal(bytes.NewReader(file), func(byte, []byte) error { return nil })
		if err != nil {
			return
		}
		size := int64(len(file))
		next := entryAfter(bytes.NewReader(file), good, size)
		if good > size || next < good || next > size {
			t.Fatalf("whole entries up to %d, the next from %d, of %d bytes", good, next, size)
		}
		if good > 0 && next == good && next < size {
			t.Errorf("the whole entry at %d was not read", good)
		}
	})
}
