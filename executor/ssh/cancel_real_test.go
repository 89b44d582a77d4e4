package ssh_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// hangingLogin is a real sshd whose PAM never answers as long as the test runs.
func hangingLogin(t *testing.T) *sshd.Server {
	t.Helper()
	dir := commonDir(t)
	fifo, service := filepath.Join(dir, "fifo"), filepath.Join(dir, "pam")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.OpenFile(fifo, os.O_RDWR, 0) // the last one to close it lets cat go
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close() })
	text := fmt.Sprintf("auth required pam_exec.so /bin/cat %s\nauth required pam_deny.so\naccount required pam_permit.so\nsession required pam_permit.so\n", fifo)
	if err := os.WriteFile(service, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return startSSHD(t, sshd.Config{Options: []string{"UsePAM yes"}, Replace: map[string]string{"/etc/pam.d/sshd": service}})
}

// TestRealEveryStageEnds: connecting, the handshake and the login end at their limit, and with the context at once, direct
// and behind a jump host, and on the jump host itself.
func TestRealEveryStageEnds(t *testing.T) {
	t.Parallel()
	user := addUser(t, "stages", "", sshd.NoSudo)
	bastion := startSSHD(t, sshd.Config{})
	deaf := at(startSSHD(t, sshd.Config{}), user)
	mute, hanging, good := deaf, at(hangingLogin(t), user), deaf
	deaf.Port, mute.Port = fullPort(t), mutePort(t)
	on := func(jump ssh.Server) ssh.Server {
		server := good
		jump.Name = "bastion1"
		server.Jump = &jump
		return server
	}
	for name, c := range map[string]struct {
		server ssh.Server
		limit  ssh.Kind
		jump   string // whose fault it is
	}{
		"connect": {deaf, ssh.Silent, ""}, "handshake": {mute, ssh.NoHandshake, ""}, "login": {hanging, ssh.LoginSilent, ""},
		"connect behind a jump host":   {behind(bastion, user, deaf), ssh.Silent, ""},
		"handshake behind a jump host": {behind(bastion, user, mute), ssh.NoHandshake, ""},
		"login behind a jump host":     {behind(bastion, user, hanging), ssh.LoginSilent, ""},
		"connect on the jump host":     {on(deaf), ssh.Silent, "bastion1"},
		"handshake on the jump host":   {on(mute), ssh.NoHandshake, "bastion1"},
		"login on the jump host":       {on(hanging), ssh.LoginSilent, "bastion1"},
	} {
		for end, want := range map[string]ssh.Kind{"limit": c.limit, "cancel": ssh.Cancelled, "deadline": ssh.TimedOut} {
			t.Run(name+"/"+end, func(t *testing.T) {
				t.Parallel()
				client := ssh.NewClient(stageLimits(end))
				defer client.Close()
				if c.server.Jump != nil && c.jump == "" {
					run(t, client, *c.server.Jump, "true") // from here on the time is the server's
				}
				begin := time.Now()
				err := endStage(t, client, c.server, end)
				client.Close() // waits for what is still under way
				if e := failure(err); e.Kind != want || !e.NeverStarted() || end == "limit" && e.Jump != c.jump {
					t.Errorf("%v, want %s", err, want)
				}
				if took := time.Since(begin); took > 30*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
}

// stageLimits are short where they are what ends a stage.
func stageLimits(end string) ssh.Limits {
	if end == "limit" {
		return ssh.Limits{Connect: 5 * time.Second, Login: 5 * time.Second}
	}
	return ssh.Limits{Connect: 2 * time.Minute, Login: 2 * time.Minute}
}

// endStage runs a command that gets stuck on its way, and ends it so.
func endStage(t *testing.T, client *ssh.Client, server ssh.Server, end string) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	switch end {
	case "cancel":
		defer time.AfterFunc(time.Second, cancel).Stop()
	case "deadline":
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	_, err := client.Run(ctx, server, ssh.Command{Text: "true"})
	return err
}
