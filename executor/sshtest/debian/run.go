//go:build linux

package debian

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// chroot is a command that sees dir as its root.
func chroot(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
	return cmd
}

// output runs a command to its end. An error holds what it said.
func output(cmd *exec.Cmd, input string) (string, error) {
	var out, both strings.Builder
	cmd.Stdin = strings.NewReader(input)
	cmd.Stdout, cmd.Stderr = &out, &both
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s%s", cmd.Path, err, out.String(), both.String())
	}
	return out.String(), nil
}

// run runs a program of this machine to its end.
func run(name string, args ...string) error {
	_, err := output(exec.Command(name, args...), "")
	return err
}
