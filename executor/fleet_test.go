package executor_test

import (
	"drover/executor/sshtest"
	"drover/store"
)

// host adds a server to the fleet, on which handler runs the commands; nil answers everything with success.
func (w *world) host(name string, handler func(*sshtest.Session) int, tags ...string) *sshtest.Server {
	w.Helper()
	host, err := sshtest.Start(sshtest.Config{
		Handler: handler, Users: map[string]sshtest.User{"ops": {Password: "correct horse", SudoPassword: "battery"}},
	})
	w.must(err)
	w.Cleanup(func() { _ = host.Close() })
	w.enlist(name, host, tags...)
	return host
}

// enlist makes a running SSH server known to drover, trusted and with a credential.
func (w *world) enlist(name string, host *sshtest.Server, tags ...string) {
	w.Helper()
	credential, err := w.store.CredentialNamed(w.Context(), "fleet")
	w.must(err)
	address, port := host.Addr()
	w.must(w.store.AddServer(w.Context(), root, store.Server{
		Name: name, Address: address, Port: port, Platform: "linux", LoginUser: "ops", CredentialID: &credential.ID, Tags: tags,
	}))
	w.must(w.store.PinHostKeys(w.Context(), root, name, []store.HostKey{{PublicKey: host.HostKeyLine()}}))
}

// edit changes a server the way `drover server edit` does.
func (w *world) edit(name string, change func(*store.Server)) {
	w.Helper()
	server, err := w.store.ServerNamed(w.Context(), name)
	w.must(err)
	change(&server)
	w.must(w.store.EditServer(w.Context(), root, server))
}

// listed adds servers that are not there in truth.
func (w *world) listed(names ...string) {
	w.Helper()
	credential, err := w.store.CredentialNamed(w.Context(), "fleet")
	w.must(err)
	for _, name := range names {
		w.must(w.store.AddServer(w.Context(), root, store.Server{
			Name: name, Address: "127.0.0.1", Port: 22, Platform: "linux", LoginUser: "ops", CredentialID: &credential.ID,
		}))
		w.pin(name, "ssh-ed25519 AAAA")
	}
}

func (w *world) pin(name string, lines ...string) {
	w.Helper()
	var pins []store.HostKey
	for _, line := range lines {
		pins = append(pins, store.HostKey{PublicKey: line})
	}
	w.must(w.store.PinHostKeys(w.Context(), root, name, pins))
}

func (w *world) otherCredential(name string) {
	w.Helper()
	w.must(w.store.AddCredential(w.Context(), root, "other", store.Secrets{Kind: store.CredentialPassword, Login: []byte("other")}))
	credential, err := w.store.CredentialNamed(w.Context(), "other")
	w.must(err)
	w.edit(name, func(s *store.Server) { s.CredentialID = &credential.ID })
}
