package demo

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
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
	Name string
	Tags []string

	password string
	key      gossh.Signer // the one that drover trusts

	link   sync.Mutex // guards server and fault; held while a server ends, which waits for what runs there
	server *sshtest.Server
	fault  string

	errands sync.WaitGroup  // what goes on after a command has answered
	life    context.Context // ends with the demo
	end     context.CancelFunc

	mu      sync.Mutex // guards the rest, for what runs there
	booted  time.Time
	kernel  string
	pending []upgrade
	reboot  bool
}

// startFleet starts web1, web2, db1 and cache1 with a password that nobody else knows.
func startFleet() (*Fleet, error) {
	fleet := &Fleet{password: rand.Text()}
	street := fmt.Sprintf("127.%d.%d", 1+mathrand.IntN(250), mathrand.IntN(256))
	for i, host := range hosts() {
		if err := host.start(fmt.Sprintf("%s.%d:0", street, i+1), fleet.password); err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", host.Name, err), fleet.Close())
		}
		fleet.Hosts = append(fleet.Hosts, host)
	}
	return fleet, nil
}

// start starts the server at a loopback address of its own. While it is down nobody listens on its port there; at the
// address that all programs use, another one could take the port meanwhile. Systems that have only that address get it.
func (h *Host) start(address, password string) (err error) {
	h.password, h.fault, h.kernel = password, faultNone, oldKernel
	h.life, h.end = context.WithCancel(context.Background())
	if h.key, err = newKey(); err != nil {
		return err
	}
	if h.server, err = h.listen(address, h.key); err != nil {
		if h.server, err = h.listen("127.0.0.1:0", h.key); err != nil {
			return err
		}
	}
	h.server.SetHost(func(s *sshtest.Host) { s.Kernel = oldKernel })
	return nil
}

// listen starts the server behind the host, with a host key of our choice.
func (h *Host) listen(address string, key gossh.Signer) (*sshtest.Server, error) {
	return sshtest.Start(sshtest.Config{
		Listen: address, HostKey: key, Handler: h.handle,
		Users: map[string]sshtest.User{loginUser: {Password: h.password, SudoPassword: h.password}},
	})
}

func newKey() (gossh.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a host key: %w", err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		return nil, fmt.Errorf("make a host key: %w", err)
	}
	return signer, nil
}

// Close ends all servers.
func (f *Fleet) Close() error {
	var errs []error
	for _, host := range f.Hosts {
		errs = append(errs, host.close())
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

// register adds the server to drover's inventory and pins its key.
func (h *Host) register(ctx context.Context, s *store.Store, credentialID string) error {
	address, port := h.server.Addr()
	server := store.Server{
		Name: h.Name, Address: address, Port: port, Platform: "linux", LoginUser: loginUser, CredentialID: &credentialID, Tags: h.Tags,
	}
	if err := s.AddServer(ctx, store.Drover, server); err != nil {
		return err
	}
	key := h.key.PublicKey()
	pin := store.HostKey{PublicKey: strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key))), Fingerprint: gossh.FingerprintSHA256(key)}
	return s.PinHostKeys(ctx, store.Drover, h.Name, []store.HostKey{pin})
}

func (h *Host) close() error {
	h.end()
	h.errands.Wait()
	h.link.Lock()
	defer h.link.Unlock()
	return h.server.Close()
}
