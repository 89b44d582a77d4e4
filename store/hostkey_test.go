package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

func TestPinsAreReplacedWhole(t *testing.T) {
	c := newClock()
	s := openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now})
	ok(t, s.AddServer(t.Context(), alice, server("web1")))
	ok(t, s.PinHostKeys(t.Context(), alice, "web1", []store.HostKey{{PublicKey: "ssh-ed25519 A", Fingerprint: "SHA256:a"}}))
	c.advance(time.Hour)
	ok(t, s.PinHostKeys(t.Context(), "T1/U2", "web1", []store.HostKey{{PublicKey: "ssh-ed25519 B", Fingerprint: "SHA256:b"}}))
	got := named(t, s, "web1")
	want := []store.HostKey{{ServerID: got.ID, PublicKey: "ssh-ed25519 B", Fingerprint: "SHA256:b", PinnedBy: "T1/U2", PinnedAt: s.Now()}}
	if diff := cmp.Diff(want, got.HostKeys); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	twice := []store.HostKey{{PublicKey: "ssh-ed25519 C"}, {PublicKey: "ssh-ed25519 C"}}
	if err := s.PinHostKeys(t.Context(), alice, "web1", twice); err == nil {
		t.Error("one key was pinned twice")
	}
	if diff := cmp.Diff(want, named(t, s, "web1").HostKeys); diff != "" {
		t.Errorf("after a refused change (-want +got)\n%s", diff)
	}
}
