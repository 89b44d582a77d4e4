package store_test

import (
	"strings"
	"testing"

	"drover/store"
)

// jump sends a server through another one.
func jump(t *testing.T, s *store.Store, name, through string) error {
	t.Helper()
	web, j := named(t, s, name), named(t, s, through)
	web.JumpID, web.Jump = &j.ID, j.Name
	return s.EditServer(t.Context(), alice, web)
}

func TestAServerBehindAnother(t *testing.T) {
	s := open(t)
	for _, name := range []string{"bastion1", "bastion2", "web1"} {
		ok(t, s.AddServer(t.Context(), alice, server(name)))
	}
	ok(t, s.PinHostKeys(t.Context(), alice, "bastion1", []store.HostKey{{PublicKey: "ssh-ed25519 AAAA", Fingerprint: "SHA256:x"}}))
	ok(t, jump(t, s, "web1", "bastion2"))
	ok(t, jump(t, s, "bastion2", "bastion1"))
	all := get[[]store.Server](t)(s.Servers(t.Context()))
	for _, got := range []store.Server{named(t, s, "web1"), all[len(all)-1]} {
		if got.Jump != "bastion2" || got.Through.Jump != "bastion1" || len(got.Through.Through.HostKeys) != 1 {
			t.Errorf("the way to web1 is %+v", got)
		}
	}
}

func TestAWayThatLeadsBackIsRefused(t *testing.T) {
	s := open(t)
	for _, name := range []string{"a1", "b1", "c1"} {
		ok(t, s.AddServer(t.Context(), alice, server(name)))
	}
	wantErr(t, jump(t, s, "a1", "a1"), store.ErrLoop)
	ok(t, jump(t, s, "a1", "b1"))
	wantErr(t, jump(t, s, "b1", "a1"), store.ErrLoop)
	ok(t, jump(t, s, "b1", "c1"))
	wantErr(t, jump(t, s, "c1", "a1"), store.ErrLoop)
	if got := named(t, s, "c1"); got.Jump != "" {
		t.Errorf("the refused edit is kept: %+v", got)
	}
}

func TestAJumpHostIsNotRemoved(t *testing.T) {
	s := open(t)
	for _, name := range []string{"bastion1", "web1"} {
		ok(t, s.AddServer(t.Context(), alice, server(name)))
	}
	ok(t, jump(t, s, "web1", "bastion1"))
	err := s.RemoveServer(t.Context(), alice, "bastion1")
	if wantErr(t, err, store.ErrIsJump); !strings.Contains(err.Error(), "web1") {
		t.Error(err)
	}
	ok(t, s.RemoveServer(t.Context(), alice, "web1"))
	ok(t, s.RemoveServer(t.Context(), alice, "bastion1"))
}

func TestACertificateComesBack(t *testing.T) {
	s := open(t)
	want := store.Secrets{Kind: store.CredentialCertificate, Login: []byte("key"), Certificate: []byte("ssh-ed25519-cert-v01@openssh.com AAAA")}
	ok(t, s.AddCredential(t.Context(), alice, "ops", want))
	ok(t, s.AddCredential(t.Context(), alice, "agent", store.Secrets{Kind: store.CredentialAgent}))
	got := get[store.Secrets](t)(s.Secrets(t.Context(), get[store.Credential](t)(s.CredentialNamed(t.Context(), "ops")).ID))
	if got.Kind != want.Kind || string(got.Login) != "key" || string(got.Certificate) != string(want.Certificate) {
		t.Errorf("kind %s", got.Kind)
	}
	if got := get[store.Secrets](t)(s.Secrets(t.Context(), get[store.Credential](t)(s.CredentialNamed(t.Context(), "agent")).ID)); got.Kind != store.CredentialAgent {
		t.Errorf("kind %s", got.Kind)
	}
}
