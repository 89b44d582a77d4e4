package ssh_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

func TestRealCommand(t *testing.T) {
	t.Parallel()
	private, public := newKey(t)
	s := startSSHD(t, sshd.Config{AuthorizedKeys: []string{public}})
	server := at(s, addUser(t, "run", "/bin/bash", sshd.SudoNoPasswd))
	server.Login.PrivateKey = private
	for name, c := range map[string]struct {
		text, stdout, stderr string
		code                 int
	}{
		"both streams":    {"echo out; echo err >&2", "out\n", "err\n", 0},
		"exit status":     {"exit 3", "", "", 3},
		"no such command": {"no-such-command-7 2>/dev/null", "", "", 127},
		"stdin is empty":  {"cat; echo end", "end\n", "", 0},
		"environment":     {`echo "$LC_ALL $NO_COLOR $TERM $SYSTEMD_PAGER $SYSTEMD_COLORS"; command -v shutdown sudo >/dev/null || case $PATH in */usr/sbin*) ;; *) exit 1;; esac`, "C 1 dumb cat 0\n", "", 0},
		"killed by KILL":  {"sh -c 'kill -KILL $$' 2>/dev/null; exit $?", "", "", 137},
		"no line break":   {"printf 'a\nb'", "a\nb", "", 0},
		"daemon":          {"sleep 2 & echo started", "started\n", "", 0},
		"many lines":      {"if true\nthen\n\techo 'it'\\''s'\nfi\n", "it's\n", "", 0},
		"own signal trap": {"trap 'echo got' USR1; kill -USR1 $$", "got\n", "", 0},
	} {
		for _, sudo := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s sudo=%v", name, sudo), func(t *testing.T) {
				t.Parallel()
				began := 0
				res, err := client().Run(t.Context(), server, ssh.Command{Text: c.text, Sudo: sudo, Started: func() { began++ }})
				if err != nil || res.ExitCode != c.code || res.Stdout != c.stdout || res.Stderr != c.stderr || began != 1 {
					t.Fatalf("%+v, began %d, error %v", res, began, err)
				}
				if res.Connect <= 0 || res.Login <= 0 || res.Run <= 0 || res.Stop != ssh.StopNone {
					t.Fatalf("times missing: %+v", res)
				}
			})
		}
	}
}

func TestRealRaw(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "raw", "", sshd.NoSudo))
	res, err := client().Run(t.Context(), server, ssh.Command{Text: "echo $0; exit 4", Raw: true})
	if err != nil || res.ExitCode != 4 || strings.Contains(res.Stdout, "drover") {
		t.Fatalf("%+v, %v", res, err)
	}
	_, err = client().Run(t.Context(), server, ssh.Command{Text: "kill -KILL $$", Raw: true})
	if kind(err) != ssh.KilledBySignal || !strings.Contains(err.Error(), "KILL") {
		t.Fatal(err)
	}
}

func TestRealBigOutputInLittleMemory(t *testing.T) {
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "big", "", sshd.NoSudo))
	logFile := filepath.Join(t.TempDir(), "log")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	res, err := client().Run(t.Context(), server, ssh.Command{
		Text: "seq 1 1500000; echo last >&2", LogFile: logFile,
	})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if err != nil || !res.StdoutTruncated || res.StderrTruncated || res.Stderr != "last\n" || !res.LogTruncated || res.LogSize < 8<<20 {
		t.Fatalf("stdout %v, stderr %v %q, log %v %v, error %v", res.StdoutTruncated, res.StderrTruncated, res.Stderr, res.LogTruncated, res.LogError, err)
	}
	if !strings.HasPrefix(res.Stdout, "1\n2\n") || !strings.HasSuffix(res.Stdout, "\n1500000\n") || !strings.Contains(res.Stdout, " lines omitted …\n") {
		t.Fatalf("got %q … %q", res.Stdout[:80], res.Stdout[len(res.Stdout)-80:])
	}
	if len(res.Stdout) > 257<<10 {
		t.Fatalf("kept %d bytes", len(res.Stdout))
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Fatalf("the heap has grown by %d bytes", grown)
	}
	info, err := os.Stat(logFile)
	if err != nil || info.Mode() != 0o600 || info.Size() != res.LogSize || info.Size() > 8<<20+257<<10 {
		t.Fatalf("log file: %v %v", info, err)
	}
	if text, err := os.ReadFile(logFile); err != nil || !strings.HasPrefix(string(text), "1\n2\n") || !strings.Contains(string(text), " lines omitted …\n") || !strings.Contains(string(text), "\n1500000\n") {
		t.Fatal(err)
	}
}

// The wrapper reaches /bin/sh unharmed through login shells that read quotes differently.
func TestRealLoginShells(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	text := "x='a!b'\nprintf '%s|' \"$x\" 'back\\slash' 'two\\\\' \"it's\" '$HOME' \"`echo tick`\" %s\nexit 9\n"
	want := `a!b|back\slash|two\\|it's|$HOME|tick|%s|`
	for i, shell := range []string{"/bin/dash", "/bin/bash", "/usr/bin/tcsh", "/usr/bin/fish", "/usr/bin/busybox"} {
		t.Run(filepath.Base(shell), func(t *testing.T) {
			if _, err := os.Stat(shell); err != nil {
				if i < 2 || os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			if strings.HasSuffix(shell, "busybox") {
				shell = busyboxShell(t)
			}
			server := at(s, addUser(t, fmt.Sprint("shell", i), shell, sshd.SudoPassword))
			for _, sudo := range []bool{false, true} {
				res, err := client().Run(t.Context(), server, ssh.Command{Text: text, Sudo: sudo})
				if err != nil || res.Stdout != want || res.ExitCode != 9 {
					t.Fatalf("sudo=%v: %+v, %v", sudo, res, err)
				}
			}
		})
	}
}

// busyboxShell links busybox under the name that makes it a shell.
func busyboxShell(t *testing.T) string {
	dir, err := os.MkdirTemp("", "drover-test-shell-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "ash")
	if err := os.Symlink("/usr/bin/busybox", link); err != nil {
		t.Fatal(err)
	}
	return link
}

func TestRealNoShell(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "nologin", "/usr/sbin/nologin", sshd.NoSudo))
	_, err := client().Run(t.Context(), server, ssh.Command{Text: "true"})
	if kind(err) != ssh.NoShell || !strings.Contains(err.Error(), "not available") {
		t.Fatal(err)
	}
}

func TestRealCommandThatNeverStarts(t *testing.T) {
	t.Parallel()
	user := addUser(t, "never", "", sshd.NoSudo)
	for forced, never := range map[string]bool{
		"exec cat >&2": true,  // goes away when it is hung up on
		"exec sleep 3": false, // does not, so what it will do is not known
	} {
		s := startSSHD(t, sshd.Config{Options: []string{"ForceCommand " + forced}})
		c := ssh.NewClient(ssh.Limits{Start: 300 * time.Millisecond, Stop: time.Second})
		_, err := c.Run(t.Context(), at(s, user), ssh.Command{Text: "true"})
		if kind(err) != ssh.NotStarted {
			t.Fatalf("%s: %v", forced, err)
		}
		if e := err.(*ssh.Error); e.NeverStarted() != never || e.Unreachable() {
			t.Fatalf("%s: %+v", forced, e)
		}
	}
}

func TestRealFiftyAtOnce(t *testing.T) {
	t.Parallel()
	private, public := newKey(t)
	s := startSSHD(t, sshd.Config{AuthorizedKeys: []string{public}})
	server := at(s, addUser(t, "fifty", "", sshd.NoSudo))
	server.Login.PrivateKey = private
	c := ssh.NewClient(ssh.Limits{})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			res, err := c.Run(t.Context(), server, ssh.Command{Text: fmt.Sprintf("echo %d", i)})
			if err != nil || res.Stdout != fmt.Sprintln(i) {
				t.Errorf("%d: %+v, %v", i, res, err)
			}
		})
	}
	all.Wait()
}
