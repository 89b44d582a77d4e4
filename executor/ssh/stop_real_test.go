package ssh_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// trees are commands that leave processes behind unless all are ended. Each tells its
// pid (and that of its session) through the pipe $1 once everything runs.
var trees = map[string]string{
	"one":        "echo $$ >%[1]s; exec sleep 86401",
	"two":        "echo $$ >%[1]s; sleep 86401; sleep 86401",
	"children":   "sh -c 'sleep 86401 & sleep 86401 & wait' & sleep 86401 & echo $$ >%[1]s; wait; true",
	"deaf child": "(trap '' TERM; echo $$ >%[1]s; sleep 86401; sleep 86401) & wait",
}

// pipe makes a named pipe that any user may write, and returns its name and a function
// that waits for a number to come through it.
func pipe(t *testing.T) (name string, read func() int) {
	t.Helper()
	dir, err := os.MkdirTemp("", "drover-test-pipe-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	name = filepath.Join(dir, "p")
	if err := syscall.Mkfifo(name, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return name, func() int {
		f, err := os.Open(name)
		if err != nil {
			t.Error(err)
			return 0
		}
		defer f.Close()
		line, _ := bufio.NewReader(f).ReadString('\n')
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Error(err)
		}
		return pid
	}
}

// inSession counts the living processes of a session.
func inSession(t *testing.T, session int) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if fields[0] != "Z" && fields[0] != "X" && fields[3] == strconv.Itoa(session) {
			n++
		}
	}
	return n
}

func eachTree(t *testing.T, test func(t *testing.T, text string, sudo bool)) {
	for name, text := range trees {
		for _, sudo := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s sudo=%v", name, sudo), func(t *testing.T) {
				t.Parallel()
				test(t, text, sudo)
			})
		}
	}
}

func TestRealCancelEndsTheProcesses(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "cancel", "", sshd.SudoPassword))
	eachTree(t, func(t *testing.T, text string, sudo bool) {
		name, read := pipe(t)
		ctx, cancel := context.WithCancel(t.Context())
		pid := make(chan int, 1)
		go func() {
			pid <- read()
			cancel()
		}()
		res, err := ssh.NewClient(ssh.Limits{Stop: 20 * time.Second}).Run(ctx, server, ssh.Command{Text: fmt.Sprintf(text, name), Sudo: sudo})
		if kind(err) != ssh.Cancelled || res.Stop != ssh.StopEnded || err.(*ssh.Error).NeverStarted() {
			t.Errorf("%+v, %v", res, err)
		}
		if n := inSession(t, <-pid); n != 0 {
			t.Errorf("%d processes are left", n)
		}
		if !strings.Contains(err.(*ssh.Error).Sentence(), "were ended") {
			t.Error(err.(*ssh.Error).Sentence())
		}
	})
}

func TestRealTimeOutEndsTheProcesses(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "timeout", "", sshd.SudoNoPasswd))
	eachTree(t, func(t *testing.T, text string, sudo bool) {
		name, read := pipe(t)
		pid := make(chan int, 1)
		go func() { pid <- read() }()
		res, err := ssh.NewClient(ssh.Limits{Stop: 20 * time.Second}).Run(t.Context(), server,
			ssh.Command{Text: "echo before; " + fmt.Sprintf(text, name), Sudo: sudo, Timeout: time.Second})
		if kind(err) != ssh.TimedOut || res.Stop != ssh.StopEnded || res.Stdout != "before\n" || res.ExitCode != -1 {
			t.Errorf("%+v, %v", res, err)
		}
		if n := inSession(t, <-pid); n != 0 {
			t.Errorf("%d processes are left", n)
		}
	})
}

func TestRealLinkLossEndsTheProcesses(t *testing.T) {
	t.Parallel()
	n := 0
	for name, text := range trees {
		for _, sudo := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s sudo=%v", name, sudo), func(t *testing.T) {
				s := startSSHD(t, sshd.Config{})
				server := at(s, addUser(t, fmt.Sprint("link", n), "", sshd.SudoNoPasswd))
				n++
				t.Parallel()
				name, read := pipe(t)
				pid := make(chan int, 1)
				go func() {
					pid <- read()
					s.DropConnections()
				}()
				res, err := client().Run(t.Context(), server, ssh.Command{Text: fmt.Sprintf(text, name), Sudo: sudo})
				if kind(err) != ssh.LinkLost || res.Stop != ssh.StopUnknown {
					t.Errorf("%+v, %v", res, err)
				}
				session := <-pid
				eventually(t, func() bool { return inSession(t, session) == 0 })
			})
		}
	}
}

// eventually looks again and again, for what happens in other processes.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(15 * time.Second); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("it does not come about")
		}
	}
}

// A command that ends by itself while it is being stopped keeps its own exit status.
func TestRealFinishedBeforeTheStop(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "finish", "", sshd.NoSudo))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	name, read := pipe(t)
	go func() {
		read()
		cancel()
	}()
	// TERM is taken as a reason to tidy up and leave with a status: still ended on request.
	text := fmt.Sprintf("trap 'exit 5' TERM; echo $$ >%s; while :; do sleep 0.1; done", name)
	res, err := client().Run(ctx, server, ssh.Command{Text: text})
	if kind(err) != ssh.Cancelled || res.Stop != ssh.StopEnded {
		t.Fatalf("%+v, %v", res, err)
	}
}
