package executor_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/executor"
	"drover/executor/action"
	"drover/store"
)

// Before the first serve drover does not know its own Slack workspace. Whoever was given something is not taken for
// somebody of another one, and nobody is obeyed yet.
func TestBeforeTheWorkspaceIsKnown(t *testing.T) {
	w := newCourt(t)
	w.must(w.store.SetSetting(t.Context(), store.Drover, store.SettingTeam, ""))
	w.listed("web1")
	admins, err := executor.Admins(t.Context(), w.store)
	must(t, err)
	if !slices.Contains(admins, admin) {
		t.Errorf("the admins are %v", admins)
	}
	definition, err := action.Parse([]byte(`{name: level, approvals: 1, run: {linux: [level]}}`))
	must(t, err)
	must(t, w.engine.CheckApprovals(t.Context(), root, definition))

	answer, err := w.engine.Can(t.Context(), "T1/UNEW", []string{"poke", "web1"})
	must(t, err)
	if !answer.NoTeam || !answer.Unmet || answer.Servers[0].Why != "it needs the role operator" {
		t.Errorf("of somebody without a role: %+v", answer)
	}
	w.grant("T1/UNEW", "allow operator *")
	answer, err = w.engine.Can(t.Context(), "T1/UNEW", []string{"poke", "web1"})
	must(t, err)
	if !answer.Servers[0].Allowed {
		t.Errorf("of an operator: %+v", answer)
	}

	_, err = w.engine.Submit(t.Context(), w.ask(ops, "poke web1"))
	if refusal := refused(t, err); !strings.Contains(refusal.Text, "does not know its Slack workspace yet") {
		t.Errorf("got %q", refusal.Text)
	}
}

// What Slack said of somebody before the last start does not count: they may have become a guest meanwhile. Whether they
// may is not known then, and that is said.
func TestWhoIsDoubtedIsNotKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.store.DoubtUsers(t.Context()))
	w.clock.advance(-time.Hour) // clocks are put back
	var refusal *executor.Refusal
	if _, err := w.engine.Rights(t.Context(), ops); !errors.As(err, &refusal) || !refusal.Unsure {
		t.Errorf("it counts: %v", err)
	}
	_, id, _ := ops.Slack()
	must(t, w.store.SaveUser(t.Context(), store.User{TeamID: "T1", SlackID: id}))
	if _, err := w.engine.Rights(t.Context(), ops); err != nil {
		t.Error(err)
	}
}
