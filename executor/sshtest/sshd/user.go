package sshd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Sudo is what a user may do as root.
type Sudo string

// The ways of sudo.
const (
	NoSudo       Sudo = ""              // sudo asks, then refuses
	SudoPassword Sudo = "ALL=(ALL) ALL" // after the user's password
	SudoNoPasswd Sudo = "ALL=(ALL) NOPASSWD: ALL"
)

// prefix marks the users that this package may make and remove.
const prefix = "drover-test-"

// User is a system user.
type User struct {
	Name string // as the system knows it
	dir  string
}

// AddUser makes a system user drover-test-NAME-PID with a password, a login shell (""
// means /bin/sh) and rights. NAME is at most ten letters or digits. The process id keeps
// test programs that run at the same time apart; users that a broken-off one has left
// are removed.
func AddUser(name, password, shell string, sudo Sudo) (*User, error) {
	if shell == "" {
		shell = "/bin/sh"
	}
	unlock, err := lockUsers()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := sweep(); err != nil {
		return nil, err
	}
	u := &User{Name: fmt.Sprintf("%s%s-%d", prefix, name, os.Getpid())}
	if u.dir, err = os.MkdirTemp("", u.Name+"-"); err != nil {
		return nil, fmt.Errorf("make a home: %w", err)
	}
	err = errors.Join(
		run("", "useradd", "--no-log-init", "--no-create-home", "--home-dir", u.dir, "--shell", shell, u.Name),
		run(u.Name+":"+password, "chpasswd"),
		run("", "chown", u.Name+":", u.dir),
		u.allow(sudo),
	)
	if err != nil {
		return nil, errors.Join(err, u.remove(), os.RemoveAll(u.dir))
	}
	return u, nil
}

// allow writes the sudoers line, checked before it is put in place: a broken file there
// would disable sudo for everybody.
func (u *User) allow(sudo Sudo) error {
	if sudo == NoSudo {
		return nil
	}
	draft := filepath.Join(u.dir, "sudoers")
	line := fmt.Sprintf("%s %s\n", u.Name, sudo)
	if err := os.WriteFile(draft, []byte(line), 0o440); err != nil {
		return fmt.Errorf("write sudoers: %w", err)
	}
	if err := run("", "visudo", "-cf", draft); err != nil {
		return err
	}
	if err := os.WriteFile(u.sudoers(), []byte(line), 0o440); err != nil {
		return fmt.Errorf("write sudoers: %w", err)
	}
	return nil
}

func (u *User) sudoers() string { return filepath.Join("/etc/sudoers.d", u.Name) }

// Close removes the user, the home and the rights.
func (u *User) Close() error {
	unlock, err := lockUsers()
	if err != nil {
		return err
	}
	defer unlock()
	return errors.Join(u.remove(), os.RemoveAll(u.dir))
}

// remove needs no user to be there: exit status 6 of userdel says that there is none.
func (u *User) remove() error {
	if err := os.Remove(u.sudoers()); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove sudoers: %w", err)
	}
	err := run("", "userdel", "--force", u.Name)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 6 {
		return nil
	}
	return err
}

// sweep removes users whose test program has ended.
func sweep() error {
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return fmt.Errorf("list users: %w", err)
	}
	for line := range strings.Lines(string(passwd)) {
		name, _, _ := strings.Cut(line, ":")
		pid := name[strings.LastIndexByte(name, '-')+1:]
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if _, err := os.Stat(filepath.Join("/proc", pid)); err == nil {
			continue
		}
		if err := (&User{Name: name}).remove(); err != nil {
			return err
		}
	}
	return nil
}

// lockUsers keeps tests of several packages from changing /etc/passwd at once, at which
// the tools would fail.
func lockUsers() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), prefix+"users.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock users: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock users: %w", err)
	}
	return func() { f.Close() }, nil
}

// run runs a program; its input may hold a password, so no error shows it.
func run(input, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
