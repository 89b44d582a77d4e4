package executor_test

import (
	"slices"
	"strings"
	"testing"

	"drover/executor"
	"drover/store"
)

// Who may approve by a usergroup is asked like everybody else, and may.
func TestApproversByAUsergroup(t *testing.T) {
	w := newCourt(t)
	w.host("web1", nil, "prod")
	for _, who := range []store.Actor{bob, carol} {
		w.revoke(who, store.Approver)
	}
	w.meet("T1/UGUEST", store.User{Guest: true})
	w.grant("group:S1", "allow approver * prod")
	w.grant(carol, "deny approver raze")
	save := func(state store.GroupState, members ...string) {
		must(t, w.store.SaveUsergroup(t.Context(), store.Usergroup{ID: "S1", State: state, CheckedAt: w.store.Now(), Members: members}))
	}
	save(store.GroupKnown, "UBOB", "UCAROL", "UGUEST", "UOPS", "UNEWCOMER")
	plan, err := w.engine.Plan(t.Context(), w.openly(ops, "raze web1"))
	must(t, err)
	by := slices.Sorted(slices.Values(plan.Approval.By))
	equal(t, []store.Actor{bob, "T1/UNEWCOMER"}, by) // not who asks, who is denied, or who is a guest

	run := w.requested("raze web1")
	if r := refused(t, w.approve(carol, run)); r.Text == "" {
		t.Error("it says nothing")
	}
	save(store.GroupUnknown)
	refused(t, w.approve(bob, run))
	save(store.GroupKnown, "UBOB")
	must(t, w.approve(bob, run))
	save(store.GroupKnown, "UCAROL") // the approval is that of somebody who may not any more
	must(t, w.engine.Work(t.Context(), run.ID))
	if run = w.ended(run.ID); run.State != store.Denied {
		t.Errorf("it is %s because %q", run.State, run.StateReason)
	}
}

func TestTheDoctorLooksAtUsergroups(t *testing.T) {
	w := newWorld(t)
	for id, state := range map[string]store.GroupState{"S1": store.GroupKnown, "S2": store.GroupUnknown, "S3": store.GroupGone} {
		must(t, w.store.SaveUsergroup(t.Context(), store.Usergroup{ID: id, Name: "name", State: state, CheckedAt: w.store.Now()}))
	}
	for _, group := range []store.Actor{"group:S1", "group:S2", "group:S3", "group:S4"} {
		w.grant(group, "allow viewer *")
		w.grant(group, "allow operator *")
	}
	w.grant("group:S5", "allow viewer * until yesterday")
	list, err := executor.ExamineUsers(t.Context(), w.store)
	must(t, err)
	var said []string
	for _, f := range list {
		said = append(said, string(f.Grade)+" "+f.Text)
	}
	if len(said) < 3 || !strings.HasPrefix(said[0], "ok somebody is admin") {
		t.Fatalf("it says\n%s", strings.Join(said, "\n"))
	}
	said = said[len(said)-3:]
	for i, part := range []string{"who is in group:S2", "has group:S3 (@name) no more", "who is in group:S4"} {
		if !strings.HasPrefix(said[i], "warn ") || !strings.Contains(said[i], part) {
			t.Errorf("%q does not say %q", said[i], part)
		}
	}
}
