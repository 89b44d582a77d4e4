package sshtest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"drover/executor/ssh"
	"drover/executor/sshtest"
)

// TestADetachedCommandOutlivesItsConnection, and is started once.
func TestADetachedCommandOutlivesItsConnection(t *testing.T) {
	goOn, kept := make(chan struct{}), make(chan error, 1)
	s := start(t, sshtest.Config{Handler: func(session *sshtest.Session) int {
		fmt.Fprintln(session.Stdout, "before")
		<-goOn
		fmt.Fprintln(session.Stderr, "after")
		kept <- session.Context().Err()
		return 7
	}})
	client, job := ssh.NewClient(quick()), uuid.NewString()
	for _, sudo := range []bool{true, false} { // the second start is refused, whoever asks
		_, err := client.Run(t.Context(), target(s), ssh.Command{Text: "upgrade", Detach: job, Sudo: sudo, Started: s.DropConnections})
		if want := map[bool]ssh.Kind{true: ssh.LinkLost, false: ssh.JobExists}[sudo]; kind(err) != want {
			t.Fatalf("got %v, want %s", err, want)
		}
	}
	if err := s.Down(); err != nil {
		t.Fatal(err)
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	res, err := client.Attach(ctx, target(s), ssh.AttachTo{Job: job, Started: cancel})
	if kind(err) != ssh.Cancelled || res.Stop != ssh.StopGoesOn {
		t.Fatal(err)
	}
	close(goOn)
	if err := <-kept; err != nil {
		t.Fatalf("its context has ended: %v", err)
	}
	for range 2 {
		res, err := client.Attach(t.Context(), target(s), ssh.AttachTo{Job: job})
		if err != nil || res.ExitCode != 7 || res.Stdout != "before\n" || res.Stderr != "after\n" {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if n := s.Sessions(); n != 1 {
		t.Errorf("%d commands", n)
	}
}

func TestKilledAndUnknownJobs(t *testing.T) {
	s := start(t, sshtest.Config{Handler: func(session *sshtest.Session) int {
		return sshtest.Play(session, 0, sshtest.Line{Text: "one"}, sshtest.Line{After: time.Hour})
	}})
	client, job := ssh.NewClient(quick()), uuid.NewString()
	_, err := client.Attach(t.Context(), target(s), ssh.AttachTo{Job: job})
	if kind(err) != ssh.JobUnknown {
		t.Fatal(err)
	}
	if _, err := client.Run(t.Context(), target(s), ssh.Command{Text: "late", Detach: job}); kind(err) != ssh.JobExists {
		t.Fatal(err)
	}
	res, err := client.Run(t.Context(), target(s), ssh.Command{Text: "upgrade", Detach: uuid.NewString(), Started: s.KillJobs})
	if kind(err) != ssh.JobDied || res.Stdout != "one\n" {
		t.Fatalf("%+v, %v", res, err)
	}
}
