package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"golang.org/x/sys/unix"
)

// Inspect opens the SQLite file at path for looking at it only: nothing is made, migrated or changed, and every change
// returns ErrReadOnly. The error is fs.ErrNotExist when there is no file. LoadKey comes before anything that needs the
// key file: Secrets and VerifyAudit.
func Inspect(ctx context.Context, path string, opts Options) (*Store, error) {
	s := newStore(path, opts)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	var err error
	if s.read, err = connect(ctx, path, readOnly, 4); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return s, nil
}

// LoadKey reads the key file of an inspected store and checks that it belongs to the database. It returns ErrKeyLost,
// ErrKeyOpen or ErrKeyWrong when it does not.
func (s *Store) LoadKey(ctx context.Context) error {
	wanted, err := s.Setting(ctx, keySetting)
	if err != nil {
		return err
	}
	master, err := s.readKey(s.keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w (expected at %s)", ErrKeyLost, s.keyFile)
	}
	if err != nil {
		return err
	}
	derived, check, err := derive(master)
	if err != nil {
		return err
	}
	if wanted != check {
		return fmt.Errorf("%w (tried %s)", ErrKeyWrong, s.keyFile)
	}
	s.keys = derived
	return nil
}

// KeyFile is where the key of all secrets is, or should be.
func (s *Store) KeyFile() string { return s.keyFile }

// QuickCheck lets SQLite look for damage in the file. It returns what SQLite says of it, or nothing when all is well.
func (s *Store) QuickCheck(ctx context.Context) ([]string, error) {
	var lines []string
	if err := s.read.SelectContext(ctx, &lines, "PRAGMA quick_check(10)"); err != nil {
		return nil, fmt.Errorf("check the database: %w", err)
	}
	if len(lines) == 1 && lines[0] == "ok" {
		return nil, nil
	}
	return lines, nil
}

// Schema returns the version of the file's schema, and the newest one that this drover knows.
func (s *Store) Schema(ctx context.Context) (current, newest int64, err error) {
	err = s.read.GetContext(ctx, &current, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied = 1")
	if err != nil {
		return 0, 0, fmt.Errorf("read the schema's version: %w", err)
	}
	newest, err = newestMigration(migrations)
	return current, newest, err
}

func newestMigration(files embed.FS) (newest int64, err error) {
	entries, err := files.ReadDir("migrations")
	if err != nil {
		return 0, fmt.Errorf("find the migrations: %w", err)
	}
	for _, entry := range entries {
		version, err := goose.NumericComponent(entry.Name())
		if err != nil {
			return 0, fmt.Errorf("read the migrations: %w", err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// FreeDisk is how many bytes drover may still write where the database is.
func (s *Store) FreeDisk() (uint64, error) {
	var disk unix.Statfs_t
	dir := filepath.Dir(s.path)
	if err := unix.Statfs(dir, &disk); err != nil {
		return 0, fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
	return disk.Bavail * uint64(disk.Bsize), nil
}
