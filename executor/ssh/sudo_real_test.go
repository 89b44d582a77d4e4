package ssh_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

func TestRealSudo(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	withPassword := addUser(t, "sudopw", "", sshd.SudoPassword)
	without := addUser(t, "sudonopw", "", sshd.SudoNoPasswd)
	not := addUser(t, "sudonot", "", sshd.NoSudo)
	for name, c := range map[string]struct {
		user, password string
		want           ssh.Kind
	}{
		"right password":      {withPassword, password, ""},
		"NOPASSWD":            {without, "", ""},
		"NOPASSWD and stored": {without, password, ""},
		"wrong password":      {withPassword, "wrong-password", ssh.SudoWrongPassword},
		"none stored":         {withPassword, "", ssh.SudoPasswordNeeded},
		"not in sudoers":      {not, password, ssh.SudoRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := at(s, c.user)
			server.Login.SudoPassword = c.password
			// What the command could read would be the password.
			res, err := client().Run(t.Context(), server, ssh.Command{Text: "id -u; cat; cat >&2", Sudo: true})
			if kind(err) != c.want || (err == nil && res.Stdout != "0\n") || res.Stderr != "" {
				t.Fatalf("%+v, %v, want %q", res, err, c.want)
			}
			if err == nil {
				return
			}
			e := err.(*ssh.Error)
			if !e.NeverStarted() || e.Unreachable() || strings.Contains(e.Error()+e.Sentence(), "wrong-password") {
				t.Fatalf("%+v: %v: %s", e, e, e.Sentence())
			}
		})
	}
}

// What sudo says when it refuses reaches people, without its question and without the command, which it repeats.
func TestRealSudoSaysWhy(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	for name, c := range map[string]struct{ rules, says string }{
		"tty":    {"ALL=(ALL) NOPASSWD: ALL\nDefaults:drover-test-tty-%d requiretty", "sudo said: sorry, you must have a tty to run sudo"},
		"little": {"ALL=(ALL) /bin/false", "is not allowed to execute that."},
		"nobody": {"", "is not in the sudoers file."},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(c.rules, "%d") {
				c.rules = fmt.Sprintf(c.rules, os.Getpid())
			}
			server := at(s, addUser(t, name, "", sshd.Sudo(c.rules)))
			_, err := client().Run(t.Context(), server, ssh.Command{Text: "echo the-text-of-the-command", Sudo: true})
			e := failure(err)
			said := e.Sentence()
			if e.Kind != ssh.SudoRefused || !strings.HasSuffix(said, c.says) || strings.Contains(said, "drover-prompt") || strings.Contains(said, "the-text") {
				t.Errorf("%+v: %s", err, said)
			}
		})
	}
}

// PAM's own count tells how often a wrong password was tried.
func TestRealSudoTriesAWrongPasswordOnce(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	dir, err := os.MkdirTemp("", "drover-test-sudolog-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	log := filepath.Join(dir, "log")
	user := addUser(t, "once", "", sshd.SudoPassword+"\nDefaults logfile="+sshd.Sudo(log)+", badpass_message=drover-test-bad")
	server := at(s, user)
	server.Login.SudoPassword = "wrong-password"
	if _, err := client().Run(t.Context(), server, ssh.Command{Text: "true", Sudo: true}); kind(err) != ssh.SudoWrongPassword {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		text, _ := os.ReadFile(log)
		return strings.Contains(strings.Join(strings.Fields(string(text)), " "), "1 incorrect password attempt")
	})
}

// The password is nowhere that other users of the server can look.
func TestRealSudoPasswordStaysHidden(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "hidden", "", sshd.SudoPassword))
	name, read := pipe(t)
	goOn, wait := pipe(t)
	var checked sync.WaitGroup
	checked.Go(func() {
		read()
		for _, pattern := range []string{"/proc/[0-9]*/cmdline", "/proc/[0-9]*/environ"} {
			files, _ := filepath.Glob(pattern)
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err == nil && strings.Contains(string(text), password) {
					t.Errorf("%s shows the password", file)
				}
			}
		}
		wait() // lets the command end
	})
	text := "echo $$ >" + name + "; cat; env; echo 1 >" + goOn
	res, err := client().Run(t.Context(), server, ssh.Command{Text: text, Sudo: true})
	checked.Wait()
	if err != nil || strings.Contains(res.Stdout+res.Stderr, password) || strings.Contains(res.Stdout, "[redacted]") {
		t.Fatalf("%+v, %v", res, err)
	}
}

func TestRealSudoMissing(t *testing.T) {
	t.Parallel()
	needSSHD(t)
	// A login environment without sudo is what a host without sudo looks like.
	s := startSSHD(t, sshd.Config{Options: []string{"ForceCommand /bin/sh -c 'echo \"/bin/sh: 6: exec: sudo: not found\" >&2; exit 127'"}})
	server := at(s, addUser(t, "nosudo", "", sshd.NoSudo))
	_, err := ssh.NewClient(ssh.Limits{Linger: 200 * time.Millisecond}).Run(t.Context(), server, ssh.Command{Text: "true", Sudo: true})
	if kind(err) != ssh.SudoMissing {
		t.Fatal(err)
	}
}
