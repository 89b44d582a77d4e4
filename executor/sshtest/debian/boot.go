//go:build linux

package debian

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// bootsWithin is how long a host may take to listen.
const bootsWithin = 30 * time.Second

// PowerOn boots a host that is down, and returns when its sshd listens.
func (h *Host) PowerOn() error {
	begun := make(chan error)
	go h.supervise(begun)
	if err := <-begun; err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), bootsWithin)
	defer cancel()
	return h.AwaitBoot(ctx, h.Boots())
}

// OnBoot has process 1 run a text at each boot, before it becomes systemd. "" takes that back.
func (h *Host) OnBoot(text string) error { return h.WriteFile("/etc/test-host/boot", text, 0o644) }

// Kill ends the host at once, as a power cut does. It stays down until PowerOn.
func (h *Host) Kill() {
	h.StayDown()
	h.mu.Lock()
	init, off := h.init, h.off
	h.mu.Unlock()
	if init == nil {
		return // it never was up
	}
	_ = init.Process.Kill() // it may be down already
	<-off
}

// StayDown makes the next restart one from which the host does not come back.
func (h *Host) StayDown() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stays = true
}

// Off is closed when the host is down and stays so.
func (h *Host) Off() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.off
}

// Boots is how often the host was booted.
func (h *Host) Boots() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.boots
}

// AwaitBoot waits until the host listens after having been booted n times.
func (h *Host) AwaitBoot(ctx context.Context, n int) error {
	host, port := h.Addr()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if h.Boots() >= n {
			nc, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
			if err == nil {
				return nc.Close()
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s has not come up: %w: %s", h.name, ctx.Err(), h.Console())
		case <-tick.C:
		}
	}
}

// Console is what process 1 has printed.
func (h *Host) Console() string {
	text, err := os.ReadFile(filepath.Join(h.dir, "console"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// supervise boots the host, and boots it again whenever it has restarted. It tells the outcome of the first boot.
func (h *Host) supervise(begun chan<- error) {
	runtime.LockOSThread() // process 1 ends with this thread, which ends with the function
	off := make(chan struct{})
	defer close(off)
	h.mu.Lock()
	h.off, h.stays = off, false
	h.mu.Unlock()
	init, err := h.boot()
	begun <- err
	for err == nil {
		ended := init.Wait()
		if h.remains(ended) {
			return
		}
		if init, err = h.boot(); err != nil {
			h.mu.Lock()
			h.err = errors.Join(h.err, err)
			h.mu.Unlock()
		}
	}
}

// remains says whether the host stays down after the end of its process 1. The kernel tells a restart by SIGHUP and a
// halt by SIGINT.
func (h *Host) remains(ended error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	var exit *exec.ExitError
	return h.stays || !errors.As(ended, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGHUP
}

// boot starts process 1, gives it a network, and lets it go on.
func (h *Host) boot() (*exec.Cmd, error) {
	console, err := os.OpenFile(filepath.Join(h.dir, "console"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the console of %s: %w", h.name, err)
	}
	defer console.Close()
	cmd := chroot(h.Path("/"), "/sbin/test-init", h.name)
	cmd.Stdout, cmd.Stderr = console, console
	group, err := h.makeCgroup()
	if err != nil {
		return nil, err
	}
	defer group.Close()
	attr := cmd.SysProcAttr
	attr.UseCgroupFD, attr.CgroupFD = true, int(group.Fd())
	attr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET
	attr.Unshareflags = syscall.CLONE_NEWNS | unix.CLONE_NEWCGROUP // made in its own control group, which becomes its root
	attr.Pdeathsig = syscall.SIGKILL
	goOn, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("boot %s: %w", h.name, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("boot %s: %w", h.name, err)
	}
	h.init = cmd
	h.boots++
	err = h.plugIn(cmd.Process.Pid)
	if err == nil {
		_, err = io.WriteString(goOn, "go\n")
	}
	if err != nil {
		_ = cmd.Process.Kill() // what has failed is told
		_ = cmd.Wait()
		return nil, fmt.Errorf("boot %s: %w", h.name, err)
	}
	return cmd, nil
}
