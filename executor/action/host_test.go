package action_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"drover/executor/action"

	"github.com/google/go-cmp/cmp"
)

// host is a pretended server: package tools of its own, in front of the machine's in PATH, and files in place of /run,
// /boot and /lib/modules.
type host struct {
	t     *testing.T
	shell []string
	dir   string
	path  string // PATH of the scripts
}

// run executes an action's text on the host.
func (h *host) run(text string) action.Output {
	h.t.Helper()
	text = strings.NewReplacer(
		"/var/run/reboot-required", h.dir+"/run/reboot-required", "/run/reboot-", h.dir+"/run/reboot-",
		"/run/ostree-booted", h.dir+"/run/ostree-booted", "/var/lib/apt/", h.dir+"/root/var/lib/apt/", "/lib/modules", h.dir+"/modules", "/boot/vmlinuz", h.dir+"/boot/vmlinuz",
		"/bin/sh -c", strings.Join(h.shell, " ")+" -c", "Lock::Timeout=600", "Lock::Timeout=1", // nobody gives a lock back here
	).Replace(text)
	cmd := exec.Command(h.shell[0], append(h.shell[1:], "-c", text)...)
	cmd.Path, _ = exec.LookPath(h.shell[0])
	cmd.Env = []string{"PATH=" + h.path + ":" + h.inner(), "FAKE=" + h.dir}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	return action.Output{ExitCode: cmd.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String()}
}

// inner returns a folder that holds nothing but the shell itself.
func (h *host) inner() string {
	h.t.Helper()
	dir := filepath.Join(h.dir, "shell")
	shell, err := exec.LookPath(h.shell[0])
	if err != nil {
		h.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Symlink(shell, filepath.Join(dir, h.shell[0])); err != nil && !errors.Is(err, os.ErrExist) {
		h.t.Fatal(err)
	}
	return dir
}

// bare makes a folder with the tools that every system has, and no package manager, and returns it as a PATH.
func (h *host) bare() string {
	h.t.Helper()
	dir := filepath.Join(h.dir, "bare")
	if err := os.Mkdir(dir, 0o755); err != nil {
		h.t.Fatal(err)
	}
	for _, name := range []string{"awk", "sed", "head", "tail", "grep", "sort", "cat", "env"} {
		tool, err := exec.LookPath(name)
		if err != nil {
			h.t.Fatal(err)
		}
		if err := os.Symlink(tool, filepath.Join(dir, name)); err != nil {
			h.t.Fatal(err)
		}
	}
	return dir
}

func (h *host) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) read(name string) string {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// executable writes a script that can be run.
func (h *host) executable(name, script string) {
	h.t.Helper()
	file := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		h.t.Fatal(err)
	}
}

// must runs a command on the host that has to work.
func (h *host) must(words ...string) {
	h.t.Helper()
	if out := h.run(strings.Join(words, " ")); out.ExitCode != 0 {
		h.t.Fatalf("%s: %+v", words, out)
	}
}

// perform runs an action of this name for real.
func (h *host) perform(name string, raw map[string]string) (action.Output, action.Outcome) {
	h.t.Helper()
	a, text := h.render(name, raw, (*action.Action).Command)
	out := h.run(text)
	return out, a.Summarize(out)
}

func (h *host) preview(name string, raw map[string]string) (action.Output, action.Outcome) {
	h.t.Helper()
	a, text := h.render(name, raw, (*action.Action).PreviewCommand)
	out := h.run(text)
	return out, a.Summarize(out)
}

func (h *host) render(name string, raw map[string]string, render func(*action.Action, action.Platform, action.Values) (string, error)) (*action.Action, string) {
	h.t.Helper()
	a := builtin(h.t, name)
	values, err := a.Bind(raw)
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := render(a, action.Linux, values)
	if err != nil {
		h.t.Fatal(err)
	}
	return a, text
}

func (h *host) want(what, want, got string) {
	h.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (h *host) wantSummary(o action.Outcome, want string) {
	h.t.Helper()
	if o.Summary != want {
		h.t.Errorf("summary %q, want %q", o.Summary, want)
	}
}
