package sshtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
)

// Host is what a server says of itself before a command begins.
type Host struct {
	System       string // "Linux"; another one runs nothing that comes in drover's wrapper
	Distribution string // os-release's ID, VERSION_ID and ID_LIKE
	Version      string
	Like         string
	Kernel       string
	MachineID    string
	BootID       string
	BootStart    string // when process 1 was started, in clock ticks since boot
}

// newHost makes a machine of its own, freshly booted.
func newHost() (Host, error) {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return Host{}, fmt.Errorf("make a machine id: %w", err)
	}
	return Host{
		System: "Linux", Distribution: "debian", Version: "12", Kernel: "6.1.0-37-amd64",
		MachineID: hex.EncodeToString(id), BootID: uuid.NewString(), BootStart: "3",
	}, nil
}

// Host is what the server says of itself now.
func (s *Server) Host() Host {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host
}

// SetHost changes what the server says of itself. A client asks once on each connection.
func (s *Server) SetHost(change func(*Host)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.host)
}

// NewBoot gives the server another boot id and drops every connection, as a restart does.
func (s *Server) NewBoot() {
	s.SetHost(func(h *Host) { h.BootID = uuid.NewString() })
	s.DropConnections()
}

// introduce says it all in the words of drover's wrapper. It returns false where the wrapper would go no further.
func (s *Server) introduce(to io.Writer, nonce string) bool {
	h := s.Host()
	const between = "S 0 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0" // the fields of /proc/1/stat from the third on
	var said strings.Builder
	for _, fact := range []string{
		"system=" + h.System, "kernel=" + h.Kernel, "boot=" + h.BootID, "machine=" + h.MachineID,
		"stat=1 (systemd) " + between + " " + h.BootStart, "id=" + h.Distribution, "version=" + h.Version, "like=" + h.Like,
	} {
		fmt.Fprintf(&said, "drover-host-%s %s\n", nonce, fact)
	}
	fmt.Fprint(to, said.String())
	return h.System == "Linux"
}
