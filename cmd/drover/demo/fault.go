package demo

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"drover/executor/sshtest"
)

// The ways in which a server of the demo can fail, and the one that mends it.
const (
	faultNone    = "nothing"
	faultDown    = "down"
	faultSlow    = "slow"
	faultSilent  = "silent"
	faultHostKey = "host-key"
)

// slowBy is what a round trip to a slow server costs.
const slowBy = 400 * time.Millisecond

// Faults are what can be broken.
func Faults() []string { return []string{faultDown, faultSlow, faultSilent, faultHostKey, faultNone} }

// Break makes a server fail in one of the ways of Faults; "nothing" mends whatever was broken, and brings the host key
// back that drover trusts.
func (h *Host) Break(fault string) error {
	h.link.Lock()
	defer h.link.Unlock()
	if !slices.Contains(Faults(), fault) {
		return fmt.Errorf("%q is not one of %s", fault, strings.Join(Faults(), ", "))
	}
	if err := h.mend(); err != nil {
		return fmt.Errorf("mend %s: %w", h.Name, err)
	}
	h.fault = faultNone
	if err := h.fail(fault); err != nil {
		return fmt.Errorf("break %s: %w", h.Name, err)
	}
	h.fault = fault
	return nil
}

func (h *Host) fail(fault string) error {
	switch fault {
	case faultDown:
		return h.server.Down()
	case faultSlow:
		h.server.SetLatency(slowBy)
	case faultSilent:
		h.server.SetSilent(true)
		h.server.DropConnections() // an open one would go on talking
	case faultHostKey:
		key, err := newKey()
		if err != nil {
			return err
		}
		return h.reinstall(key)
	}
	return nil
}

func (h *Host) mend() error {
	switch h.fault {
	case faultHostKey:
		return h.reinstall(h.key)
	case faultAway:
		return h.boot()
	}
	h.server.SetLatency(0)
	h.server.SetSilent(false)
	return h.server.Up()
}

// reinstall puts another server at the same address, as somebody who reinstalls the machine does.
func (h *Host) reinstall(key gossh.Signer) error {
	host, port := h.server.Addr()
	if err := h.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	server, err := h.listen(net.JoinHostPort(host, strconv.Itoa(port)), key)
	if err != nil {
		return err
	}
	h.server = server
	h.mu.Lock()
	defer h.mu.Unlock()
	server.SetHost(func(s *sshtest.Host) { s.Kernel = h.kernel })
	return nil
}
