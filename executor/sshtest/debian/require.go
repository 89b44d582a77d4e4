//go:build linux

package debian

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Available says what is missing to run the hosts, or nil.
func Available() error {
	if os.Geteuid() != 0 {
		return errors.New("whole Debian hosts need root, for namespaces and mounts")
	}
	for program, pkg := range map[string]string{
		"debootstrap": "debootstrap", "ip": "iproute2", "nsenter": "util-linux", "dpkg-deb": "dpkg", "apt-ftparchive": "apt-utils", "ssh-keygen": "openssh-client",
	} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("whole Debian hosts need %s: install %s: %w", program, pkg, err)
		}
	}
	if err := run("unshare", "--mount", "--net", "true"); err != nil { // a container may forbid it even to root
		return fmt.Errorf("whole Debian hosts need namespaces: %w", err)
	}
	return nil
}
