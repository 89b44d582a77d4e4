//go:build linux

package debian

import (
	"os/exec"
	"strconv"
)

// Run runs a command as root in the host, which must be up, and returns what it printed.
func (h *Host) Run(name string, args ...string) (string, error) {
	return output(h.Command(name, args...), "")
}

// Command is a command that runs as root in the host, which must be up.
func (h *Host) Command(name string, args ...string) *exec.Cmd {
	h.mu.Lock()
	pid := h.init.Process.Pid
	h.mu.Unlock()
	enter := []string{
		"--target", strconv.Itoa(pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--",
		"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", name,
	}
	return exec.Command("nsenter", append(enter, args...)...)
}
