//go:build linux

package debian

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

// insideVariable is set in a test program that runs in its own namespaces. It names the folder for the hosts.
const insideVariable = "DROVER_TEST_DEBIAN"

// Main is called by TestMain with the function that runs the tests. It starts the test program once more in network
// and mount namespaces that hold nothing else, and returns the exit code to end with. Where Available is not nil, the
// tests run as they are, and Start fails.
func Main(tests func() int) int {
	if Inside() {
		hosts := os.Getenv(insideVariable)
		sweepCgroups(hosts)
		defer func() { _ = removeCgroup(cgroupOf(hosts)) }() // there is none when no host was started
		return tests()
	}
	if Available() != nil {
		return tests()
	}
	code, err := inside()
	if err != nil {
		fmt.Fprintln(os.Stderr, "whole Debian hosts:", err)
		return 1
	}
	return code
}

// Inside says whether this program runs in namespaces of its own, so that hosts can be started.
func Inside() bool { return os.Getenv(insideVariable) != "" }

// The hosts' network is of the range that is set apart for measuring (RFC 2544), so it is nobody's.
const (
	bridge  = "drover0"
	gateway = "198.18.0.1" // the tests' own address
	network = "198.18.0."
	bits    = "/24"
)

// furnish makes ready what is empty at first, and becomes the test program.
const furnish = `
mount -t tmpfs -o mode=755 hosts "$1" && mkdir "$1/base" "$1/cgroup" && mount --bind "$2" "$1/base" &&
mount -t cgroup2 cgroup2 "$1/cgroup" && ip link set lo up &&
ip link add ` + bridge + ` type bridge && ip address add "$3" dev ` + bridge + ` && ip link set ` + bridge + ` up || exit
shift 3
exec "$@"`

func inside() (code int, err error) {
	debian, err := base() // in there is no way to a mirror
	if err != nil {
		return 0, err
	}
	// A mount point only: every test program mounts a memory of its own there, which no other one sees.
	hosts := filepath.Join(filepath.Dir(debian), "hosts")
	if err := os.MkdirAll(hosts, 0o755); err != nil {
		return 0, fmt.Errorf("make the folder of the hosts: %w", err)
	}
	runtime.LockOSThread() // Pdeathsig follows the thread that starts the process
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", furnish, "drover", hosts, debian, gateway + bits, self}, os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), insideVariable+"="+hosts)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the tests in namespaces of their own: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s) // it may have ended meanwhile
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return max(exit.ExitCode(), 1), nil
			}
			return 0, err
		}
	}
}
