//go:build linux

package debian

import (
	_ "embed" // for the script below
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

//go:embed init.sh
var initScript string

// Config describes a host.
type Config struct {
	Name           string   // its host name
	AuthorizedKeys []string // lines of authorized_keys, accepted for User and for root
	MachineID      string   // 32 hex digits; "" means one of its own
	OnBoot         string   // see Host.OnBoot
}

// Host is a Debian on this machine.
type Host struct {
	name    string
	number  int    // the last part of its address
	dir     string // of this host; its root is the folder root in it
	hostKey string

	mu    sync.Mutex
	init  *exec.Cmd     // process 1
	boots int           // how often it was booted
	stays bool          // the next restart leaves it down
	off   chan struct{} // closed when it is down and stays so
	err   error         // why it could not be booted again
}

// Start makes a host, boots it, and returns when its sshd listens.
func Start(config Config) (*Host, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	if !Inside() {
		return nil, errors.New("hosts can be started only in a program whose TestMain calls debian.Main")
	}
	h := &Host{name: config.Name}
	var err error
	if h.number, h.dir, err = place(); err != nil {
		return nil, err
	}
	if err := h.mount(); err != nil {
		return nil, err
	}
	if err := h.furnish(config); err != nil {
		return nil, errors.Join(err, h.unmount())
	}
	if err := h.PowerOn(); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// place takes a number that no other host has, and with it an address and a folder.
func place() (number int, dir string, err error) {
	for number := 2; number < 255; number++ {
		dir := filepath.Join(os.Getenv(insideVariable), strconv.Itoa(number))
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			return number, dir, nil
		}
		if !os.IsExist(err) {
			return 0, "", fmt.Errorf("make a folder for a host: %w", err)
		}
	}
	return 0, "", errors.New("there are too many hosts")
}

func (h *Host) mount() error {
	for _, name := range []string{"root", "upper", "work"} {
		if err := os.Mkdir(filepath.Join(h.dir, name), 0o755); err != nil {
			return fmt.Errorf("make a folder for %s: %w", h.name, err)
		}
	}
	layers := fmt.Sprintf("lowerdir=%s/base,upperdir=%s/upper,workdir=%[2]s/work", filepath.Dir(h.dir), h.dir)
	if err := unix.Mount("overlay", h.Path("/"), "overlay", 0, layers); err != nil {
		return fmt.Errorf("mount the root of %s: %w", h.name, err)
	}
	return nil
}

func (h *Host) unmount() error {
	if err := removeCgroup(h.cgroup()); err != nil {
		return err
	}
	if err := unix.Unmount(h.Path("/"), unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the root of %s: %w", h.name, err)
	}
	return os.RemoveAll(h.dir)
}

// furnish writes what is the host's own.
func (h *Host) furnish(config Config) error {
	id := config.MachineID
	if id == "" {
		id = strings.ReplaceAll(uuid.NewString(), "-", "")
	}
	return errors.Join(
		h.WriteFile("/sbin/test-init", initScript, 0o755),
		h.WriteFile("/etc/hostname", h.name+"\n", 0o644),
		h.WriteFile("/etc/hosts", "127.0.0.1 localhost "+h.name+"\n", 0o644),
		h.WriteFile("/etc/machine-id", id+"\n", 0o644),
		h.OnBoot(config.OnBoot),
		h.WriteFile("/etc/test-host/authorized_keys", strings.Join(config.AuthorizedKeys, "\n")+"\n", 0o644),
		h.Rekey(),
	)
}

// Rekey gives the host another host key, which its sshd shows from its next start on.
func (h *Host) Rekey() error {
	file := h.Path("/etc/ssh/ssh_host_ed25519_key")
	for _, old := range []string{file, file + ".pub"} {
		if err := os.Remove(old); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("remove a host key: %w", err)
		}
	}
	if err := run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", h.name, "-f", file); err != nil {
		return err
	}
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		return fmt.Errorf("read a host key: %w", err)
	}
	h.hostKey = strings.TrimSpace(string(public))
	return nil
}

// HostKey is the public host key in authorized_keys form.
func (h *Host) HostKey() string { return h.hostKey }

// Addr is where its sshd listens while it is up.
func (h *Host) Addr() (host string, port int) { return network + strconv.Itoa(h.number), 22 }

// Path is where a file of the host is for the tests. They do not see what is in /proc, /sys, /dev and /run.
func (h *Host) Path(file string) string { return filepath.Join(h.dir, "root", file) }

// WriteFile writes a file of the host.
func (h *Host) WriteFile(file, text string, mode os.FileMode) error {
	if err := os.WriteFile(h.Path(file), []byte(text), mode); err != nil {
		return fmt.Errorf("write a file of %s: %w", h.name, err)
	}
	return nil
}

// Close takes the host away, as it is.
func (h *Host) Close() error {
	h.Kill()
	h.mu.Lock()
	defer h.mu.Unlock()
	return errors.Join(h.err, h.unmount())
}
