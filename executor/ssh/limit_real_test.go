package ssh_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// TestRealSilence: what prints nothing for too long is ended with all that it has begun, also behind a jump host; what
// goes on printing is not. A detached command is only no longer waited for.
func TestRealSilence(t *testing.T) {
	t.Parallel()
	user := addUser(t, "silence", "", sshd.SudoNoPasswd)
	bastion, s := startSSHD(t, sshd.Config{}), startSSHD(t, sshd.Config{})
	c := pooled(t, ssh.Limits{Stop: 30 * time.Second})
	for where, server := range map[string]ssh.Server{"direct": at(s, user), "behind a jump host": behind(bastion, user, at(s, user))} {
		server.Name = where
		for _, sudo := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s sudo=%v", where, sudo), func(t *testing.T) {
				t.Parallel()
				name, read := pipe(t)
				session, group := make(chan int, 1), make(chan int, 1)
				go func() {
					s, g := family(t, read())
					session <- s
					group <- g
				}()
				begin := time.Now()
				res, err := c.Run(t.Context(), server, ssh.Command{
					Text: "echo one; sleep 1; echo two >&2; sleep 1; echo three; " + fmt.Sprintf(trees["children"], name), Sudo: sudo, Silence: 2 * time.Second, Timeout: time.Minute,
				})
				if kind(err) != ssh.WentSilent || res.Stop != ssh.StopEnded || res.Stdout != "one\nthree\n" || time.Since(begin) < 3500*time.Millisecond {
					t.Fatalf("%+v, %v", res, err)
				}
				if said := err.(*ssh.Error).Sentence(); !strings.Contains(said, "printed nothing for longer than it may: its processes were ended") {
					t.Error(said)
				}
				of, in := <-session, <-group
				eventually(t, func() bool { return len(alive(t, of, in)) == 0 })
			})
		}
	}
	t.Run("detached", func(t *testing.T) {
		t.Parallel()
		job := uuid.NewString()
		res, err := c.Run(t.Context(), at(s, user), ssh.Command{Text: "echo one; sleep 3; echo two", Detach: job, Silence: time.Second})
		if kind(err) != ssh.WentSilent || res.Stop != ssh.StopGoesOn || res.Stdout != "one\n" || !strings.Contains(err.(*ssh.Error).Sentence(), "it goes on there") {
			t.Fatalf("%+v, %v", res, err)
		}
		if res, err := c.Attach(t.Context(), at(s, user), ssh.AttachTo{Job: job}); err != nil || res.Stdout != "one\ntwo\n" {
			t.Errorf("%+v, %v", res, err)
		}
	})
}

// TestRealTooMuchOutput: a command that prints without end is ended; a detached one, and one that prints just as much as
// it may, are not.
func TestRealTooMuchOutput(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	user := addUser(t, "flood", "", sshd.SudoNoPasswd)
	c := pooled(t, ssh.Limits{Output: 4 << 20, Stop: 30 * time.Second})
	for _, sudo := range []bool{false, true} {
		name, read := pipe(t)
		pid := make(chan int, 1)
		go func() { pid <- read() }()
		res, err := c.Run(t.Context(), at(s, user), ssh.Command{Text: fmt.Sprintf("echo $$ >%s; exec yes", name), Sudo: sudo})
		if kind(err) != ssh.TooMuchOutput || res.Stop != ssh.StopEnded || !res.StdoutTruncated || len(res.Stdout) > 300<<10 {
			t.Fatalf("%v, %v, %v", res.Stop, res.StdoutTruncated, err)
		}
		if said := err.(*ssh.Error).Sentence(); !strings.Contains(said, "printed more than drover takes: its processes were ended. Correct the action") {
			t.Error(said)
		}
		leader := <-pid
		eventually(t, func() bool { return len(alive(t, leader, leader)) == 0 })
	}
	for _, detach := range []string{"", uuid.NewString()} {
		size := 3 << 20
		if detach != "" {
			size = 6 << 20
		}
		res, err := c.Run(t.Context(), at(s, user), ssh.Command{Text: fmt.Sprintf("yes | head -c %d; exit 5", size), Detach: detach})
		if err != nil || res.ExitCode != 5 || !res.StdoutTruncated {
			t.Errorf("%v, %v, %v", res.ExitCode, res.StdoutTruncated, err)
		}
	}
}

// TestRealReason: the shell's own exit codes are told apart from the command's, plain and as root.
func TestRealReason(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	user := addUser(t, "reason", "", sshd.SudoNoPasswd)
	c := pooled(t, ssh.Limits{})
	for text, want := range map[string]ssh.Kind{
		"no-such-program --version": ssh.CommandNotFound, "/etc/passwd": ssh.NotExecutable,
		"sh -c 'kill -SEGV $$'; exit $?": ssh.KilledBySignal, "exit 127": "", "true": "",
	} {
		for _, sudo := range []bool{false, true} {
			res, err := c.Run(t.Context(), at(s, user), ssh.Command{Text: text, Sudo: sudo})
			if err != nil || (res.Reason == nil) != (want == "") || want != "" && (res.Reason.Kind != want || res.Reason.Server != "web1") {
				t.Errorf("%q sudo=%v: %+v, %v", text, sudo, res, err)
			}
		}
	}
	if _, err := c.Run(t.Context(), at(s, user), ssh.Command{Text: "kill -KILL $$"}); kind(err) != ssh.KilledBySignal {
		t.Error(err)
	}
}
