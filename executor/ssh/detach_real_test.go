package ssh_test

import (
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

	"github.com/google/uuid"

	"drover/executor/ssh"
	"drover/executor/sshtest/sshd"
)

// newJob is a fresh id; what a job of it leaves as root is removed with the test.
func newJob(t *testing.T) string {
	t.Helper()
	id := uuid.NewString()
	t.Cleanup(func() { os.RemoveAll("/var/lib/drover/jobs/" + id) })
	return id
}

// ways are the ways of being allowed to do it.
var ways = map[string]struct {
	rule sshd.Sudo
	sudo bool
}{
	"no sudo": {sshd.NoSudo, false}, "NOPASSWD": {sshd.SudoNoPasswd, true}, "password": {sshd.SudoPassword, true},
}

func eachWay(t *testing.T, short string, test func(t *testing.T, s *sshd.Server, server ssh.Server, sudo bool)) {
	for name, way := range ways {
		s := startSSHD(t, sshd.Config{})
		server := at(s, addUser(t, short+strings.ToLower(name[len(name)-2:]), "", way.rule))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s, server, way.sudo)
		})
	}
}

// work tells its pid through the first pipe, waits for a word through the second, and ends with 7.
const work = "echo before; echo oops >&2; echo $$ >%s; cat <%s >/dev/null; id -u; exit 7"

func TestRealDetachedCommandOutlivesTheWaiting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind    ssh.Kind
		timeout time.Duration
		end     func(s *sshd.Server, cancel func())
	}{
		"lost": {ssh.LinkLost, 0, func(s *sshd.Server, _ func()) { s.DropConnections() }},
		"canc": {ssh.Cancelled, 0, func(_ *sshd.Server, cancel func()) { cancel() }},
		"time": {ssh.TimedOut, time.Second, func(*sshd.Server, func()) {}},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, name, func(t *testing.T, s *sshd.Server, server ssh.Server, sudo bool) {
				began, read := pipe(t)
				goOn, _ := pipe(t)
				job := newJob(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				pid := make(chan int, 1)
				started := make(chan struct{})
				go func() {
					pid <- read()
					<-started
					c.end(s, cancel)
				}()
				res, err := client().Run(ctx, server, ssh.Command{
					Text: fmt.Sprintf(work, began, goOn), Sudo: sudo, Detach: job, Timeout: c.timeout, Started: func() { close(started) },
				})
				if kind(err) != c.kind || res.Stop != ssh.StopGoesOn || res.ExitCode != -1 || !strings.Contains(asError(t, err).Sentence(), "goes on there") {
					t.Fatalf("%+v, %v", res, err)
				}
				alive := <-pid
				_, err = client().Attach(t.Context(), server, ssh.AttachTo{Job: job, Sudo: sudo, Timeout: 300 * time.Millisecond})
				if kind(err) != ssh.TimedOut || asError(t, err).Stop != ssh.StopGoesOn {
					t.Fatal(err)
				}
				if err := syscall.Kill(alive, 0); err != nil {
					t.Fatalf("the command is gone: %v", err)
				}
				provesItsEnd(t, server, ssh.AttachTo{Job: job, Sudo: sudo}, goOn)
			})
		})
	}
}

// provesItsEnd follows a command that does work, lets it end, and finds the same end once more.
func provesItsEnd(t *testing.T, server ssh.Server, to ssh.AttachTo, goOn string) {
	t.Helper()
	to.Started = func() { go func() { _ = os.WriteFile(goOn, []byte("go\n"), 0) }() }
	for range 2 {
		res, err := client().Attach(t.Context(), server, to)
		lines := strings.Split(res.Stdout, "\n")
		if err != nil || res.ExitCode != 7 || lines[0] != "before" || (lines[1] == "0") != to.Sudo || res.Stderr != "oops\n" {
			t.Fatalf("%+v, %v", res, err)
		}
		to.Started = nil
	}
}

func TestRealDetachedCommandEndsWhileItIsFollowed(t *testing.T) {
	t.Parallel()
	eachWay(t, "foll", func(t *testing.T, _ *sshd.Server, server ssh.Server, sudo bool) {
		long := "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo " + password + "; printf end; exit 3"
		res, err := client().Run(t.Context(), server, ssh.Command{Text: long, Sudo: sudo, Detach: newJob(t)})
		if err != nil || res.ExitCode != 3 || !strings.HasPrefix(res.Stdout, "line 0\n") || !strings.HasSuffix(res.Stdout, "line 19999\n[redacted]\nend") {
			t.Fatalf("%v, %d, …%q, %q", err, res.ExitCode, res.Stdout[max(0, len(res.Stdout)-50):], res.Stderr)
		}
	})
}

func TestRealDetachedCommandRunsOnce(t *testing.T) {
	t.Parallel()
	eachWay(t, "once", func(t *testing.T, _ *sshd.Server, server ssh.Server, sudo bool) {
		dir, err := os.MkdirTemp("", "drover-test-once-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		job := newJob(t)
		command := ssh.Command{Text: "echo x >>" + dir + "/times", Sudo: sudo, Detach: job}
		errs := make(chan error, 5)
		for range cap(errs) {
			go func() {
				_, err := client().Run(t.Context(), server, command)
				errs <- err
			}()
		}
		won := 0
		for range cap(errs) {
			switch err := <-errs; kind(err) {
			case "":
				won++
			case ssh.JobExists:
				if asError(t, err).NeverStarted() {
					t.Error(err)
				}
			default:
				t.Error(err)
			}
		}
		times, err := os.ReadFile(filepath.Join(dir, "times"))
		if err != nil || string(times) != "x\n" || won != 1 {
			t.Fatalf("%q, %d starts, %v", times, won, err)
		}
	})
}

func TestRealUnknownJobCanNoLongerBegin(t *testing.T) {
	t.Parallel()
	eachWay(t, "unkn", func(t *testing.T, _ *sshd.Server, server ssh.Server, sudo bool) {
		job := newJob(t)
		for range 2 {
			_, err := client().Attach(t.Context(), server, ssh.AttachTo{Job: job, Sudo: sudo})
			if kind(err) != ssh.JobUnknown || !asError(t, err).NeverStarted() {
				t.Fatal(err)
			}
		}
		_, err := client().Run(t.Context(), server, ssh.Command{Text: "true", Sudo: sudo, Detach: job})
		if kind(err) != ssh.JobExists {
			t.Fatal(err)
		}
		_, err = client().Attach(t.Context(), server, ssh.AttachTo{Job: job, Sudo: sudo})
		if kind(err) != ssh.JobUnknown {
			t.Fatal(err)
		}
	})
}

// TestRealJobThatDied: it was killed, or the server was restarted: then the record is that of another boot.
func TestRealJobThatDied(t *testing.T) {
	t.Parallel()
	for short, die := range map[string]func(t *testing.T, first int){
		"kill": func(t *testing.T, first int) { killGroup(t, first) },
		"boot": func(t *testing.T, first int) {
			t.Cleanup(func() { killGroup(t, first) })
			out, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/1", first))
			if err != nil {
				t.Fatal(err)
			}
			record := filepath.Join(filepath.Dir(out), "job")
			text, err := os.ReadFile(record)
			if err != nil {
				t.Fatal(err)
			}
			words := strings.Fields(string(text))
			if err := os.WriteFile(record, []byte(words[0]+" "+words[1]+" another-boot\n"), 0); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(short, func(t *testing.T) {
			eachWay(t, short, func(t *testing.T, _ *sshd.Server, server ssh.Server, sudo bool) {
				began, read := pipe(t)
				goOn, _ := pipe(t)
				job := newJob(t)
				ended := make(chan error, 1)
				go func() {
					_, err := client().Run(t.Context(), server, ssh.Command{Text: fmt.Sprintf(work, began, goOn), Sudo: sudo, Detach: job})
					ended <- err
				}()
				die(t, parent(t, read()))
				if err := <-ended; kind(err) != ssh.JobDied {
					t.Fatal(err)
				}
				res, err := client().Attach(t.Context(), server, ssh.AttachTo{Job: job, Sudo: sudo})
				if kind(err) != ssh.JobDied || !strings.HasPrefix(res.Stdout, "before\n") || res.ExitCode != -1 {
					t.Fatalf("%+v, %v", res, err)
				}
			})
		})
	}
}

func killGroup(t *testing.T, leader int) {
	if err := syscall.Kill(-leader, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

// When only the process that waits for the command is killed, the command goes on, and so does the following.
func TestRealJobWithoutItsFirstProcessGoesOn(t *testing.T) {
	t.Parallel()
	eachWay(t, "orph", func(t *testing.T, _ *sshd.Server, server ssh.Server, sudo bool) {
		began, read := pipe(t)
		goOn, _ := pipe(t)
		job := newJob(t)
		ended := make(chan error, 1)
		go func() {
			_, err := client().Run(t.Context(), server, ssh.Command{Text: fmt.Sprintf(work, began, goOn), Sudo: sudo, Detach: job})
			ended <- err
		}()
		if err := syscall.Kill(parent(t, read()), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_, err := client().Attach(t.Context(), server, ssh.AttachTo{Job: job, Sudo: sudo, Timeout: 500 * time.Millisecond})
		if kind(err) != ssh.TimedOut {
			t.Fatal(err)
		}
		if err := os.WriteFile(goOn, nil, 0); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; kind(err) != ssh.JobDied {
			t.Fatal(err)
		}
	})
}

// parent is the process that waits for another one: the first of a job.
func parent(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	ppid, err := strconv.Atoi(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	return ppid
}

// Folders of long ago are taken away when something new is begun, and no others: not that of a command which still runs.
func TestRealOldJobsAreForgotten(t *testing.T) {
	t.Parallel()
	eachWay(t, "old", func(t *testing.T, _ *sshd.Server, server ssh.Server, sudo bool) {
		jobs := []string{newJob(t), newJob(t), newJob(t)}
		age := func(job string, days int) {
			text := fmt.Sprintf("cd ~/.local/state/drover/jobs 2>/dev/null; [ -d %[1]s ] || cd /var/lib/drover/jobs; touch -d '%d days ago' %[1]s; stat -c '%%a %%U' %[1]s", job, days)
			res, err := client().Run(t.Context(), server, ssh.Command{Text: text, Sudo: sudo})
			owner := server.User
			if sudo {
				owner = "root"
			}
			if err != nil || res.Stdout != "700 "+owner+"\n" {
				t.Fatalf("%+v, %v", res, err)
			}
		}
		began, read := pipe(t)
		goOn, _ := pipe(t)
		lasting := newJob(t)
		_, err := client().Run(t.Context(), server, ssh.Command{Text: fmt.Sprintf(work, began, goOn), Sudo: sudo, Detach: lasting, Timeout: time.Second, Started: func() { go read() }})
		if kind(err) != ssh.TimedOut {
			t.Fatal(err)
		}
		age(lasting, 16)
		for i, job := range jobs {
			if _, err := client().Run(t.Context(), server, ssh.Command{Text: "true", Sudo: sudo, Detach: job}); err != nil {
				t.Fatal(err)
			}
			if i < 2 {
				age(job, []int{16, 12}[i])
			}
		}
		for i, want := range []ssh.Kind{ssh.JobUnknown, "", ""} {
			if _, err := client().Attach(t.Context(), server, ssh.AttachTo{Job: jobs[i], Sudo: sudo}); kind(err) != want {
				t.Errorf("%d: %v", i, err)
			}
		}
		provesItsEnd(t, server, ssh.AttachTo{Job: lasting, Sudo: sudo}, goOn)
	})
}

func TestJobIDsAreChecked(t *testing.T) {
	server := ssh.Server{Address: "127.0.0.1", User: "ops"}
	for name, command := range map[string]ssh.Command{
		"a path":   {Text: "true", Detach: "../../../../../../../../../../etc/sud"},
		"short":    {Text: "true", Detach: "0f0e0d0c"},
		"a device": {Text: "true", Detach: uuid.NewString(), Raw: true},
	} {
		if _, err := client().Run(t.Context(), server, command); kind(err) != ssh.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := client().Attach(t.Context(), server, ssh.AttachTo{}); kind(err) != ssh.Invalid {
		t.Error(err)
	}
}

// asError is the error that every failure of a run or of an attach is.
func asError(t *testing.T, err error) *ssh.Error {
	t.Helper()
	var e *ssh.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	return e
}

// The exit status of the following is not the command's own: somebody may have ended the script that follows.
func TestRealFollowingThatIsKilledProvesNothing(t *testing.T) {
	t.Parallel()
	eachWay(t, "fkil", func(t *testing.T, _ *sshd.Server, server ssh.Server, sudo bool) {
		began, read := pipe(t)
		goOn, _ := pipe(t)
		job := newJob(t)
		started := make(chan struct{})
		go func() {
			read()
			<-started
			for _, pid := range withArguments(t, job, "start") {
				_ = syscall.Kill(pid, syscall.SIGTERM) // one may end with the other
			}
		}()
		res, err := client().Run(t.Context(), server, ssh.Command{
			Text: fmt.Sprintf(work, began, goOn), Sudo: sudo, Detach: job, Started: func() { close(started) },
		})
		if kind(err) != ssh.LinkLost || res.Stop != ssh.StopGoesOn || res.ExitCode != -1 {
			t.Fatalf("%+v, %v", res, err)
		}
		provesItsEnd(t, server, ssh.AttachTo{Job: job, Sudo: sudo}, goOn)
	})
}

// withArguments are the processes whose last arguments are these.
func withArguments(t *testing.T, last ...string) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		text, _ := os.ReadFile(file) // it may have ended
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && strings.HasSuffix(string(text), "\x00"+strings.Join(last, "\x00")+"\x00") {
			pids = append(pids, pid)
		}
	}
	return pids
}
