package executor_test

import (
	"slices"
	"strings"
	"testing"

	"drover/executor"
	"drover/store"
)

// urgently asks for raze with a reason, in public.
func (w *world) urgently(who store.Actor, line string) executor.Request {
	w.Helper()
	request := w.openly(who, line+" urgent=true")
	request.Reason = "the site is down"
	return request
}

// TestBreakGlass: who may go ahead without approvals, and what they can never pass.
func TestBreakGlass(t *testing.T) {
	const yes = ""
	for name, c := range map[string]struct {
		who      store.Actor
		bindings string // of who, besides operator *
		line     string
		reason   string
		prepare  func(*world)
		why      string
	}{
		"with the grant":             {ops, "allow breakglass *", "raze web1", "the site is down", nil, yes},
		"for this action":            {ops, "allow breakglass raze", "raze web1", "the site is down", nil, yes},
		"without the grant":          {ops, "", "raze web1", "the site is down", nil, "You may not use `urgent=true` for `raze` on web1: it needs the role breakglass"},
		"an approver":                {ops, "allow approver *", "raze web1", "the site is down", nil, "it needs the role breakglass"},
		"an admin":                   {admin, "allow operator *", "raze web1", "the site is down", nil, "it needs the role breakglass"},
		"for another action":         {ops, "allow breakglass reboot", "raze web1", "the site is down", nil, "it needs the role breakglass"},
		"for other servers":          {ops, "allow breakglass * lab", "raze web1", "the site is down", nil, "it needs the role breakglass"},
		"for some of the servers":    {ops, "allow breakglass * prod", "raze web1 db1", "the site is down", nil, "on db1: it needs the role breakglass"},
		"denied":                     {ops, "allow breakglass *; deny breakglass raze", "raze web1", "the site is down", nil, "a deny binding for `raze` forbids it"},
		"a deny of the action":       {ops, "allow breakglass *; deny operator raze", "raze web1", "the site is down", nil, "a deny binding for `raze` forbids it"},
		"without the role":           {viewer, "allow breakglass *", "raze web1", "the site is down", nil, "it needs the role operator"},
		"without a reason":           {ops, "allow breakglass *", "raze web1", "", nil, "`urgent=true` needs a reason"},
		"what only looks":            {ops, "allow breakglass *", "peek web1", "the site is down", nil, "waits for nobody"},
		"what needs no approval":     {ops, "allow breakglass *", "poke web1", "the site is down", nil, yes},
		"without anybody to approve": {ops, "allow breakglass *", "raze web1", "the site is down", func(w *world) { w.revoke(bob, store.Approver); w.revoke(carol, store.Approver) }, yes},
		"the terminal":               {root, "", "raze web1", "the site is down", nil, "`drover user link root U…`"},
		"a server out of use": {ops, "allow breakglass *", "raze web1", "the site is down", func(w *world) {
			w.must(w.store.SetDisabled(w.Context(), root, "web1", "broken fan"))
		}, "disabled: broken fan"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newCourt(t)
			w.listed("web1", "db1")
			w.edit("web1", func(s *store.Server) { s.Tags = []string{"prod"} })
			for binding := range strings.SplitSeq(c.bindings, ";") {
				if binding != "" {
					w.grant(c.who, binding)
				}
			}
			if c.prepare != nil {
				c.prepare(w)
			}
			request := w.urgently(c.who, c.line)
			request.Reason = c.reason
			run, err := w.engine.Submit(t.Context(), request)
			if c.why != yes {
				if refusal := refused(t, err); !strings.Contains(refusal.Text, c.why) {
					t.Errorf("got %q, want %q", refusal.Text, c.why)
				}
				return
			}
			must(t, err)
			if run.State != store.Queued || !run.Urgent || run.ApprovalsNeeded != 0 || run.ReviewedAt != nil {
				t.Errorf("it is %s, urgent %t, needs %d", run.State, run.Urgent, run.ApprovalsNeeded)
			}
		})
	}
}

// The grant is that of the dispatch, too.
func TestBreakGlassIsCheckedAgainAtDispatch(t *testing.T) {
	w := newCourt(t)
	razed := w.site("web1")
	w.grant(ops, "allow breakglass *")
	run, err := w.engine.Submit(t.Context(), w.urgently(ops, "raze web1"))
	must(t, err)
	w.revoke(ops, store.Breakglass)
	w.serve(w.engine)
	run = w.ended(run.ID)
	if run.State != store.Denied || !strings.Contains(run.StateReason, "it needs the role breakglass") || razed() > 0 {
		t.Errorf("it is %s because %q after %d commands", run.State, run.StateReason, razed())
	}
}

func TestBreakGlassRunsAtOnceAndStaysOpen(t *testing.T) {
	w := newCourt(t)
	razed := w.site("web1")
	w.grant(ops, "allow breakglass *")
	w.grant(ops, "allow approver *")
	w.serve(w.engine)
	run, err := w.engine.Submit(t.Context(), w.urgently(ops, "raze web1"))
	must(t, err)
	run = w.ended(run.ID)
	if run.State != store.Succeeded || razed() != 1 {
		t.Fatalf("it is %s because %q after %d commands", run.State, run.StateReason, razed())
	}
	for who, why := range map[store.Actor]string{
		ops: "You ran #1 yourself: somebody else has to look at it", viewer: "You may not review #1: that is for admins", nobody: "You have no role", root: "not at the terminal",
	} {
		if refusal := refused(t, w.engine.Review(t.Context(), who, run, "")); !strings.Contains(refusal.Text, why) || refusal.Kind != executor.Policy {
			t.Errorf("%s: %q", who, refusal.Text)
		}
	}
	w.must(w.engine.Review(t.Context(), bob, run, "click/1")) // who could have approved it
	w.must(w.engine.Review(t.Context(), bob, run, "click/1"))
	refusal := refused(t, w.engine.Review(t.Context(), admin, run, ""))
	if !strings.Contains(refusal.Text, "#1 was reviewed already") || refusal.By != bob {
		t.Errorf("%q by %s", refusal.Text, refusal.By)
	}
	if run = w.run(run.ID); run.ReviewedBy != bob || run.RemindAt != nil {
		t.Errorf("reviewed by %q, to be reminded of at %v", run.ReviewedBy, run.RemindAt)
	}
	other := w.submit("poke web1")
	if refusal := refused(t, w.engine.Review(t.Context(), admin, other, "")); !strings.Contains(refusal.Text, "#2 was not urgent") {
		t.Error(refusal.Text)
	}
	seen := events(w.audit("run/1"))
	if seen[0] != "run.requested" || !slices.Equal(seen[len(seen)-2:], []string{"run.reviewed", "request.refused"}) { // the admin came too late
		t.Errorf("audited: %v", seen)
	}
}

// Somebody else hears of it, wherever it is asked for.
func TestNobodyBreaksTheGlassUnheard(t *testing.T) {
	const unheard = "Nobody else would hear of it."
	for name, c := range map[string]struct {
		prepare func(*world)
		channel string
		why     string
	}{
		"an admin reads of it": {func(*world) {}, "D1", ""},
		"nobody else is admin": {func(w *world) { w.revoke(admin, store.Admin) }, "D1", unheard},
		"nor at the terminal":  {func(w *world) { w.revoke(admin, store.Admin) }, "", unheard},
		"there is DROVER_CHANNEL": {func(w *world) {
			w.revoke(admin, store.Admin)
			w.must(w.store.SetSetting(w.Context(), root, store.SettingChannel, "C9"))
		}, "D1", ""},
		"a team of one, knowingly": {func(w *world) { w.revoke(admin, store.Admin); w.choose("self-approval", "on") }, "D1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newCourt(t)
			w.listed("web1")
			w.grant(ops, "allow breakglass *")
			c.prepare(w)
			request := w.urgently(ops, "raze web1")
			request.Channel, request.Private = c.channel, true
			_, err := w.engine.Submit(t.Context(), request)
			if c.why == "" {
				must(t, err)
			} else if refusal := refused(t, err); !strings.Contains(refusal.Text, c.why) {
				t.Error(refusal.Text)
			}
		})
	}
}

// In a team of one nobody else is there to look.
func TestATeamOfOneReviewsItselfKnowingly(t *testing.T) {
	w := newCourt(t)
	w.listed("web1")
	w.grant(admin, "allow breakglass *")
	w.choose("self-approval", "on")
	run, err := w.engine.Submit(t.Context(), w.urgently(admin, "poke web1"))
	must(t, err)
	w.must(w.engine.Review(t.Context(), admin, run, ""))
}

// A reason is good for once: what is repeated waits for approval.
func TestARetryOfBreakGlassIsNone(t *testing.T) {
	w := newCourt(t)
	w.must(w.host("web1", nil).Down())
	w.grant(ops, "allow breakglass *")
	w.serve(w.engine)
	run, err := w.engine.Submit(t.Context(), w.urgently(ops, "raze web1"))
	must(t, err)
	run = w.ended(run.ID)
	again, err := w.engine.Retry(t.Context(), run, executor.Request{Actor: ops, Origin: store.Button, Channel: "C1"})
	must(t, err)
	if again.Urgent || again.State != store.AwaitingApproval {
		t.Errorf("it is %s, urgent %t", again.State, again.Urgent)
	}
}

// A person at the terminal breaks the glass as themselves.
func TestBreakGlassFromTheTerminal(t *testing.T) {
	w := newCourt(t)
	w.listed("web1")
	w.must(w.store.LinkLogin(t.Context(), root, "root", ops))
	request := w.urgently(root, "raze web1")
	request.Origin = store.CLI
	_, err := w.engine.Submit(t.Context(), request)
	if refusal := refused(t, err); !strings.Contains(refusal.Text, "it needs the role breakglass") {
		t.Error(refusal.Text)
	}
	w.grant(ops, "allow breakglass *")
	run, err := w.engine.Submit(t.Context(), request)
	must(t, err)
	if run.RequestedBy != ops || !run.Urgent {
		t.Errorf("by %s, urgent %t", run.RequestedBy, run.Urgent)
	}
}

// A server that was removed since has no tags: who may judge only what is done on some servers, or on none, does not judge
// what was done there.
func TestARemovedServerLetsNobodyJudge(t *testing.T) {
	w := newCourt(t)
	w.listed("web1")
	w.edit("web1", func(s *store.Server) { s.Tags = []string{"prod"} })
	w.grant(ops, "allow breakglass *")
	w.grant(viewer, "allow approver * prod")
	run, err := w.engine.Submit(t.Context(), w.urgently(ops, "raze web1"))
	must(t, err)
	waiting := w.requested("raze web1")
	w.must(w.store.RemoveServer(t.Context(), root, "web1"))
	if refusal := refused(t, w.engine.Review(t.Context(), viewer, run, "")); !strings.Contains(refusal.Text, "You may not review #1") {
		t.Error(refusal.Text)
	}
	if refusal := refused(t, w.engine.Deny(t.Context(), viewer, waiting, "no", "")); !strings.Contains(refusal.Text, "for `raze` on web1 it needs the role approver") {
		t.Error(refusal.Text)
	}
	w.must(w.engine.Review(t.Context(), bob, run, ""))
	w.must(w.engine.Deny(t.Context(), bob, waiting, "no", ""))
}
