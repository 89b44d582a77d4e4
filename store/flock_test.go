package store_test

import (
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"drover/store"
)

// inode is how /proc/locks names a file.
func inode(info fs.FileInfo) string {
	return fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino)
}

func TestTheLockHasOneHolder(t *testing.T) {
	s := open(t)
	lock := get[*store.ServeLock](t)(s.TryLock())
	_, err := again(t, s).TryLock()
	wantErr(t, err, store.ErrLocked)
	ok(t, lock.Release())
	lock = get[*store.ServeLock](t)(again(t, s).TryLock())
	ok(t, lock.Release())
}

func TestTheLockOfAKilledProcessIsFree(t *testing.T) {
	s := open(t)
	holder := spawn(t, childLock, s.Path())
	holder.line() // it has the lock
	_, err := s.TryLock()
	wantErr(t, err, store.ErrLocked)
	holder.kill()
	lock := get[*store.ServeLock](t)(s.TryLock())
	ok(t, lock.Release())
}

func TestALockedDatabaseStillOpens(t *testing.T) {
	s := open(t)
	lock := get[*store.ServeLock](t)(s.TryLock())
	ok(t, again(t, s).SetSetting(t.Context(), alice, "greeting", "hello"))
	ok(t, lock.Release())
}
