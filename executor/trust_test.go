package executor_test

import (
	"errors"
	"testing"
	"time"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// An offer is for one person, one message, one click, ten minutes, and exactly the keys that were shown.
func TestTrust(t *testing.T) {
	w := newWorld(t)
	machine, err := sshtest.Start(sshtest.Config{})
	w.must(err)
	t.Cleanup(func() { w.must(machine.Close()) })
	host, port := machine.Addr()
	w.must(w.store.AddServer(t.Context(), root, store.Server{Name: "web1", Address: host, Port: port, Platform: "linux", LoginUser: "root"}))
	offer := func() executor.TrustOffer {
		t.Helper()
		server, err := w.store.ServerNamed(t.Context(), "web1")
		w.must(err)
		o, err := w.engine.OfferTrust(t.Context(), admin, server, "C1")
		w.must(err)
		return o
	}
	pinned := func() []store.HostKey {
		t.Helper()
		server, err := w.store.ServerNamed(t.Context(), "web1")
		w.must(err)
		return server.HostKeys
	}
	refused := func(what string, err error) {
		t.Helper()
		var refusal *executor.Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v", what, err)
		}
	}

	first := offer()
	if first.ID == "" || len(first.Keys) != 1 || first.Keys[0].Pinned {
		t.Fatalf("%+v", first)
	}
	w.must(w.store.OfferPosted(t.Context(), first.ID, "1.0"))
	for what, click := range map[string]struct {
		actor           store.Actor
		id, channel, ts string
	}{
		"an operator": {ops, first.ID, "C1", "1.0"}, "another channel": {admin, first.ID, "C2", "1.0"},
		"another message": {admin, first.ID, "C1", "2.0"}, "another button": {admin, "x", "C1", "1.0"},
	} {
		_, err := w.engine.TakeTrust(t.Context(), click.actor, click.id, click.channel, click.ts)
		refused(what, err)
	}
	taken, err := w.engine.TakeTrust(t.Context(), admin, first.ID, "C1", "1.0")
	w.must(err)
	_, err = w.engine.TakeTrust(t.Context(), admin, first.ID, "C1", "1.0")
	refused("a second click", err)

	w.must(machine.NewHostKey())
	_, err = w.engine.Trust(t.Context(), admin, taken)
	refused("a changed key", err)
	w.must(machine.Down())
	_, err = w.engine.Trust(t.Context(), admin, taken)
	refused("a server that is down", err)
	w.must(machine.Up())
	if len(pinned()) != 0 {
		t.Fatalf("pinned %v", pinned())
	}

	late := offer()
	w.clock.advance(10 * time.Minute)
	_, err = w.engine.TakeTrust(t.Context(), admin, late.ID, "C1", "1.0")
	refused("a late click", err)

	good := offer()
	taken, err = w.engine.TakeTrust(t.Context(), admin, good.ID, "C1", "1.0")
	w.must(err)
	w.revoke(admin, store.Admin)
	_, err = w.engine.Trust(t.Context(), admin, taken)
	refused("rights lost meanwhile", err)
	w.grant(admin, "allow admin *")
	_, err = w.engine.Trust(t.Context(), admin, taken)
	w.must(err)
	if pins := pinned(); len(pins) != 1 || pins[0].PublicKey != machine.HostKeyLine() || pins[0].PinnedBy != admin {
		t.Errorf("pinned %+v", pins)
	}
	if again := offer(); again.ID != "" || !again.Keys[0].Pinned {
		t.Errorf("%+v", again)
	}
	w.must(w.engine.MayTrust(t.Context(), root, store.Server{Name: "web1"}))
	w.grant(admin, "deny admin trust")
	refused("a denied verb", w.engine.MayTrust(t.Context(), admin, store.Server{Name: "web1"}))
}
