package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ServeLock is held by the one `drover serve` of a database. The kernel releases it when the process dies, however it dies.
type ServeLock struct{ file *os.File }

// TryLock takes the lock of the database, or returns ErrLocked when a living process has it.
func (s *Store) TryLock() (*ServeLock, error) {
	file, err := os.OpenFile(s.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return &ServeLock{file}, nil
}

// awaitTurn makes processes open a database one after the other, until the returned file is closed: of two that turn
// a file to WAL or migrate it at once, one fails. What is locked is the directory, for closing the database's own file
// would drop the locks that SQLite holds on it.
func (s *Store) awaitTurn() (*os.File, error) {
	dir, err := os.Open(filepath.Dir(s.path))
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = dir.Close()
		return nil, fmt.Errorf("lock %s: %w", dir.Name(), err)
	}
	return dir, nil
}

// Release gives the lock back.
func (l *ServeLock) Release() error { return l.file.Close() }
