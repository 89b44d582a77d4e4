package ssh_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// TestRealHost: every command brings along which machine has run it, and which boot.
func TestRealHost(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "host", "", sshd.SudoPassword))
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	c := client()
	defer c.Close()
	for name, cmd := range map[string]ssh.Command{
		"plain": {Text: "true"}, "sudo": {Text: "true", Sudo: true}, "fails": {Text: "exit 3"},
		"detached": {Text: "true", Detach: uuid.NewString()}, "detached as root": {Text: "true", Detach: uuid.NewString(), Sudo: true},
	} {
		var first ssh.HostFacts
		res, err := c.Run(t.Context(), server, cmd)
		first = res.Host
		if err != nil || first.BootID != strings.TrimSpace(string(boot)) || first.System != "Linux" || first.Kernel == "" || first.Distribution == "" {
			t.Fatalf("%s: %+v, %v", name, first, err)
		}
		if again, err := c.Run(t.Context(), server, ssh.Command{Text: "true"}); err != nil || again.Host.Boot() != first.Boot() || first.Boot() == "" {
			t.Errorf("%s: %q and %q, %v", name, again.Host.Boot(), first.Boot(), err)
		}
	}
	if res, err := c.Run(t.Context(), server, ssh.Command{Text: "echo hello", Raw: true}); err != nil || res.Host != (ssh.HostFacts{}) {
		t.Errorf("raw: %+v, %v", res, err)
	}
}

// TestRealWrongPlatform: what is not Linux says so, and runs nothing.
func TestRealWrongPlatform(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	system := filepath.Join(dir, "ostype")
	if err := os.WriteFile(system, []byte("FreeBSD\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	user := addUser(t, "wrong", "", sshd.SudoPassword)
	for name, c := range map[string]struct {
		config   sshd.Config
		sentence string
	}{
		"RouterOS": {sshd.Config{Options: []string{"ForceCommand echo 'bad command name exec (line 1 column 1)'"}}, "--platform routeros"},
		"IOS":      {sshd.Config{Options: []string{`ForceCommand echo 'Line has invalid autocommand "exec /bin/sh"'; kill -9 $$`}}, "--platform ios"},
		"Windows":  {sshd.Config{Options: []string{"ForceCommand echo 'exec is not recognized as an internal or external command,' >&2; exit 1"}}, "runs Windows and not Linux"},
		"FreeBSD":  {sshd.Config{Replace: map[string]string{"/proc/sys/kernel/ostype": system}}, "runs FreeBSD and not Linux"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSSHD(t, c.config)
			for _, cmd := range []ssh.Command{
				{Text: "touch ran"}, {Text: "touch ran", Sudo: true}, {Text: "touch ran", Detach: uuid.NewString()},
			} {
				_, err := client().Run(t.Context(), at(s, user), cmd)
				if kind(err) != ssh.WrongPlatform {
					t.Fatal(err)
				}
				e := err.(*ssh.Error)
				if !e.NeverStarted() || e.Unreachable() || e.Answers != name || !strings.Contains(e.Sentence(), c.sentence) {
					t.Errorf("%+v: %s", e, e.Sentence())
				}
			}
		})
	}
}

// TestRealShellInsteadOfADevice: a Linux that is registered as a device says so, too.
func TestRealShellInsteadOfADevice(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "nodevice", "", sshd.NoSudo))
	for _, text := range []string{"/system resource print", "show version", `:execute script="/system reboot"`} {
		res, err := client().Run(t.Context(), server, ssh.Command{Text: text, Raw: true})
		if err != nil || res.Reason == nil || res.Reason.Kind != ssh.WrongPlatform ||
			!strings.Contains(res.Reason.Sentence(), "`drover server edit web1 --platform linux`") {
			t.Errorf("%s: %+v, %v", text, res.Reason, err)
		}
	}
	for _, text := range []string{"echo show: not found >&2; exit 127", "sh -c no-such-program"} {
		if res, err := client().Run(t.Context(), server, ssh.Command{Text: text, Raw: true}); err != nil || res.Reason != nil && res.Reason.Kind == ssh.WrongPlatform {
			t.Errorf("%s: %+v, %v", text, res.Reason, err)
		}
	}
}
