package sshtest_test

import (
	"testing"

	"drover/executor/ssh"
	"drover/executor/sshtest"
)

// TestHost: a scripted server says which machine it is, and another boot after a restart.
func TestHost(t *testing.T) {
	s := start(t, sshtest.Config{})
	client := ssh.NewClient(quick())
	defer client.Close()
	boot := func(sudo bool) string {
		res, err := client.Run(t.Context(), target(s), ssh.Command{Text: "true", Sudo: sudo})
		if want := s.Host(); err != nil || res.Host != (ssh.HostFacts{
			System: "Linux", Distribution: "debian", Version: "12", Kernel: want.Kernel, MachineID: want.MachineID, BootID: want.BootID, BootStart: "3",
		}) {
			t.Fatalf("%+v, %v", res.Host, err)
		}
		return res.Host.Boot()
	}
	before := boot(false)
	if boot(true) != before {
		t.Error("it was not restarted")
	}
	s.NewBoot()
	if boot(false) == before {
		t.Error("it was restarted")
	}
	s.SetHost(func(h *sshtest.Host) { h.System = "FreeBSD" })
	s.NewBoot()
	if _, err := client.Run(t.Context(), target(s), ssh.Command{Text: "true"}); kind(err) != ssh.WrongPlatform {
		t.Error(err)
	}
}

func TestNoShell(t *testing.T) {
	s := start(t, sshtest.Config{NoShell: "bad command name exec (line 1 column 1)"})
	client := ssh.NewClient(quick())
	defer client.Close()
	for range 2 {
		if _, err := client.Run(t.Context(), target(s), ssh.Command{Text: "true"}); kind(err) != ssh.WrongPlatform || s.Sessions() != 0 {
			t.Error(err, s.Sessions())
		}
		s.SetNoExitStatus(true)
	}
	s.SetNoExitStatus(false)
	if _, err := client.Run(t.Context(), target(s), ssh.Command{Text: "/system resource print", Raw: true}); err != nil || s.Sessions() != 1 {
		t.Error(err, s.Sessions())
	}
}
