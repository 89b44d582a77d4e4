//go:build linux

package debian

import (
	"crypto/sha256"
	_ "embed" // for the scripts below
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

const (
	suite    = "bookworm"
	packages = "systemd-sysv,dbus,openssh-server,sudo,iputils-ping,procps"
	// User is who may log in with a key and do everything with sudo, on every host.
	User = "fleet"
)

// furnishBase runs once in what debootstrap has made.
//
//go:embed base.sh
var furnishBase string

// base returns the folder of the Debian that all hosts share. It is made when it is not there, which takes a minute and
// needs a Debian mirror; test programs that come meanwhile wait.
func base() (string, error) {
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	turn, err := lock(filepath.Join(cache, "lock"))
	if err != nil {
		return "", err
	}
	defer turn.Close()
	key := sha256.Sum256([]byte(strings.Join([]string{suite, packages, runtime.GOARCH, furnishBase}, "\n")))
	ready := filepath.Join(cache, suite+"-"+hex.EncodeToString(key[:6]))
	if _, err := os.Stat(ready); err == nil {
		return ready, nil
	}
	draft := ready + ".incomplete"
	if err := os.RemoveAll(draft); err != nil {
		return "", fmt.Errorf("remove a Debian that was broken off: %w", err)
	}
	install := exec.Command("debootstrap", "--variant=minbase", "--include="+packages, suite, draft)
	install.ExtraFiles = []*os.File{turn} // should this program be killed, the lock is held until debootstrap has ended
	if _, err := output(install, ""); err != nil {
		return "", err
	}
	if _, err := output(chroot(draft, "/bin/sh", "-eu", "-s", User), furnishBase); err != nil {
		return "", err
	}
	if err := os.Rename(draft, ready); err != nil {
		return "", fmt.Errorf("put a Debian in place: %w", err)
	}
	return ready, nil
}

func cacheFolder() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache: %w", err)
	}
	dir := filepath.Join(user, "drover-test", "debian")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache: %w", err)
	}
	return dir, nil
}

// lock keeps test programs that run at the same time from making the same thing.
// The lock is held until the last copy of the file is closed.
func lock(file string) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the cache: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock the cache: %w", err)
	}
	return f, nil
}
