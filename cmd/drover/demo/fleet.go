package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"drover/executor/sshtest"
	"drover/store"
)

// loginUser is who drover is on the fleet's servers.
const loginUser = "drover"

// Fleet is the demo's servers.
type Fleet struct {
	Hosts    []*Host
	password string
}

// Host is one server: it answers over real SSH, and behaves.
type Host struct {
	Name   string
	Tags   []string
	server *sshtest.Server

	mu      sync.Mutex
	booted  time.Time
	pending []upgrade
	reboot  bool
}

// startFleet starts web1, web2, db1 and cache1 with a password that nobody else knows.
func startFleet() (*Fleet, error) {
	fleet := &Fleet{password: rand.Text()}
	for _, host := range hosts() {
		server, err := sshtest.Start(sshtest.Config{
			Users:   map[string]sshtest.User{loginUser: {Password: fleet.password, SudoPassword: fleet.password}},
			Handler: host.handle,
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", host.Name, err), fleet.Close())
		}
		host.server = server
		fleet.Hosts = append(fleet.Hosts, host)
	}
	return fleet, nil
}

// Close ends all servers.
func (f *Fleet) Close() error {
	var errs []error
	for _, host := range f.Hosts {
		errs = append(errs, host.server.Close())
	}
	return errors.Join(errs...)
}

// Host returns the server of that name, or nil.
func (f *Fleet) Host(name string) *Host {
	for _, host := range f.Hosts {
		if host.Name == name {
			return host
		}
	}
	return nil
}

// Break makes a server fail in one of the ways of Faults, or, with "nothing", mends it.
func (h *Host) Break(fault string) error {
	if fault == "down" {
		return h.server.Down()
	}
	if err := h.server.Up(); err != nil {
		return err
	}
	h.server.SetLatency(0)
	h.server.SetSilent(false)
	switch fault {
	case "nothing":
	case "slow":
		h.server.SetLatency(400 * time.Millisecond)
	case "silent":
		h.server.SetSilent(true)
	case "host-key":
		return h.server.NewHostKey()
	default:
		return fmt.Errorf("%q is not one of %s", fault, strings.Join(Faults(), ", "))
	}
	return nil
}

// Faults are what can be broken. A changed host key stays changed: mending it is drover's user's decision.
func Faults() []string { return []string{"down", "slow", "silent", "host-key", "nothing"} }

// register adds the server to drover's inventory and pins its key.
func (h *Host) register(ctx context.Context, s *store.Store, credentialID string) error {
	address, port := h.server.Addr()
	server := store.Server{
		Name: h.Name, Address: address, Port: port, Platform: "linux", LoginUser: loginUser, CredentialID: &credentialID, Tags: h.Tags,
	}
	if err := s.AddServer(ctx, store.Drover, server); err != nil {
		return err
	}
	key, _, _, _, err := gossh.ParseAuthorizedKey([]byte(h.server.HostKeyLine()))
	if err != nil {
		return fmt.Errorf("read the host key of %s: %w", h.Name, err)
	}
	pin := store.HostKey{PublicKey: strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key))), Fingerprint: gossh.FingerprintSHA256(key)}
	return s.PinHostKeys(ctx, store.Drover, h.Name, []store.HostKey{pin})
}
