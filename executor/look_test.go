package executor_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drover/executor/sshtest"
	"drover/store"
)

// seen is what a server of the look tests says to the status action.
func seen(s *sshtest.Session) int {
	for _, line := range []string{
		"@@drover result", "@@drover uptime", "1036800.00 1.0", "@@drover users", "alice pts/0", "bob pts/1", "bob pts/2",
		"@@drover updates", "3", "@@drover reboot", "yes", "@@drover end",
	} {
		fmt.Fprintln(s.Stdout, line)
	}
	return 0
}

// TestServersAreLookedAtForThoseWhoApprove: after the request, beside it, whether they answer or not. A look changes
// nothing, and one that has become useless is not made.
func TestServersAreLookedAtForThoseWhoApprove(t *testing.T) {
	w := newCourt(t)
	var commands atomic.Int32
	web1 := w.host("web1", func(s *sshtest.Session) int { commands.Add(1); return seen(s) })
	w.must(w.host("web2", nil).Down())
	w.listed("router1")
	w.edit("router1", func(s *store.Server) { s.Platform = "routeros" })
	w.pin("router1", "ssh-ed25519 AAAA")
	run := w.requested("raze web1 web2 router1")
	if web1.Logins() > 0 {
		t.Fatal("the request waited for a look")
	}
	w.serve(w.engine)
	run = w.await(run.ID, func(r store.Run) bool {
		for _, target := range r.Targets {
			if target.LookedAt == nil {
				return false
			}
		}
		return true
	})
	for server, want := range map[string]string{
		"web1": "up 12 days · alice, bob (2 sessions) logged in · 3 updates · reboot required", "web2": "could not be looked at: web2 refused the connection",
		"router1": "could not be looked at: router1 has no trusted host key",
	} {
		for _, target := range run.Targets {
			if target.Server == server && (!strings.HasPrefix(target.Look, want) || target.LookAt != nil) {
				t.Errorf("%s: %q, to be looked at again at %v", server, target.Look, target.LookAt)
			}
		}
	}
	if run.State != store.AwaitingApproval || commands.Load() != 1 {
		t.Errorf("it is %s after %d commands", run.State, commands.Load())
	}
	server, err := w.store.ServerNamed(t.Context(), "web1")
	must(t, err)
	if server.Facts["updates"] != "3" || server.FactsAt == nil {
		t.Errorf("kept with the server: %v", server.Facts)
	}
	w.must(w.approve(bob, run)) // what it looks like is no part of what is approved
	if run = w.ended(run.ID); run.State != store.Partial && run.State != store.Failed {
		t.Errorf("it is %s because %q", run.State, run.StateReason)
	}
}

func TestNobodyLooksForARunThatWaitsNoMore(t *testing.T) {
	w := newCourt(t)
	host := w.host("web1", nil)
	run := w.requested("raze web1")
	w.must(w.engine.Cancel(t.Context(), ops, run, ""))
	stop := w.serve(w.engine)
	w.ended(w.submit("peek web1").ID)
	stop()
	if run = w.run(run.ID); run.Targets[0].LookedAt != nil || host.Sessions() != 1 {
		t.Errorf("it was looked at %v in %d commands", run.Targets[0].LookedAt, host.Sessions())
	}
	other := w.submit("poke web1") // needs nobody's approval
	if w.run(other.ID).Targets[0].LookAt != nil {
		t.Error("a run that waits for nobody is to be looked at")
	}
}

// A look that drover died in is made by the next one.
func TestALookIsMadeAgainAfterARestart(t *testing.T) {
	w := newCourt(t)
	g := newGate()
	w.host("web1", g.handle)
	run := w.requested("raze web1")
	stop := w.serve(w.engine)
	receive(t, g.entered)
	stop()
	if w.run(run.ID).Targets[0].LookedAt != nil {
		t.Fatal("it was looked at")
	}
	close(g.open)
	w.clock.advance(3 * time.Minute)
	w.serve(w.newEngine(w.store, 0))
	w.await(run.ID, func(r store.Run) bool { return r.Targets[0].LookedAt != nil })
}
