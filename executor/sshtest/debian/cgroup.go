//go:build linux

package debian

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// cgroups is where the hosts' control groups are, one for each test program and in it one for each host: systemd takes the
// root of its own for its alone. They are the only thing that outlives a test program that is killed.
const cgroups = "cgroup/drover-test-"

// makeCgroup gives a host a control group, and returns it opened.
func (h *Host) makeCgroup() (*os.File, error) {
	if err := os.MkdirAll(h.cgroup(), 0o755); err != nil {
		return nil, fmt.Errorf("make a control group for %s: %w", h.name, err)
	}
	f, err := os.Open(h.cgroup())
	if err != nil {
		return nil, fmt.Errorf("open the control group of %s: %w", h.name, err)
	}
	return f, nil
}

func (h *Host) cgroup() string {
	return filepath.Join(cgroupOf(filepath.Dir(h.dir)), strconv.Itoa(h.number))
}

// cgroupOf is that of this test program.
func cgroupOf(hosts string) string { return filepath.Join(hosts, cgroups+strconv.Itoa(os.Getpid())) }

// sweepCgroups removes what test programs that were killed left behind.
func sweepCgroups(hosts string) {
	left, _ := filepath.Glob(filepath.Join(hosts, cgroups+"*")) // the pattern is right
	for _, dir := range left {
		pid := dir[strings.LastIndexByte(dir, '-')+1:]
		if _, err := os.Stat(filepath.Join("/proc", pid)); os.IsNotExist(err) {
			_ = removeCgroup(dir) // somebody else may be at it
		}
	}
}

// removeCgroup removes a control group with those in it. Its files are the kernel's.
func removeCgroup(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into a control group: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeCgroup(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.Remove(dir)
}
