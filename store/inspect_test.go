package store_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"drover/store"
)

func TestInspectChangesNothing(t *testing.T) {
	s := open(t)
	ok(t, s.AddServer(t.Context(), alice, server("web1")))
	looked, err := store.Inspect(t.Context(), s.Path(), store.Options{})
	ok(t, err)
	defer func() { ok(t, looked.Close()) }()
	current, newest, err := looked.Schema(t.Context())
	ok(t, err)
	if current != newest || newest < 4 {
		t.Errorf("schema %d, newest %d", current, newest)
	}
	damage, err := looked.QuickCheck(t.Context())
	ok(t, err)
	if len(damage) > 0 {
		t.Error(damage)
	}
	free, err := looked.FreeDisk()
	ok(t, err)
	if free == 0 {
		t.Error("no disk is free")
	}
	ok(t, looked.LoadKey(t.Context()))
	verdict, err := looked.VerifyAudit(t.Context())
	ok(t, err)
	if verdict.Entries == 0 || verdict.Fault != nil {
		t.Errorf("%+v", verdict)
	}
	named(t, looked, "web1")
	wantErr(t, looked.AddServer(t.Context(), alice, server("web2")), store.ErrReadOnly)
}

func TestInspectMakesNothing(t *testing.T) {
	path := t.TempDir() + "/drover.db"
	if _, err := store.Inspect(t.Context(), path, store.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	s := open(t)
	ok(t, os.Rename(s.Path()+".key", s.Path()+".elsewhere"))
	looked, err := store.Inspect(t.Context(), s.Path(), store.Options{})
	ok(t, err)
	defer func() { ok(t, looked.Close()) }()
	wantErr(t, looked.LoadKey(t.Context()), store.ErrKeyLost)
	for _, file := range []string{path, path + ".key", s.Path() + ".key"} {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was made", file)
		}
	}
	ok(t, os.Rename(s.Path()+".elsewhere", s.Path()+".key"))
	ok(t, os.Chmod(s.Path()+".key", 0o640))
	wantErr(t, looked.LoadKey(t.Context()), store.ErrKeyOpen)
	other := open(t)
	stranger, err := store.Inspect(t.Context(), s.Path(), store.Options{KeyFile: other.Path() + ".key"})
	ok(t, err)
	defer func() { ok(t, stranger.Close()) }()
	wantErr(t, stranger.LoadKey(t.Context()), store.ErrKeyWrong)
}
