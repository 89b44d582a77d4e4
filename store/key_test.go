package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/store"
)

func TestTheKeyFileIsMadeOnce(t *testing.T) {
	s := open(t)
	before, err := os.ReadFile(s.Path() + ".key")
	ok(t, err)
	again(t, s)
	after, err := os.ReadFile(s.Path() + ".key")
	ok(t, err)
	if string(before) != string(after) {
		t.Error("the second opening made another key")
	}
	entries, err := os.ReadDir(filepath.Dir(s.Path()))
	ok(t, err)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".drover-key-") {
			t.Errorf("%s was left behind", entry.Name())
		}
	}
}

func TestTheKeyFileCanBeElsewhere(t *testing.T) {
	dir := t.TempDir()
	opts := store.Options{KeyFile: filepath.Join(dir, "elsewhere")}
	openAt(t, filepath.Join(dir, "drover.db"), opts)
	info, err := os.Stat(opts.KeyFile)
	ok(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, want 0600", info.Mode().Perm())
	}
	if _, err := os.Stat(filepath.Join(dir, "drover.db.key")); err == nil {
		t.Error("there is a key file at the default place too")
	}
}

func TestAKeyFileThatOthersCanReadIsRefused(t *testing.T) {
	s := open(t)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777} {
		ok(t, os.Chmod(s.Path()+".key", mode))
		_, err := store.Open(t.Context(), s.Path(), store.Options{})
		wantErr(t, err, store.ErrKeyOpen)
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		ok(t, os.Chmod(s.Path()+".key", mode))
		again(t, s)
	}
}

func TestAMissingKeyFileIsNotMadeAnew(t *testing.T) {
	s := open(t)
	ok(t, os.Remove(s.Path()+".key"))
	for range 2 {
		_, err := store.Open(t.Context(), s.Path(), store.Options{})
		wantErr(t, err, store.ErrKeyLost)
	}
}

func TestAForeignKeyFileIsRefused(t *testing.T) {
	s, other := open(t), open(t)
	_, err := store.Open(t.Context(), s.Path(), store.Options{KeyFile: other.Path() + ".key"})
	wantErr(t, err, store.ErrKeyWrong)
	again(t, s) // the database still knows its own
}

func TestAKeyFileOfTheWrongFormIsRefused(t *testing.T) {
	s := open(t)
	good, err := os.ReadFile(s.Path() + ".key")
	ok(t, err)
	for _, text := range []string{"", "\n", "drover-key-1 ", "drover-key-1 zz", string(good[:40]), strings.TrimPrefix(string(good), "drover-key-1 ")} {
		ok(t, os.WriteFile(s.Path()+".key", []byte(text), 0o600))
		_, err := store.Open(t.Context(), s.Path(), store.Options{})
		wantErr(t, err, store.ErrKeyForm)
		if strings.Contains(err.Error(), "zz") {
			t.Errorf("the error shows the file's content: %v", err)
		}
	}
	ok(t, os.Remove(s.Path()+".key"))
	ok(t, os.Mkdir(s.Path()+".key", 0o700))
	_, err = store.Open(t.Context(), s.Path(), store.Options{})
	wantErr(t, err, store.ErrKeyForm)
}

// A file of somebody else's can be read and replaced by them. Whose the database is, root, and drover itself are trusted.
func TestAKeyFileOfSomebodyElsesIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("only root can give files away")
		}
		t.Skip("only root can give files away")
	}
	s := open(t)
	const nobody, other = 65534, 65533
	opens := func(want error) {
		t.Helper()
		again, err := store.Open(t.Context(), s.Path(), store.Options{})
		if wantErr(t, err, want); err == nil {
			ok(t, again.Close())
		}
	}
	give := func(suffix string, owner int) { t.Helper(); ok(t, os.Chown(s.Path()+suffix, owner, owner)) }
	give(".key", nobody)
	opens(store.ErrKeyOwner)
	looked, err := store.Inspect(t.Context(), s.Path(), store.Options{})
	ok(t, err)
	wantErr(t, looked.LoadKey(t.Context()), store.ErrKeyOwner)
	ok(t, looked.Close())
	give("", nobody) // an admin looks at what runs as nobody
	opens(nil)
	give(".key", other)
	opens(store.ErrKeyOwner)
	give(".key", 0)
	opens(nil)
	ok(t, os.Chmod(s.Path()+".key", 0o440)) // as systemd hands over a credential
	opens(nil)
	give(".key", nobody)
	opens(store.ErrKeyOpen)
}

func TestDatabasesThatShareAKeyFileMakeItOnce(t *testing.T) {
	for range 20 {
		opts := store.Options{KeyFile: filepath.Join(t.TempDir(), "shared.key")}
		paths := []string{filepath.Join(t.TempDir(), "drover.db"), filepath.Join(t.TempDir(), "drover.db")}
		opening := func(path string) func() {
			return func() {
				s, err := store.Open(t.Context(), path, opts)
				check(t, err)
				if err == nil {
					check(t, s.Close())
				}
			}
		}
		race(opening(paths[0]), opening(paths[1]))
		for _, path := range paths {
			openAt(t, path, opts)
		}
	}
}

func TestTheFirstOfTwoKeyFilesIsTheDatabasesOwn(t *testing.T) {
	dir := t.TempDir()
	path, files := filepath.Join(dir, "drover.db"), []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	var errs [2]error
	first := func(i int) func() {
		return func() {
			var s *store.Store
			if s, errs[i] = store.Open(t.Context(), path, store.Options{KeyFile: files[i]}); errs[i] == nil {
				check(t, s.Close())
			}
		}
	}
	race(first(0), first(1))
	for i, file := range files {
		other := errs[1-i]
		if errs[i] == nil {
			openAt(t, path, store.Options{KeyFile: file})
			if !errors.Is(other, store.ErrKeyLost) && !errors.Is(other, store.ErrKeyWrong) {
				t.Errorf("the other was opened too: %v", other)
			}
		}
	}
	if errs[0] != nil && errs[1] != nil {
		t.Errorf("neither was opened: %v", errs)
	}
}

func TestProcessesThatStartAtOnceMakeOneKey(t *testing.T) {
	for range 3 {
		path := filepath.Join(t.TempDir(), "drover.db")
		children := make([]*child, 4)
		for i := range children {
			children[i] = spawn(t, childKey, path)
		}
		names := make([]string, len(children))
		for i, c := range children {
			_, names[i] = c.line()
		}
		s := openAt(t, path, store.Options{})
		for _, name := range names {
			c := get[store.Credential](t)(s.CredentialNamed(t.Context(), name))
			secrets := get[store.Secrets](t)(s.Secrets(t.Context(), c.ID))
			if string(secrets.Login) != name {
				t.Errorf("credential %s opens as %q", name, secrets.Login)
			}
		}
	}
}
