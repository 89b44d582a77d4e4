package executor_test

import (
	"strings"
	"testing"
	"time"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

// TestWhatIsLeftIsCheckedAgain: rights, approvals and servers are those of the moment at every batch, and at every server
// that begins later. What is over by then does not count any more.
func TestWhatIsLeftIsCheckedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		why    string // "": the run goes on
	}{
		"role revoked": {func(w *world) { w.revoke(ops, store.Operator) }, "ops may not run `poke` on web2 any more: it needs the role operator"},
		"denied on what is left": {func(w *world) {
			w.edit("web2", func(s *store.Server) { s.Tags = []string{"prod"} })
			w.grant(ops, "deny operator * prod")
		}, "ops may not run `poke` on web2 any more: a deny binding on `tag:prod` forbids it"},
		"deactivated":      {func(w *world) { w.meet(ops, store.User{Deactivated: true}) }, "drover takes no requests from deactivated accounts"},
		"action removed":   {func(w *world) { w.must(w.store.RemoveAction(w.Context(), root, "poke")) }, "`poke` was removed"},
		"server edited":    {func(w *world) { w.edit("web3", func(s *store.Server) { s.LoginUser = "root" }) }, "web3 was changed since this run was asked for: login user ops → root"},
		"server disabled":  {func(w *world) { w.must(w.store.SetDisabled(w.Context(), root, "web2", "broken")) }, "web2 cannot take part any more: disabled: broken"},
		"server removed":   {func(w *world) { w.must(w.store.RemoveServer(w.Context(), root, "web3")) }, "web3 was removed"},
		"nothing":          {func(*world) {}, ""},
		"what is over":     {func(w *world) { w.edit("web1", func(s *store.Server) { s.LoginUser = "root" }) }, ""},
		"denied elsewhere": {func(w *world) { w.grant(ops, "deny operator * elsewhere") }, ""},
	} {
		for _, option := range []string{"batch=1", "parallel=1"} {
			t.Run(name+", "+option, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.meet(ops, store.User{Name: "ops"})
				first := newGate()
				w.host("web1", first.handle)
				began := w.begins("web2", "web3")
				w.serve(w.engine)
				run := w.submit("poke all " + option)
				receive(t, first.entered)
				c.change(w)
				if option != "batch=1" {
					w.clock.advance(2 * time.Second) // what was seen last is too old
				}
				close(first.open)
				w.wentOn(run, c.why, began)
			})
		}
	}
}

// begins adds servers, and tells how many commands they were sent.
func (w *world) begins(names ...string) (count func() int) {
	o := &order{}
	for _, name := range names {
		w.host(name, func(*sshtest.Session) int { o.note(name); return 0 })
	}
	return func() int { return len(o.list()) }
}

// wentOn makes sure that web2 and web3 were worked after web1, or, when there is a reason why not, were sent nothing.
func (w *world) wentOn(run store.Run, why string, began func() int) {
	w.Helper()
	run = w.ended(run.ID)
	state, rest, n := store.Succeeded, store.TargetSucceeded, 2
	if why != "" {
		state, rest, n = store.Partial, store.TargetSkipped, 0
	}
	equal(w.T, map[string]store.TargetState{"web1": store.TargetSucceeded, "web2": rest, "web3": rest}, states(run))
	if run.State != state || began() != n {
		w.Errorf("it is %s, and %d further commands were sent", run.State, began())
	}
	for _, target := range run.Targets[1:] {
		if why != "" && !strings.HasPrefix(target.Summary, "not begun: "+why) {
			w.Errorf("%s: %q does not say %q", target.Server, target.Summary, why)
		}
	}
}

// An approver who loses the grant in the middle has approved nothing of what is left.
func TestAnApprovalIsLookedAtAgainInTheMiddle(t *testing.T) {
	w := newCourt(t)
	w.meet(bob, store.User{Name: "bob"})
	first := newGate()
	w.host("web1", first.handle)
	began := w.begins("web2", "web3")
	run := w.requested("raze web1 web2 web3 batch=1")
	w.must(w.approve(bob, run))
	w.serve(w.engine)
	receive(t, first.entered)
	w.revoke(bob, store.Approver)
	close(first.open)
	w.wentOn(run, "bob approved it and may not any more", began)
}

// TestWhatChangedIsNamed: before and after, where that says something.
func TestWhatChangedIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		why    string
	}{
		"user":       {func(w *world) { w.edit("web1", func(s *store.Server) { s.LoginUser = "root" }) }, "web1 was changed since this run was asked for: login user ops → root. Ask again"},
		"keys":       {func(w *world) { w.pin("web1", "ssh-ed25519 AAAA") }, "for: other trusted host keys. Ask again"},
		"credential": {func(w *world) { w.otherCredential("web1") }, "for: another credential. Ask again"},
		"jump": {func(w *world) {
			w.host("gate1", nil)
			gate, err := w.store.ServerNamed(w.Context(), "gate1")
			w.must(err)
			w.edit("web1", func(s *store.Server) { s.JumpID = &gate.ID })
		}, "for: jump host none → gate1. Ask again"},
		"setting": {func(w *world) {
			_, err := w.engine.Choose(w.Context(), root, executor.MainHost, "drover.example.com")
			w.must(err)
		}, "the setting `main-host` was changed since this run was asked for: none → drover.example.com. Ask again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			host := w.host("web1", nil)
			run := w.submit("ping-main web1")
			c.change(w)
			w.serve(w.engine)
			run = w.ended(run.ID)
			if run.State != store.Denied || !strings.Contains(run.StateReason, c.why) || host.Logins() > 0 {
				t.Errorf("it is %s because %q, want %q", run.State, run.StateReason, c.why)
			}
		})
	}
}

// A run that a lock ends cannot wait for the lock's end.
func TestALockThatVoidsARunSaysToAskAgain(t *testing.T) {
	w := newCourt(t)
	w.site("web1")
	run := w.requested("raze web1")
	w.must(w.lock(admin, "web1 2h"))
	refusal := refused(t, w.approve(bob, run))
	if !strings.Contains(refusal.Text, "because migration. Ask again when that is over, in 2h at the latest.") {
		t.Errorf("got %q", refusal.Text)
	}
}
