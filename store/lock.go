package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock is held by the one `drover serve` of a database. The kernel releases it when the process dies, however it dies.
type Lock struct{ file *os.File }

// TryLock takes the lock of the database, or returns ErrLocked when a living process has it.
func (s *Store) TryLock() (*Lock, error) {
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
	return &Lock{file}, nil
}

// Release gives the lock back.
func (l *Lock) Release() error { return l.file.Close() }
