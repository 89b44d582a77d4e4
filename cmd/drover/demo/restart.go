package demo

import (
	"context"
	"time"

	"github.com/google/uuid"

	"drover/executor/sshtest"
)

const (
	// goesDownAfter is how long a server of the demo answers after it was told to go down.
	goesDownAfter = time.Second
	// comesBackAfter is how long a restart takes: a real one is slower.
	comesBackAfter = 5 * time.Second
)

// faultAway is no fault that somebody chose: the server restarts, or was switched off.
const faultAway = "away"

// goDown plays a shutdown. A server that restarts comes back with another boot, and with the newest kernel it has.
func (h *Host) goDown(ctx context.Context, restarts bool) {
	if !sshtest.Wait(ctx, goesDownAfter) || !h.leave() || !restarts {
		return
	}
	if sshtest.Wait(ctx, comesBackAfter) {
		h.comeBack()
	}
}

// leave takes the server off the network, unless something else is wrong with it.
func (h *Host) leave() bool {
	h.link.Lock()
	defer h.link.Unlock()
	if h.fault != faultNone || h.server.Down() != nil {
		return false
	}
	h.fault = faultAway
	return true
}

func (h *Host) comeBack() {
	h.link.Lock()
	defer h.link.Unlock()
	if h.fault == faultAway && h.boot() == nil {
		h.fault = faultNone
	}
}

// boot brings a server back that was away. The caller holds h.link.
func (h *Host) boot() error {
	h.mu.Lock()
	if h.reboot {
		h.kernel = newKernel
	}
	h.reboot, h.booted = false, time.Now()
	kernel := h.kernel
	h.mu.Unlock()
	h.server.SetHost(func(s *sshtest.Host) { s.BootID, s.Kernel = uuid.NewString(), kernel })
	return h.server.Up()
}
