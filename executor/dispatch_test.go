package executor_test

import (
	"strings"
	"testing"

	"drover/store"
)

// TestWhatIsCheckedAgainAtDispatch: rights and plan are those of the moment. Nothing is sent when they are not what
// they were at the request.
func TestWhatIsCheckedAgainAtDispatch(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world) error
		why    string
	}{
		"role revoked": {
			func(w *world) error { w.revoke(ops, store.Operator); return nil }, "You have no role in drover",
		},
		"denied": {
			func(w *world) error { w.grant(ops, "deny operator poke"); return nil }, "a deny binding for `poke` forbids it",
		},
		"tag lost": {
			func(w *world) error {
				w.revoke(ops, store.Operator)
				w.grant(ops, "allow operator * prod")
				return nil
			}, "You may not run `poke` on web2",
		},
		"deactivated": {
			func(w *world) error { w.meet(ops, store.User{Deactivated: true}); return nil }, "deactivated",
		},
		"guest now": {
			func(w *world) error { w.meet(ops, store.User{Guest: true}); return nil }, "guests",
		},
		"server edited": {
			func(w *world) error { w.edit("web1", func(s *store.Server) { s.LoginUser = "root" }); return nil },
			"web1 was changed since this run was asked for: login user ops → root",
		},
		"server moved": {
			func(w *world) error { w.edit("web1", func(s *store.Server) { s.Address = "127.0.0.2" }); return nil },
			"web1 cannot take part any more: its host key is not trusted yet",
		},
		"server removed": {
			func(w *world) error { return w.store.RemoveServer(w.Context(), root, "web1") }, "web1 was removed since",
		},
		"server disabled": {
			func(w *world) error { return w.store.SetDisabled(w.Context(), root, "web1", "broken fan") },
			"web1 cannot take part any more: disabled: broken fan",
		},
		"pins changed": {
			func(w *world) error { w.pin("web1", "ssh-ed25519 AAAA"); return nil }, "web1 was changed since this run was asked for",
		},
		"credential changed": {
			func(w *world) error { w.otherCredential("web1"); return nil }, "web1 was changed since this run was asked for",
		},
		"action edited": {
			func(w *world) error {
				return w.store.EditAction(w.Context(), root, "poke", `{name: poke, run: {linux: [poke, harder]}}`)
			}, "`poke` was edited since this run was asked for",
		},
		"action removed": {
			func(w *world) error { return w.store.RemoveAction(w.Context(), root, "poke") }, "`poke` was removed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			web1, web2 := w.host("web1", nil, "prod"), w.host("web2", nil)
			run := w.submit("poke web1 web2")
			w.must(c.change(w))
			w.serve(w.engine)
			run = w.ended(run.ID)
			if run.State != store.Denied || !strings.Contains(run.StateReason, c.why) {
				t.Fatalf("it is %s because %q, want %q", run.State, run.StateReason, c.why)
			}
			equal(t, map[string]store.TargetState{"web1": store.TargetSkipped, "web2": store.TargetSkipped}, states(run))
			if n := web1.Logins() + web2.Logins(); n > 0 {
				t.Fatalf("%d connections", n)
			}
			equal(t, []string{"run.requested", "run.started", "target.skipped", "run.denied"}, events(w.audit("run/1")))
		})
	}
}

func TestWhatDoesNotMatterAtDispatch(t *testing.T) {
	w := newWorld(t)
	w.host("web1", nil)
	run := w.submit("poke web1")
	w.edit("web1", func(s *store.Server) { s.Tags, s.Note = []string{"prod"}, "in the cellar" })
	w.listed("web2")
	w.grant(ops, "deny operator * elsewhere")
	w.serve(w.engine)
	if run = w.ended(run.ID); run.State != store.Succeeded {
		t.Fatalf("it is %s because %q", run.State, run.StateReason)
	}
}
