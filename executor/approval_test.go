package executor_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"drover/executor"
	"drover/executor/sshtest"
	"drover/store"
)

const (
	bob   = store.Actor("T1/UBOB")
	carol = store.Actor("T1/UCAROL")
)

// raze needs one approval, and two people may give it.
func newCourt(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for _, who := range []store.Actor{bob, carol} {
		w.meet(who, store.User{})
		w.grant(who, "allow approver *")
	}
	w.must(w.store.AddAction(t.Context(), store.Drover, "raze", `{name: raze, approvals: 1, run: {linux: [raze], routeros: [raze]}}`))
	w.must(w.store.AddAction(t.Context(), store.Drover, "raze-twice", `{name: raze-twice, approvals: 2, run: {linux: [raze]}}`))
	return w
}

// requested submits a request of the operator's that colleagues can see.
func (w *world) requested(line string) store.Run {
	w.Helper()
	run, err := w.engine.Submit(w.Context(), w.openly(ops, line))
	w.must(err)
	return w.run(run.ID)
}

func (w *world) openly(who store.Actor, line string) executor.Request {
	w.Helper()
	request := w.ask(who, line)
	request.Channel = "C1"
	return request
}

// site adds a server, and counts the commands that it was given besides those that only look.
func (w *world) site(name string) (razed func() int) {
	w.Helper()
	var commands atomic.Int32
	w.host(name, func(s *sshtest.Session) int {
		if strings.Contains(s.Command, "raze") {
			commands.Add(1)
		}
		return 0
	})
	return func() int { return int(commands.Load()) }
}

func (w *world) approve(who store.Actor, run store.Run) error {
	return w.engine.Approve(w.Context(), who, run, "")
}

func (w *world) choose(setting, value string) {
	w.Helper()
	_, err := w.engine.Choose(w.Context(), root, setting, value)
	w.must(err)
}

func TestARunBeginsWhenItIsApproved(t *testing.T) {
	w := newCourt(t)
	razed := w.site("web1")
	w.serve(w.engine)
	run := w.requested("raze-twice web1")
	if run.State != store.AwaitingApproval || run.ApprovalsNeeded != 2 {
		t.Fatalf("it is %s and needs %d", run.State, run.ApprovalsNeeded)
	}
	w.must(w.approve(bob, run))
	if run = w.run(run.ID); run.State != store.AwaitingApproval || razed() > 0 {
		t.Fatalf("after one of two it is %s after %d commands", run.State, razed())
	}
	w.must(w.approve(carol, run))
	if run = w.ended(run.ID); run.State != store.Succeeded || razed() != 1 {
		t.Fatalf("it is %s because %q after %d commands", run.State, run.StateReason, razed())
	}
	equal(t, []string{"run.requested", "approval.given", "approval.given", "run.queued", "run.started"}, events(w.audit("run/1"))[:5])
}

func TestADeniedRunSaysWhyAndNeverRuns(t *testing.T) {
	w := newCourt(t)
	razed := w.site("web1")
	run := w.requested("raze web1")
	if refusal := refused(t, w.engine.Deny(t.Context(), bob, run, "", "")); !strings.Contains(refusal.Text, "Say why: `deny 1 because …`") {
		t.Error(refusal.Text)
	}
	w.must(w.engine.Deny(t.Context(), bob, run, "the backup is running", ""))
	w.serve(w.engine)
	refusal := refused(t, w.approve(carol, run))
	if !strings.Contains(refusal.Text, "#1 was denied") || refusal.By != bob || refusal.At.IsZero() {
		t.Errorf("%q by %s at %v", refusal.Text, refusal.By, refusal.At)
	}
	if run = w.run(run.ID); run.State != store.Denied || run.StateReason != "the backup is running" || razed() > 0 {
		t.Errorf("it is %s because %q after %d commands", run.State, run.StateReason, razed())
	}
}

// TestWhoMayApprove is the table of approvers: who, with which bindings, may decide about a run of raze on web1 that the
// operator asked for. The first words are regression stories: bots of this kind let the requester approve, take clicks
// for rights and names for people.
func TestWhoMayApprove(t *testing.T) {
	const yes = ""
	for i, c := range []struct {
		who      string
		bindings string
		why      string
	}{
		{"the requester", "allow approver *", "whoever asks for a run needs somebody else"},
		{"the requester, an admin too", "allow approver *; allow admin *", "whoever asks for a run needs somebody else"},
		{"the last editor", "allow approver *", "whoever edited `raze` last needs somebody else"},
		{"an earlier editor", "allow approver *", yes},
		{"the terminal", "", "given in Slack, not at the terminal"},
		{"the terminal of an approver", "allow approver *", "given in Slack, not at the terminal"},
		{"drover", "allow approver *", "nobody that drover can tell apart"},

		// No other role implies it.
		{"member", "", "You have no role"},
		{"member", "allow viewer *", "it needs the role approver"},
		{"member", "allow operator *", "it needs the role approver"},
		{"member", "allow admin *", "it needs the role approver"},
		{"member", "allow breakglass *", "it needs the role approver"},
		{"member", "allow approver *", yes},

		// For this action, on every server of the run.
		{"member", "allow approver raze", yes},
		{"member", "allow approver raze-*", "for `raze` on web1 it needs the role approver"},
		{"member", "allow approver * prod", "for `raze` on web2 it needs the role approver"},
		{"member", "allow approver * prod; allow approver * test", yes},

		// A deny wins.
		{"member", "allow approver *; deny approver *", "a deny binding forbids it"},
		{"member", "allow approver *; deny approver raze", "a deny binding for `raze` forbids it"},
		{"member", "allow approver *; deny approver * test", "for `raze` on web2 a deny binding on `tag:test` forbids it"},
		{"member", "allow approver *; deny approver * elsewhere", yes},

		// Identity comes first.
		{"namesake of an approver", "", "You have no role"},
		{"unknown", "allow approver *", "could not ask Slack who you are"},
		{"guest", "allow approver *", "guests"},
		{"stranger", "allow approver *", "other organisations"},
		{"bot", "allow approver *", "bots"},
		{"deactivated", "allow approver *", "deactivated"},
		{"other team", "allow approver *", "another Slack workspace"},
	} {
		t.Run(fmt.Sprintf("%s: %s", c.who, c.bindings), func(t *testing.T) {
			t.Parallel()
			w := newCourt(t)
			w.host("web1", nil, "prod")
			w.host("web2", nil, "test")
			actor := w.juror(c.who, i)
			for binding := range strings.SplitSeq(c.bindings, ";") {
				if binding != "" {
					w.grant(actor, binding)
				}
			}
			run := w.requested("raze web1 web2")
			for decide, err := range map[string]error{
				"approve": w.approve(actor, run), "see the modal": w.engine.MayDecide(t.Context(), actor, run),
				"deny": w.engine.Deny(t.Context(), actor, run, "no", ""),
			} {
				if c.why == yes {
					continue // the first that was asked decided
				}
				if refusal := refused(t, err); !strings.Contains(refusal.Text, c.why) || refusal.Kind != executor.Policy {
					t.Errorf("%s: got %q, want %q", decide, refusal.Text, c.why)
				}
			}
			run = w.run(run.ID)
			if (run.State == store.AwaitingApproval) == (c.why == yes) || (len(run.Approvals) > 0) != (c.why == yes) {
				t.Errorf("it is %s by %v", run.State, run.Approvals)
			}
			wrong := 0
			for _, e := range w.audit("run/1") {
				if e.Event == "request.refused" && e.Actor == actor {
					wrong++
				}
			}
			if want := 3; c.why != yes && wrong != want {
				t.Errorf("%d wrong clicks were audited, want %d", wrong, want)
			}
		})
	}
}

// juror is who decides in TestWhoMayApprove.
func (w *world) juror(kind string, number int) store.Actor {
	w.Helper()
	edit := func(who store.Actor, word string) {
		w.must(w.store.EditAction(w.Context(), who, "raze", `{name: raze, approvals: 1, run: {linux: [raze, `+word+`]}}`))
	}
	switch kind {
	case "the requester", "the requester, an admin too":
		return ops
	case "the last editor":
		edit(admin, "all")
		return admin
	case "an earlier editor":
		edit(admin, "all")
		edit(root, "most")
		return admin
	case "the terminal":
		return root
	case "the terminal of an approver":
		w.must(w.store.LinkLogin(w.Context(), root, "bob", bob))
		return store.LocalActor("bob")
	case "namesake of an approver":
		w.meet(bob, store.User{Name: "bob"})
		w.meet("T1/UBOB2", store.User{Name: "bob"})
		return "T1/UBOB2"
	}
	return w.person(kind, number)
}

// What is edited at the terminal is edited by a person.
func TestTheLastEditorAtTheTerminalIsThePerson(t *testing.T) {
	w := newCourt(t)
	w.listed("web1")
	w.must(w.store.LinkLogin(t.Context(), root, "root", bob))
	w.must(w.store.EditAction(t.Context(), root, "raze", `{name: raze, approvals: 1, run: {linux: [raze, all]}}`))
	run := w.requested("raze web1")
	if refusal := refused(t, w.approve(bob, run)); !strings.Contains(refusal.Text, "whoever edited `raze` last") {
		t.Error(refusal.Text)
	}
	plan, err := executor.PlanOf(run)
	must(t, err)
	equal(t, []store.Actor{carol}, plan.Approval.By)
	w.must(w.approve(carol, run))
}

// TestAnApprovalIsForThePlanThatWasShown: approve A and run B is not possible. What changed while the run waited makes it
// void at the approval, what changed after it at the dispatch, and it says what.
func TestAnApprovalIsForThePlanThatWasShown(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world) error
		why    string
	}{
		"action edited": {func(w *world) error {
			return w.store.EditAction(w.Context(), root, "raze", `{name: raze, approvals: 1, run: {linux: [raze, everything]}}`)
		}, "`raze` was edited"},
		"action removed": {func(w *world) error { return w.store.RemoveAction(w.Context(), root, "raze") }, "`raze` was removed"},
		"server edited": {func(w *world) error {
			w.edit("web1", func(s *store.Server) { s.LoginUser = "root" })
			return nil
		}, "web1 was changed"},
		"server moved": {func(w *world) error {
			w.edit("web1", func(s *store.Server) { s.Address = "127.0.0.2" })
			return nil
		}, "web1 cannot take part any more"},
		"server removed":     {func(w *world) error { return w.store.RemoveServer(w.Context(), root, "web1") }, "web1 was removed"},
		"pins changed":       {func(w *world) error { w.pin("web1", "ssh-ed25519 AAAA"); return nil }, "web1 was changed"},
		"credential changed": {func(w *world) error { w.otherCredential("web1"); return nil }, "web1 was changed"},
		"requester lost the role": {func(w *world) error {
			w.revoke(ops, store.Operator)
			return nil
		}, "You have no role"},
		"requester is denied":      {func(w *world) error { w.grant(ops, "deny operator raze"); return nil }, "a deny binding"},
		"requester is deactivated": {func(w *world) error { w.meet(ops, store.User{Deactivated: true}); return nil }, "deactivated"},
		"a tag asks for more": {func(w *world) error {
			w.edit("web1", func(s *store.Server) { s.Tags = []string{"prod"} })
			w.choose("approvals-by-tag", "prod=2")
			return nil
		}, "It needs 2 approvals since, and was asked for with 1"},
	} {
		t.Run(name+", then approved", func(t *testing.T) {
			t.Parallel()
			w := newCourt(t)
			razed := w.site("web1")
			run := w.requested("raze web1 web1")
			w.must(c.change(w))
			w.serve(w.engine)
			if refusal := refused(t, w.approve(bob, run)); !strings.Contains(refusal.Text, "#1 was not approved, and is void: ") || !strings.Contains(refusal.Text, c.why) {
				t.Errorf("got %q, want %q", refusal.Text, c.why)
			}
			run = w.run(run.ID)
			if run.State != store.Denied || !strings.Contains(run.StateReason, c.why) || len(run.Approvals) > 0 || razed() > 0 {
				t.Errorf("it is %s because %q by %v after %d commands", run.State, run.StateReason, run.Approvals, razed())
			}
			last := w.audit("run/1")
			if e := last[len(last)-1]; e.Event != "approval.void" || e.Actor != bob {
				t.Errorf("the last entry is %s by %s, want the click that voided it", e.Event, e.Actor)
			}
		})
		t.Run("approved, then "+name, func(t *testing.T) {
			t.Parallel()
			deniedAtDispatch(t, c.change, c.why)
		})
	}
}

// deniedAtDispatch approves a run, then changes something, and makes sure that the run is not worked and says why.
func deniedAtDispatch(t *testing.T, change func(*world) error, why string) {
	t.Helper()
	w := newCourt(t)
	w.meet(bob, store.User{Name: "bob"})
	razed := w.site("web1")
	run := w.requested("raze web1")
	w.must(w.approve(bob, run))
	w.must(change(w))
	w.serve(w.engine)
	run = w.ended(run.ID)
	if run.State != store.Denied || !strings.Contains(run.StateReason, why) || razed() > 0 {
		t.Errorf("it is %s because %q after %d commands", run.State, run.StateReason, razed())
	}
}

// An approver who may not approve any more at dispatch has not approved.
func TestAnApproverWhoLostTheGrantVoidsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world) error
		why    string
	}{
		"revoked": {func(w *world) error { w.revoke(bob, store.Approver); return nil }, "bob approved it and may not any more: "},
		"denied":  {func(w *world) error { w.grant(bob, "deny approver raze"); return nil }, "a deny binding for `raze` forbids it"},
		"gone":    {func(w *world) error { w.meet(bob, store.User{Name: "bob", Deactivated: true}); return nil }, "deactivated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deniedAtDispatch(t, c.change, c.why)
		})
	}
}

// A row that somebody moved on by hand, past the approvals, is not run.
func TestAQueuedRunWithoutItsApprovalsIsNotRun(t *testing.T) {
	w := newCourt(t)
	razed := w.site("web1")
	run := w.requested("raze-twice web1")
	w.must(w.approve(bob, run))
	db, err := sqlx.Open("sqlite3", "file:"+w.path+"?_busy_timeout=5000")
	must(t, err)
	defer db.Close()
	_, err = db.Exec("UPDATE runs SET state = 'queued', queued_at = created_at")
	must(t, err)
	w.serve(w.engine)
	run = w.ended(run.ID)
	if run.State != store.Denied || !strings.Contains(run.StateReason, "It needs 2 approvals and has 1") || razed() > 0 {
		t.Errorf("it is %s because %q after %d commands", run.State, run.StateReason, razed())
	}
}

// Approvals are rows: a restart between them, and between the last one and the start, loses none.
func TestApprovalsSurviveARestart(t *testing.T) {
	w := newCourt(t)
	razed := w.site("web1")
	run := w.requested("raze-twice web1")
	w.must(w.approve(bob, run))
	second := w.newEngine(w.open(w.clock), 0)
	w.must(second.Approve(t.Context(), carol, run, ""))
	third := w.newEngine(w.store, 0)
	w.serve(third)
	if run = w.ended(run.ID); run.State != store.Succeeded || razed() != 1 {
		t.Errorf("it is %s because %q after %d commands", run.State, run.StateReason, razed())
	}
}

func TestARunThatNobodyApprovesExpires(t *testing.T) {
	w := newCourt(t)
	razed := w.site("web1")
	w.choose("approval-expiry", "30m")
	run := w.requested("raze web1")
	w.clock.advance(30*time.Minute + time.Second)
	if refusal := refused(t, w.approve(bob, run)); !strings.Contains(refusal.Text, "The time to decide about #1 is over") {
		t.Error(refusal.Text)
	}
	w.serve(w.engine)
	run = w.ended(run.ID)
	if run.State != store.Expired || run.StateReason != "it was not approved within 30m" || razed() > 0 {
		t.Errorf("it is %s because %q after %d commands", run.State, run.StateReason, razed())
	}
	if refusal := refused(t, w.approve(bob, run)); !strings.Contains(refusal.Text, "#1 is over: it was not approved within 30m") {
		t.Error(refusal.Text)
	}
}

// The ten minutes in which a run must begin count from its approval, not from the request.
func TestWaitingForApprovalIsNotWaitingToBegin(t *testing.T) {
	w := newCourt(t)
	w.host("web1", nil)
	run := w.requested("raze web1")
	w.clock.advance(50 * time.Minute)
	w.must(w.approve(bob, run))
	w.serve(w.engine)
	if run = w.ended(run.ID); run.State != store.Succeeded {
		t.Errorf("it is %s because %q", run.State, run.StateReason)
	}
}

func TestARunThatWaitsIsCancelledByItsOwner(t *testing.T) {
	w := newCourt(t)
	w.listed("web1")
	run := w.requested("raze web1")
	w.must(w.engine.Cancel(t.Context(), ops, run, ""))
	refusal := refused(t, w.approve(bob, run))
	if !strings.Contains(refusal.Text, "#1 was cancelled") || refusal.By != ops {
		t.Errorf("%q by %s", refusal.Text, refusal.By)
	}
	if run = w.run(run.ID); run.State != store.Cancelled {
		t.Errorf("it is %s", run.State)
	}
}

// A second yes is answered with the first.
func TestASecondYesIsToldOfTheFirst(t *testing.T) {
	w := newCourt(t)
	w.listed("web1")
	run := w.requested("raze-twice web1")
	w.must(w.approve(bob, run))
	refusal := refused(t, w.approve(bob, run))
	if !strings.Contains(refusal.Text, "You have said yes to #1") || refusal.By != bob {
		t.Errorf("%q by %s", refusal.Text, refusal.By)
	}
	w.must(w.approve(carol, run))
	refusal = refused(t, w.approve(bob, run))
	if !strings.Contains(refusal.Text, "#1 was approved") || refusal.By != carol || refusal.At.IsZero() {
		t.Errorf("%q by %s", refusal.Text, refusal.By)
	}
	free := w.submit("poke web1")
	if refusal := refused(t, w.approve(bob, free)); !strings.Contains(refusal.Text, "#2 needs no approval") {
		t.Error(refusal.Text)
	}
}
