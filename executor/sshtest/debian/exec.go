//go:build linux

package debian

import (
	"os/exec"
	"strconv"
)

// Run runs a command as root in the host, which must be up until it has ended, and returns what it printed.
func (h *Host) Run(name string, args ...string) (string, error) {
	h.mu.Lock()
	pid := h.init.Process.Pid
	h.mu.Unlock()
	enter := []string{
		"--target", strconv.Itoa(pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--",
		"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", name,
	}
	return output(exec.Command("nsenter", append(enter, args...)...), "")
}

// Begin starts a command as a service of the host, which goes on until it ends by itself, until End, or until the host
// goes down. A command of Run would keep it from that: nsenter is stopped with what it waits for.
func (h *Host) Begin(service, name string, args ...string) error {
	_, err := h.Run("systemd-run", append([]string{"--quiet", "--collect", "--unit=" + service, "--", name}, args...)...)
	return err
}

// End ends what Begin has started.
func (h *Host) End(service string) error {
	_, err := h.Run("systemctl", "stop", service)
	return err
}

// Exists says whether the host, which must be up, has a file.
func (h *Host) Exists(file string) bool {
	_, err := h.Run("test", "-e", file)
	return err == nil
}
