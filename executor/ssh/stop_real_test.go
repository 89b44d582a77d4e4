package ssh_test

import (
	"bufio"
	"context"
	"errors"
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

// trees are commands that leave processes behind unless all are ended. Each tells its pid, by which its session or its
// group is known, through the pipe $1 once everything runs.
var trees = map[string]string{
	"one process":         "echo $$ >%[1]s; exec sleep 86401",
	"one after another":   "echo $$ >%[1]s; sleep 86401; sleep 86401",
	"children":            "sh -c 'sleep 86401 & sleep 86401 & wait' & sleep 86401 & echo $$ >%[1]s; wait; true",
	"a deaf child":        "(trap '' TERM; echo $$ >%[1]s; sleep 86401; sleep 86401) & wait",
	"deaf itself":         "trap '' HUP INT QUIT TERM; echo $$ >%[1]s; sleep 86401; sleep 86401",
	"a program":           "timeout -k 1 86401 sh -c 'echo $$ >%[1]s; sleep 86401; sleep 86401'",
	"a single command":    "%[2]s %[1]s",
	"writes all the time": "echo $$ >%[1]s; while :; do echo more; done",
	"in the background":   "(sleep 86401 & echo $$ >%[1]s; sleep 86401) >/dev/null 2>&1 & sleep 86401",
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

// alive lists the living processes of the session or the group that a process is in or was in.
func alive(t *testing.T, session, group int) (found []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if fields[0] != "Z" && fields[0] != "X" && (fields[3] == strconv.Itoa(session) || fields[2] == strconv.Itoa(group)) {
			found = append(found, string(text[:30]))
		}
	}
	return found
}

// family reads the session and the group of a process.
func family(t *testing.T, pid int) (session, group int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Error(err)
		return pid, pid
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	group, _ = strconv.Atoi(fields[2])
	session, _ = strconv.Atoi(fields[3])
	return session, group
}

// ends are the ways in which a command is ended from outside.
var ends = map[string]struct {
	timeout time.Duration
	do      func(cancel func(), s *sshd.Server, c *ssh.Client)
	kind    ssh.Kind
	stop    ssh.Stop
}{
	"cancel":       {0, func(cancel func(), _ *sshd.Server, _ *ssh.Client) { cancel() }, ssh.Cancelled, ssh.StopEnded},
	"time-out":     {2 * time.Second, func(func(), *sshd.Server, *ssh.Client) {}, ssh.TimedOut, ssh.StopEnded},
	"lost link":    {0, func(_ func(), s *sshd.Server, _ *ssh.Client) { s.DropConnections() }, ssh.LinkLost, ssh.StopUnknown},
	"drover's end": {0, func(_ func(), _ *sshd.Server, c *ssh.Client) { go c.Close() }, ssh.LinkLost, ssh.StopUnknown},
}

// TestRealCancelMatrix: whatever a command has begun, as whom, on which connection and however it is ended, nothing of it
// is left, and the answer says what is known.
func TestRealCancelMatrix(t *testing.T) {
	t.Parallel()
	user := addUser(t, "matrix", "", sshd.SudoNoPasswd)
	dir, err := os.MkdirTemp("", "drover-test-matrix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	single := filepath.Join(dir, "single")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(single, []byte("#!/bin/sh\necho $$ >$1; sleep 86401; sleep 86401\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for end := range ends {
		for tree := range trees {
			for _, sudo := range []bool{false, true} {
				for _, kept := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%s/sudo=%v/kept=%v", end, tree, sudo, kept), func(t *testing.T) {
						t.Parallel()
						stopped(t, user, end, strings.ReplaceAll(trees[tree], "%[2]s", single), sudo, kept)
					})
				}
			}
		}
	}
}

func stopped(t *testing.T, user, end, text string, sudo, kept bool) {
	s := startSSHD(t, sshd.Config{})
	c := ssh.NewClient(ssh.Limits{Stop: 30 * time.Second, Linger: 200 * time.Millisecond})
	defer c.Close()
	if kept {
		if _, err := c.Run(t.Context(), at(s, user), ssh.Command{Text: "true"}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	name, read := pipe(t)
	session, group := 0, 0
	known := make(chan struct{})
	go func() {
		defer close(known)
		session, group = family(t, read())
		ends[end].do(cancel, s, c)
	}()
	res, err := c.Run(ctx, at(s, user), ssh.Command{Text: fmt.Sprintf(text, name), Sudo: sudo, Timeout: ends[end].timeout})
	if kind(err) != ends[end].kind || res.Stop != ends[end].stop || res.ExitCode != -1 || err.(*ssh.Error).NeverStarted() {
		t.Errorf("%+v, %v", res.Stop, err)
	}
	if res.Stop == ssh.StopEnded && !strings.Contains(err.(*ssh.Error).Sentence(), "were ended") {
		t.Error(err.(*ssh.Error).Sentence())
	}
	<-known
	// What has ended them ends a moment after them.
	eventually(t, func() bool { return len(alive(t, session, group)) == 0 })
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

// A command that tidies up when it is told to end was ended on request all the same.
func TestRealEndedWithAStatusOfItsOwn(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "tidy", "", sshd.NoSudo))
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

// TestRealSudoOnATerminalOfItsOwn: where sudo makes a terminal for what it runs (use_pty, the default since 1.9.14), a
// command still has none on which it could wait for somebody, and is ended with all that it has begun.
func TestRealSudoOnATerminalOfItsOwn(t *testing.T) {
	t.Parallel()
	rule := fmt.Sprintf("ALL=(ALL) NOPASSWD: ALL\nDefaults:drover-test-pty-%d use_pty", os.Getpid())
	user := addUser(t, "pty", "", sshd.Sudo(rule))
	s := startSSHD(t, sshd.Config{})
	res, err := client().Run(t.Context(), at(s, user), ssh.Command{Text: "echo here; echo there >&2; true </dev/tty; exit 7", Sudo: true})
	if err != nil || res.ExitCode != 7 || res.Stdout != "here\n" || !strings.HasPrefix(res.Stderr, "there\n") || !strings.Contains(res.Stderr, "/dev/tty") {
		t.Fatalf("%+v, %v", res, err)
	}
	for end := range ends {
		for _, tree := range []string{"children", "a deaf child"} {
			t.Run(end+"/"+tree, func(t *testing.T) {
				t.Parallel()
				stopped(t, user, end, trees[tree], true, false)
			})
		}
	}
}

// A command that ended by itself before its stop reached it has its own exit status, and one that was ended has none.
func TestRealFinishedBeforeTheStop(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	server := at(s, addUser(t, "finished", "", sshd.NoSudo))
	c := pooled(t, ssh.Limits{})
	run(t, c, server, "true")
	for i := range 60 {
		ctx, cancel := context.WithCancel(t.Context())
		name, read := pipe(t)
		go func() {
			read()
			time.AfterFunc(time.Duration(i)*200*time.Microsecond, cancel)
		}()
		res, err := c.Run(ctx, server, ssh.Command{Text: fmt.Sprintf("echo $$ >%s; exit 3", name)})
		cancel()
		switch {
		case err == nil && res.ExitCode == 3:
		case kind(err) == ssh.Cancelled && res.Stop == ssh.StopFinished && res.ExitCode == 3:
		case kind(err) == ssh.Cancelled && res.Stop == ssh.StopEnded && res.ExitCode == -1:
		default:
			t.Fatalf("%+v, %v", res, err)
		}
	}
}

// A command leaves a process behind that goes on talking. Its end is known, and neither the time that it may take nor
// Cancel waits for the other.
func TestRealATalkerIsLeftBehind(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, sshd.Config{})
	user := addUser(t, "talker", "", sshd.Sudo("ALL=(ALL) NOPASSWD: ALL"))
	const text = "while [ $((i=i+1)) -lt 400 ]; do echo tick; sleep 0.05; done & echo started; exit 4"
	for _, sudo := range []bool{false, true} {
		t.Run(fmt.Sprintf("sudo=%v", sudo), func(t *testing.T) {
			t.Parallel()
			// sudo sometimes tells of the end only when the talker has ended, too: then the stop brings it about.
			known := func(res ssh.Result, err error) bool {
				return res.ExitCode == 4 && strings.Contains(res.Stdout, "started\n") && res.Run < 15*time.Second && (err == nil || res.Stop == ssh.StopFinished)
			}
			c := pooled(t, ssh.Limits{Linger: 100 * time.Millisecond})
			res, err := c.Run(t.Context(), at(s, user), ssh.Command{Text: text, Sudo: sudo, Timeout: 8 * time.Second})
			if !known(res, err) {
				t.Errorf("%+v, %v", res, err)
			}
			c = pooled(t, ssh.Limits{Linger: 10 * time.Second})
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if res, err = c.Run(ctx, at(s, user), ssh.Command{Text: text, Sudo: sudo}); !known(res, err) {
				t.Errorf("cancelled: %+v, %v", res, err)
			}
		})
	}
}
