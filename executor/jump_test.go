package executor_test

import (
	"strings"
	"testing"

	"drover/executor/sshtest"
	"drover/store"
)

// through sends a server through another one.
func (w *world) through(name, jump string) {
	w.Helper()
	j, err := w.store.ServerNamed(w.Context(), jump)
	w.must(err)
	w.edit(name, func(s *store.Server) { s.JumpID, s.Jump = &j.ID, j.Name })
}

func TestThePlanHoldsTheWay(t *testing.T) {
	w := newWorld(t)
	w.listed("web1", "bastion1", "bastion2")
	for _, name := range []string{"web1", "bastion1", "bastion2"} {
		w.pin(name, "ssh-ed25519 AAAA")
	}
	hash := func() string {
		t.Helper()
		plan, err := w.engine.Plan(t.Context(), w.ask(ops, "poke web1"))
		w.must(err)
		sum, err := plan.Hash()
		w.must(err)
		return sum
	}
	seen := map[string]string{hash(): "no jump host"}
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"a jump host", func() { w.through("web1", "bastion1") }},
		{"another address of it", func() {
			w.edit("bastion1", func(s *store.Server) { s.Address = "127.0.0.9" })
			w.pin("bastion1", "ssh-ed25519 AAAA")
		}},
		{"another pin of it", func() { w.pin("bastion1", "ssh-ed25519 BBBB") }},
		{"a jump host before it", func() { w.through("bastion1", "bastion2") }},
	} {
		c.change()
		sum := hash()
		if same, ok := seen[sum]; ok {
			t.Errorf("%s: the same hash as with %s", c.name, same)
		}
		seen[sum] = c.name
	}
}

func TestAJumpHostThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world) error
		why    string
	}{
		"disabled":    {func(w *world) error { return w.store.SetDisabled(w.Context(), root, "bastion1", "moved out") }, "its jump host bastion1: disabled: moved out"},
		"not trusted": {func(w *world) error { return w.store.PinHostKeys(w.Context(), root, "bastion1", nil) }, "its jump host bastion1: its host key is not trusted yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.listed("web1", "bastion1")
			w.pin("web1", "ssh-ed25519 AAAA")
			w.pin("bastion1", "ssh-ed25519 AAAA")
			w.through("web1", "bastion1")
			w.must(c.change(w))
			_, err := w.engine.Plan(t.Context(), w.ask(ops, "poke web1"))
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Fatalf("%v, want %q", err, c.why)
			}
		})
	}
}

// Trust asks on the way that commands will go: what answers at the address from drover's own network may be another machine.
func TestTrustAsksThroughTheJumpHost(t *testing.T) {
	w := newWorld(t)
	machine, err := sshtest.Start(sshtest.Config{})
	w.must(err)
	t.Cleanup(func() { w.must(machine.Close()) })
	host, port := machine.Addr()
	w.listed("bastion1")
	w.must(w.store.AddServer(t.Context(), root, store.Server{Name: "web1", Address: host, Port: port, Platform: "linux", LoginUser: "root"}))
	w.through("web1", "bastion1")
	server, err := w.store.ServerNamed(t.Context(), "web1")
	w.must(err)
	offer, err := w.engine.OfferTrust(t.Context(), admin, server, "C1")
	if err == nil || !strings.Contains(err.Error(), "web1 is reached through bastion1") {
		t.Fatalf("offered %v, error %v", offer.Keys, err)
	}
}
