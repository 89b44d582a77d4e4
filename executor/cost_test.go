package executor_test

import (
	"testing"
	"time"

	"drover/executor"
	"drover/store"
)

// Those who approve see how long it will take, when it was done before, and whom it cuts off. None of it is part of
// what they approve.
func TestThoseWhoApproveSeeWhatItCosts(t *testing.T) {
	w := newCourt(t)
	w.must(w.store.AddAction(t.Context(), store.Drover, "bounce", `{name: bounce, approvals: 1, verify: down, run: {linux: [bounce]}}`))
	w.host("web1", nil)
	w.listed("gw1", "db1", "db2", "db10")
	gateway, err := w.store.ServerNamed(t.Context(), "gw1")
	must(t, err)
	inner, err := w.store.ServerNamed(t.Context(), "db1")
	must(t, err)
	for name, through := range map[string]string{"db1": gateway.ID, "db2": inner.ID, "db10": gateway.ID} {
		w.edit(name, func(s *store.Server) { s.JumpID = &through })
	}
	w.serve(w.engine)
	cost := func(line string) executor.Cost {
		t.Helper()
		plan, err := executor.PlanOf(w.requested(line))
		must(t, err)
		return plan.Approval.Cost
	}

	if got := cost("raze web1"); got.Expected != nil || got.TakesDown || got.CutOff != nil {
		t.Errorf("the first time: %+v", got)
	}
	before := w.requested("raze web1")
	w.must(w.approve(bob, before))
	w.ended(before.ID)
	if got := cost("raze web1").Expected; got == nil || got.Times != 1 || got.All <= 0 || got.All > time.Minute {
		t.Errorf("the second time: %+v", got)
	}
	if hash := w.run(before.ID).PlanHash; hash != w.requested("raze web1").PlanHash {
		t.Error("what it costs changes what is approved")
	}
	equal(t, []executor.CutOff{{Through: "gw1", Servers: []string{"db1", "db2", "db10"}}}, cost("bounce gw1").CutOff)
	equal(t, []executor.CutOff{{Through: "db1", Servers: []string{"db2"}}}, cost("bounce db1").CutOff)
	if got := cost("bounce db2"); got.CutOff != nil || !got.TakesDown {
		t.Errorf("of db2: %+v", got)
	}
}
