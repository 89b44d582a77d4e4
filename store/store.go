package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	_ "github.com/mattn/go-sqlite3" // the driver
)

// Options say how to open a store. The zero value is what `drover` uses.
type Options struct {
	KeyFile    string           // default: the database's path + ".key"
	AnchorFile string           // default: the database's path + ".anchors"
	Now        func() time.Time // default: time.Now
}

// Store is one open database. It is safe for concurrent use.
type Store struct {
	write      *sqlx.DB // one connection: SQLite has one writer, and a pool of them only fights
	read       *sqlx.DB // read-only, so that readers never wait for the writer
	path       string
	keyFile    string
	anchorFile string
	now        func() time.Time
	keys       *keys
	changes    changes
	batch      batch
}

// Open opens the SQLite file at path, making it and its key file when they are missing, and brings the schema up to
// date. It returns ErrNewerSchema for a file that a newer drover wrote, and ErrKeyLost or ErrKeyWrong when the key
// file is not the one the database was written with.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	s := newStore(path, opts)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), s.Close())
	}
	return s, nil
}

func newStore(path string, opts Options) *Store {
	s := &Store{path: path, keyFile: opts.KeyFile, anchorFile: opts.AnchorFile, now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	if s.keyFile == "" {
		s.keyFile = path + ".key"
	}
	if s.anchorFile == "" {
		s.anchorFile = path + ".anchors"
	}
	return s
}

// readOnly is how readers open the file.
const readOnly = "mode=ro&_busy_timeout=5000"

func (s *Store) open(ctx context.Context) error {
	turn, err := s.awaitTurn()
	if err != nil {
		return err
	}
	defer turn.Close()
	if err := s.create(); err != nil {
		return err
	}
	// The writer opens first: a read-only connection cannot turn the file to WAL.
	if s.write, err = connect(ctx, s.path, "_journal_mode=WAL&_busy_timeout=5000&_foreign_keys=on&_synchronous=FULL&_txlock=immediate", 1); err != nil {
		return err
	}
	if _, err := s.write.ExecContext(ctx, "PRAGMA journal_size_limit=67108864"); err != nil {
		return fmt.Errorf("limit the journal's size: %w", err)
	}
	if err := migrate(ctx, s.write.DB); err != nil {
		return err
	}
	if s.read, err = connect(ctx, s.path, readOnly, 4); err != nil {
		return err
	}
	s.keys, err = s.loadKeys(ctx, s.keyFile)
	return err
}

// create makes the file so that only its owner can read it: outputs of commands are in there. It does not open a file
// that is there: closing it would drop the POSIX locks that SQLite holds on it anywhere else in this process.
func (s *Store) create() error {
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func connect(ctx context.Context, path, pragmas string, connections int) (*sqlx.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := (&url.URL{Scheme: "file", Path: absolute, RawQuery: pragmas}).String()
	db, err := sqlx.ConnectContext(ctx, "sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	return db, nil
}

// Close closes the database. It waits for open transactions.
func (s *Store) Close() error {
	var errs []error
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		_, err := s.write.Exec("PRAGMA optimize")
		errs = append(errs, err, s.write.Close())
	}
	return errors.Join(errs...)
}

// Path is the database's file.
func (s *Store) Path() string { return s.path }

// Now is the store's clock, to the microsecond that it stores.
func (s *Store) Now() Time { return timeOf(s.now()) }

// tx is one change within a write transaction. All rows of one change share one time.
type tx struct {
	*sqlx.Tx
	keys  *keys
	now   Time
	wrote bool // a row was changed: there is something to tell the watchers
}

// ExecContext is sqlx's, and notes whether it changed a row.
func (t *tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.note(t.Tx.ExecContext(ctx, query, args...))
}

// NamedExecContext is sqlx's, and notes whether it changed a row.
func (t *tx) NamedExecContext(ctx context.Context, query string, arg any) (sql.Result, error) {
	return t.note(t.Tx.NamedExecContext(ctx, query, arg))
}

func (t *tx) note(result sql.Result, err error) (sql.Result, error) {
	if err != nil {
		return nil, err
	}
	n, err := result.RowsAffected()
	t.wrote = t.wrote || n > 0
	return result, err
}

// change runs one conditional UPDATE and says whether it changed a row.
func (t *tx) change(ctx context.Context, query string, args ...any) (bool, error) {
	n, err := t.changeMany(ctx, query, args...)
	return n > 0, err
}

func (t *tx) changeMany(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// newID makes an id that sorts by time.
func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id.String(), nil
}

// found turns the driver's "no rows" into ErrNotFound.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
