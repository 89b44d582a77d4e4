package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drover/store"
)

// did makes a run that took some time on each of its servers, and ended in a state.
func (f farm) did(c *clock, action string, took time.Duration, state store.TargetState, change func(*store.NewRun)) store.Run {
	f.t.Helper()
	n := f.request()
	n.Action = action
	if change != nil {
		change(&n)
	}
	run := f.create(n)
	lease := f.claim(run, time.Hour)
	for _, target := range f.read(run.ID).Targets {
		f.begin(lease, target.ID)
		c.advance(took)
		want(f.t, true)(f.FinishTarget(f.t.Context(), lease, target, store.Result{State: state}))
	}
	want(f.t, true)(f.FinishRun(f.t.Context(), lease))
	return run
}

func TestWhatSucceededInThePast(t *testing.T) {
	c := newClock()
	f := farmOn(t, openAt(t, t.TempDir()+"/drover.db", store.Options{Now: c.Now}), "web1", "web2", "web3")
	ids := []string{f.servers[0].ID, f.servers[1].ID}
	for i := range 4 {
		f.did(c, "restart", time.Duration(i+1)*time.Second, store.TargetSucceeded, nil)
	}
	f.did(c, "restart", time.Hour, store.TargetFailed, nil)
	f.did(c, "other", time.Hour, store.TargetSucceeded, nil)
	f.did(c, "restart", time.Hour, store.TargetSucceeded, func(n *store.NewRun) { n.Preview, n.Changes = true, false })
	last := f.did(c, "third", 5*time.Second, store.TargetSucceeded, func(n *store.NewRun) { n.Servers, n.RequestedBy = f.servers[:1], "T1/U9" })

	var got []string
	for _, p := range get[[]store.Past](t)(f.Succeeded(t.Context(), []string{"restart", "third"}, ids, 2)) {
		got = append(got, fmt.Sprintf("%s #%d %s %s by %s", p.Server, p.Run, p.Action, p.Took(), p.By))
	}
	want := []string{
		fmt.Sprintf("web1 #%d third 5s by T1/U9", last.Number),
		"web2 #4 restart 4s by T1/U1", "web1 #4 restart 4s by T1/U1", "web2 #3 restart 3s by T1/U1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, none := range [][]store.Past{
		get[[]store.Past](t)(f.Succeeded(t.Context(), nil, ids, 2)), get[[]store.Past](t)(f.Succeeded(t.Context(), []string{"restart"}, nil, 2)),
		get[[]store.Past](t)(f.Succeeded(t.Context(), []string{"never"}, ids, 2)),
	} {
		if none == nil || len(none) > 0 {
			t.Errorf("got %v", none)
		}
	}
}

func TestWhoHasServersNow(t *testing.T) {
	f := newFarm(t, "web1", "web2", "web3", "web4")
	run, lease := f.started()
	f.begin(lease, run.Targets[0].ID)
	f.begin(lease, run.Targets[1].ID)
	f.succeed(lease, run.Targets[1])
	f.begin(lease, run.Targets[3].ID)
	look := f.request()
	look.Changes = false
	looking := f.create(look)
	lookLease := f.claim(looking, time.Minute)
	f.begin(lookLease, f.read(looking.ID).Targets[2].ID)

	ids := []string{f.servers[0].ID, f.servers[1].ID, f.servers[2].ID} // not web4
	got := get[[]store.Holder](t)(f.Holders(t.Context(), ids))
	if diff := cmp.Diff([]store.Holder{{Server: "web1", Run: run.Number, Action: "restart", By: alice}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	want(t, true)(f.FinishTarget(t.Context(), lease, run.Targets[0], store.Result{State: store.TargetTimedOut, GoesOn: true}))
	if got := get[[]store.Holder](t)(f.Holders(t.Context(), ids)); len(got) != 1 { // it may still be at it
		t.Errorf("got %+v", got)
	}
	if got := get[[]store.Holder](t)(f.Holders(t.Context(), nil)); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}
