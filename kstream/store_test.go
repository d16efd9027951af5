package kstream_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinesiskit/kinesiskit/kstream"
	"github.com/kinesiskit/kinesiskit/kstream/storetest"
)

func TestMemoryStore(t *testing.T) {
	storetest.Run(t, storetest.Config{
		New: func(*testing.T) kstream.Store { return new(kstream.MemoryStore) },
	})
}

// What the example shows is a Store in earnest.
func TestExampleStore(t *testing.T) {
	storetest.Run(t, storetest.Config{
		New: func(*testing.T) kstream.Store { return new(tableStore) },
	})
}

func TestFileStore(t *testing.T) {
	storetest.Run(t, storetest.Config{
		New: func(t *testing.T) kstream.Store {
			return openFile(t, filepath.Join(t.TempDir(), "checkpoints.json"))
		},
		Reopen: func(t *testing.T, store kstream.Store) kstream.Store {
			old := store.(*fileStore)
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			return openFile(t, old.path)
		},
	})
}

// A fileStore knows its path, for Reopen.
type fileStore struct {
	*kstream.FileStore
	path string
}

func openFile(t *testing.T, path string) *fileStore {
	t.Helper()
	store, err := kstream.OpenFileStore(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &fileStore{store, path}
}

func TestFileStoreIsOfOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	if os.Getenv("KSTREAM_TEST_STORE") != "" { // the second process
		path = os.Getenv("KSTREAM_TEST_STORE")
		if _, err := kstream.OpenFileStore(path); !errors.Is(err, kstream.ErrStoreInUse) {
			t.Errorf("the second process got %v", err)
		}
		return
	}
	store := openFile(t, path)
	if _, err := kstream.OpenFileStore(path); !errors.Is(err, kstream.ErrStoreInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("opening it again: %v, want ErrStoreInUse with the path", err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFileStoreIsOfOneProcess$")
	cmd.Env = append(os.Environ(), "KSTREAM_TEST_STORE="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(t.Context(), kstream.Lease{ShardID: "x"}); !errors.Is(err, kstream.ErrStoreClosed) {
		t.Errorf("a closed store took a lease: %v", err)
	}
	openFile(t, path)
}

// A process that stopped in the middle of a write leaves the old file, and an
// unfinished new one beside it.
func TestFileStoreSurvivesAnUnfinishedWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	store := openFile(t, path)
	lease := kstream.Lease{Stream: kstream.StreamID{ARN: "arn"}, ShardID: "a", Version: 1}
	if err := store.Create(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(`{"version":1,"str`), 0o600); err != nil {
		t.Fatal(err)
	}
	store = openFile(t, path)
	leases, err := store.List(t.Context(), lease.Stream)
	if err != nil || len(leases) != 1 || !leases[0].Equal(lease) {
		t.Errorf("leases %+v, error %v", leases, err)
	}
	if err := store.Delete(t.Context(), lease); err != nil {
		t.Error(err)
	}
}

// A full disk, for instance, is no reason to forget checkpoints for ever.
func TestFileStoreRecoversFromAWriteThatFailed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	store := openFile(t, path)
	old := kstream.Lease{Stream: kstream.StreamID{ARN: "arn"}, ShardID: "a", Version: 1}
	if err := store.Create(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+".new", 0o700); err != nil { // in the way of the new file
		t.Fatal(err)
	}
	moved := old
	moved.Position, moved.Version = kstream.AfterRecord("17", 0), 2
	for range 2 { // the second must not be told of a conflict that no file shows
		if err := store.Update(t.Context(), old, moved); err == nil || errors.Is(err, kstream.ErrConflict) {
			t.Errorf("an update that was not written: %v", err)
		}
	}
	if err := os.Remove(path + ".new"); err != nil {
		t.Fatal(err)
	}
	if err := store.Update(t.Context(), old, moved); !errors.Is(err, kstream.ErrConflict) {
		t.Errorf("an update that had been made: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	leases, err := openFile(t, path).List(t.Context(), old.Stream)
	if err != nil || len(leases) != 1 || !leases[0].Equal(moved) {
		t.Errorf("the file holds %+v, error %v", leases, err)
	}
}

func TestFileStoreRefusesOtherFiles(t *testing.T) {
	for name, content := range map[string]string{
		"cut off": `{"version":1,"streams":[{`, "empty": "", "other version": `{"version":2}`, "other JSON": `[]`,
		"bad position": `{"version":1,"streams":[{"arn":"a","created":"2026-01-01T00:00:00Z","shards":[{"id":"x","position":"NOWHERE","version":1}]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := kstream.OpenFileStore(path); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one that names the file", err)
			}
			if after, _ := os.ReadFile(path); string(after) != content {
				t.Error("the file was changed")
			}
		})
	}
	if _, err := kstream.OpenFileStore(filepath.Join(t.TempDir(), "missing", "file")); err == nil {
		t.Error("a store in a folder that doesn't exist was opened")
	}
}

func TestFileStoreCanBeReadByPeople(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	store := openFile(t, path)
	lease := kstream.Lease{Stream: kstream.StreamID{ARN: "arn"}, ShardID: "a", Position: kstream.AfterRecord("17", 3), Version: 1}
	if err := store.Create(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(content) || !strings.Contains(string(content), `"position": "AFTER_SEQUENCE_NUMBER 17 3"`) {
		t.Errorf("the file is\n%s", content)
	}
}

// Whoever opens the file by a link shares it, its lock too, with those who don't.
func TestFileStoreFollowsLinks(t *testing.T) {
	path, link := filepath.Join(t.TempDir(), "checkpoints.json"), filepath.Join(t.TempDir(), "link.json")
	lease := kstream.Lease{Stream: kstream.StreamID{ARN: "arn"}, ShardID: "a", Version: 1}
	store := openFile(t, path)
	if err := store.Create(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := kstream.OpenFileStore(link); !errors.Is(err, kstream.ErrStoreInUse) {
		t.Errorf("opening it by a link: %v, want ErrStoreInUse", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	linked := openFile(t, link)
	if err := linked.Delete(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	if err := linked.Close(); err != nil {
		t.Fatal(err)
	}
	leases, err := openFile(t, path).List(t.Context(), lease.Stream)
	if err != nil || len(leases) != 0 {
		t.Errorf("the file holds %+v, error %v", leases, err)
	}
}

// A process is killed at any moment: what its Store had confirmed is there, and
// nothing that it was not told.
func TestFileStoreOfAKilledProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	lease := kstream.Lease{Stream: kstream.StreamID{ARN: "arn"}, ShardID: "a", Parents: []string{strings.Repeat("p", 10_000)}, Version: 1}
	if os.Getenv("KSTREAM_TEST_KILL") != "" {
		updateForEver(t, openFile(t, os.Getenv("KSTREAM_TEST_KILL")), lease)
		return
	}
	store := openFile(t, path)
	if err := store.Create(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	for round := range 8 {
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestFileStoreOfAKilledProcess$")
		cmd.Env = append(os.Environ(), "KSTREAM_TEST_KILL="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var confirmed int64
		for range 10 + 7*round {
			if _, err := fmt.Fscan(out, &confirmed); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for n := int64(0); ; confirmed = n { // what it said before it was gone
			if _, err := fmt.Fscan(out, &n); err != nil {
				break
			}
		}
		_ = cmd.Wait() // killed
		store = openFile(t, path)
		leases, err := store.List(t.Context(), lease.Stream)
		if err != nil || len(leases) != 1 || leases[0].Version < confirmed || leases[0].Version > confirmed+1 {
			t.Fatalf("round %d: %d was confirmed; the file holds %d leases, error %v", round, confirmed, len(leases), err)
		}
	}
}

// updateForEver says which version of the lease is in the store.
func updateForEver(t *testing.T, store kstream.Store, lease kstream.Lease) {
	leases, err := store.List(t.Context(), lease.Stream)
	if err != nil || len(leases) != 1 {
		t.Fatal(leases, err)
	}
	for old := leases[0]; ; {
		next := old
		next.Version++
		if err := store.Update(t.Context(), old, next); err != nil {
			t.Fatal(err)
		}
		fmt.Println(next.Version)
		old = next
	}
}
