package ssh_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// pooled is a client that is closed with the test; afterwards nothing may be left of it.
func pooled(t testing.TB, limits ssh.Limits) *ssh.Client {
	t.Helper()
	c := ssh.NewClient(limits)
	t.Cleanup(func() {
		c.Close()
		if n := c.Kept(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
	return c
}

func run(t testing.TB, c *ssh.Client, server ssh.Server, text string) ssh.Result {
	t.Helper()
	res, err := c.Run(t.Context(), server, ssh.Command{Text: text})
	if err != nil || res.ExitCode != 0 {
		t.Fatalf("%s: %+v, %v", text, res, err)
	}
	return res
}

// failure is the error as the package makes it; of another one, an empty one.
func failure(err error) *ssh.Error {
	var e *ssh.Error
	if !errors.As(err, &e) {
		return &ssh.Error{}
	}
	return e
}

func logins(s *sshd.Server) int { return strings.Count(s.Log(), "Accepted ") }

func TestRealSecondCommandNeedsNoLogin(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "warm", "", sshd.SudoPassword))
	c := pooled(t, ssh.Limits{})
	if res := run(t, c, server, "true"); res.Connect == 0 || res.Login == 0 {
		t.Errorf("the first one: %+v", res)
	}
	for range 20 {
		if res := run(t, c, server, "echo out; echo err >&2"); res.Connect+res.Login != 0 || res.Stdout != "out\n" || res.Stderr != "err\n" {
			t.Fatalf("%+v", res)
		}
	}
	res, err := c.Run(t.Context(), server, ssh.Command{Text: "id -u", Sudo: true})
	if err != nil || res.Stdout != "0\n" {
		t.Fatalf("%+v, %v", res, err)
	}
	if n := logins(s); n != 1 {
		t.Fatalf("%d logins\n%s", n, s.Log())
	}
	fresh, err := c.Run(t.Context(), server, ssh.Command{Text: "true", Fresh: true})
	if err != nil || fresh.Connect == 0 || fresh.Login == 0 {
		t.Fatalf("%+v, %v", fresh, err)
	}
	if n := c.Kept(); n != 1 || logins(s) != 2 {
		t.Fatalf("%d kept after %d logins", n, logins(s))
	}
}

func TestRealBrokenConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "broken", "", sshd.NoSudo))
	c := pooled(t, ssh.Limits{})
	for i := range 5 {
		run(t, c, server, "true")
		if n := logins(s); n != i+1 {
			t.Fatalf("%d logins after %d broken connections", n, i)
		}
		s.DropConnections()
	}
}

// A link that is lost after the command was sent is never made again by itself.
func TestRealCommandIsSentOnce(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "sentonce", "", sshd.NoSudo))
	c := pooled(t, ssh.Limits{})
	run(t, c, server, "true")
	_, err := c.Run(t.Context(), server, ssh.Command{Text: "sleep 100", Started: s.DropConnections})
	if kind(err) != ssh.LinkLost || logins(s) != 1 {
		t.Fatalf("%v after %d logins", err, logins(s))
	}
}

// together runs commands that are all under way at the same time.
func together(t *testing.T, c *ssh.Client, server ssh.Server, n int) {
	t.Helper()
	var begun, done sync.WaitGroup
	begun.Add(n)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range n {
		done.Go(func() {
			_, err := c.Run(ctx, server, ssh.Command{Text: "sleep 100", Started: begun.Done})
			if kind(err) != ssh.Cancelled || err.(*ssh.Error).Stop != ssh.StopEnded {
				t.Errorf("%v: %v", kind(err), err)
				if err == nil || !err.(*ssh.Error).Began {
					begun.Done()
				}
			}
		})
	}
	begun.Wait()
	cancel()
	done.Wait()
}

func TestRealNinthSessionOpensASecondConnection(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "nine", "", sshd.NoSudo))
	c := pooled(t, ssh.Limits{})
	together(t, c, server, 8)
	if n := logins(s); n != 1 {
		t.Fatalf("eight commands: %d logins\n%s", n, s.Log())
	}
	together(t, c, server, 9)
	if n := logins(s); n != 2 {
		t.Fatalf("nine commands: %d logins", n)
	}
}

func TestRealFewerSessionsThanOthersAllow(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{Options: []string{"MaxSessions 2"}})
	server := at(s, addUser(t, "few", "", sshd.NoSudo))
	together(t, pooled(t, ssh.Limits{}), server, 5)
	if n := logins(s); n < 3 || n > 8 {
		t.Fatalf("%d logins", n)
	}
}

// One command that ends badly leaves those beside it alone.
func TestRealNeighbours(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "beside", "", sshd.NoSudo))
	c := pooled(t, ssh.Limits{Linger: 100 * time.Millisecond})
	started := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		res, err := c.Run(t.Context(), server, ssh.Command{Text: "sleep 2; echo done", Started: func() { close(started) }})
		if err != nil || res.Stdout != "done\n" {
			t.Errorf("%+v, %v", res, err)
		}
	})
	<-started
	if _, err := c.Run(t.Context(), server, ssh.Command{Text: "sleep 100", Timeout: 50 * time.Millisecond}); kind(err) != ssh.TimedOut {
		t.Error(err)
	}
	run(t, c, server, "setsid sleep 3 & echo left behind")
	beside.Wait()
	run(t, c, server, "true")
	if n := logins(s); n != 1 {
		t.Errorf("%d logins\n%s", n, s.Log())
	}
}

func TestRealIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "idle", "", sshd.NoSudo))
	c := pooled(t, ssh.Limits{Idle: 50 * time.Millisecond})
	run(t, c, server, "true")
	eventually(t, func() bool { return c.Kept() == 0 })
	c.Limit(0)
	run(t, c, server, "true")
	if c.Kept() != 0 || logins(s) != 2 {
		t.Errorf("%d kept after %d logins", c.Kept(), logins(s))
	}
}

func TestRealChangedEntryClosesTheConnection(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{KeyTypes: []string{"ed25519", "rsa"}})
	server := at(s, addUser(t, "changed", "", sshd.NoSudo))
	server.HostKeys = server.HostKeys[:1]
	c := pooled(t, ssh.Limits{})
	run(t, c, server, "true")
	server.HostKeys = s.HostKeys()[1:]
	run(t, c, server, "true")
	if c.Kept() != 1 || logins(s) != 2 {
		t.Errorf("%d kept after %d logins", c.Kept(), logins(s))
	}
	_, foreign := newKey(t)
	server.HostKeys = []string{foreign}
	if _, err := c.Run(t.Context(), server, ssh.Command{Text: "true"}); kind(err) != ssh.HostKeyChanged {
		t.Error(err)
	}
	if c.Kept() != 0 {
		t.Errorf("%d kept", c.Kept())
	}
}

func TestRealCloseEndsWhatRuns(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "close", "", sshd.NoSudo))
	c := pooled(t, ssh.Limits{})
	_, err := c.Run(t.Context(), server, ssh.Command{Text: "sleep 100", Started: func() { go c.Close() }})
	if kind(err) != ssh.LinkLost {
		t.Error(err)
	}
	c.Close()
	if _, err := c.Run(t.Context(), server, ssh.Command{Text: "true"}); kind(err) != ssh.Cancelled {
		t.Error(err)
	}
}
