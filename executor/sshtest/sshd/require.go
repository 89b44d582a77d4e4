package sshd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

const program = "/usr/sbin/sshd" // sshd insists on being started by its full path

// Available says what is missing to run the servers, or nil.
func Available() error {
	if os.Geteuid() != 0 {
		return errors.New("real sshd needs root, to make users and to let them log in")
	}
	for name, pkg := range map[string]string{
		program: "openssh-server", "ssh-keygen": "openssh-client", "sudo": "sudo", "visudo": "sudo", "useradd": "passwd", "chpasswd": "passwd",
	} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("real sshd needs %s: install %s: %w", name, pkg, err)
		}
	}
	return nil
}
