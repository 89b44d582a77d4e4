package sshtest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest"
)

func start(t *testing.T, config sshtest.Config) *sshtest.Server {
	t.Helper()
	if config.Users == nil {
		config.Users = map[string]sshtest.User{"ops": {Password: "correct horse", SudoPassword: "battery"}}
	}
	s, err := sshtest.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func target(s *sshtest.Server) ssh.Server {
	host, port := s.Addr()
	return ssh.Server{
		Name: "web1", Address: host, Port: port, User: "ops", HostKeys: []string{s.HostKeyLine()},
		Login: ssh.Login{Password: "correct horse", SudoPassword: "battery"},
	}
}

// quick are limits that let a fault show within a test's patience.
func quick() ssh.Limits {
	return ssh.Limits{
		Connect: time.Second, Login: 500 * time.Millisecond, Start: 2 * time.Second, Stop: time.Second,
		Linger: 200 * time.Millisecond, KeepAlive: 50 * time.Millisecond,
	}
}

func kind(err error) ssh.Kind {
	var e *ssh.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

func TestHandlerSeesTheCommandItself(t *testing.T) {
	for _, text := range []string{"true", "echo 'it''s' \\ \"$x\" !", "a\nb\\n\r\n", "printf '%s\\n' é"} {
		for _, sudo := range []bool{false, true} {
			t.Run(fmt.Sprintf("%q sudo=%v", text, sudo), func(t *testing.T) {
				var got sshtest.Session
				s := start(t, sshtest.Config{Handler: func(session *sshtest.Session) int {
					got = *session
					fmt.Fprintln(session.Stdout, "out")
					fmt.Fprintln(session.Stderr, "err")
					return 3
				}})
				began := 0
				res, err := ssh.NewClient(quick()).Run(t.Context(), target(s), ssh.Command{Text: text, Sudo: sudo, Started: func() { began++ }})
				if err != nil || res.ExitCode != 3 || res.Stdout != "out\n" || res.Stderr != "err\n" || began != 1 {
					t.Fatalf("result %+v, began %d, error %v", res, began, err)
				}
				if got.Command != text || got.Sudo != sudo || got.User != "ops" {
					t.Fatalf("the handler saw %q sudo=%v user=%q", got.Command, got.Sudo, got.User)
				}
			})
		}
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(*sshtest.Server) error
		want  ssh.Kind
	}{
		"down":        {(*sshtest.Server).Down, ssh.Refused},
		"silent":      {func(s *sshtest.Server) error { s.SetSilent(true); return nil }, ssh.NoHandshake},
		"banner only": {func(s *sshtest.Server) error { s.SetBannerOnly(true); return nil }, ssh.NoHandshake},
		"refuses":     {func(s *sshtest.Server) error { s.SetRefuseLogin(true); return nil }, ssh.LoginRefused},
		"new key":     {(*sshtest.Server).NewHostKey, ssh.HostKeyChanged},
		"no status":   {func(s *sshtest.Server) error { s.SetNoExitStatus(true); return nil }, ssh.NoExitStatus},
		"drops":       {func(s *sshtest.Server) error { s.SetDropAfter(6000); return nil }, ssh.LinkLost},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, sshtest.Config{Handler: func(session *sshtest.Session) int {
				for session.Context().Err() == nil && name == "drops" {
					if _, err := fmt.Fprintln(session.Stdout, "more"); err != nil {
						return 1
					}
				}
				return 0
			}})
			server := target(s)
			if err := c.fault(s); err != nil {
				t.Fatal(err)
			}
			_, err := ssh.NewClient(quick()).Run(t.Context(), server, ssh.Command{Text: "true"})
			if kind(err) != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestUpAgainOnTheSamePort(t *testing.T) {
	s := start(t, sshtest.Config{})
	client := ssh.NewClient(quick())
	if err := s.Down(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Run(t.Context(), target(s), ssh.Command{Text: "true"}); kind(err) != ssh.Refused {
		t.Fatalf("down: %v", err)
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Run(t.Context(), target(s), ssh.Command{Text: "true"}); err != nil {
		t.Fatalf("up again: %v", err)
	}
}

func TestLinkLossInTheMiddle(t *testing.T) {
	gone := make(chan struct{})
	s := start(t, sshtest.Config{Handler: func(session *sshtest.Session) int {
		defer close(gone)
		<-session.Context().Done()
		return 0
	}})
	_, err := ssh.NewClient(quick()).Run(t.Context(), target(s), ssh.Command{Text: "sleep 100", Started: s.DropConnections})
	if kind(err) != ssh.LinkLost {
		t.Fatalf("got %v", err)
	}
	<-gone
}

func TestCancelEndsTheHandler(t *testing.T) {
	s := start(t, sshtest.Config{Handler: func(session *sshtest.Session) int {
		return sshtest.Play(session, 0, sshtest.Line{Text: "one"}, sshtest.Line{After: time.Hour, Text: "two"})
	}})
	ctx, cancel := context.WithCancel(t.Context())
	res, err := ssh.NewClient(quick()).Run(ctx, target(s), ssh.Command{Text: "sleep 100", Started: cancel})
	if kind(err) != ssh.Cancelled || res.Stop != ssh.StopEnded {
		t.Fatalf("got %+v, %v", res, err)
	}
}

func TestSudo(t *testing.T) {
	for name, c := range map[string]struct {
		user sshtest.User
		want ssh.Kind
	}{
		"right password": {sshtest.User{SudoPassword: "battery"}, ""},
		"wrong password": {sshtest.User{SudoPassword: "other"}, ssh.SudoWrongPassword},
		"no password":    {sshtest.User{NoPasswd: true}, ""},
		"not allowed":    {sshtest.User{SudoPassword: "battery", NoSudo: true}, ssh.SudoRefused},
	} {
		t.Run(name, func(t *testing.T) {
			c.user.Password = "correct horse"
			s := start(t, sshtest.Config{Users: map[string]sshtest.User{"ops": c.user}})
			_, err := ssh.NewClient(quick()).Run(t.Context(), target(s), ssh.Command{Text: "id", Sudo: true})
			if kind(err) != c.want {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if began := s.Sessions(); (began == 1) != (c.want == "") {
				t.Fatalf("the handler ran %d times", began)
			}
		})
	}
}

func TestLatencyCostsTimePerRoundTrip(t *testing.T) {
	s := start(t, sshtest.Config{})
	s.SetLatency(20 * time.Millisecond)
	res, err := ssh.NewClient(ssh.Limits{}).Run(t.Context(), target(s), ssh.Command{Text: "true"})
	if err != nil || res.Login < 60*time.Millisecond || res.Run < 20*time.Millisecond || res.Run > time.Second {
		t.Fatalf("login %v, run %v, error %v", res.Login, res.Run, err)
	}
}
