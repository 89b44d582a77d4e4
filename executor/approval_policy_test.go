package executor_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"drover/executor"
	"drover/executor/action"
	"drover/store"
)

// TestAPolicyThatNobodyCouldSatisfyIsRefusedWhenItIsMade: for an action, and for a tag.
func TestAPolicyThatNobodyCouldSatisfyIsRefusedWhenItIsMade(t *testing.T) {
	const (
		one = `{name: demolish, approvals: 1, run: {linux: [demolish]}}`
		two = `{name: demolish, approvals: 2, run: {linux: [demolish]}}`
	)
	for name, c := range map[string]struct {
		bindings map[store.Actor]string
		editor   store.Actor
		yaml     string
		tags     string // approvals-by-tag; "": the action is made
		self     bool
		why      string
	}{
		"no approver":              {nil, root, one, "", false, "`demolish` would need 1 approval, and nobody could ever run it"},
		"one, and somebody asks":   {map[store.Actor]string{bob: "allow approver *"}, root, one, "", false, ""},
		"one, who alone may ask":   {map[store.Actor]string{bob: "allow approver *; allow operator *", ops: "deny operator *", admin: "deny operator *"}, root, one, "", false, "nobody could ever run it"},
		"one, who edits it":        {map[store.Actor]string{bob: "allow approver *"}, bob, one, "", false, "nobody could ever run it"},
		"one, who knows it":        {map[store.Actor]string{bob: "allow approver *; allow operator *"}, bob, one, "", true, ""},
		"one of two":               {map[store.Actor]string{bob: "allow approver *"}, root, two, "", false, "2 approvals"},
		"two":                      {map[store.Actor]string{bob: "allow approver *", carol: "allow approver *"}, root, two, "", false, ""},
		"one for another action":   {map[store.Actor]string{bob: "allow approver raze"}, root, one, "", false, "nobody could ever run it"},
		"one is denied":            {map[store.Actor]string{bob: "allow approver *; deny approver demolish"}, root, one, "", false, "nobody could ever run it"},
		"one for some servers":     {map[store.Actor]string{bob: "allow approver * prod"}, root, one, "", false, ""},
		"one for no server":        {map[store.Actor]string{bob: "allow approver * lab"}, root, one, "", false, "nobody could ever run it"},
		"one, whom nobody met yet": {map[store.Actor]string{"T1/UNEW": "allow approver *"}, root, one, "", false, ""},
		"one of another team":      {map[store.Actor]string{"T2/UNEW": "allow approver *"}, root, one, "", false, "nobody could ever run it"},

		"a tag with enough":  {map[store.Actor]string{bob: "allow approver *", carol: "allow approver * prod"}, "", "", "prod=2", false, ""},
		"a tag with too few": {map[store.Actor]string{bob: "allow approver *", carol: "allow approver * lab"}, "", "", "lab=1 prod=2", false, "Nobody could change the servers with `tag:prod` any more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.listed("web1", "db1")
			w.edit("web1", func(s *store.Server) { s.Tags = []string{"prod"} })
			for who, bindings := range c.bindings {
				if who != "T1/UNEW" {
					w.meet(who, store.User{})
				}
				for binding := range strings.SplitSeq(bindings, ";") {
					w.grant(who, binding)
				}
			}
			if c.self {
				w.choose("self-approval", "on")
			}
			err := w.makePolicy(c.editor, c.yaml, c.tags)
			if c.why == "" {
				must(t, err)
				return
			}
			if refusal := refused(t, err); refusal.Kind != executor.Policy || !strings.Contains(refusal.Text, c.why) || !strings.Contains(refusal.Text, "drover user grant") {
				t.Errorf("got %q, want %q and what to do", refusal.Text, c.why)
			}
			if value, err := w.engine.Chosen(t.Context(), "approvals-by-tag"); err != nil || value != "" {
				t.Errorf("the setting is %q, %v", value, err)
			}
		})
	}
}

func (w *world) makePolicy(editor store.Actor, yaml, tags string) error {
	w.Helper()
	if tags != "" {
		_, err := w.engine.Choose(w.Context(), root, "approvals-by-tag", tags)
		return err
	}
	definition, err := action.Parse([]byte(yaml))
	w.must(err)
	return w.engine.CheckApprovals(w.Context(), editor, definition)
}

// TestWhatNobodyCouldApproveIsRefused: at the request it is known who asks, and who is left.
func TestWhatNobodyCouldApproveIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world)
		line    string
		why     string
	}{
		"only who asks": {func(w *world) {
			w.revoke(carol, store.Approver)
			w.revoke(bob, store.Approver)
			w.grant(ops, "allow approver *")
		}, "raze web1", "`raze` on web1 needs 1 approval, and nobody else may give one. Nothing was run. An admin can let somebody: `drover user grant U… approver`. " +
			"A team of one can let who asks approve: `drover set self-approval on`."},
		"one of two":       {func(w *world) { w.revoke(carol, store.Approver) }, "raze-twice web1", "needs 2 approvals, and only 1 person may give one"},
		"not for this one": {func(w *world) { w.grant(bob, "deny approver * db"); w.grant(carol, "deny approver * db") }, "raze web1 db1", "on db1 web1 needs 1 approval, and nobody else"},
		"more by tag":      {func(w *world) { w.choose("approvals-by-tag", "db=2"); w.grant(bob, "deny approver *") }, "raze db1", "needs 2 approvals, and only 1 person"},
		"self, without role": {func(w *world) {
			w.choose("self-approval", "on")
			w.grant(bob, "deny approver *")
			w.grant(carol, "deny approver *")
		}, "raze web1", "and nobody may give one"},
		"nowhere to ask": {func(*world) {}, "raze web1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newCourt(t)
			w.listed("web1", "db1")
			w.edit("db1", func(s *store.Server) { s.Tags = []string{"db"} })
			c.prepare(w)
			request := w.openly(ops, c.line)
			if c.why == "" {
				request.Private, c.why = true, "DROVER_CHANNEL"
			}
			_, err := w.engine.Submit(t.Context(), request)
			if refusal := refused(t, err); refusal.Kind != executor.Policy || !strings.Contains(refusal.Text, c.why) {
				t.Errorf("got %q, want %q", refusal.Text, c.why)
			}
		})
	}
}

// The card goes where colleagues see it.
func TestWhatIsAskedForInPrivateIsShownInTheChannel(t *testing.T) {
	w := newCourt(t)
	w.listed("web1")
	w.must(w.store.SetSetting(t.Context(), root, store.SettingChannel, "C9"))
	request := w.openly(ops, "raze web1")
	request.Channel, request.Private = "D1", true
	run, err := w.engine.Submit(t.Context(), request)
	must(t, err)
	request = w.openly(ops, "poke web1")
	request.Channel, request.Private = "D1", true
	other, err := w.engine.Submit(t.Context(), request)
	must(t, err)
	if run.Channel != "C9" || other.Channel != "D1" {
		t.Errorf("the card goes to %s, and of what needs no approval to %s", run.Channel, other.Channel)
	}
}

// TestApprovalsByTag: the most that the action or a tag of one of the servers asks for; looking needs nobody.
func TestApprovalsByTag(t *testing.T) {
	w := newCourt(t)
	w.listed("web1", "prod1", "db1", "both1")
	w.choose("approvals-by-tag", "tag:prod=2, db=1")
	if value, err := w.engine.Chosen(t.Context(), "approvals-by-tag"); err != nil || value != "db=1 prod=2" {
		t.Errorf("it is spelled %q, %v", value, err)
	}
	for name, tags := range map[string][]string{"prod1": {"prod"}, "db1": {"db"}, "both1": {"db", "prod"}} {
		w.edit(name, func(s *store.Server) { s.Tags = tags })
	}
	for line, want := range map[string]int{
		"poke web1": 0, "poke db1": 1, "poke prod1": 2, "poke both1": 2, "poke web1 db1": 1, "poke all": 2,
		"raze web1": 1, "raze prod1": 2, "raze-twice db1": 2, "peek all": 0,
	} {
		if run := w.requested(line); run.ApprovalsNeeded != want {
			t.Errorf("%s needs %d approvals, want %d", line, run.ApprovalsNeeded, want)
		}
	}
	for _, value := range []string{"prod", "prod=", "prod=0", "prod=11", "prod=x", "=2", "PROD=2", "prod=2 prod=3", " ", "a b"} {
		_, err := w.engine.Choose(t.Context(), root, "approvals-by-tag", value)
		if refusal := refused(t, err); !strings.Contains(refusal.Text, "such as prod=2 db=1") {
			t.Errorf("%q: %q", value, refusal.Text)
		}
	}
}

// TestTheTerminalAsksAsAPerson: otherwise there would be no telling whether somebody else agrees.
func TestTheTerminalAsksAsAPerson(t *testing.T) {
	w := newCourt(t)
	w.listed("web1")
	request := w.openly(root, "raze web1")
	request.Origin = store.CLI
	_, err := w.engine.Submit(t.Context(), request)
	if refusal := refused(t, err); !strings.Contains(refusal.Text, "`drover user link root U…`") {
		t.Error(refusal.Text)
	}
	w.must(w.store.LinkLogin(t.Context(), root, "root", viewer))
	_, err = w.engine.Submit(t.Context(), request)
	if refusal := refused(t, err); !strings.Contains(refusal.Text, "it needs the role operator") {
		t.Error(refusal.Text)
	}
	w.must(w.store.LinkLogin(t.Context(), root, "root", bob))
	w.grant(bob, "allow operator *")
	run, err := w.engine.Submit(t.Context(), request)
	must(t, err)
	if run.RequestedBy != bob || run.Origin != store.CLI {
		t.Errorf("it is %s who asks, from %s", run.RequestedBy, run.Origin)
	}
	if refusal := refused(t, w.approve(bob, run)); !strings.Contains(refusal.Text, "whoever asks for a run") {
		t.Error(refusal.Text)
	}
}

func TestATeamOfOneApprovesItselfKnowingly(t *testing.T) {
	w := newCourt(t)
	razed := w.site("web1")
	w.grant(ops, "allow approver *")
	w.must(w.store.EditAction(t.Context(), ops, "raze", `{name: raze, approvals: 1, run: {linux: [raze, all]}}`))
	w.choose("self-approval", "on")
	run := w.requested("raze web1")
	plan, err := executor.PlanOf(run)
	must(t, err)
	equal(t, &executor.Approval{Needed: 1, By: []store.Actor{bob, carol, ops}, Editors: []store.Actor{ops}, Self: true}, plan.Approval)
	w.must(w.approve(ops, run))
	w.serve(w.engine)
	if run = w.ended(run.ID); run.State != store.Succeeded || razed() != 1 {
		t.Fatalf("it is %s because %q", run.State, run.StateReason)
	}

	w.choose("self-approval", "off") // holds for what waits, too
	run = w.requested("raze web1")
	if refusal := refused(t, w.approve(ops, run)); !strings.Contains(refusal.Text, "whoever asks for a run") {
		t.Error(refusal.Text)
	}
}

// What was asked for before the team chose self-approval has a card that does not say so: it needs somebody else.
func TestSelfApprovalIsForWhatIsAskedForLater(t *testing.T) {
	w := newCourt(t)
	w.listed("web1")
	w.grant(ops, "allow approver *")
	w.grant(ops, "allow breakglass *")
	w.must(w.store.EditAction(t.Context(), bob, "raze", `{name: raze, approvals: 1, run: {linux: [raze, all]}}`))
	waits := w.requested("raze web1")
	urgent, err := w.engine.Submit(t.Context(), w.urgently(ops, "raze web1"))
	must(t, err)
	w.choose("self-approval", "on")
	const late = "for self-approval was switched on later: ask again"
	for who, why := range map[store.Actor]string{ops: "whoever asks for a run", bob: "whoever edited `raze` last"} {
		if refusal := refused(t, w.approve(who, waits)); !strings.Contains(refusal.Text, why) || !strings.Contains(refusal.Text, late) {
			t.Errorf("%s: %q", who, refusal.Text)
		}
	}
	if refusal := refused(t, w.engine.Review(t.Context(), ops, urgent, "")); !strings.Contains(refusal.Text, late) || executor.OwnReview(urgent) {
		t.Error(refusal.Text)
	}
	urgent, err = w.engine.Submit(t.Context(), w.urgently(ops, "raze web1"))
	must(t, err)
	if !executor.OwnReview(urgent) {
		t.Error("whoever reads of it does not learn that nobody else need look")
	}
	w.must(w.engine.Review(t.Context(), ops, urgent, ""))
	w.must(w.approve(carol, waits))
}

// A retry asks for approval again: what was approved once is approved once.
func TestARetryIsApprovedAnew(t *testing.T) {
	w := newCourt(t)
	host := w.host("web1", nil)
	w.must(host.Down())
	w.serve(w.engine)
	run := w.requested("raze web1")
	w.must(w.approve(bob, run))
	w.ended(run.ID)
	again, err := w.engine.Retry(t.Context(), w.run(run.ID), executor.Request{Actor: ops, Origin: store.Button, Channel: "C1"})
	must(t, err)
	if again.State != store.AwaitingApproval || again.ApprovalsNeeded != 1 {
		t.Errorf("the retry is %s", again.State)
	}
}

// TestRaceApproversOfOneRun: everybody presses at once, against an engine that works and a terminal that wants it, too.
// Each run is executed once.
func TestRaceApproversOfOneRun(t *testing.T) {
	w := newCourt(t)
	razed := w.site("web1")
	other := w.newEngine(w.open(w.clock), 0)
	w.watch(w.store)
	w.serve(w.engine)
	w.serve(other)
	const runs = 30
	var yes atomic.Int32
	for range runs {
		run := w.requested("raze web1")
		var presses sync.WaitGroup
		for i, who := range []store.Actor{bob, carol, bob, carol} {
			engine := w.engine
			if i%2 == 1 {
				engine = other
			}
			presses.Go(func() {
				if err := engine.Approve(t.Context(), who, run, ""); err == nil {
					yes.Add(1)
				}
			})
		}
		presses.Wait()
		w.ended(run.ID)
	}
	if razed() != runs || yes.Load() != runs {
		t.Errorf("%d runs, %d approvals that counted, %d commands", runs, yes.Load(), razed())
	}
}
