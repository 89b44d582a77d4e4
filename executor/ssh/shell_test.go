package ssh

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// shells are the ones that /bin/sh may be, and others that it might.
var shells = map[string][]string{"dash": {"dash"}, "bash": {"bash", "--posix"}, "busybox": {"busybox", "sh"}, "mksh": {"mksh"}}

// process is a command as sshd runs it: its standard input is closed when it has ended, and its output is read for as long
// as anybody holds it.
type process struct {
	cmd  *exec.Cmd
	in   io.Closer
	out  chan string // line by line
	errs chan string // all of it
}

// inShell makes the command in which a shell runs one of the scripts.
func inShell(t *testing.T, shell []string, script, text string, words ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath(shell[0]); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	// What the script begins in /bin/sh begins in this shell here.
	script = strings.ReplaceAll(script, "/bin/sh", strings.Join(shell, " "))
	args := append(append([]string{}, shell[1:]...), "-c", unpack, "drover", "N", encode(text), compact(environmentScript+script))
	return exec.Command(shell[0], append(args, words...)...)
}

// serve starts a command, at the head of a session of its own.
func serve(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p := &process{cmd: cmd, out: make(chan string, 100), errs: make(chan string, 1)}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in = in
	// Pipes of its own: cmd.Wait must not wait for those that hold them.
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = outW, errW
	err = cmd.Start()
	outW.Close()
	errW.Close()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.out)
		defer outR.Close()
		for lines := bufio.NewReader(outR); ; {
			line, err := lines.ReadString('\n')
			if line != "" {
				p.out <- line
			}
			if err != nil {
				return
			}
		}
	}()
	go func() {
		defer errR.Close()
		all, _ := io.ReadAll(errR)
		p.errs <- string(all)
	}()
	return p
}

// end waits for the end of the command, and returns what of its output line has not returned. The code is that of a
// shell: 128 and the signal that ended it.
func (p *process) end() (stdout, stderr string, code int) {
	_ = p.cmd.Wait()
	p.in.Close()
	for line := range p.out {
		stdout += line
	}
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return stdout, <-p.errs, 128 + int(status.Signal())
	}
	return stdout, <-p.errs, status.ExitStatus()
}
