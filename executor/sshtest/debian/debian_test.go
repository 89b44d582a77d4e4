//go:build linux

package debian_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/executor/sshtest/debian"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

func TestMain(m *testing.M) { os.Exit(debian.Main(m.Run)) }

func require(t *testing.T) {
	t.Helper()
	if err := debian.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func start(t *testing.T, c debian.Config) *debian.Host {
	t.Helper()
	require(t)
	h, err := debian.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("console of %s:\n%s", c.Name, h.Console())
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// login is how a test logs in to a host.
type login struct {
	*debian.Host
	t    *testing.T
	args []string
}

func startLogin(t *testing.T, name string) login {
	t.Helper()
	require(t)
	key := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	h := start(t, debian.Config{Name: name, AuthorizedKeys: []string{string(public)}})
	address, _ := h.Addr()
	if err := os.WriteFile(key+".known", []byte(address+" "+h.HostKey()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return login{h, t, []string{"-o", "BatchMode=yes", "-o", "UserKnownHostsFile=" + key + ".known", "-i", key, debian.User + "@" + address}}
}

func (l login) ssh(command string) string {
	l.t.Helper()
	out, err := exec.Command("ssh", append(l.args, command)...).CombinedOutput()
	if err != nil {
		l.t.Fatalf("%s: %v: %s", command, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (l login) awaitBoot(n int) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	if err := l.AwaitBoot(ctx, n); err != nil {
		l.t.Fatal(err)
	}
}

func (l login) awaitOff() {
	l.t.Helper()
	select {
	case <-l.Off():
	case <-time.After(patience):
		l.t.Fatal("it stays up")
	}
}

const identity = "hostname; cat /etc/machine-id; cat /proc/sys/kernel/random/boot_id; cat /proc/sys/kernel/osrelease"

func TestReboot(t *testing.T) {
	t.Parallel()
	h := startLogin(t, "web1")
	if err := h.OnBoot("echo 6.1.0 >/run/kernel; mount --bind /run/kernel /proc/sys/kernel/osrelease"); err != nil {
		t.Fatal(err)
	}
	h.ssh("sudo shutdown -r now")
	h.awaitBoot(2)
	before := strings.Fields(h.ssh(identity))
	if err := h.OnBoot(""); err != nil {
		t.Fatal(err)
	}
	h.ssh("sudo shutdown -r now")
	h.awaitBoot(3)
	after := strings.Fields(h.ssh(identity))
	if after[0] != "web1" || after[1] != before[1] || after[2] == before[2] || after[3] == before[3] {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	h := startLogin(t, "web2")
	h.ssh("echo kept | sudo tee /root/note; sudo shutdown -P now")
	h.awaitOff()
	if err := h.PowerOn(); err != nil {
		t.Fatal(err)
	}
	if got := h.ssh("sudo cat /root/note"); got != "kept" || h.Boots() != 2 {
		t.Errorf("after %d boots: %q", h.Boots(), got)
	}
	h.StayDown()
	h.ssh("sudo shutdown -r now")
	h.awaitOff()
}

// TestNothingIsLeftOfAKilledTestProgram starts this program once more, and kills it while its host is up.
func TestNothingIsLeftOfAKilledTestProgram(t *testing.T) {
	require(t)
	if os.Getenv("DROVER_TEST_VICTIM") != "" {
		start(t, debian.Config{Name: "left-behind"})
		fmt.Println("up as", os.Getpid())
		select {}
	}
	t.Parallel()
	again := func(run string) *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run="+run)
		cmd.Env = append(without(os.Environ(), "DROVER_TEST_DEBIAN="), "DROVER_TEST_VICTIM=1")
		return cmd
	}
	victim := again("^" + t.Name() + "$")
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	defer victim.Process.Kill() // whatever becomes of this test, it must not stay
	var pid int
	if _, err := fmt.Fscanf(out, "up as %d\n", &pid); err != nil || !running(pid) {
		t.Fatalf("its host has not come up: %v", err)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait() // it was killed
	for tooLate := time.After(patience); running(pid); {
		select {
		case <-tooLate:
			t.Fatal("its host goes on")
		case <-time.After(10 * time.Millisecond):
		}
	}
	if out, err := again("^$").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left, _ := filepath.Glob(fmt.Sprintf("%s/cgroup/drover-test-%d*", os.Getenv("DROVER_TEST_DEBIAN"), pid)); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func without(env []string, prefix string) []string {
	var kept []string
	for _, e := range env {
		if !strings.HasPrefix(e, prefix) {
			kept = append(kept, e)
		}
	}
	return kept
}

// running says whether hosts of a test program have a process.
func running(pid int) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/cgroup")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), fmt.Sprintf("/drover-test-%d/", pid)) {
			return true
		}
	}
	return false
}
